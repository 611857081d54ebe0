//! How every account and sender stands, asked when the page is opened.

use askama::Template;
use axum::extract::State;
use axum::response::Html;

use crate::engine::doctor::{self, Finding, Told};
use crate::engine::nodes;

use super::error::WebError;
use super::page::{Page, html};
use super::state::WebState;

#[derive(Template)]
#[template(path = "doctor.html")]
struct DoctorPage {
    p: Page,
    parts: Vec<Part>,
}

/// The nodes, an account or a sender with what was found.
struct Part {
    title: String,
    /// `nodes`, `account` or `sender`.
    of: &'static str,
    lines: Vec<Line>,
}

/// A finding as the page shows it.
struct Line {
    /// Its aspect and verdict in words.
    aspect: String,
    verdict: String,
    /// The style of its tag.
    tag: &'static str,
    told: Told,
}

/// The page.
pub async fn show(State(state): State<WebState>, p: Page) -> Result<Html<String>, WebError> {
    let mut parts = Vec::new();
    let nodes: Vec<Finding> = nodes::examine(&state.engine).await?.into_iter().map(|node| node.finding).collect();
    if !nodes.is_empty() {
        parts.push(Part { title: p.t("web.doctor.nodes"), of: "nodes", lines: lines(&p, &nodes) });
    }
    for report in doctor::examine(&state.engine, None).await? {
        let title = format!("{} ({})", report.account, report.provider);
        parts.push(Part { title, of: "account", lines: lines(&p, &report.findings) });
        for sender in report.senders {
            let title = format!("{} ({})", sender.sender, sender.number);
            parts.push(Part { title, of: "sender", lines: lines(&p, &sender.findings) });
        }
    }
    html(&DoctorPage { p, parts })
}

fn lines(p: &Page, findings: &[Finding]) -> Vec<Line> {
    let line = |finding: &Finding| {
        let told = finding.told(p.language);
        let tag = match told.verdict {
            doctor::Verdict::Good => "good",
            doctor::Verdict::Unknown => "",
            doctor::Verdict::Poor => "warn",
            doctor::Verdict::Bad => "bad",
        };
        let aspect = p.t(&format!("doctor.aspect.{}", told.aspect));
        Line { aspect, verdict: p.t(&format!("doctor.verdict.{}", told.verdict.as_str())), tag, told }
    };
    findings.iter().map(line).collect()
}

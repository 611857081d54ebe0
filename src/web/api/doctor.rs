//! How every account and sender stands.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::time::UnixMs;
use crate::engine::doctor::{self, AccountReport, Finding, Told};
use crate::engine::nodes::{self, NodeReport};
use crate::locale::Language;
use crate::web::error::WebError;
use crate::web::page::Page;
use crate::web::state::WebState;

/// Everything that was found.
#[derive(Serialize, ToSchema)]
pub struct DoctorView {
    /// Whether nothing is wrong.
    pub well: bool,
    /// The nodes that share the store; left out where there can be one only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeView>,
    /// Every account.
    pub accounts: Vec<AccountView>,
}

/// A node and what was found.
#[derive(Serialize, ToSchema)]
pub struct NodeView {
    /// Its name.
    pub node: String,
    /// When it was last heard of.
    pub heard_at: UnixMs,
    /// Senders that it sends for.
    pub senders: Vec<String>,
    /// What was found.
    pub findings: Vec<Told>,
}

/// An account and what was found.
#[derive(Serialize, ToSchema)]
pub struct AccountView {
    /// Its name.
    pub account: String,
    /// Its provider.
    pub provider: &'static str,
    /// What was found.
    pub findings: Vec<Told>,
    /// Its senders.
    pub senders: Vec<SenderView>,
}

/// A sender and what was found.
#[derive(Serialize, ToSchema)]
pub struct SenderView {
    /// Its name.
    pub sender: String,
    /// Its number.
    pub number: String,
    /// What was found.
    pub findings: Vec<Told>,
}

/// How every account and sender stands, asked now, and what to do
#[utoipa::path(get, path = "/api/v1/doctor", tag = "doctor",
    responses((status = 200, description = "What was found", body = DoctorView)))]
pub async fn show(State(state): State<WebState>, p: Page) -> Result<Json<DoctorView>, WebError> {
    let reports = doctor::examine(&state.engine, None).await?;
    let nodes = nodes::examine(&state.engine).await?;
    let well = doctor::is_well(&reports, nodes.iter().map(|node| &node.finding));
    let node = |node: NodeReport| NodeView {
        findings: vec![node.finding.told(p.language)],
        node: node.node,
        heard_at: node.heard_at,
        senders: node.senders,
    };
    let nodes = nodes.into_iter().map(node).collect();
    Ok(Json(DoctorView { well, nodes, accounts: reports.into_iter().map(|report| view(report, p.language)).collect() }))
}

fn view(report: AccountReport, language: Language) -> AccountView {
    let told = |findings: &[Finding]| findings.iter().map(|finding| finding.told(language)).collect();
    let senders = report.senders.iter().map(|sender| SenderView {
        sender: sender.sender.clone(),
        number: sender.number.clone(),
        findings: told(&sender.findings),
    });
    AccountView {
        senders: senders.collect(),
        findings: told(&report.findings),
        account: report.account,
        provider: report.provider,
    }
}

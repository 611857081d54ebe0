//! The API as a page, made from its document: every route with what it asks for, takes and gives, and every problem.

use askama::Template;
use axum::response::Html;
use serde_json::Value;

use super::document::document;
use super::route::routes;
use crate::locale::sentences;
use crate::web::error::WebError;
use crate::web::page::{Page, html};
use crate::web::route::{Access, Route};

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    p: Page,
    groups: Vec<Group>,
    problems: Vec<ProblemType>,
}

/// Routes of one resource.
struct Group {
    name: String,
    lines: Vec<Line>,
}

/// One route.
struct Line {
    method: String,
    path: &'static str,
    summary: String,
    more: String,
    asks: String,
    parameters: Vec<(String, String)>,
    takes: String,
    gives: Vec<(String, String)>,
}

/// A type of problem document.
struct ProblemType {
    word: String,
    title: String,
    detail: String,
}

/// The page.
pub async fn show(p: Page) -> Result<Html<String>, WebError> {
    let document = serde_json::to_value(document());
    let document = document.map_err(|e| WebError::Unexpected("the API's document cannot be written", Box::new(e)))?;
    let mut groups: Vec<Group> = Vec::new();
    for route in routes() {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        let Some(tag) = operation["tags"][0].as_str() else { continue };
        let line = line(&route, operation);
        match groups.iter_mut().find(|g| g.name == tag) {
            Some(group) => group.lines.push(line),
            None => groups.push(Group { name: tag.to_owned(), lines: vec![line] }),
        }
    }
    let problems = problems(&p);
    html(&DocsPage { p, groups, problems })
}

fn problems(p: &Page) -> Vec<ProblemType> {
    let words = sentences(p.language).iter();
    let titles = words.filter_map(|(key, _)| Some((key, key.split_once(".error_title.")?.1)));
    titles
        .map(|(key, word)| ProblemType {
            word: word.to_owned(),
            title: p.t(key),
            detail: p.t(&format!("web.error.{word}")),
        })
        .collect()
}

fn line(route: &Route, operation: &Value) -> Line {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let responses = operation["responses"].as_object().into_iter().flatten();
    Line {
        method: route.method.to_string(),
        path: route.path,
        summary: text(&operation["summary"]),
        more: text(&operation["description"]),
        asks: match route.access {
            Access::Open => "—".to_owned(),
            Access::SignedIn => "signed_in".to_owned(),
            Access::Needs(right) => words(&format!("{right:?}")),
        },
        parameters: parameters.map(|p| (text(&p["name"]), text(&p["description"]))).collect(),
        takes: body(&operation["requestBody"]["content"]),
        gives: responses
            .map(|(status, r)| (format!("{status} {}", body(&r["content"])), text(&r["description"])))
            .collect(),
    }
}

/// `HandMessage`, or the media type where no schema has a name.
fn body(content: &Value) -> String {
    let kinds = content.as_object().into_iter().flatten();
    let names = kinds.map(|(kind, body)| {
        let name = body["schema"]["$ref"].as_str().and_then(|r| r.rsplit('/').next());
        name.map_or_else(|| kind.clone(), str::to_owned)
    });
    names.collect::<Vec<_>>().join(", ")
}

/// `StartRuns` as `start_runs`.
fn words(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

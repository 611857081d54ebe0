//! The API as a page: every route, what it asks for, what it takes and gives.

use askama::Template;
use axum::response::Html;

use crate::web::error::WebError;
use crate::web::page::{Page, html};
use crate::web::route::{Access, Route};

use super::route::routes;
use super::shape::Shape;

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    p: Page,
    lines: Vec<Line>,
    problems: Vec<(String, String, String)>,
}

/// One route.
struct Line {
    method: String,
    path: &'static str,
    summary: &'static str,
    asks: String,
    query: &'static [(&'static str, &'static str)],
    takes: &'static str,
    gives: &'static str,
    once: bool,
}

/// The page.
pub async fn show(p: Page) -> Result<Html<String>, WebError> {
    let lines = routes().iter().filter_map(line).collect();
    let titles = crate::locale::sentences(p.language).iter();
    let problems = titles
        .filter_map(|(key, title)| {
            let word = key.strip_prefix("web.error_title.")?;
            Some((word.to_owned(), title.clone(), p.t(&format!("web.error.{word}"))))
        })
        .collect();
    html(&DocsPage { p, lines, problems })
}

fn line(route: &Route) -> Option<Line> {
    let doc = route.doc?;
    let asks = match route.access {
        Access::Open => String::new(),
        Access::SignedIn => "—".to_owned(),
        Access::Needs(right) => format!("{right:?}"),
    };
    Some(Line {
        method: route.method.to_string(),
        path: route.path,
        summary: doc.summary,
        asks,
        query: doc.query,
        takes: words(doc.takes),
        gives: words(doc.gives),
        once: doc.once,
    })
}

const fn words(shape: Shape) -> &'static str {
    match shape {
        Shape::Nothing => "",
        Shape::Named(name) => name,
        Shape::Json => "JSON",
        Shape::Csv => "CSV",
        Shape::Upload => "multipart/form-data: name, definition, audience",
        Shape::Events => "text/event-stream",
    }
}

//! People: looking for them, and taking in a file of clients.

use askama::Template;
use axum::extract::{Multipart, Query, State};
use axum::response::{Html, Redirect};
use serde::Deserialize;

use crate::domain::exclusion::ExclusionReason;
use crate::domain::id::PersonId;
use crate::domain::role::Right;
use crate::engine::Incoming;
use crate::engine::person::{ClientsImported, Erased, LeftRow, SharedNumber, TakenColumn};
use crate::intake::rows;
use crate::store::client::{self, Found, Wanted};
use crate::store::identity::Known;

use super::actor::Actor;
use super::error::WebError;
use super::inbox::asked::numbers;
use super::page::{Page, cut, html};
use super::row_words;
use super::state::WebState;
use super::upload;

/// People on one page.
const PAGE: i64 = 50;

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    p: Page,
    q: String,
    lines: Vec<Found>,
    next: Option<String>,
    imported: Option<ClientsImported>,
    erased: Option<Erased>,
    manage: Right,
}

impl PeoplePage {
    /// An own number of several people: rows of the file that have it, and their phones.
    fn shared(&self, one: &SharedNumber) -> String {
        let (rows, phones) = (listed(&one.rows), one.phones.join(", "));
        let args = [("reference", one.reference.as_str()), ("rows", rows.as_str()), ("phones", phones.as_str())];
        self.p.say(if one.rows.len() == 1 { "web.people.shared_row" } else { "web.people.shared_rows" }, &args)
    }

    /// Which column of the file was taken for what.
    fn taken(&self, done: &ClientsImported) -> String {
        let one = |one: &TakenColumn| {
            let role = self.p.t(&format!("web.people.column.{}", one.role));
            format!("{role}: “{}”", one.column)
        };
        let none = !done.columns.iter().any(|one| one.role == "reference");
        let none = none.then(|| self.p.t("web.people.column.none"));
        done.columns.iter().map(one).chain(none).collect::<Vec<_>>().join(" · ")
    }

    /// Why a row was left out.
    fn why(&self, row: &LeftRow) -> String {
        let first = row.detail.strip_prefix("same_as_row: ");
        if let Some(first) = first.filter(|_| !row.reference.is_empty() && row.reference != row.kept_reference) {
            let key = if row.kept_reference.is_empty() { "web.people.double_none" } else { "web.people.double" };
            let (kept, reference) = (row.kept_reference.as_str(), row.reference.as_str());
            let args = [("phone", row.phone.as_str()), ("row", first), ("kept", kept), ("reference", reference)];
            return self.p.say(key, &args);
        }
        match row.reason {
            // What does not fit says so itself; no text of a campaign is meant here.
            ExclusionReason::BadValue => rows::explain(self.p.language, &row.detail),
            why => row_words::left_out(&self.p, why, &row.detail),
        }
    }
}

/// `1, 5`.
fn listed(rows: &[i64]) -> String {
    rows.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Whom to look for, and from where on.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    q: String,
    before: Option<i64>,
}

/// The person with a number, for page and API.
pub async fn by_phone(state: &WebState, typed: &str) -> Result<Option<Known>, WebError> {
    state.engine.person_of(typed.trim()).await?.map_err(|problem| WebError::Refused(vec![problem]))
}

/// People by name, number or reference: a page of them, and whether more follow.
pub async fn search(
    state: &WebState,
    words: &str,
    before: Option<PersonId>,
) -> Result<(Vec<Found>, Option<PersonId>), WebError> {
    let wanted = Wanted::of(words, &numbers(&state.engine, words));
    let mut lines = client::find(state.store(), &wanted, before, PAGE + 1).await?;
    let next = cut(&mut lines, PAGE).map(|last| last.id);
    Ok((lines, next))
}

/// The page.
pub async fn show(
    State(state): State<WebState>,
    p: Page,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, WebError> {
    page(&state, p, asked, None, None).await
}

/// The page with what was just done.
pub(super) async fn page(
    state: &WebState,
    p: Page,
    asked: Asked,
    imported: Option<ClientsImported>,
    erased: Option<Erased>,
) -> Result<Html<String>, WebError> {
    let (lines, next) = search(state, &asked.q, asked.before.map(PersonId)).await?;
    let next = next.map(|last| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("q", &asked.q).append_pair("before", &last.to_string());
        format!("?{}", query.finish())
    });
    html(&PeoplePage { p, q: asked.q, lines, next, imported, erased, manage: Right::ManagePeople })
}

/// Takes in a file of clients, for page and API, with a line in the audit.
pub async fn take_in(
    state: &WebState,
    actor: &Actor,
    file: &Incoming,
    country: &str,
) -> Result<ClientsImported, WebError> {
    let country = Some(country.trim().to_uppercase()).filter(|country| !country.is_empty());
    if country.as_ref().is_some_and(|country| country.len() != 2 || !country.bytes().all(|b| b.is_ascii_uppercase())) {
        return Err(WebError::Bad("country"));
    }
    let done = state.engine.import_clients(&file.path(), country.as_deref(), &actor.name).await?;
    let done = done.map_err(WebError::Refused)?;
    let detail = format!("{} rows, {} kept, {} left out", done.rows, done.kept, done.left);
    state.audit(actor, "person.import", "people", &detail).await?;
    Ok(done)
}

/// Takes in a file of clients.
pub async fn import(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    form: Multipart,
) -> Result<Html<String>, WebError> {
    let brought = upload::clients(&state, form).await?;
    let file = brought.file.ok_or(WebError::Bad("no_audience"))?;
    let done = take_in(&state, &actor, &file, &brought.country).await?;
    page(&state, p, Asked::default(), Some(done), None).await
}

/// The page of one of them.
pub(super) fn of(id: PersonId) -> Redirect {
    Redirect::to(&format!("/people/{id}"))
}

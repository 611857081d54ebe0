//! The do-not-send list.

use askama::Template;
use axum::extract::{Multipart, Path, Query, State};
use axum::response::{Html, Redirect};
use serde::Deserialize;

use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::domain::role::Right;
use crate::store::suppression::{self, NewSuppression, Suppression, SuppressionScope};
use crate::store::{StoreError, person};

use super::actor::Actor;
use super::error::WebError;
use super::form::{Form, done, done_n};
use super::page::{Page, cut, html};
use super::state::WebState;

/// Lines on one page.
const PAGE: i64 = 100;
/// Numbers put on the list in one step.
const IMPORT_STEP: usize = 200;
/// Longer notes are cut by the form already.
const LONGEST_NOTE: usize = 500;

#[derive(Template)]
#[template(path = "suppressions.html")]
struct SuppressionsPage {
    p: Page,
    lines: Vec<Suppression>,
    phone: String,
    next: Option<i64>,
    manage: Right,
}

/// Which page, and a number to put into the form.
#[derive(Deserialize)]
pub struct Asked {
    before: Option<i64>,
    #[serde(default)]
    phone: String,
}

impl SuppressionsPage {
    fn scope(&self, line: &Suppression) -> String {
        self.p.t(scope_key(line.scope))
    }

    fn source(&self, line: &Suppression) -> String {
        self.p.word(&format!("web.suppressions.source.{}", line.source), &line.source)
    }
}

/// Through whom a line came, where that was somebody.
pub fn by(line: &Suppression) -> &str {
    if matches!(line.source.as_str(), "person" | "token") { &line.created_by } else { "" }
}

const fn scope_key(scope: SuppressionScope) -> &'static str {
    match scope {
        SuppressionScope::Marketing => "web.suppressions.marketing",
        SuppressionScope::All => "web.suppressions.all",
    }
}

/// The page.
pub async fn show(
    State(state): State<WebState>,
    p: Page,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, WebError> {
    let before = asked.before.unwrap_or(i64::MAX);
    let mut lines = suppression::list(state.store(), before, PAGE + 1).await?;
    let next = cut(&mut lines, PAGE).map(|l| l.id);
    html(&SuppressionsPage { p, lines, phone: asked.phone, next, manage: Right::ManagePeople })
}

/// Whom to add.
#[derive(Deserialize)]
pub struct Addition {
    phone: String,
    scope: String,
    #[serde(default)]
    note: String,
}

/// Somebody is added by a person.
pub async fn add(
    State(state): State<WebState>,
    actor: Actor,
    Form(form): Form<Addition>,
) -> Result<Redirect, WebError> {
    let scope = scope(&form.scope)?;
    put(&state, &actor, &form.phone, scope, &form.note).await?;
    Ok(done("/suppressions", "suppressed"))
}

/// The scope of a word.
pub fn scope(word: &str) -> Result<SuppressionScope, WebError> {
    match word {
        "marketing" => Ok(SuppressionScope::Marketing),
        "all" => Ok(SuppressionScope::All),
        _ => Err(WebError::Bad("suppression_scope")),
    }
}

/// Puts a number on the list, for page and API; false: it was there.
pub async fn put(
    state: &WebState,
    actor: &Actor,
    typed: &str,
    scope: SuppressionScope,
    note: &str,
) -> Result<bool, WebError> {
    let phone = phone(state, typed)?;
    let (now, note) = (state.now(), note.trim());
    if note.chars().count() > LONGEST_NOTE || note.contains('\0') {
        return Err(WebError::Bad("note"));
    }
    let mut tx = state.store().begin().await?;
    let people = person::ensure(&mut tx, &[(phone, String::new())], now).await?;
    let person = *people.first().ok_or(StoreError::Guard { expected: 1, actual: 0 })?;
    let source = if actor.user.is_some() { "person" } else { "token" };
    let new = NewSuppression { person, scope, source, note, at: now, by: &actor.name };
    let added = suppression::add(&mut tx, &new).await?;
    tx.commit().await?;
    if added {
        state.audit(actor, "suppression.add", &format!("person {person}"), "").await?;
    }
    Ok(added)
}

/// Numbers on lines of their own, or a pasted sheet.
#[derive(Deserialize)]
pub struct Imported {
    numbers: String,
    scope: String,
    #[serde(default)]
    country: String,
    #[serde(default)]
    note: String,
}

/// A list of numbers as it came.
#[derive(Default)]
pub struct NumbersGiven {
    /// The bytes of a file, or what was pasted.
    pub bytes: Vec<u8>,
    /// The word of the scope; empty: promotions.
    pub scope: String,
    /// Of numbers without a country code; empty: that of the senders.
    pub country: String,
    /// For the record.
    pub note: String,
}

impl NumbersGiven {
    /// Reads the parts `file`, `scope`, `country` and `note`; any other is passed over.
    pub async fn read(mut form: Multipart) -> Result<Self, WebError> {
        let mut given = Self::default();
        while let Some(field) = form.next_field().await.map_err(WebError::cut_off)? {
            let name = field.name().unwrap_or_default().to_owned();
            let bytes = field.bytes().await.map_err(|_| WebError::TooLarge)?.to_vec();
            let text = |bytes| String::from_utf8(bytes).map_err(|_| WebError::Bad("not_utf8"));
            match name.as_str() {
                "file" => given.bytes = bytes,
                "scope" => given.scope = text(bytes)?,
                "country" => given.country = text(bytes)?,
                "note" => given.note = text(bytes)?,
                _ => {}
            }
        }
        if given.bytes.is_empty() { Err(WebError::Bad("no_audience")) } else { Ok(given) }
    }
}

/// What became of a list of numbers.
#[derive(Clone, Debug, Default, serde::Serialize, utoipa::ToSchema)]
pub struct ImportDone {
    /// How many are new on the list.
    pub added: u64,
    /// How many were on it.
    pub already: u64,
    /// Lines that hold no number, by their place from 1.
    pub wrong: Vec<u64>,
}

/// A list of numbers is added by a person.
pub async fn import(
    State(state): State<WebState>,
    actor: Actor,
    Form(form): Form<Imported>,
) -> Result<Redirect, WebError> {
    let Imported { numbers, scope, country, note } = form;
    told(&put_all(&state, &actor, NumbersGiven { bytes: numbers.into_bytes(), scope, country, note }).await?)
}

/// A file of numbers is added by a person.
pub async fn import_file(State(state): State<WebState>, actor: Actor, form: Multipart) -> Result<Redirect, WebError> {
    told(&put_all(&state, &actor, NumbersGiven::read(form).await?).await?)
}

fn told(done: &ImportDone) -> Result<Redirect, WebError> {
    if !done.wrong.is_empty() {
        let lines: Vec<String> = done.wrong.iter().take(20).map(ToString::to_string).collect();
        let (n, lines) = (done.wrong.len().to_string(), lines.join(", "));
        let args = [("n", n.as_str()), ("lines", &lines), ("field", "numbers")];
        return Err(WebError::Refused(vec![Problem::new("suppression_lines", &args)]));
    }
    Ok(done_n("/suppressions", "suppressed_all", done.added))
}

/// Puts every number of a list on the do-not-send list, for page and API. What is no number is told by its line, and the
/// others are put on it all the same.
pub async fn put_all(state: &WebState, actor: &Actor, given: NumbersGiven) -> Result<ImportDone, WebError> {
    let word = if given.scope.is_empty() { "marketing" } else { &given.scope };
    let (scope, note) = (scope(word)?, given.note.trim());
    if note.chars().count() > LONGEST_NOTE || note.contains('\0') {
        return Err(WebError::Bad("note"));
    }
    let country = Some(given.country.trim()).filter(|country| !country.is_empty());
    let list = state.engine.read_numbers(given.bytes, country).await?.map_err(WebError::Refused)?;
    let mut done = ImportDone { wrong: list.wrong, ..ImportDone::default() };
    let phones: Vec<(Phone, String)> = list.phones.into_iter().map(|phone| (phone, String::new())).collect();
    let now = state.now();
    for piece in phones.chunks(IMPORT_STEP) {
        let mut tx = state.store().begin().await?;
        for person in person::ensure(&mut tx, piece, now).await? {
            let new = NewSuppression { person, scope, source: "file", note, at: now, by: &actor.name };
            let count = if suppression::add(&mut tx, &new).await? { &mut done.added } else { &mut done.already };
            *count += 1;
        }
        tx.commit().await?;
    }
    let detail = format!("{} added, {} were there, {} wrong", done.added, done.already, done.wrong.len());
    state.audit(actor, "suppression.import", "suppressions", &detail).await?;
    Ok(done)
}

/// A number as typed; a local one belongs to the first sender's country.
fn phone(state: &WebState, typed: &str) -> Result<Phone, WebError> {
    let sender = state.config().senders.keys().next().cloned().unwrap_or_default();
    state.engine.international(&sender, typed.trim()).map_err(|problem| WebError::Refused(vec![problem]))
}

/// A line is lifted by a person.
pub async fn lift(State(state): State<WebState>, actor: Actor, Path(id): Path<i64>) -> Result<Redirect, WebError> {
    take_off(&state, &actor, id).await?;
    Ok(done("/suppressions", "unsuppressed"))
}

/// Takes a line off, for page and API.
pub async fn take_off(state: &WebState, actor: &Actor, id: i64) -> Result<(), WebError> {
    if !suppression::lift(state.store(), id, state.now(), &actor.name).await? {
        return Err(WebError::NotFound);
    }
    state.audit(actor, "suppression.lift", &format!("suppression {id}"), "").await?;
    Ok(())
}

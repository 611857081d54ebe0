//! One person: who they are, what we sent and why something was not, what they answered, and erasing it all.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, Redirect};
use serde::Deserialize;

use crate::domain::id::PersonId;
use crate::domain::message::MessageState as S;
use crate::domain::role::Right;
use crate::engine::person::{Edit, Erased, LeftOut, MessageExport, PersonFile, PersonLook};
use crate::inbox::reply::AUTOMATIC;

use super::actor::Actor;
use super::error::WebError;
use super::form::Form;
use super::page::{Page, html};
use super::people;
use super::row_words;
use super::state::WebState;

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    p: Page,
    one: PersonLook,
    name: String,
    talk: Right,
    manage: Right,
    campaigns: Right,
}

impl PersonPage {
    /// What became of a message, with the reason.
    fn became(&self, message: &MessageExport) -> String {
        let p = &self.p;
        match message.state {
            S::Failed => p.say("web.message.failed", &[("why", &row_words::failure(p, message.failure_code))]),
            S::Excluded => {
                p.say("web.message.not_sent", &[("why", &row_words::reason(p, message.end_reason.as_deref()))])
            }
            state => p.t(&format!("web.state.{}", state.as_str())),
        }
    }

    /// What a message is that no campaign sent: a template by hand, an answer of somebody, or one that goes by itself.
    fn unplanned(&self, message: &MessageExport) -> String {
        let p = &self.p;
        match message.author.as_str() {
            AUTOMATIC => p.t("web.thread.automatic"),
            who if message.is_chat => p.say("web.thread.answer_by", &[("who", who)]),
            _ => p.t("web.thread.by_hand"),
        }
    }

    /// Why a row became no message.
    fn why(&self, row: &LeftOut) -> String {
        row_words::left_out(&self.p, row.reason, &row.detail)
    }

    /// What was decided about a message, last.
    fn outcome(&self, message: &MessageExport) -> Option<String> {
        let last = self.one.kept.outcomes.iter().rev().find(|outcome| outcome.message_id == message.id)?;
        Some(row_words::outcome(&self.p, &last.outcome))
    }
}

/// Everything kept of a person, with a line in the audit.
pub async fn export(state: &WebState, actor: &Actor, id: PersonId) -> Result<PersonFile, WebError> {
    let all = state.engine.person_file(id).await?;
    state.audit(actor, "person.export", &format!("person {id}"), "").await?;
    Ok(all)
}

/// Erases a person, with a line in the audit that names nobody.
pub async fn erase_one(state: &WebState, actor: &Actor, id: PersonId) -> Result<Erased, WebError> {
    let done = state.engine.erase_person(id).await?;
    let erased = done.map_err(|problem| WebError::Refused(vec![problem]))?;
    let detail = format!("{} rows, {} webhooks", erased.rows, erased.webhooks);
    state.audit(actor, "person.erase", &format!("person {id}"), &detail).await?;
    Ok(erased)
}

/// Keeps what a person of ours says of them, with a line in the audit that names nobody.
pub async fn edit_one(state: &WebState, actor: &Actor, id: PersonId, edit: &Edit) -> Result<(), WebError> {
    // Nobody is edited who is not there.
    state.engine.export_person(id).await?;
    let done = state.engine.edit_person(id, edit, &actor.name).await?;
    done.map_err(|problem| WebError::Refused(vec![problem]))?;
    state.audit(actor, "person.edit", &format!("person {id}"), "").await?;
    Ok(())
}

/// The person, as whoever asks may see them.
pub async fn look(state: &WebState, actor: &Actor, id: PersonId) -> Result<PersonLook, WebError> {
    let look = state.engine.look_at_person(id).await?;
    Ok(if actor.may(Right::Converse) { look } else { look.without_chats() })
}

/// The page.
pub async fn show(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
) -> Result<Html<String>, WebError> {
    let mut one = look(&state, &actor, PersonId(id)).await?;
    one.kept.messages.reverse();
    let name = one.kept.identities.iter().find_map(|i| i.name.clone()).unwrap_or_default();
    html(&PersonPage {
        p,
        one,
        name,
        talk: Right::Converse,
        manage: Right::ManagePeople,
        campaigns: Right::ReadCampaigns,
    })
}

/// What was typed about a person; what is left out stays.
#[derive(Deserialize)]
pub struct Edited {
    name: Option<String>,
    reference: Option<String>,
    note: Option<String>,
}

/// Keeps it.
pub async fn edit(
    State(state): State<WebState>,
    actor: Actor,
    Path(id): Path<i64>,
    Form(form): Form<Edited>,
) -> Result<Redirect, WebError> {
    let edit = Edit { name: form.name, reference: form.reference, note: form.note };
    edit_one(&state, &actor, PersonId(id), &edit).await?;
    Ok(people::of(PersonId(id)))
}

/// Erases somebody and says what was erased.
pub async fn erase(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
) -> Result<Html<String>, WebError> {
    let erased = erase_one(&state, &actor, PersonId(id)).await?;
    people::page(&state, p, people::Asked::default(), None, Some(erased)).await
}

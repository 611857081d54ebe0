//! "Send me a test", for page and API.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::Actor;
use super::api::campaigns::found;
use super::api::extract::Sent;
use super::campaign::latest;
use super::error::{ProblemDocument, WebError};
use super::form::{Form, done};
use super::page::Page;
use super::state::WebState;
use crate::domain::id::{CampaignId, MessageId, VersionId};
use crate::engine::{TestOutcome, TestSend};
use crate::store::{user, version};

/// A form's key is shorter.
const LONGEST_KEY: usize = 100;

/// The form beside a sample.
#[derive(Deserialize)]
pub struct TestForm {
    version: i64,
    row: i64,
    to: String,
    once: String,
}

/// A row goes to one's own number, which is kept for the next time.
pub async fn send(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<i64>,
    Form(form): Form<TestForm>,
) -> Result<Redirect, WebError> {
    let user = actor.user.ok_or(WebError::Conflict("needs_person"))?;
    if form.once.is_empty() || form.once.len() > LONGEST_KEY {
        return Err(WebError::Unprocessable("form_once"));
    }
    let version = version::get(state.store(), VersionId(form.version)).await?.ok_or(WebError::NotFound)?;
    if version.campaign_id != CampaignId(id) {
        return Err(WebError::NotFound);
    }
    let test = TestSend {
        version: version.id,
        row: form.row,
        to: form.to.trim(),
        once: Some(&form.once),
        language: p.language,
    };
    go(&state, &actor, test).await?;
    user::set_test_number(state.store(), user, form.to.trim()).await?;
    Ok(done(&format!("/campaigns/{id}"), "tested"))
}

/// Which row goes where.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// The row; 1 is the first after the header.
    row: i64,
    /// A number of one's own; a local one is completed with the sender's country.
    to: String,
    /// The version; left out: the latest.
    version: Option<i64>,
}

/// A test that is in line.
#[derive(Serialize, ToSchema)]
pub struct TestSent {
    /// The message.
    pub message: Option<MessageId>,
    /// The number it goes to, with `+`.
    pub to: String,
}

/// Send a row to a number of one's own
///
/// As its person would get it, at once, through the gates of every message. It is marked as a test everywhere, counts in
/// no run, no frequency and no outcome, and its cost is booked apart. At most ten an hour.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/test", tag = "campaigns", request_body = Test,
    params(("id" = String, Path, description = "The campaign: its number or its folder's name"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 201, description = "It is in line", body = TestSent),
              (status = 422, description = "Something must be mended first", body = ProblemDocument)))]
pub async fn api(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Sent(body): Sent<Test>,
) -> Result<Response, WebError> {
    let campaign = found(&state, &id).await?;
    let version = match body.version {
        Some(version) => version::get(state.store(), VersionId(version)).await?.ok_or(WebError::NotFound)?,
        None => latest(&state, campaign.id).await?,
    };
    if version.campaign_id != campaign.id {
        return Err(WebError::NotFound);
    }
    let test = TestSend { version: version.id, row: body.row, to: body.to.trim(), once: None, language: p.language };
    let sent = go(&state, &actor, test).await?;
    Ok((StatusCode::CREATED, Json(sent)).into_response())
}

async fn go(state: &WebState, actor: &Actor, test: TestSend<'_>) -> Result<TestSent, WebError> {
    match state.engine.send_test(test, &actor.name, &actor.once).await? {
        TestOutcome::Refused(problems) => Err(WebError::Refused(problems)),
        TestOutcome::Sent { message, to } => {
            if let Some(message) = message {
                let detail = format!("version {} row {}", test.version, test.row);
                state.audit(actor, "message.test", &format!("message {message}"), &detail).await?;
            }
            Ok(TestSent { message, to: to.with_plus() })
        }
    }
}

//! Attempts in doubt: the list with why each stands, and settling them.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Asked, Sent, wrong};
use super::paging::{self, Listed};
use super::run_view::Waits;
use super::runs::found;
use crate::domain::doubt::Verdict;
use crate::domain::id::{ConversationId, MessageId, RunId};
use crate::domain::time::UnixMs;
use crate::engine::DoubtSettlement;
use crate::engine::doubt::{Stakes, why};
use crate::store::message::{self, Doubt, DoubtFilter, What};
use crate::web::act;
use crate::web::actor::Actor;
use crate::web::doubt::words;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::page::Page;
use crate::web::state::WebState;

/// More ids in one request are asked for as a run, or in parts.
const MOST: usize = 10_000;

/// Which doubts.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DoubtAsked {
    /// Only of this run.
    run: Option<i64>,
    /// Only of this sender.
    sender: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of a page: 1 to 500.
    limit: Option<i64>,
}

/// A message of which it is not known whether it left.
#[derive(Serialize, ToSchema)]
pub struct DoubtView {
    /// The message.
    pub message: MessageId,
    /// What it is.
    pub what: What,
    /// Its run; `null` for what no campaign sent.
    pub run: Option<RunId>,
    /// Title of its campaign; for what no campaign sent, what it is, in the language asked for.
    pub campaign: String,
    /// The conversation it answers in.
    pub conversation: Option<ConversationId>,
    /// The sender it was to leave from.
    pub sender: String,
    /// Its row in the audience; `null` for what no campaign sent.
    pub row: Option<i64>,
    /// The number it goes to, with `+`.
    pub to: String,
    /// The name in its row, else what the person calls themselves.
    pub name: String,
    /// Which try it was.
    pub attempt: i64,
    /// When it began.
    pub claimed_at: Option<UnixMs>,
    /// `wait` (until then a receipt may still come), `soon` (it certainly never left and is sent again in a moment), or why
    /// the rule cannot decide: `provider`, `review`, `few`, `silent`, `none_after`, `campaign`, `by_hand`, `automatic`, `no_sender`, `restored`.
    pub why: Waits,
}

/// Which doubts are settled, and how: `messages`, all of a `run`, all of a `sender`, or `all`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettleBody {
    /// These messages.
    messages: Option<Vec<i64>>,
    /// Everything in doubt of this run.
    run: Option<i64>,
    /// Everything in doubt of this sender.
    sender: Option<String>,
    /// Everything in doubt.
    #[serde(default)]
    all: bool,
    /// What to do.
    settlement: DoubtSettlement,
    /// Only say what it would concern; nothing is done.
    #[serde(default)]
    check: bool,
    /// The figures that a person agreed to, as the answer to `check` gave them: exactly these messages are settled, whatever
    /// has come into doubt since. For a run, a sender, or all.
    shown: Option<Shown>,
}

/// What a question about many doubts went by.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// When they were counted.
    as_of: UnixMs,
    /// How many they were.
    messages: i64,
}

/// An amount of one currency.
#[derive(Serialize, ToSchema)]
pub struct AmountView {
    /// ISO 4217.
    pub currency: String,
    /// A decimal in text.
    pub amount: String,
}

/// What sending again may do at worst.
#[derive(Serialize, ToSchema)]
pub struct StakesView {
    /// Messages in doubt now.
    pub messages: i64,
    /// Of these, those that certainly never left.
    pub never_left: i64,
    /// People who might get theirs twice.
    pub people: i64,
    /// What it may cost on top; currencies are never added.
    pub worst_extra_cost: Vec<AmountView>,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub struct SettledView {
    /// How many were in doubt and are not any more.
    pub settled: u64,
    /// With `check`: what would be settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub would: Option<StakesView>,
    /// With `check`: what to send as `shown` when a person agrees to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
}

impl StakesView {
    fn of(stakes: Stakes) -> Self {
        let one = |(currency, amount): (String, crate::domain::money::Micros)| AmountView {
            currency,
            amount: amount.to_string(),
        };
        let worst_extra_cost = stakes.worst.into_iter().map(one).collect();
        Self { messages: stakes.messages, never_left: stakes.never_left, people: stakes.people, worst_extra_cost }
    }
}

/// Messages of which it is not known whether they left
#[utoipa::path(get, path = "/api/v1/doubt", tag = "doubt", params(DoubtAsked),
    responses((status = 200, description = "Messages in doubt, each with why it stands", body = Listed<DoubtView>)))]
pub async fn all(
    State(state): State<WebState>,
    p: Page,
    Asked(asked): Asked<DoubtAsked>,
) -> Result<Json<Listed<DoubtView>>, WebError> {
    let limit = paging::limit(asked.limit)?;
    let after = MessageId(paging::number(asked.cursor.as_deref(), 0)?);
    let run = match asked.run {
        Some(run) => Some(found(&state, run).await?.id),
        None => None,
    };
    let which = DoubtFilter { run, sender: asked.sender };
    let doubts = message::doubts(state.store(), &which, after, limit + 1).await?;
    let verdicts = why(&state.engine, &doubts).await?;
    let view = |d: Doubt| {
        let verdict = verdicts.get(&d.id);
        view(&p, d, verdict)
    };
    Ok(Json(Listed::cut(doubts, limit, |d| d.id.to_string(), view)))
}

fn view(p: &Page, d: Doubt, verdict: Option<&Verdict>) -> DoubtView {
    let (code, until) = match verdict {
        Some(Verdict::Wait(until)) => ("wait", Some(*until)),
        Some(Verdict::Unsent) | None => ("soon", None),
        Some(Verdict::Ask(reason)) => (reason.as_str(), None),
    };
    let of_campaign = d.what == What::Campaign;
    DoubtView {
        message: d.id,
        run: of_campaign.then_some(d.run_id),
        campaign: if of_campaign { d.campaign } else { p.t(&format!("web.doubts.{}", d.what.as_str())) },
        conversation: d.conversation_id,
        what: d.what,
        sender: d.sender,
        row: of_campaign.then_some(d.row_no),
        to: format!("+{}", d.recipient),
        name: d.name,
        attempt: d.attempt,
        claimed_at: d.claimed_at,
        why: Waits { code: code.to_owned(), message: words(p, verdict), until },
    }
}

/// Settle doubts: they were sent, send again, or leave
#[utoipa::path(post, path = "/api/v1/doubt", tag = "doubt", request_body = SettleBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "How many were settled; those no longer in doubt are left as they are", body = SettledView),
              (status = 409, description = "More was in doubt then than `shown` says: check again", body = ProblemDocument),
              (status = 422, description = "Not exactly one of messages, run, sender and all is named", body = ProblemDocument)))]
pub async fn settle(
    State(state): State<WebState>,
    actor: Actor,
    Sent(body): Sent<SettleBody>,
) -> Result<Json<SettledView>, WebError> {
    let as_of = state.engine.clock.now();
    let ids = concerned(&state, &body, body.shown.map_or(as_of, |shown| shown.as_of)).await?;
    if body.check {
        let would = StakesView::of(state.engine.doubt_stakes(&ids).await?);
        let shown = Shown { as_of, messages: would.messages };
        return Ok(Json(SettledView { settled: 0, would: Some(would), shown: Some(shown) }));
    }
    if body.shown.is_some_and(|shown| ids.len() as i64 > shown.messages) {
        return Err(WebError::Conflict("more_in_doubt"));
    }
    let settled = act::settle(&state, &actor, &ids, body.settlement).await?;
    Ok(Json(SettledView { settled, would: None, shown: None }))
}

async fn concerned(state: &WebState, body: &SettleBody, as_of: UnixMs) -> Result<Vec<MessageId>, WebError> {
    let which = match (&body.messages, body.run, &body.sender, body.all) {
        (Some(ids), None, None, false) if ids.is_empty() || ids.len() > MOST => {
            return Err(wrong("messages", "from 1 to 10,000 messages"));
        }
        (Some(ids), None, None, false) => return Ok(ids.iter().copied().map(MessageId).collect()),
        (None, Some(run), None, false) => {
            DoubtFilter { run: Some(found(state, run).await?.id), ..DoubtFilter::default() }
        }
        (None, None, Some(sender), false) => DoubtFilter { sender: Some(sender.clone()), ..DoubtFilter::default() },
        (None, None, None, true) => DoubtFilter::default(),
        _ => return Err(wrong("messages", "name either messages, a run, a sender, or all")),
    };
    Ok(message::doubt_ids(state.store(), &which, Some(as_of)).await?)
}

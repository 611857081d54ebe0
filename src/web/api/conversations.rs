//! Conversations: lists, threads; answer, claim, close, outcome.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::desk;
use super::extract::{Asked, Id, Sent, wrong};
use super::paging::{self, Listed, not_ours};
use crate::domain::id::{ConversationId, EntryId, MessageId};
use crate::engine::{DoubtSettlement, Seen};
use crate::inbox::choice::Choice;
use crate::store::conversation::{self, Bubble, Conversation, ConversationLine, Panel, Place};
use crate::store::user;
use crate::web::actor::Actor;
use crate::web::converse;
use crate::web::error::{ProblemDocument, WebError};
use crate::web::inbox::asked as inbox;
use crate::web::inbox::lists::last_words;
use crate::web::inbox::presence::{Others, others};
use crate::web::page::Page;
use crate::web::state::WebState;

/// The lists there are.
const LISTS: [&str; 4] = ["mine", "unassigned", "team", "all"];
/// What they can be narrowed to; the last one of a search only.
const SHOWS: [&str; 6] = ["open", "answerable", "passed", "bots", "closed", "any"];

/// Which conversations.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConversationsAsked {
    /// `mine`, `unassigned`, `team` or `all`; left out: a person's own, all for a token.
    list: Option<String>,
    /// `open` (the default), `answerable` (open, and the window too), `passed` (open, templates only) or `closed`.
    show: Option<String>,
    /// Only about the campaign with this id.
    campaign: Option<i64>,
    /// Only where an answer to the run with this id waits to be read, as the run counts them; not of a search.
    run: Option<i64>,
    /// Only of this team.
    team: Option<String>,
    /// `true`: only where something came in since the user last looked. A token has looked at nothing.
    unread: Option<bool>,
    /// Words of the name, a number in any writing, or words of the thread. Newest first; of `any` state unless `show` says
    /// otherwise.
    search: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of a page: 1 to 500.
    limit: Option<i64>,
}

/// A conversation in a list; whoever waits longest comes first.
#[derive(Serialize, ToSchema)]
pub struct ConversationView {
    /// The conversation.
    #[serde(flatten)]
    pub conversation: ConversationLine,
    /// The person's last words in one line.
    pub last_words: String,
    /// Whether something came in since the user last looked; `null` for a token.
    pub unread: Option<bool>,
}

/// A conversation with its thread.
#[derive(Serialize, ToSchema)]
pub struct ConversationDetail {
    /// The conversation.
    #[serde(flatten)]
    pub conversation: Conversation,
    /// Who the person is, and the row it began with.
    pub person: Panel,
    /// What was decided last.
    pub outcome: Option<String>,
    /// The outcomes that its campaign knows.
    pub outcomes: Vec<String>,
    /// The messages that the last unclear reply may answer, newest first; empty when none is unclear.
    pub choices: Vec<Choice>,
    /// Every line, oldest first, with the exact text the person received.
    pub thread: Vec<Bubble>,
    /// Names of those who look at it now.
    pub looking: Vec<String>,
    /// Names of those who write in it now.
    pub typing: Vec<String>,
}

/// Who takes it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// For whom a token takes it: a user's name.
    agent: Option<String>,
    /// The colleague it is taken over from: the name of the user who has it now.
    from: Option<String>,
}

/// Who closes it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseBody {
    /// For whom a token closes it: a user's name. Needed where that user has it.
    agent: Option<String>,
    /// The id of the thread's last line that was seen. If the person has written since, it is not closed (409). Left out:
    /// what waits is closed only if somebody has looked at it or answered it.
    seen: Option<EntryId>,
    /// Close it whatever came in.
    #[serde(default)]
    anyway: bool,
}

/// What becomes of one uncertain message.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DoubtBody {
    /// A message of the thread.
    message: MessageId,
    /// What to do.
    settlement: DoubtSettlement,
    /// For whom a token does it: a user's name. Needed where that user has the conversation.
    agent: Option<String>,
}

/// What was decided.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeBody {
    /// A word of at most 40 small letters, digits and `_`, as `confirmed`; not `opted_out`, `no_answer`, `answered` or `to_be_read`. The conversation's `outcomes` are those its campaign knows.
    outcome: String,
    /// For whom a token sets it: a user's name. Needed where that user has the conversation.
    agent: Option<String>,
    /// The id of the thread's last line that was seen. If the person has written since, nothing is set (409). Left out:
    /// nothing is compared.
    seen: Option<EntryId>,
}

/// What an unclear reply answers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AboutBody {
    /// One of the conversation's `choices`.
    message: MessageId,
    /// For whom a token says it: a user's name. Needed where that user has the conversation.
    agent: Option<String>,
}

/// A note among agents.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteBody {
    /// At most 4,096 characters.
    text: String,
}

pub(super) async fn found(state: &WebState, id: i64) -> Result<Conversation, WebError> {
    conversation::get(state.store(), ConversationId(id)).await?.ok_or(WebError::NotFound)
}

/// Conversations
#[utoipa::path(get, path = "/api/v1/conversations", tag = "conversations", params(ConversationsAsked),
    responses((status = 200, description = "Conversations", body = Listed<ConversationView>)))]
pub async fn all(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Asked(asked): Asked<ConversationsAsked>,
) -> Result<Json<Listed<ConversationView>>, WebError> {
    let list = asked.list.unwrap_or_else(|| if actor.user.is_some() { "mine" } else { "all" }.to_owned());
    if !LISTS.contains(&list.as_str()) {
        return Err(wrong("list", &LISTS.join(", ")));
    }
    if list == "mine" && actor.user.is_none() {
        return Err(WebError::Conflict("needs_person"));
    }
    let search = asked.search.unwrap_or_default();
    let show = asked.show.unwrap_or_else(|| if search.is_empty() { "open" } else { "any" }.to_owned());
    let states = &SHOWS[..SHOWS.len() - usize::from(search.is_empty())];
    if !states.contains(&show.as_str()) {
        return Err(wrong("show", &states.join(", ")));
    }
    if asked.run.is_some() && !search.trim().is_empty() {
        return Err(wrong("run", "a run or a search"));
    }
    let page = inbox::Asked {
        view: list,
        show,
        campaign: asked.campaign.map_or_else(String::new, |id| id.to_string()),
        run: asked.run.map_or_else(String::new, |id| id.to_string()),
        team: asked.team.unwrap_or_default(),
        unread: if asked.unread == Some(true) && actor.user.is_some() { "1" } else { "" }.to_owned(),
        q: search,
        from: asked.cursor.clone().unwrap_or_default(),
    };
    let limit = paging::limit(asked.limit)?;
    let is_person = actor.user.is_some();
    let shape = |l: ConversationLine| ConversationView {
        last_words: last_words(p.language, &l),
        unread: is_person.then_some(l.is_unread()),
        conversation: l,
    };
    if !page.q.trim().is_empty() {
        return found_in(&state, &actor, &page, limit)
            .await
            .map(|(lines, next)| Json(Listed { items: lines.into_iter().map(shape).collect(), next }));
    }
    let filter = page.filter(&state, &actor, limit + 1);
    if !page.from.is_empty() && filter.after.is_none() {
        return Err(not_ours());
    }
    let lines = conversation::list(state.store(), &filter).await?;
    let place = |l: &ConversationLine| format!("{}.{}", l.cursor().key, l.cursor().id);
    Ok(Json(Listed::cut(lines, limit, place, shape)))
}

/// A page of a search.
async fn found_in(
    state: &WebState,
    actor: &Actor,
    page: &inbox::Asked,
    limit: i64,
) -> Result<(Vec<ConversationLine>, Option<String>), WebError> {
    let place = page.place();
    if !page.from.is_empty() && place.is_none() {
        return Err(not_ours());
    }
    let Some(sought) = inbox::sought(&state.engine, &page.q) else { return Ok((Vec::new(), None)) };
    let filter = page.filter(state, actor, limit);
    let found = conversation::search(state.store(), &sought, (&filter, page.show(state.now())), place).await?;
    Ok((found.lines, found.next.map(Place::word)))
}

/// A conversation with its thread
#[utoipa::path(get, path = "/api/v1/conversations/{id}", tag = "conversations",
    params(("id" = i64, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = ConversationDetail),
              (status = 404, description = "There is no such conversation", body = ProblemDocument)))]
pub async fn one(State(state): State<WebState>, Id(id): Id) -> Result<Json<ConversationDetail>, WebError> {
    let c = found(&state, id).await?;
    Ok(Json(detail(&state, c).await?))
}

/// A conversation with everything that stands around it.
pub(super) async fn detail(state: &WebState, c: Conversation) -> Result<ConversationDetail, WebError> {
    let person = conversation::panel(state.store(), c.id).await?.ok_or(WebError::NotFound)?;
    let outcome = converse::decided(state, &c).await?;
    let outcomes = converse::outcomes(state, &c).await?;
    let choices = converse::choices(state, c.id).await?;
    let thread = conversation::thread(state.store(), c.id).await?;
    let Others { looking, typing } = others(state, None, c.id).await?;
    Ok(ConversationDetail { conversation: c, person, outcome, outcomes, choices, thread, looking, typing })
}

/// Take a conversation that nobody has, or over `from` a colleague
#[utoipa::path(post, path = "/api/v1/conversations/{id}/claim", tag = "conversations", request_body = Claim,
    params(("id" = i64, Path, description = "The conversation"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "It is taken", body = Conversation),
              (status = 409, description = "It is closed, or somebody else has it", body = ProblemDocument)))]
pub async fn claim(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(body): Sent<Claim>,
) -> Result<Json<Conversation>, WebError> {
    let actor = desk::seat(&state, actor, body.agent.as_deref()).await?;
    let c = found(&state, id).await?;
    match body.from.as_deref() {
        Some(name) => {
            let from = user::by_name(state.store(), name).await?.ok_or_else(|| wrong("from", "nobody of that name"))?;
            converse::take_over(&state, &actor, c.id, from.id).await?;
        }
        None => converse::claim(&state, &actor, c.id).await?,
    }
    Ok(Json(found(&state, id).await?))
}

/// Whether the person wants promotions
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PromotionsBody {
    /// False: no promotions from now on. True: what they or we have said against them is over; what they told WhatsApp
    /// itself stays.
    wanted: bool,
    /// For whom a token acts: a user's name.
    agent: Option<String>,
}

/// Say whether the person wants promotions
#[utoipa::path(post, path = "/api/v1/conversations/{id}/promotions", tag = "conversations", request_body = PromotionsBody,
    params(("id" = i64, Path, description = "The conversation"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 204, description = "It is kept"),
              (status = 409, description = "A colleague has the conversation", body = ProblemDocument)))]
pub async fn set_promotions(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(body): Sent<PromotionsBody>,
) -> Result<StatusCode, WebError> {
    let actor = desk::perhaps(&state, actor, body.agent.as_deref()).await?;
    let c = found(&state, id).await?;
    converse::set_promotions(&state, &actor, c.id, body.wanted).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Close a conversation of one's own, or nobody's
#[utoipa::path(post, path = "/api/v1/conversations/{id}/close", tag = "conversations", request_body = CloseBody,
    params(("id" = i64, Path, description = "The conversation"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "It is closed", body = Conversation),
              (status = 409, description = "It was closed already, a colleague has it, or the person has written since", body = ProblemDocument)))]
pub async fn close(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(body): Sent<CloseBody>,
) -> Result<Json<Conversation>, WebError> {
    let actor = desk::perhaps(&state, actor, body.agent.as_deref()).await?;
    let c = found(&state, id).await?;
    let seen = Seen { last: body.seen, anyway: body.anyway };
    converse::close(&state, &actor, c.id, seen).await?;
    Ok(Json(found(&state, id).await?))
}

/// Set or correct what the person decided
#[utoipa::path(post, path = "/api/v1/conversations/{id}/outcome", tag = "conversations", request_body = OutcomeBody,
    params(("id" = i64, Path, description = "The conversation"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "It is kept, beside the earlier ones", body = Conversation),
              (status = 409, description = "The conversation is about no message, it is to be said first about which, a colleague has it, or the person has written since", body = ProblemDocument)))]
pub async fn set_outcome(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(body): Sent<OutcomeBody>,
) -> Result<Json<Conversation>, WebError> {
    let actor = desk::perhaps(&state, actor, body.agent.as_deref()).await?;
    let c = found(&state, id).await?;
    let seen = Seen { last: body.seen, anyway: false };
    converse::set_outcome(&state, &actor, c.id, (body.outcome.trim(), seen)).await?;
    Ok(Json(found(&state, id).await?))
}

/// Say which message an unclear reply answers
#[utoipa::path(post, path = "/api/v1/conversations/{id}/about", tag = "conversations", request_body = AboutBody,
    params(("id" = i64, Path, description = "The conversation"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 200, description = "The conversation is about it from now on", body = Conversation),
              (status = 409, description = "It is none of the choices, or nothing is unclear any more", body = ProblemDocument)))]
pub async fn about(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(body): Sent<AboutBody>,
) -> Result<Json<Conversation>, WebError> {
    let actor = desk::perhaps(&state, actor, body.agent.as_deref()).await?;
    let c = found(&state, id).await?;
    converse::choose(&state, &actor, c.id, body.message).await?;
    Ok(Json(found(&state, id).await?))
}

/// Settle the doubt about one message of the thread
#[utoipa::path(post, path = "/api/v1/conversations/{id}/doubt", tag = "conversations", request_body = DoubtBody,
    params(("id" = i64, Path, description = "The conversation"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 204, description = "It is settled"),
              (status = 404, description = "The thread shows no such message", body = ProblemDocument),
              (status = 409, description = "It is not in doubt any more, or a colleague has the conversation", body = ProblemDocument)))]
pub async fn settle(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(body): Sent<DoubtBody>,
) -> Result<StatusCode, WebError> {
    let actor = desk::perhaps(&state, actor, body.agent.as_deref()).await?;
    let c = found(&state, id).await?;
    converse::settle(&state, &actor, c.id, (body.message, body.settlement)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leave a note that the person never sees
#[utoipa::path(post, path = "/api/v1/conversations/{id}/note", tag = "conversations", request_body = NoteBody,
    params(("id" = i64, Path, description = "The conversation"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless")),
    responses((status = 204, description = "It stands in the thread, for those who converse"),
              (status = 400, description = "It is empty or too long", body = ProblemDocument)))]
pub async fn note(
    State(state): State<WebState>,
    actor: Actor,
    Id(id): Id,
    Sent(body): Sent<NoteBody>,
) -> Result<StatusCode, WebError> {
    converse::note(&state, &actor, ConversationId(id), &body.text).await?;
    Ok(StatusCode::NO_CONTENT)
}

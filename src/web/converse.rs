//! What agents do to conversations, for pages and API alike. Only people can: a token has no desk. Whoever closes, decides
//! or hands over a colleague's conversation takes it over first, in so many words; admin and operator need not.

use crate::domain::free::is_blank;
use crate::domain::id::{ConversationId, MessageId, RunId, UserId};
use crate::domain::outcome::can_be_set;
use crate::domain::role::Role;
use crate::engine::{Author, DoubtSettlement};
use crate::inbox::assign::Reach;
use crate::inbox::choice::Choice;
use crate::inbox::{Acted, Inbox, Seen, decide};
use crate::intake::campaign_file::CampaignFile;
use crate::store::conversation::{self, Conversation};
use crate::store::{StoreError, outcome, run, user, version};

use super::act;

use super::actor::Actor;
use super::attach;
use super::canned;
use super::composer::NewAnswer;
use super::error::WebError;
use super::state::WebState;

/// Why an answer is shown back: a colleague answered while it was written.
pub const OVERTAKEN: &str = "answered_meanwhile";
/// Why nothing was done: the person has written since.
pub const UNSEEN: &str = "written_meanwhile";
/// Characters of a note.
pub const LONGEST_NOTE: usize = 4_096;

/// What can still be chosen for the conversation's last unclear reply.
pub async fn choices(state: &WebState, id: ConversationId) -> Result<Vec<Choice>, WebError> {
    Ok(inbox(state).choices(id).await?)
}

/// What was decided last about the message a conversation is about.
pub async fn decided(state: &WebState, c: &Conversation) -> Result<Option<String>, WebError> {
    let Some(message) = c.origin_message_id else { return Ok(None) };
    Ok(outcome::of_message(state.store(), message).await?.into_iter().next().map(|o| o.outcome))
}

/// The outcomes to choose from: those that the campaign's file names, and what every reminder can be answered with.
pub async fn outcomes(state: &WebState, c: &Conversation) -> Result<Vec<String>, WebError> {
    let Some(id) = c.run_id.filter(|id| *id != RunId::BY_HAND) else { return Ok(decide::offered(None)) };
    let Some(run) = run::get(state.store(), id).await? else { return Ok(decide::offered(None)) };
    let version = version::get(state.store(), run.version_id).await?.ok_or(WebError::NotFound)?;
    let corrupt = |_| StoreError::Corrupt { what: "version.definition" };
    let file = CampaignFile::parse(&version.definition, "campaign.toml").map_err(corrupt)?;
    Ok(decide::offered(Some((file.kind, &file.replies))))
}

/// Whose conversations `actor` may close, decide in and hand over.
pub(super) fn reach(actor: &Actor) -> Reach {
    if actor.role == Role::Admin { Reach::All } else { Reach::Own(actor.user) }
}

/// Whether `actor` may close a conversation, decide in it and hand it over: it is nobody's or theirs, or their role may.
pub fn may_act(actor: &Actor, c: &Conversation) -> bool {
    reach(actor).includes(c.assignee)
}

/// The conversation, if `actor` may act in it.
pub(super) async fn theirs(state: &WebState, actor: &Actor, id: ConversationId) -> Result<Conversation, WebError> {
    let found = conversation::get(state.store(), id).await?.ok_or(WebError::NotFound)?;
    if may_act(actor, &found) { Ok(found) } else { Err(WebError::Conflict("conversation_others")) }
}

/// The person behind `actor`, as an author.
pub fn author(actor: &Actor) -> Result<Author, WebError> {
    let id = actor.user.ok_or(WebError::Conflict("needs_person"))?;
    let by = actor.desk.is_some().then(|| actor.name.clone());
    Ok(Author { id, name: actor.pen(), once: actor.once.clone(), by })
}

/// The agents' side of the inbox.
fn inbox(state: &WebState) -> Inbox {
    Inbox::new(state.store().clone(), state.engine.changes.clone())
}

/// The same for what is made there, under the key of whoever makes it.
pub(super) fn inbox_of(state: &WebState, actor: &Actor) -> Inbox {
    inbox(state).under(actor.once.clone())
}

/// The same for what only those may do whose conversation it is, or whose role reaches everybody's.
fn inbox_within(state: &WebState, actor: &Actor) -> Inbox {
    inbox(state).within(reach(actor))
}

/// What became of it, as an answer; `nothing` is the error where there was nothing to do it to.
fn acted(acted: Acted, nothing: WebError) -> Result<(), WebError> {
    match acted {
        Acted::Done => Ok(()),
        Acted::Nothing => Err(nothing),
        Acted::Others => Err(WebError::Conflict("conversation_others")),
        Acted::Unseen => Err(WebError::Conflict(UNSEEN)),
        Acted::Unclear => Err(WebError::Conflict("outcome_unclear")),
        Acted::Unknown => Err(WebError::NotFound),
    }
}

/// Sends an answer while the window is open; a conflict where a colleague answered while it was written.
pub async fn answer(
    state: &WebState,
    actor: &Actor,
    id: ConversationId,
    new: &NewAnswer,
) -> Result<MessageId, WebError> {
    if !actor.once.is_made() {
        canned::all_filled(state, actor, id, (&new.canned, &new.text)).await?;
    }
    let file = match &new.file {
        Some(file) if !actor.once.is_made() => {
            let bytes = futures::stream::iter([Ok::<_, std::convert::Infallible>(file.bytes.clone())]);
            Some(attach::keep_bytes(state, actor, id, (&file.name, false), bytes).await?)
        }
        _ => None,
    };
    let reply = attach::reply(&new.text, file.as_ref(), new.quote);
    attach::send(state, actor, id, (reply, new.seen)).await
}

/// Says whether the person wants promotions.
pub async fn set_promotions(state: &WebState, actor: &Actor, id: ConversationId, wanted: bool) -> Result<(), WebError> {
    let done = inbox_within(state, actor).set_promotions(id, wanted, &actor.pen(), state.now()).await?;
    acted(done, WebError::Conflict("conversation_state"))?;
    audit(state, actor, "conversation.promotions", id, if wanted { "wanted" } else { "not wanted" }).await
}

/// Takes a conversation that nobody has. Whoever has it already keeps it, and nothing is noted.
pub async fn claim(state: &WebState, actor: &Actor, id: ConversationId) -> Result<(), WebError> {
    match inbox(state).take(id, author(actor)?.id, state.now()).await? {
        Some(false) => Ok(()),
        done => changed(state, actor, done.is_some(), "conversation.claim", id, "").await,
    }
}

/// Takes a conversation over from the colleague who has it, and from nobody else.
pub async fn take_over(state: &WebState, actor: &Actor, id: ConversationId, from: UserId) -> Result<(), WebError> {
    let done = inbox(state).take_over(id, author(actor)?.id, from, state.now()).await?;
    let who = user::by_id(state.store(), from).await?.map_or_else(String::new, |u| u.name);
    changed(state, actor, done, "conversation.take_over", id, &format!("from {who}")).await
}

/// Closes it; a conflict where the person has written something that is not in what was seen.
pub async fn close(state: &WebState, actor: &Actor, id: ConversationId, seen: Seen) -> Result<(), WebError> {
    let done = inbox_within(state, actor).having(seen).close(id, &actor.pen(), state.now()).await?;
    acted(done, WebError::Conflict("conversation_state"))?;
    audit(state, actor, "conversation.close", id, "").await
}

/// Opens it again.
pub async fn reopen(state: &WebState, actor: &Actor, id: ConversationId) -> Result<(), WebError> {
    let done = inbox(state).reopen(id, state.now()).await?;
    changed(state, actor, done, "conversation.reopen", id, "").await
}

/// Sets or corrects what the person decided, as far as was seen.
pub async fn set_outcome(
    state: &WebState,
    actor: &Actor,
    id: ConversationId,
    (outcome, seen): (&str, Seen),
) -> Result<(), WebError> {
    if !can_be_set(outcome) {
        return Err(WebError::Bad("outcome"));
    }
    let done =
        inbox_within(state, actor).having(seen).set_outcome(id, None, outcome, &actor.pen(), state.now()).await?;
    acted(done, WebError::Conflict("outcome_of_nothing"))?;
    audit(state, actor, "conversation.outcome", id, outcome).await
}

/// Says which message an unclear reply answers.
pub async fn choose(state: &WebState, actor: &Actor, id: ConversationId, message: MessageId) -> Result<(), WebError> {
    acted(inbox_within(state, actor).choose(id, message).await?, WebError::Conflict("choice_gone"))?;
    audit(state, actor, "conversation.about", id, &format!("message {message}")).await
}

/// Settles the doubt about one message of the thread: whoever talks to the person can know best whether it came.
pub async fn settle(
    state: &WebState,
    actor: &Actor,
    id: ConversationId,
    (message, how): (MessageId, DoubtSettlement),
) -> Result<(), WebError> {
    let done = state.engine.settle_doubt_of((id, reach(actor)), message, how).await?;
    acted(done, WebError::Conflict("doubt_gone"))?;
    act::note_settled(state, actor, (1, &[message]), how).await
}

/// Writes a note that only those who converse see. The audit has no copy of its words.
pub async fn note(state: &WebState, actor: &Actor, id: ConversationId, text: &str) -> Result<(), WebError> {
    let text = text.trim();
    if is_blank(text) || text.chars().count() > LONGEST_NOTE || text.contains('\0') {
        return Err(WebError::Bad("conversation_note"));
    }
    if !inbox_of(state, actor).note(id, text, &actor.pen(), state.now()).await? {
        return Err(WebError::NotFound);
    }
    audit(state, actor, "conversation.note", id, "").await
}

async fn changed(
    state: &WebState,
    actor: &Actor,
    done: bool,
    action: &str,
    id: ConversationId,
    detail: &str,
) -> Result<(), WebError> {
    if !done {
        return Err(WebError::Conflict("conversation_state"));
    }
    audit(state, actor, action, id, detail).await
}

async fn audit(
    state: &WebState,
    actor: &Actor,
    action: &str,
    id: ConversationId,
    detail: &str,
) -> Result<(), WebError> {
    state.audit(actor, action, &format!("conversation {id}"), detail).await?;
    Ok(())
}

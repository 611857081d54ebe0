//! Narrow gates: what stops one claimed message at the instant of sending. A stopped message waits with the gate's name
//! and its next time, or ends with a reason; never silently.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::Dispatcher;
use super::bill::bill;
use super::frequency::Frequency;
use super::run_facts::{RunFacts, is_marketing};
use crate::domain::exclusion::ExclusionReason;
use crate::domain::failure::Failure;
use crate::domain::fill::Content;
use crate::domain::id::{ConversationId, MessageId, PersonId, RunId};
use crate::domain::kind::CampaignKind;
use crate::domain::pair::Urgency;
use crate::domain::phone::Phone;
use crate::domain::time::UnixMs;
use crate::engine::EngineError;
use crate::engine::doubt::orphans;
use crate::intake::campaign_file::OpenConversation;
use crate::store::message::{self, Claimed, PutBack, Verdict, roots, windows};
use crate::store::person;
use crate::store::suppression::{self, SuppressionScope};

/// The gate's name while a message waits for the hours of its campaign.
pub const HOURS: &str = "hours";

/// The gate's name while a message waits for the spacing of two messages to one person.
const PAIR_LIMIT: &str = "pair_limit";

/// The gate's name while a message waits for the end of a conversation.
const OPEN_CONVERSATION: &str = "open_conversation";

/// The gate's name while another message to the same person has no answer yet.
const IN_FLIGHT: &str = "in_flight";

/// Another message's answer is looked for again after this (real time).
const ANSWERED_SOON: Duration = Duration::from_secs(5);

/// A conversation that a message waits for is looked at again after this.
const STILL_TALKING: Duration = Duration::from_mins(5);

/// Hours that never open again within a year are looked at again after this.
const LOOK_AGAIN: Duration = Duration::from_hours(1);

/// Meta's code for a text outside the window: "more than 24 hours have passed" (cloud-api.md 6.3).
const WINDOW_CLOSED: i64 = 131_047;

/// What the store knows about the people of a claim.
pub(super) struct Known {
    no_marketing: BTreeSet<PersonId>,
    nothing: BTreeSet<PersonId>,
    talking: BTreeSet<PersonId>,
    windows: BTreeMap<ConversationId, UnixMs>,
    /// Whom each is linked to.
    roots: BTreeMap<PersonId, PersonId>,
}

impl Known {
    /// Whom `person` is linked to; themselves where they are not.
    pub(super) fn root(&self, person: PersonId) -> PersonId {
        self.roots.get(&person).copied().unwrap_or(person)
    }
}

/// What the gates say of one message.
#[derive(Debug)]
pub(super) struct Gated {
    /// What a gate decided instead of sending.
    pub stopped: Option<Verdict>,
    /// Whom the person is linked to.
    pub root: PersonId,
}

impl Gated {
    /// It goes back in line unasked.
    pub(super) fn put_back(message: &Claimed, verdict: Verdict) -> Self {
        Self { stopped: Some(verdict), root: message.person_id }
    }
}

/// What the gates say of each message, in order, by what it is billed as now. The pair limit comes last: what it lets through
/// leaves.
pub(super) async fn decide(of: &Dispatcher, claimed: &mut [Claimed]) -> Result<Vec<Gated>, EngineError> {
    bill(of, claimed).await?;
    let (store, claimed) = (&of.engine.store, &*claimed);
    let people: Vec<PersonId> = claimed.iter().map(|m| m.person_id).collect();
    let conversations: Vec<ConversationId> = claimed.iter().filter_map(|m| m.conversation_id).collect();
    let (suppressed, talking, windows, roots) = tokio::try_join!(
        suppression::of(store, &people),
        person::in_conversation(store, &people),
        windows(store, &conversations),
        roots(store, &people),
    )?;
    let nothing = suppressed.iter().filter(|(_, scope)| *scope == SuppressionScope::All).map(|(id, _)| *id).collect();
    let no_marketing = suppressed.into_iter().map(|(id, _)| id).collect();
    let known = Known { no_marketing, nothing, talking, windows, roots };
    let now = of.engine.clock.now();
    let flying = in_flight(of, claimed, now).await?;
    let mut frequency = Frequency::read(of, claimed, &known, now).await?;
    let decide = |message: &Claimed| {
        let (facts, root) = (of.facts_of(message.run_id), known.root(message.person_id));
        let stopped = barred(of, message)
            .or_else(|| stop(message, facts.as_deref(), &known, now))
            .or_else(|| frequency.stop(message, facts.as_deref(), root))
            .or_else(|| flying.contains(&message.recipient).then(|| after_the_other(of, now)))
            .or_else(|| too_soon(of, message, root, now));
        if stopped.is_none() {
            frequency.goes(message, root);
        }
        Gated { stopped, root }
    };
    Ok(claimed.iter().map(decide).collect())
}

/// The provider does not let this account write to the person's country.
fn barred(of: &Dispatcher, message: &Claimed) -> Option<Verdict> {
    of.is_barred(&message.recipient).then_some(Verdict::Excluded(ExclusionReason::Unreachable))
}

/// Whom another message is on its way to, at a provider whose receipts name no message of ours: only while there is one
/// can a receipt that nobody knows be told to be of it.
async fn in_flight(of: &Dispatcher, claimed: &[Claimed], now: UnixMs) -> Result<BTreeSet<String>, EngineError> {
    if of.account.access.kind().names_messages() || claimed.is_empty() {
        return Ok(BTreeSet::new());
    }
    let recipients: Vec<&str> = claimed.iter().map(|m| m.recipient.as_str()).collect();
    let ids: Vec<MessageId> = claimed.iter().map(|m| m.id).collect();
    let since = now.minus(of.engine.clock_span(orphans::UNTIL));
    Ok(message::in_flight(&of.engine.store, &of.sender.name, since, (&recipients, &ids)).await?)
}

fn after_the_other(of: &Dispatcher, now: UnixMs) -> Verdict {
    let due_at = now.plus(of.engine.clock_span(ANSWERED_SOON));
    Verdict::PutBack(PutBack { due_at, waiting_for: Some(IN_FLIGHT), turned_away: None })
}

/// The pair limit.
fn too_soon(of: &Dispatcher, message: &Claimed, root: PersonId, now: UnixMs) -> Option<Verdict> {
    let urgency = if message.run_id == RunId::BY_HAND { Urgency::Answer } else { Urgency::Spaced };
    let wait = of.pairs.take(root, urgency).err()?;
    let due_at = now.plus(of.engine.clock_span(wait));
    Some(Verdict::PutBack(PutBack { due_at, waiting_for: Some(PAIR_LIMIT), turned_away: None }))
}

fn stop(message: &Claimed, facts: Option<&RunFacts>, known: &Known, now: UnixMs) -> Option<Verdict> {
    if message.latest_at.is_some_and(|latest| latest < now) {
        return Some(Verdict::Expired);
    }
    if let Content::Text { .. } | Content::Free { .. } = message.content {
        return text_outside_window(message, known, now);
    }
    let marketing = match facts {
        Some(facts) => facts.marketing,
        // Sent by hand to one person: what the template is billed as decides.
        None => is_marketing(CampaignKind::ResumeContact, message.category),
    };
    let blocked = if marketing { &known.no_marketing } else { &known.nothing };
    if blocked.contains(&message.person_id) {
        return Some(Verdict::Excluded(ExclusionReason::Suppressed));
    }
    let facts = facts?;
    if known.talking.contains(&message.person_id) {
        match facts.open_conversation {
            OpenConversation::Pass => {}
            OpenConversation::Skip => return Some(Verdict::Excluded(ExclusionReason::OpenConversation)),
            OpenConversation::Wait => {
                let (due_at, waiting_for) = (now.plus(STILL_TALKING), Some(OPEN_CONVERSATION));
                return Some(Verdict::PutBack(PutBack { due_at, waiting_for, turned_away: None }));
            }
        }
    }
    outside_hours(message, facts, now)
}

fn outside_hours(message: &Claimed, facts: &RunFacts, now: UnixMs) -> Option<Verdict> {
    let phone = Phone::from_international(&message.recipient)?;
    let hours = facts.hours.of_person(&phone)?;
    let zone = TimeZone::get(&message.timezone).unwrap_or(TimeZone::UTC);
    if hours.is_open(now, &zone) {
        return None;
    }
    let due_at = hours.next_open(now, &zone).unwrap_or(now.plus(LOOK_AGAIN));
    Some(Verdict::PutBack(PutBack { due_at, waiting_for: Some(HOURS), turned_away: None }))
}

fn text_outside_window(message: &Claimed, known: &Known, now: UnixMs) -> Option<Verdict> {
    let until = message.conversation_id.and_then(|id| known.windows.get(&id));
    let is_open = until.is_some_and(|until| *until > now);
    let failure = Failure { code: WINDOW_CLOSED, detail: String::new() };
    (!is_open).then_some(Verdict::Refused { failure, suppress: None })
}

//! Narrow gates: what stops one claimed message at the instant of sending. A stopped message waits with the gate's name
//! and its next time, or ends with a reason; never silently.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::Dispatcher;
use super::run_facts::{RunFacts, is_marketing};
use crate::domain::exclusion::ExclusionReason;
use crate::domain::failure::Failure;
use crate::domain::fill::Content;
use crate::domain::id::{ConversationId, PersonId};
use crate::domain::kind::CampaignKind;
use crate::domain::time::UnixMs;
use crate::engine::EngineError;
use crate::store::message::{Claimed, PutBack, Verdict, windows};
use crate::store::{person, suppression};

/// The gate's name while a message waits for the hours of its campaign.
pub const HOURS: &str = "hours";

/// Hours that never open again within a year are looked at again after this.
const LOOK_AGAIN: Duration = Duration::from_hours(1);

/// Meta's code for a text outside the window: "more than 24 hours have passed" (cloud-api.md 6.3).
const WINDOW_CLOSED: i64 = 131_047;

/// What the store knows about the people of a claim.
struct Known {
    no_marketing: BTreeSet<PersonId>,
    nothing: BTreeSet<PersonId>,
    talking: BTreeSet<PersonId>,
    windows: BTreeMap<ConversationId, UnixMs>,
}

/// Of each message what a gate decides instead of sending, in order.
pub(super) async fn decide(of: &Dispatcher, claimed: &[Claimed]) -> Result<Vec<Option<Verdict>>, EngineError> {
    let store = &of.engine.store;
    let people: Vec<PersonId> = claimed.iter().map(|m| m.person_id).collect();
    let conversations: Vec<ConversationId> = claimed.iter().filter_map(|m| m.conversation_id).collect();
    let known = Known {
        no_marketing: suppression::blocked(store, &people, true).await?,
        nothing: suppression::blocked(store, &people, false).await?,
        talking: person::in_conversation(store, &people).await?,
        windows: windows(store, &conversations).await?,
    };
    let now = of.engine.clock.now();
    let decide = |message: &Claimed| stop(message, of.facts_of(message.run_id).as_deref(), &known, now);
    Ok(claimed.iter().map(decide).collect())
}

fn stop(message: &Claimed, facts: Option<&RunFacts>, known: &Known, now: UnixMs) -> Option<Verdict> {
    if message.latest_at.is_some_and(|latest| latest < now) {
        return Some(Verdict::Expired);
    }
    if let Content::Text { .. } = message.content {
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
    if facts.skips_conversations && known.talking.contains(&message.person_id) {
        return Some(Verdict::Excluded(ExclusionReason::OpenConversation));
    }
    outside_hours(message, facts, now)
}

fn outside_hours(message: &Claimed, facts: &RunFacts, now: UnixMs) -> Option<Verdict> {
    let hours = facts.hours.as_ref()?;
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

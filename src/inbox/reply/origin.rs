//! The message a reply answers.

use std::time::Duration;

use super::{Candidacy, Desk, pointed_at};
use crate::domain::event::{Reply, ReplyContent};
use crate::domain::id::PersonId;
use crate::domain::time::UnixMs;
use crate::inbox::attribution::{Attribution, attribute};
use crate::store::candidate::{self, Candidate};
use crate::store::{Result, Tx};

/// No campaign waits longer than this for its replies; older messages are not even looked at.
const LONGEST_WAIT: Duration = Duration::from_hours(90 * 24);

/// Attributes `reply` and returns every message it may answer.
pub(super) async fn find(
    tx: &mut Tx,
    desk: &Desk<'_>,
    reply: &Reply,
    family: &[PersonId],
) -> Result<(Attribution, Vec<Candidacy>)> {
    let tapped = tapped(tx, desk, reply).await?;
    let quoted = match pointed_at(reply) {
        Some(id) if tapped.is_none() => ours(desk, candidate::by_provider_id(tx, id).await?),
        _ => None,
    };
    let attribution = attribute(tapped.as_ref().map(|m| m.id), quoted.as_ref().map(|m| m.id), &[]);
    if let Some(message) = tapped.or(quoted) {
        return Ok((attribution, vec![Candidacy::of(message)]));
    }
    let waiting = waiting(tx, &desk.sender.name, family, desk.received_at).await?;
    let ids: Vec<_> = waiting.iter().map(|c| c.message.id).collect();
    Ok((attribute(None, None, &ids), waiting))
}

/// The messages of `sender` to one person that waited for a reply when one came in, newest first.
pub(in crate::inbox) async fn waiting(
    tx: &mut Tx,
    sender: &str,
    family: &[PersonId],
    received_at: UnixMs,
) -> Result<Vec<Candidacy>> {
    let since = received_at.minus(LONGEST_WAIT);
    // Up to the webhook's arrival: the provider tells only seconds, and a quick reply would seem to come first.
    let recent = candidate::recent(tx, family, sender, since, received_at).await?;
    Ok(recent.into_iter().map(Candidacy::of).filter(|c| c.waits_at(received_at)).collect())
}

/// The message whose button was tapped, when it is one of ours.
async fn tapped(tx: &mut Tx, desk: &Desk<'_>, reply: &Reply) -> Result<Option<Candidate>> {
    let ReplyContent::Button { payload: Some(payload), .. } = &reply.content else { return Ok(None) };
    if payload.instance != *desk.instance {
        return Ok(None);
    }
    Ok(ours(desk, candidate::by_id(tx, payload.message).await?))
}

/// Only what went out from the sender that was written to.
fn ours(desk: &Desk<'_>, found: Option<Candidate>) -> Option<Candidate> {
    found.filter(|message| message.sender == desk.sender.name)
}

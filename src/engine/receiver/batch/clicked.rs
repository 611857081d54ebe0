//! A person opened a link: it counts for the latest template that they got from that number.

use std::time::Duration;

use crate::config::Sender;
use crate::domain::event::UserAction;
use crate::domain::id::RunId;
use crate::domain::time::UnixMs;
use crate::engine::EngineError;
use crate::inbox::reply::told_at;
use crate::store::{Tx, click, identity};

/// What is opened later than this is taken for nothing: a link is told without its message.
const WITHIN: Duration = Duration::from_hours(7 * 24);

/// Keeps it; the run whose message it was.
pub(super) async fn keep(
    tx: &mut Tx,
    sender: &Sender,
    told: &UserAction,
    received_at: UnixMs,
) -> Result<Option<RunId>, EngineError> {
    let at = told_at(told.at, received_at);
    let person = identity::meet(tx, &told.person, at).await?;
    let of = (person.id, sender.name.as_str());
    let Some((message, run)) = click::latest(tx, of, (at.minus(WITHIN), at)).await? else { return Ok(None) };
    click::keep(tx, (message, run), &told.action, at).await?;
    Ok((run != RunId::BY_HAND).then_some(run))
}

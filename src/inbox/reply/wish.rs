//! What people wish about promotions, and what agents make of it. Reminders are never touched by it.

use super::AUTOMATIC;
use super::understood::Understood;
use crate::domain::event::ReplyContent;
use crate::domain::id::PersonId;
use crate::domain::time::UnixMs;
use crate::inbox::decide::{self, Decision};
use crate::store::preference::{self, ASKED, Told};
use crate::store::suppression::{self, NewSuppression, Stopped, SuppressionScope};
use crate::store::{Result, Tx};

/// Where one comes from that only may have been asked for: an agent decides.
pub const PERHAPS: &str = "word";

/// What `content` wishes where `decision` is what it says by itself: words come late, and the latest by its own time counts.
/// One that is older than what holds now is shown, and changes nothing.
pub(super) async fn in_time(
    tx: &mut Tx,
    root: PersonId,
    (content, at): (&ReplyContent, UnixMs),
    decision: Decision,
) -> Result<Decision> {
    if let Some(told) = decide::opts_in(content) {
        return Ok(match suppression::stopped(tx, root, at).await? {
            Stopped::Never => decision,
            Stopped::Before => Decision::OptIn { told },
            Stopped::Since => Decision::Noted,
        });
    }
    let stops = matches!(decision, Decision::OptOut { .. } | Decision::AskToStop);
    let is_over = stops && preference::is_resumed_since(tx, root, at).await?;
    Ok(if is_over { Decision::Noted } else { decision })
}

/// Keeps what a reply says of the wishes of its person.
pub(super) async fn keep(tx: &mut Tx, understood: &Understood<'_>) -> Result<()> {
    let (root, at, by) = (understood.person.root(), understood.at, AUTOMATIC);
    match understood.decision {
        Decision::OptOut { .. } => {
            over(tx, root, (by, at)).await?;
            preference::tell(tx, root, &Told { source: ASKED, stop: true, at, note: "", by }).await?;
        }
        Decision::AskToStop => {
            suppression::add(tx, &of(root, PERHAPS, (by, at))).await?;
        }
        Decision::OptIn { .. } => {
            suppression::lift_wishes(tx, root, at, by).await?;
        }
        Decision::Settled { .. } | Decision::Ask { .. } | Decision::Noted => {}
    }
    if decide::opts_in(&understood.came.reply.content).is_some() {
        preference::tell(tx, root, &Told { source: ASKED, stop: false, at, note: "", by }).await?;
    }
    Ok(())
}

/// No more promotions, as one of ours says: what only may have been said is over.
pub(in crate::inbox) async fn stop(tx: &mut Tx, root: PersonId, source: &str, (by, at): (&str, UnixMs)) -> Result<()> {
    over(tx, root, (by, at)).await?;
    suppression::add(tx, &of(root, source, (by, at))).await?;
    Ok(())
}

async fn over(tx: &mut Tx, root: PersonId, (by, at): (&str, UnixMs)) -> Result<()> {
    suppression::lift_person(tx, root, SuppressionScope::Marketing, PERHAPS, at, by).await?;
    Ok(())
}

const fn of<'a>(person: PersonId, source: &'a str, (by, at): (&'a str, UnixMs)) -> NewSuppression<'a> {
    NewSuppression { person, scope: SuppressionScope::Marketing, source, note: "", at, by }
}

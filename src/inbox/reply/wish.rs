//! What people wish about promotions, and what agents make of it. Reminders are never touched by it.

use crate::domain::id::PersonId;
use crate::domain::time::UnixMs;
use crate::inbox::decide::Decision;
use crate::store::suppression::{self, NewSuppression, SuppressionScope};
use crate::store::{Result, Tx};

use super::AUTOMATIC;

/// Where a suppression comes from that a person asked for by answering.
pub const ASKED: &str = "reply";

/// Where one comes from that only may have been asked for: an agent decides.
pub const PERHAPS: &str = "word";

/// Keeps what `decision` says of the wishes of the person for whom `root` stands.
pub(super) async fn keep(tx: &mut Tx, root: PersonId, decision: &Decision, at: UnixMs) -> Result<()> {
    match decision {
        Decision::OptOut { .. } => stop(tx, root, ASKED, (AUTOMATIC, at)).await?,
        Decision::AskToStop => {
            let new = of(root, PERHAPS, (AUTOMATIC, at));
            suppression::add(tx, &new).await?;
        }
        Decision::OptIn { .. } => {
            suppression::lift_wishes(tx, root, at, AUTOMATIC).await?;
        }
        Decision::Settled { .. } | Decision::Ask { .. } | Decision::Noted => {}
    }
    Ok(())
}

/// No more promotions, said for certain: what only may have been said is over.
pub(in crate::inbox) async fn stop(tx: &mut Tx, root: PersonId, source: &str, (by, at): (&str, UnixMs)) -> Result<()> {
    suppression::lift_person(tx, root, SuppressionScope::Marketing, PERHAPS, at, by).await?;
    suppression::add(tx, &of(root, source, (by, at))).await?;
    Ok(())
}

const fn of<'a>(person: PersonId, source: &'a str, (by, at): (&'a str, UnixMs)) -> NewSuppression<'a> {
    NewSuppression { person, scope: SuppressionScope::Marketing, source, note: "", at, by }
}

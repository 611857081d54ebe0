//! What people tell the provider itself: no more marketing (or again), and a new number.

use crate::domain::event::{IdentityChange, Preference};
use crate::domain::time::UnixMs;
use crate::store::identity;
use crate::store::suppression::{self, NewSuppression, SuppressionScope};
use crate::store::{Result, Tx};

use super::reply::{AUTOMATIC, told_at};

/// Where a suppression comes from that the provider told of; only these end when the person wants marketing again.
pub const SOURCE: &str = "preference";

/// Keeps the person's wish. Wanting marketing again undoes what they told the provider, never what they told us in
/// words (cloud-api.md 8.1).
pub async fn take(tx: &mut Tx, preference: &Preference, received_at: UnixMs) -> Result<()> {
    let person = identity::meet(tx, &preference.person, received_at).await?.root();
    let scope = SuppressionScope::Marketing;
    let at = told_at(preference.at, received_at);
    if preference.stop {
        let new = NewSuppression { person, scope, source: SOURCE, note: "", at, by: AUTOMATIC };
        suppression::add(tx, &new).await?;
    } else {
        suppression::lift_person(tx, person, scope, SOURCE, at, AUTOMATIC).await?;
    }
    Ok(())
}

/// The old and the new identity are one person: what they asked for goes on holding.
pub async fn change(tx: &mut Tx, change: &IdentityChange, received_at: UnixMs) -> Result<()> {
    let old = identity::meet(tx, &change.old, received_at).await?;
    let new = identity::meet(tx, &change.new, received_at).await?;
    identity::link(tx, old.root(), new.root()).await
}

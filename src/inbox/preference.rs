//! What people tell the provider itself: no more marketing (or again), and a new number.

use std::time::Duration;

use crate::domain::event::{IdentityChange, Preference};
use crate::domain::time::UnixMs;
use crate::store::preference::{self, PROVIDER, Told};
use crate::store::{Result, Tx, identity};

use super::reply::AUTOMATIC;

/// The provider's clock may be ahead of ours by this much; what is said to be later was said now.
const AHEAD: Duration = Duration::from_mins(5);

/// Keeps the person's wish. Wanting marketing again undoes what they told the provider, never what they told us in
/// words (cloud-api.md 8.1).
pub async fn take(tx: &mut Tx, told: &Preference, received_at: UnixMs) -> Result<()> {
    let person = identity::meet(tx, &told.person, received_at).await?.root();
    let is_time = told.at.0 > 0 && told.at <= received_at.plus(AHEAD);
    let at = if is_time { told.at } else { received_at };
    preference::tell(tx, person, &Told { source: PROVIDER, stop: told.stop, at, note: "", by: AUTOMATIC }).await
}

/// The old and the new identity are one person: what they asked for goes on holding.
pub async fn change(tx: &mut Tx, change: &IdentityChange, received_at: UnixMs) -> Result<()> {
    let old = identity::meet(tx, &change.old, received_at).await?;
    let new = identity::meet(tx, &change.new, received_at).await?;
    identity::link(tx, old.root(), new.root()).await
}

//! Holds: stops that name their cause, their scope and what ends them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::audit::{self, Deed};
use super::{Result, Store, Tx, on, on_tx};
use crate::domain::failure::Failure;
use crate::domain::id::HoldId;
use crate::domain::time::UnixMs;

const PLACE: &str = "INSERT INTO hold (scope, scope_key, cause, code, word, until_at, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (scope, scope_key, cause) WHERE lifted_at IS NULL DO NOTHING";
const OPEN: &str = "SELECT id, scope, scope_key, cause, code, word, until_at, created_at FROM hold
    WHERE lifted_at IS NULL ORDER BY id";
const LIFT_CAUSE: &str = "UPDATE hold SET lifted_at = $4, lifted_by = $5
    WHERE scope = $1 AND scope_key = $2 AND cause = $3 AND lifted_at IS NULL";
const LIFT_REFUSAL: &str = "UPDATE hold SET lifted_at = $3, lifted_by = $4
    WHERE scope = 'account' AND scope_key = $1 AND cause = 'refused' AND code = $2 AND lifted_at IS NULL";
const BEGAN_SINCE: &str = "SELECT COUNT(*) FROM hold
    WHERE scope = $1 AND scope_key = $2 AND cause = $3 AND lifted_at IS NULL AND created_at >= $4";
const POSTPONE: &str = "UPDATE hold SET until_at = $2 WHERE id = $1 AND lifted_at IS NULL";
const KNOWN: &str = "SELECT COUNT(*) FROM hold WHERE id = $1";
const LIFT: &str = "UPDATE hold SET lifted_at = $2, lifted_by = $3 WHERE id = $1 AND lifted_at IS NULL";

/// The word of an account that the provider has deleted.
pub const GONE: &str = "gone";

/// What a hold stops.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum HoldScope {
    /// Everything; the key says why a copy is held (`copy`, `moved`, `older`, `stale`, `foreign`), else it is empty.
    Store,
    /// An account; the key is its name.
    Account,
    /// A sender; the key is its name.
    Sender,
    /// A template; the key is [`template_key`].
    Template,
    /// A run; the key is its id.
    Run,
    /// The people of a country, for one account; the key is [`country_key`]. They are left out, nobody waits.
    Country,
}

impl HoldScope {
    /// Every scope, the widest first.
    pub const ALL: [Self; 6] = [Self::Store, Self::Account, Self::Sender, Self::Template, Self::Run, Self::Country];

    /// The scope of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }

    /// The word in database, API and locales.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Account => "account",
            Self::Sender => "sender",
            Self::Template => "template",
            Self::Run => "run",
            Self::Country => "country",
        }
    }
}

/// Why.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum HoldCause {
    /// The provider cannot be reached: probed at `until_at`, lifts itself.
    Outage,
    /// The provider refuses everything of the scope; the code says why. A person lifts it.
    Refused,
    /// The provider stopped the template for its quality.
    Quality,
    /// The provider charged more than was reserved for the run's budget.
    Budget,
    /// The provider has restricted or switched off the scope; lifts itself at `until_at` where it says until when.
    Restricted,
    /// The provider's review has refused the account: ends when a review approves it.
    Review,
    /// The provider warns that the sender's quality is low; it still takes messages, and we send none until it is content.
    Flagged,
    /// The provider has no such template: it said so when it refused a message (the code), or when it was asked. Ends when
    /// it has it again, or when nothing that is open uses it any more.
    Deleted,
    /// The provider gives the template a status that Recado does not know, or it has become one that Recado cannot send: the
    /// hold's word says what. Ends when it is approved.
    Unknown,
    /// The account's wallet at the provider is low or empty: lifts itself after the recharge.
    Wallet,
    /// A person placed it.
    Person,
    /// The disk is full: lifts itself when there is room.
    Disk,
    /// The store is a copy, was moved, or lay still for long: a person says whether it is the one that sends.
    Restored,
}

impl HoldCause {
    /// Why everything of an account is refused with `code`.
    pub const fn of_refusal(code: i64) -> Self {
        if code == Failure::EMPTY_WALLET { Self::Wallet } else { Self::Refused }
    }

    /// Why everything with a template is refused with `code`.
    pub fn of_template(code: i64) -> Self {
        if Failure::NO_TEMPLATE.contains(&code) { Self::Deleted } else { Self::Quality }
    }

    /// Whether the template itself cannot be sent: the provider tells now and then which of these it is.
    pub const fn is_of_template(self) -> bool {
        matches!(self, Self::Quality | Self::Deleted | Self::Unknown)
    }

    /// Those causes.
    pub const OF_TEMPLATE: [Self; 3] = [Self::Quality, Self::Deleted, Self::Unknown];

    /// The word in database, API and locales.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Outage => "outage",
            Self::Refused => "refused",
            Self::Quality => "quality",
            Self::Budget => "budget",
            Self::Restricted => "restricted",
            Self::Review => "review",
            Self::Flagged => "flagged",
            Self::Deleted => "deleted",
            Self::Unknown => "unknown",
            Self::Wallet => "wallet",
            Self::Person => "person",
            Self::Disk => "disk",
            Self::Restored => "restored",
        }
    }
}

/// What ends a hold; a person may lift nearly all of them before.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoldEnd {
    /// It is looked at again at `until_at`, and ends then or is looked at later.
    Time,
    /// It ends by itself: the provider says so, the wallet was recharged, or there is room on the disk.
    Itself,
    /// Nobody tells that it is over: a person lifts it.
    Person,
}

/// An open hold.
#[derive(Clone, PartialEq, Eq, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// What it stops.
    pub scope: HoldScope,
    /// Which; for the store why, where there are several causes.
    pub scope_key: String,
    /// Why.
    pub cause: HoldCause,
    /// The provider's code, if it gave one.
    pub code: Option<i64>,
    /// A word for it where the cause does not say it: [`GONE`], or the provider's where Recado does not know it; else empty.
    pub word: String,
    /// When it is looked at again; `None`: when a person lifts it.
    pub until_at: Option<UnixMs>,
    /// Since when.
    pub created_at: UnixMs,
}

impl Hold {
    /// Whether nobody can lift it: it ends by itself alone.
    pub fn lifts_itself(&self) -> bool {
        self.cause == HoldCause::Disk
    }

    /// When it certainly ends: the provider has said it. `None`: nobody knows, or it is only looked at again then.
    pub fn known_end(&self) -> Option<UnixMs> {
        self.until_at.filter(|_| self.cause == HoldCause::Restricted)
    }

    /// When it ends or is tried again; `None` also where it is only read again then, and nobody expects anything of it.
    pub fn expected(&self) -> Option<UnixMs> {
        self.until_at.filter(|_| !self.cause.is_of_template())
    }

    /// What ends it.
    pub fn ends(&self) -> HoldEnd {
        match (self.cause, self.expected()) {
            (
                HoldCause::Disk
                | HoldCause::Restricted
                | HoldCause::Review
                | HoldCause::Flagged
                | HoldCause::Quality
                | HoldCause::Deleted
                | HoldCause::Unknown
                | HoldCause::Wallet,
                None,
            ) => HoldEnd::Itself,
            (_, Some(_)) => HoldEnd::Time,
            (_, None) => HoldEnd::Person,
        }
    }
}

/// A hold to place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewHold {
    /// What it stops.
    pub scope: HoldScope,
    /// Which.
    pub scope_key: String,
    /// Why.
    pub cause: HoldCause,
    /// The provider's code.
    pub code: Option<i64>,
    /// When it is looked at again.
    pub until_at: Option<UnixMs>,
}

/// The scope key of a template.
pub fn template_key(account: &str, name: &str, language: &str) -> String {
    format!("{account}/{name}/{language}")
}

/// The scope key of a country: `meta/AR`.
pub fn country_key(account: &str, country: &str) -> String {
    format!("{account}/{country}")
}

/// Places a hold; false when its scope is held for that cause already. Each cause has to end before the scope goes on.
pub async fn place(store: &Store, new: &NewHold, at: UnixMs) -> Result<bool> {
    let mut tx = store.begin().await?;
    let done = place_in(&mut tx, new, at).await?;
    if done {
        tx.commit().await?;
    }
    Ok(done)
}

/// The same, as part of the unit of work that found the cause. Recado places it, and the audit says so.
pub async fn place_in(tx: &mut Tx, new: &NewHold, at: UnixMs) -> Result<bool> {
    place_since(tx, new, at, at).await
}

/// The same, for a cause that stands since `since`, as whoever told of it says.
pub async fn place_since(tx: &mut Tx, new: &NewHold, since: UnixMs, at: UnixMs) -> Result<bool> {
    place_for(tx, new, "", (since, at)).await
}

/// The same, with the provider's word for it; `since` when, and `at` now. A refusal for a restriction that the provider has told
/// is no other cause: that one says when it ends.
pub async fn place_for(tx: &mut Tx, new: &NewHold, word: &str, (since, at): (UnixMs, UnixMs)) -> Result<bool> {
    let told = (new.scope, new.scope_key.as_str(), HoldCause::Restricted);
    let is_refusal = (new.cause, new.code) == (HoldCause::Refused, Some(Failure::RESTRICTED));
    if is_refusal && began_since(tx, told, UnixMs(0)).await? {
        return Ok(false);
    }
    let done = on_tx!(tx, |conn| sqlx::query(PLACE)
        .bind(new.scope)
        .bind(&new.scope_key)
        .bind(new.cause)
        .bind(new.code)
        .bind(word)
        .bind(new.until_at)
        .bind(since)
        .execute(conn)
        .await
        .map(|r| r.rows_affected()))?;
    if done == 1 {
        let code = new.code.map(|code| format!(" {code}")).unwrap_or_default();
        note(tx, "hold.place", (new.scope, &new.scope_key), &format!("{}{code}", new.cause.as_str()), at).await?;
    }
    Ok(done == 1)
}

/// A line of the audit about what Recado did to a scope by itself.
async fn note(tx: &mut Tx, action: &str, (scope, key): (HoldScope, &str), detail: &str, at: UnixMs) -> Result<()> {
    // Why the whole store is held is no name of anything.
    let key = if scope == HoldScope::Store { "" } else { key };
    let subject = format!("{} {key}", scope.as_str());
    let deed = Deed { actor: audit::ITSELF, action, subject: subject.trim_end(), detail };
    audit::write_in(tx, at, deed).await
}

/// Every open hold. Read beside the writer, fifty times a second: a hold that is committed is seen. A full disk is one
/// too, of this process, though it has no row.
pub async fn open(store: &Store) -> Result<Vec<Hold>> {
    let mut open: Vec<Hold> = on!(&store.read, |pool| sqlx::query_as(OPEN).fetch_all(pool).await)?;
    open.extend(store.disk_hold());
    Ok(open)
}

/// Whether there was ever a hold of that id.
pub async fn is_known(store: &Store, id: HoldId) -> Result<bool> {
    let n: i64 = on!(&store.read, |pool| sqlx::query_scalar(KNOWN).bind(id).fetch_one(pool).await)?;
    Ok(n > 0)
}

/// Looks at it again at `until`.
pub async fn postpone(store: &Store, id: HoldId, until: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(POSTPONE).bind(id).bind(until).execute(pool).await.map(drop))?;
    Ok(())
}

/// Lifts it; false when it was lifted already. What Recado lifts by itself the audit says here; what a person lifts is
/// noted by whoever serves the person.
pub async fn lift(store: &Store, hold: &Hold, at: UnixMs, by: &str) -> Result<bool> {
    let mut tx = store.begin().await?;
    let done = on_tx!(&mut tx, |conn| sqlx::query(LIFT)
        .bind(hold.id)
        .bind(at)
        .bind(by)
        .execute(conn)
        .await
        .map(|r| r.rows_affected()))?;
    if done == 1 {
        if by == audit::ITSELF {
            note(&mut tx, "hold.lift", (hold.scope, &hold.scope_key), hold.cause.as_str(), at).await?;
        }
        tx.commit().await?;
    }
    Ok(done == 1)
}

/// Whether `cause` holds a scope since later than `at`. News come in any order (cloud-api.md 3.2): what was so then says
/// nothing about a newer stop. Its time may be told in whole seconds.
pub async fn began_since(tx: &mut Tx, (scope, key, cause): (HoldScope, &str, HoldCause), at: UnixMs) -> Result<bool> {
    let n: i64 = on_tx!(tx, |conn| sqlx::query_scalar(BEGAN_SINCE)
        .bind(scope)
        .bind(key)
        .bind(cause)
        .bind(at.plus(Duration::from_secs(1)))
        .fetch_one(conn)
        .await)?;
    Ok(n > 0)
}

/// Lifts what `cause` holds of a scope, as part of the unit of work that says it is over; false when it held nothing.
pub async fn lift_cause(
    tx: &mut Tx,
    (scope, key, cause): (HoldScope, &str, HoldCause),
    at: UnixMs,
    by: &str,
) -> Result<bool> {
    let done = on_tx!(tx, |conn| sqlx::query(LIFT_CAUSE)
        .bind(scope)
        .bind(key)
        .bind(cause)
        .bind(at)
        .bind(by)
        .execute(conn)
        .await
        .map(|r| r.rows_affected()))?;
    if done > 0 && by == audit::ITSELF {
        note(tx, "hold.lift", (scope, key), cause.as_str(), at).await?;
    }
    Ok(done > 0)
}

/// Lifts what holds an account because everything was refused for a restriction, where the provider tells of that itself; false
/// when nothing did.
pub async fn lift_refusal(tx: &mut Tx, account: &str, at: UnixMs) -> Result<bool> {
    let done = on_tx!(tx, |conn| sqlx::query(LIFT_REFUSAL)
        .bind(account)
        .bind(Failure::RESTRICTED)
        .bind(at)
        .bind(audit::ITSELF)
        .execute(conn)
        .await
        .map(|r| r.rows_affected()))?;
    if done > 0 {
        note(tx, "hold.lift", (HoldScope::Account, account), HoldCause::Refused.as_str(), at).await?;
    }
    Ok(done > 0)
}

//! Who of those who converse is here: when each was last seen, whether they take conversations, what they look at and
//! whether they type. Open pages write it; other pages, and whoever deals conversations out, read it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::{Result, Store, Tx, on, on_tx};
use crate::domain::id::{ConversationId, UserId};
use crate::domain::time::UnixMs;

/// An open page tells every half minute that it is there; whoever misses two has gone.
pub const PRESENT: Duration = Duration::from_secs(75);
/// A page where somebody types tells it every few seconds; what is older is over.
pub const TYPING: Duration = Duration::from_secs(12);

const OLD: &str = "SELECT seen_at, conversation_id, typing_since FROM presence WHERE user_id = $1";
const BEAT: &str = "INSERT INTO presence (user_id, state, seen_at, conversation_id, typing_since)
    VALUES ($1, 'available', $2, $3, $4)
    ON CONFLICT (user_id) DO UPDATE SET seen_at = excluded.seen_at, conversation_id = excluded.conversation_id,
        typing_since = CASE WHEN excluded.typing_since IS NULL THEN NULL
            WHEN presence.conversation_id = excluded.conversation_id
                THEN COALESCE(presence.typing_since, excluded.typing_since)
            ELSE excluded.typing_since END";
const SET_STATE: &str = "INSERT INTO presence (user_id, state, seen_at) VALUES ($1, $2, $3)
    ON CONFLICT (user_id) DO UPDATE SET state = excluded.state, seen_at = excluded.seen_at";
const LEAVE: &str = "UPDATE presence SET conversation_id = NULL, typing_since = NULL, seen_at = 0
    WHERE user_id = $1 AND ($2 = 0 OR conversation_id = $2)";
const ALL: &str = "SELECT p.user_id, u.name, p.state, p.seen_at, p.conversation_id, p.typing_since
    FROM presence AS p JOIN app_user AS u ON u.id = p.user_id WHERE u.disabled_at IS NULL ORDER BY u.name";
const OF_USER: &str = "SELECT p.user_id, u.name, p.state, p.seen_at, p.conversation_id, p.typing_since
    FROM presence AS p JOIN app_user AS u ON u.id = p.user_id WHERE p.user_id = $1";
const LOOKING: &str = "SELECT p.user_id, u.name, p.state, p.seen_at, p.conversation_id, p.typing_since
    FROM presence AS p JOIN app_user AS u ON u.id = p.user_id
    WHERE p.conversation_id = $1 AND p.seen_at > $2 ORDER BY u.name";
const LOOKED_AT: &str = "SELECT p.user_id, u.name, p.state, p.seen_at, p.conversation_id, p.typing_since
    FROM presence AS p JOIN app_user AS u ON u.id = p.user_id
    WHERE p.conversation_id IS NOT NULL AND p.seen_at > $1 ORDER BY u.name";
const TAKING: &str = "SELECT p.user_id FROM presence AS p JOIN app_user AS u ON u.id = p.user_id
    WHERE p.state = 'available' AND p.seen_at > $1 AND u.disabled_at IS NULL ORDER BY p.user_id";

/// Whether somebody who is here takes conversations.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Availability {
    /// New ones may be given to them.
    Available,
    /// Not now.
    Away,
}

impl Availability {
    /// As stored and as in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Away => "away",
        }
    }

    /// The state of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Available, Self::Away].into_iter().find(|state| state.as_str() == word)
    }
}

/// What is known of one user.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Presence {
    /// Who.
    pub user_id: UserId,
    /// Their name.
    pub name: String,
    /// Whether they take conversations, as they said themselves.
    pub state: Availability,
    /// When a page of theirs was last open.
    pub seen_at: UnixMs,
    /// The conversation they look at.
    pub conversation_id: Option<ConversationId>,
    /// Since when they write in it.
    pub typing_since: Option<UnixMs>,
}

impl Presence {
    /// Whether a page of theirs is open at `now`.
    pub fn is_here(&self, now: UnixMs) -> bool {
        self.seen_at > now.minus(PRESENT)
    }

    /// Whether they are writing at `now`.
    pub fn is_typing(&self, now: UnixMs) -> bool {
        self.typing_since.is_some() && self.seen_at > now.minus(TYPING)
    }
}

/// What an open page tells of its user.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Beat {
    /// The conversation it shows.
    pub conversation: Option<ConversationId>,
    /// Whether something is being written in it.
    pub typing: bool,
}

#[derive(FromRow)]
struct Old {
    seen_at: UnixMs,
    conversation_id: Option<ConversationId>,
    typing_since: Option<UnixMs>,
}

/// Keeps what a page tells. Returns the conversations for which it makes a difference to others.
pub async fn beat(store: &Store, user: UserId, at: UnixMs, beat: Beat) -> Result<Vec<ConversationId>> {
    let mut tx = store.begin().await?;
    let old: Option<Old> = on_tx!(&mut tx, |c| sqlx::query_as(OLD).bind(user).fetch_optional(c).await?);
    let typing = (beat.typing && beat.conversation.is_some()).then_some(at);
    on_tx!(&mut tx, |c| sqlx::query(BEAT)
        .bind(user)
        .bind(at)
        .bind(beat.conversation)
        .bind(typing)
        .execute(c)
        .await
        .map(drop))?;
    tx.commit().await?;
    Ok(changed(old, at, beat))
}

fn changed(old: Option<Old>, at: UnixMs, beat: Beat) -> Vec<ConversationId> {
    let (before, typed) = match old {
        Some(old) if old.seen_at > at.minus(PRESENT) => {
            (old.conversation_id, old.typing_since.is_some() && old.seen_at > at.minus(TYPING))
        }
        _ => (None, false),
    };
    if before == beat.conversation {
        return beat.conversation.filter(|_| typed != beat.typing).into_iter().collect();
    }
    before.into_iter().chain(beat.conversation).collect()
}

/// Says whether `user` takes conversations.
pub async fn set_state(store: &Store, user: UserId, state: Availability, at: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(SET_STATE).bind(user).bind(state).bind(at).execute(pool).await.map(drop))?;
    Ok(())
}

/// `user` has gone: from the conversation named, if that is what they were looking at, or altogether. True: they had
/// been there.
pub async fn leave(store: &Store, user: UserId, from: Option<ConversationId>) -> Result<bool> {
    let from = from.unwrap_or_default();
    Ok(on!(&store.write, |pool| sqlx::query(LEAVE).bind(user).bind(from).execute(pool).await?.rows_affected()) == 1)
}

/// Everybody who was ever here and can sign in, by name.
pub async fn all(store: &Store) -> Result<Vec<Presence>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(ALL).fetch_all(pool).await?))
}

/// What is known of `user`; `None`: they never opened a page of conversations.
pub async fn of(store: &Store, user: UserId) -> Result<Option<Presence>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(OF_USER).bind(user).fetch_optional(pool).await?))
}

/// Who looks at a conversation at `now`, by name.
pub async fn looking(store: &Store, conversation: ConversationId, now: UnixMs) -> Result<Vec<Presence>> {
    let since = now.minus(PRESENT);
    Ok(on!(&store.read, |pool| sqlx::query_as(LOOKING).bind(conversation).bind(since).fetch_all(pool).await?))
}

/// Everybody who looks at some conversation at `now`, by name.
pub async fn onlookers(store: &Store, now: UnixMs) -> Result<Vec<Presence>> {
    let since = now.minus(PRESENT);
    Ok(on!(&store.read, |pool| sqlx::query_as(LOOKED_AT).bind(since).fetch_all(pool).await?))
}

/// Who is here at `now` and takes conversations.
pub async fn taking(tx: &mut Tx, now: UnixMs) -> Result<Vec<UserId>> {
    let since = now.minus(PRESENT);
    Ok(on_tx!(tx, |c| sqlx::query_scalar(TAKING).bind(since).fetch_all(c).await?))
}

//! Which messages of people are to be told as read.

use sqlx::FromRow;

use super::{Result, Store, Tx, on, on_tx};
use crate::domain::id::{ConversationId, EntryId};
use crate::domain::time::UnixMs;

const WANT: &str = "UPDATE conversation SET read_wanted =
        (SELECT MAX(e.id) FROM entry AS e WHERE e.conversation_id = conversation.id AND e.direction = 'in')
    WHERE id = $1";
const WANT_OPENED: &str = "UPDATE conversation SET read_wanted =
        (SELECT MAX(e.id) FROM entry AS e WHERE e.conversation_id = conversation.id AND e.direction = 'in')
    WHERE account = $1
        AND id IN (SELECT p.conversation_id FROM presence AS p WHERE p.conversation_id IS NOT NULL AND p.seen_at > $2)
        AND COALESCE(read_wanted, read_entry, 0) <
            (SELECT MAX(e.id) FROM entry AS e WHERE e.conversation_id = conversation.id AND e.direction = 'in')";
const WANTED: &str = "SELECT c.id AS conversation, c.account, c.sender, e.id AS entry, e.provider_id
    FROM conversation AS c JOIN entry AS e ON e.id = c.read_wanted
    WHERE c.read_wanted IS NOT NULL AND c.read_wanted > COALESCE(c.read_entry, 0) AND e.provider_id IS NOT NULL
    ORDER BY c.id LIMIT $1";
const TYPED_IN: &str = "SELECT c.id AS conversation, c.account, c.sender, e.id AS entry, e.provider_id
    FROM conversation AS c JOIN entry AS e ON e.id =
        (SELECT MAX(l.id) FROM entry AS l WHERE l.conversation_id = c.id AND l.direction = 'in')
    WHERE e.provider_id IS NOT NULL AND c.id IN (SELECT p.conversation_id FROM presence AS p
        WHERE p.conversation_id IS NOT NULL AND p.typing_since IS NOT NULL AND p.seen_at > $1)
    ORDER BY c.id";
const TOLD: &str = "UPDATE conversation SET read_entry = $2,
        read_wanted = CASE WHEN read_wanted > $2 THEN read_wanted ELSE NULL END WHERE id = $1";

/// The last message of a person that is to be told as read; those before it are told with it.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Unread {
    /// In which conversation.
    pub conversation: ConversationId,
    /// By which account.
    pub account: String,
    /// With which sender.
    pub sender: String,
    /// The line.
    pub entry: EntryId,
    /// The provider's id of it.
    pub provider_id: String,
}

/// What stands in the conversation is to be told as read.
pub async fn want(tx: &mut Tx, id: ConversationId) -> Result<()> {
    on_tx!(tx, |c| sqlx::query(WANT).bind(id).execute(c).await.map(drop))?;
    Ok(())
}

/// The same for whatever conversation of `account` somebody who was seen after `since` looks at.
pub async fn want_opened(store: &Store, account: &str, since: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(WANT_OPENED).bind(account).bind(since).execute(pool).await.map(drop))?;
    Ok(())
}

/// At most `most` that are to be told.
pub async fn wanted(store: &Store, most: i64) -> Result<Vec<Unread>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(WANTED).bind(most).fetch_all(pool).await)?)
}

/// The last messages of the conversations that somebody types in who was seen after `since`.
pub async fn typed_in(store: &Store, since: UnixMs) -> Result<Vec<Unread>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(TYPED_IN).bind(since).fetch_all(pool).await)?)
}

/// It is told.
pub async fn told(store: &Store, unread: &Unread) -> Result<()> {
    on!(&store.write, |pool| {
        sqlx::query(TOLD).bind(unread.conversation).bind(unread.entry).execute(pool).await.map(drop)
    })?;
    Ok(())
}

//! What stands in Chatwoot of our conversations, and what its webhooks said.

use sqlx::FromRow;

use super::{Dialects, Result, Store, Tx, json, on, on_tx};
use crate::domain::id::{ConversationId, EntryId};
use crate::domain::time::UnixMs;

const WANT: Dialects = Dialects {
    sqlite: "INSERT INTO chatwoot_conversation (conversation_id, connector, wanted, next_at)
        SELECT c.id, $2, 1, $3 FROM conversation AS c
        WHERE c.account = $4 AND c.id IN (SELECT value FROM json_each($1))
        ON CONFLICT (conversation_id) DO UPDATE SET wanted = chatwoot_conversation.wanted + 1,
            next_at = COALESCE(chatwoot_conversation.next_at, excluded.next_at)",
    postgres: "INSERT INTO chatwoot_conversation (conversation_id, connector, wanted, next_at)
        SELECT c.id, $2, 1, $3 FROM conversation AS c
        WHERE c.account = $4 AND c.id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text($1::json))
        ON CONFLICT (conversation_id) DO UPDATE SET wanted = chatwoot_conversation.wanted + 1,
            next_at = COALESCE(chatwoot_conversation.next_at, excluded.next_at)",
};
const WANT_OPEN: &str = "INSERT INTO chatwoot_conversation (conversation_id, connector, wanted, next_at, behind)
    SELECT c.id, $1, 1, $3, 1 FROM conversation AS c WHERE c.account = $2 AND c.state = 'open'
    ON CONFLICT (conversation_id) DO NOTHING";
const DUE: &str = "SELECT conversation_id, contact_id, remote_id, remote_state, wanted, tries, next_at
    FROM chatwoot_conversation WHERE connector = $1 AND behind = $2 AND next_at IS NOT NULL AND next_at <= $3
    ORDER BY next_at, conversation_id LIMIT 1";
const BY_REMOTE: &str = "SELECT conversation_id, contact_id, remote_id, remote_state, wanted, tries,
        COALESCE(next_at, 0) AS next_at
    FROM chatwoot_conversation WHERE connector = $1 AND remote_id = $2";
const RESERVE: &str = "UPDATE chatwoot_conversation SET next_at = $3 WHERE conversation_id = $1 AND next_at = $2";
const SET_CONTACT: &str = "UPDATE chatwoot_conversation SET contact_id = $2 WHERE conversation_id = $1";
const SET_REMOTE: &str =
    "UPDATE chatwoot_conversation SET remote_id = $2, remote_state = $3 WHERE conversation_id = $1";
const SET_STATE: &str = "UPDATE chatwoot_conversation SET remote_state = $2 WHERE conversation_id = $1";
/// What changed meanwhile is told next.
const DONE: &str = "UPDATE chatwoot_conversation SET done = $2, tries = 0, failure = NULL, behind = 0,
        next_at = CASE WHEN wanted > $2 THEN CAST($3 AS BIGINT) END WHERE conversation_id = $1";
const GOES_ON: &str = "UPDATE chatwoot_conversation SET tries = 0, failure = NULL, behind = 1, next_at = $2
    WHERE conversation_id = $1";
const FAILED: &str = "UPDATE chatwoot_conversation SET tries = tries + 1, next_at = $2, failure = $3
    WHERE conversation_id = $1";
const AILING: &str = "SELECT COUNT(*) FROM chatwoot_conversation
    WHERE connector = $1 AND next_at IS NOT NULL AND tries >= $2";
const ENTRIES: &str = "SELECT entry_id, remote_id, told FROM chatwoot_entry WHERE conversation_id = $1";
const BEGIN_ENTRY: &str = "INSERT INTO chatwoot_entry (entry_id, conversation_id) VALUES ($1, $2)
    ON CONFLICT (entry_id) DO NOTHING";
const ENTRY_IS: &str = "UPDATE chatwoot_entry SET remote_id = $2 WHERE entry_id = $1";
const TOLD: &str = "UPDATE chatwoot_entry SET told = $2 WHERE entry_id = $1";
const IS_OURS: &str = "SELECT COUNT(*) FROM chatwoot_entry WHERE conversation_id = $1 AND remote_id = $2";
const HEAR: &str = "INSERT INTO chatwoot_heard (connector, body, received_at, state, next_at, remote_id)
    VALUES ($1, $2, $3, 'new', $3, $4)";
/// Of each conversation the first that was not taken up yet: those behind it wait.
const HEARD: &str = "SELECT h.id, h.body, h.tries, h.remote_id FROM chatwoot_heard AS h
    JOIN (SELECT MIN(n.id) AS id FROM chatwoot_heard AS n WHERE n.connector = $1 AND n.state = 'new' GROUP BY n.remote_id)
        AS f ON f.id = h.id
    WHERE h.next_at <= $2 ORDER BY h.id LIMIT $3";
const HEARD_DONE: &str = "UPDATE chatwoot_heard SET state = 'done' WHERE id = $1";
const HEARD_LATER: &str = "UPDATE chatwoot_heard SET tries = tries + 1, next_at = $2 WHERE id = $1";
const OLD_HEARD: &str = "DELETE FROM chatwoot_heard WHERE id IN
    (SELECT id FROM chatwoot_heard WHERE state = 'done' AND received_at < $1 ORDER BY id LIMIT 1000)";
const ANSWERED: &str = "INSERT INTO chatwoot_answer (connector, remote_id, at) VALUES ($1, $2, $3)
    ON CONFLICT (connector, remote_id) DO NOTHING";
const ANSWER_IS: &str = "UPDATE chatwoot_answer SET entry_id = $3 WHERE connector = $1 AND remote_id = $2";
const MAP_ANSWER: &str = "INSERT INTO chatwoot_entry (entry_id, conversation_id, remote_id) VALUES ($1, $2, $3)";

/// Which conversations wait to be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Queue {
    /// In which something happens now.
    New,
    /// With old lines to catch up on: open before the inbox was connected, or much at once.
    Behind,
}

impl Queue {
    const fn behind(self) -> i64 {
        match self {
            Self::New => 0,
            Self::Behind => 1,
        }
    }
}

/// How a conversation stands there.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Mirror {
    /// Which.
    pub conversation_id: ConversationId,
    /// Its person's contact there.
    pub contact_id: Option<i64>,
    /// Its number there.
    pub remote_id: Option<i64>,
    /// Its state there, when last looked at.
    pub remote_state: Option<String>,
    /// What changed here so far.
    pub wanted: i64,
    /// Tries in vain.
    pub tries: i64,
    /// When it became due: who reserves it says so.
    pub next_at: UnixMs,
}

/// A line of a thread there.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct MirrorLine {
    /// Which.
    pub entry_id: EntryId,
    /// Its number there; `None`: it may be there.
    pub remote_id: Option<i64>,
    /// The last state that was told.
    pub told: String,
}

/// Something that Chatwoot said.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct Heard {
    /// Its number.
    pub id: i64,
    /// What it said.
    pub body: String,
    /// Tries in vain.
    pub tries: i64,
    /// Of which conversation there; 0: of none.
    pub remote_id: i64,
}

/// Something changed in these conversations, as far as they are of `account`.
pub async fn want(tx: &mut Tx, (connector, account): (&str, &str), conversations: &[i64], now: UnixMs) -> Result<()> {
    let (sql, list) = (WANT.of_tx(tx), json(conversations));
    on_tx!(tx, |conn| sqlx::query(sql)
        .bind(&list)
        .bind(connector)
        .bind(now)
        .bind(account)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// What is open and not there yet is shown there too.
pub async fn want_open(tx: &mut Tx, connector: &str, account: &str, now: UnixMs) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(WANT_OPEN).bind(connector).bind(account).bind(now).execute(conn).await.map(drop))?;
    Ok(())
}

/// The conversation of a queue that has waited longest to be told.
pub async fn due(store: &Store, connector: &str, queue: Queue, now: UnixMs) -> Result<Option<Mirror>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(DUE)
        .bind(connector)
        .bind(queue.behind())
        .bind(now)
        .fetch_optional(pool)
        .await)?)
}

/// The conversation with that number there.
pub async fn by_remote(store: &Store, connector: &str, remote: i64) -> Result<Option<Mirror>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(BY_REMOTE).bind(connector).bind(remote).fetch_optional(pool).await)?)
}

/// Takes one for this node alone, until then; false when another has taken it.
pub async fn reserve(store: &Store, mirror: &Mirror, until: UnixMs) -> Result<bool> {
    let done = on!(&store.write, |pool| sqlx::query(RESERVE)
        .bind(mirror.conversation_id)
        .bind(mirror.next_at)
        .bind(until)
        .execute(pool)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// Its person has that number there.
pub async fn set_contact(store: &Store, id: ConversationId, contact: i64) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(SET_CONTACT).bind(id).bind(contact).execute(pool).await.map(drop))?;
    Ok(())
}

/// It has that number there, and that state.
pub async fn set_remote(store: &Store, id: ConversationId, remote: i64, state: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(SET_REMOTE).bind(id).bind(remote).bind(state).execute(pool).await.map(drop))?;
    Ok(())
}

/// It has that state there.
pub async fn set_state(store: &Store, id: ConversationId, state: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(SET_STATE).bind(id).bind(state).execute(pool).await.map(drop))?;
    Ok(())
}

/// Everything that had changed when `mirror` was read is told.
pub async fn done(store: &Store, mirror: &Mirror, now: UnixMs) -> Result<()> {
    let id = mirror.conversation_id;
    on!(&store.write, |pool| sqlx::query(DONE).bind(id).bind(mirror.wanted).bind(now).execute(pool).await.map(drop))?;
    Ok(())
}

/// A part of what differs is told; the rest has its turn after the others that have something to catch up on.
pub async fn goes_on(store: &Store, id: ConversationId, now: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(GOES_ON).bind(id).bind(now).execute(pool).await.map(drop))?;
    Ok(())
}

/// It could not be told and is tried again then.
pub async fn failed(store: &Store, id: ConversationId, next_at: UnixMs, why: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(FAILED).bind(id).bind(next_at).bind(why).execute(pool).await.map(drop))?;
    Ok(())
}

/// Conversations that were tried in vain at least so often.
pub async fn ailing(store: &Store, connector: &str, tries: i64) -> Result<i64> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(AILING).bind(connector).bind(tries).fetch_one(pool).await)?)
}

/// The lines of a conversation that are there, or may be.
pub async fn lines(store: &Store, id: ConversationId) -> Result<Vec<MirrorLine>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(ENTRIES).bind(id).fetch_all(pool).await)?)
}

/// A line is about to be written there: from now on it may be there.
pub async fn begin_line(store: &Store, entry: EntryId, id: ConversationId) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(BEGIN_ENTRY).bind(entry).bind(id).execute(pool).await.map(drop))?;
    Ok(())
}

/// A line has that number there.
pub async fn line_is(store: &Store, entry: EntryId, remote: i64) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(ENTRY_IS).bind(entry).bind(remote).execute(pool).await.map(drop))?;
    Ok(())
}

/// That state of a line was told.
pub async fn told(store: &Store, entry: EntryId, state: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(TOLD).bind(entry).bind(state).execute(pool).await.map(drop))?;
    Ok(())
}

/// Whether we know the message there: we wrote it, or have taken it up.
pub async fn is_known(store: &Store, id: ConversationId, remote: i64) -> Result<bool> {
    let n: i64 = on!(&store.write, |pool| sqlx::query_scalar(IS_OURS).bind(id).bind(remote).fetch_one(pool).await)?;
    Ok(n > 0)
}

/// Keeps what a webhook said of the conversation `remote` there (0: of none).
pub async fn hear(store: &Store, connector: &str, (body, remote): (&str, i64), at: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(HEAR)
        .bind(connector)
        .bind(body)
        .bind(at)
        .bind(remote)
        .execute(pool)
        .await
        .map(drop))?;
    Ok(())
}

/// Of at most `limit` conversations the first thing that was not taken up yet, where its time has come.
pub async fn heard(store: &Store, connector: &str, now: UnixMs, limit: i64) -> Result<Vec<Heard>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(HEARD).bind(connector).bind(now).bind(limit).fetch_all(pool).await)?)
}

/// It is taken up.
pub async fn heard_done(store: &Store, id: i64) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(HEARD_DONE).bind(id).execute(pool).await.map(drop))?;
    Ok(())
}

/// It could not be taken up and is tried again then.
pub async fn heard_later(store: &Store, id: i64, next_at: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(HEARD_LATER).bind(id).bind(next_at).execute(pool).await.map(drop))?;
    Ok(())
}

/// Removes a step of what was taken up before then.
pub(super) async fn sweep(store: &Store, before: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(OLD_HEARD).bind(before).execute(pool).await.map(drop))?;
    Ok(())
}

/// Whether nobody has taken up this message of an agent there yet; it counts as taken up.
pub async fn first(tx: &mut Tx, connector: &str, remote: i64, at: UnixMs) -> Result<bool> {
    let done = on_tx!(tx, |conn| sqlx::query(ANSWERED)
        .bind(connector)
        .bind(remote)
        .bind(at)
        .execute(conn)
        .await
        .map(|r| r.rows_affected()))?;
    Ok(done == 1)
}

/// That message of an agent there is this line here.
pub async fn answer_is(
    tx: &mut Tx,
    (connector, remote): (&str, i64),
    id: ConversationId,
    entry: EntryId,
) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(ANSWER_IS).bind(connector).bind(remote).bind(entry).execute(conn).await.map(drop))?;
    on_tx!(tx, |conn| sqlx::query(MAP_ANSWER).bind(entry).bind(id).bind(remote).execute(conn).await.map(drop))?;
    Ok(())
}

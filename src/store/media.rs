//! Attachments: what people sent and what we send them. The bytes lie in the data directory under their hash.

use serde::Serialize;
use sqlx::FromRow;

use super::{Dialects, Result, Store, Tx, json, on, on_tx};
use crate::domain::event::{Media, MediaKind};
use crate::domain::id::{ConversationId, EntryId, MediaId, MessageId, PersonId};
use crate::domain::media::MediaState;
use crate::domain::time::UnixMs;

const EXPECT: &str =
    "INSERT INTO media (conversation_id, entry_id, account, kind, told, filename, state, next_at, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, $7)";
const DUE: &str = "SELECT id, conversation_id, account, kind, told, tries, next_at, created_at FROM media
    WHERE state = 'waiting' AND next_at <= $1 ORDER BY next_at, id LIMIT $2";
const TAKE: &str =
    "UPDATE media SET tries = tries + 1, next_at = $3 WHERE id = $1 AND state = 'waiting' AND next_at = $2";
const NAME: &str = "UPDATE media SET hash = $2 WHERE id = $1 AND state = 'waiting'";
const HERE: &str = "UPDATE media SET state = 'here', hash = $2, size = $3, mime_type = $4, reason = '', next_at = NULL
    WHERE id = $1 AND state = 'waiting'";
const PUT_OFF: &str = "UPDATE media SET next_at = $2, reason = $3, hash = NULL WHERE id = $1 AND state = 'waiting'";
const GIVE_UP: &str =
    "UPDATE media SET state = $2, reason = $3, next_at = NULL, hash = NULL WHERE id = $1 AND state = 'waiting'";
const GET: &str =
    "SELECT id, conversation_id, entry_id, message_id, kind, mime_type, filename, state, reason, hash, size
    FROM media WHERE id = $1";
const OF_CONVERSATION: &str =
    "SELECT id, conversation_id, entry_id, message_id, kind, mime_type, filename, state, reason, hash, size
    FROM media WHERE conversation_id = $1 AND (entry_id IS NOT NULL OR message_id IS NOT NULL) ORDER BY id";
const OF_PERSON: &str =
    "SELECT id, conversation_id, entry_id, message_id, kind, mime_type, filename, state, reason, hash, size
    FROM media WHERE conversation_id IN (SELECT c.id FROM conversation AS c WHERE c.person_id IN
        (SELECT p.id FROM person AS p WHERE p.id = $1 OR p.linked_to = $1)) ORDER BY id";
const KNOWN: Dialects = Dialects {
    sqlite: "SELECT hash FROM media WHERE hash IN (SELECT r.value FROM json_each($1) AS r)
        UNION SELECT hash FROM version_file WHERE hash IN (SELECT r.value FROM json_each($1) AS r)
        UNION SELECT hash FROM draft_file WHERE hash IN (SELECT r.value FROM json_each($1) AS r)",
    postgres: "SELECT hash FROM media WHERE hash IN
            (SELECT r.value FROM json_array_elements_text($1::json) AS r (value))
        UNION SELECT hash FROM version_file WHERE hash IN
            (SELECT r.value FROM json_array_elements_text($1::json) AS r (value))
        UNION SELECT hash FROM draft_file WHERE hash IN
            (SELECT r.value FROM json_array_elements_text($1::json) AS r (value))",
};
const KEEP_PIECE: &str =
    "INSERT INTO media_piece (hash, no, bytes) VALUES ($1, $2, $3) ON CONFLICT (hash, no) DO NOTHING";
const PIECE: &str = "SELECT bytes FROM media_piece WHERE hash = $1 AND no = $2";
const FORGET_PIECES: &str =
    "DELETE FROM media_piece WHERE NOT EXISTS (SELECT 1 FROM media AS m WHERE m.hash = media_piece.hash)
        AND NOT EXISTS (SELECT 1 FROM version_file AS f WHERE f.hash = media_piece.hash)
        AND NOT EXISTS (SELECT 1 FROM draft_file AS d WHERE d.hash = media_piece.hash)";

const ATTACH: &str = "INSERT INTO media
        (conversation_id, account, kind, told, mime_type, filename, state, hash, size, added_by, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, 'here', $7, $8, $9, $10) RETURNING id";
const OF_OURS: &str =
    "SELECT id, conversation_id, entry_id, message_id, kind, mime_type, filename, state, reason, hash, size
    FROM media WHERE id = $1 AND conversation_id = $2 AND entry_id IS NULL";
const TOLD: &str = "SELECT told FROM media WHERE id = $1";
const SENT: &str = "UPDATE media SET message_id = $2 WHERE id = $1 AND message_id IS NULL";
const UPLOADED: &str = "SELECT provider_id FROM media_upload
    WHERE account = $1 AND sender = $2 AND hash = $3 AND mime_type = $4 AND good_until > $5";
const KEEP_UPLOAD: &str = "INSERT INTO media_upload (account, sender, hash, mime_type, provider_id, good_until)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (account, sender, hash, mime_type) DO UPDATE
        SET provider_id = excluded.provider_id, good_until = excluded.good_until";

/// A file to send.
#[derive(Clone, Copy, Debug)]
pub struct NewAttachment<'a> {
    /// In which conversation.
    pub conversation: ConversationId,
    /// Through which account.
    pub account: &'a str,
    /// As what.
    pub kind: MediaKind,
    /// What its bytes are.
    pub mime_type: &'a str,
    /// The type it is sent under.
    pub sent_as: &'a str,
    /// What it is called.
    pub filename: &'a str,
    /// SHA-256 of its bytes, in hex.
    pub hash: &'a str,
    /// How many.
    pub size: i64,
    /// Who brought it.
    pub by: &'a str,
    /// When.
    pub at: UnixMs,
}

/// What was uploaded where, as what.
#[derive(Clone, Copy, Debug)]
pub struct Uploaded<'a> {
    /// Through which account.
    pub account: &'a str,
    /// For which sender.
    pub sender: &'a str,
    /// SHA-256 of its bytes, in hex.
    pub hash: &'a str,
    /// As what.
    pub mime_type: &'a str,
}

/// An attachment that a person sent.
#[derive(Clone, Debug)]
pub struct Expected<'a> {
    /// In which conversation.
    pub conversation: ConversationId,
    /// With which reply.
    pub entry: EntryId,
    /// The account it came in by.
    pub account: &'a str,
    /// What the provider says of it.
    pub media: &'a Media,
    /// When it came.
    pub at: UnixMs,
}

/// One to be fetched.
#[derive(Clone, Debug, FromRow)]
pub struct DueMedia {
    /// Its id.
    pub id: MediaId,
    /// In which conversation.
    pub conversation_id: ConversationId,
    /// The account it came in by.
    pub account: String,
    /// What it is.
    pub kind: MediaKind,
    /// What the provider said of it, as JSON of [`Media`].
    pub told: String,
    /// How often it was tried.
    pub tries: i64,
    /// When it is tried.
    pub next_at: UnixMs,
    /// When it came.
    pub created_at: UnixMs,
}

/// An attachment as it stands.
#[derive(Clone, PartialEq, Eq, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Attachment {
    /// Its id: the bytes are at `/media/{id}`.
    pub id: MediaId,
    /// In which conversation.
    pub conversation_id: ConversationId,
    /// The reply it came with; none: it is ours.
    pub entry_id: Option<EntryId>,
    /// The message of ours that carries it; none: it is not sent yet, or a person's.
    pub message_id: Option<MessageId>,
    /// What it is.
    pub kind: MediaKind,
    /// What its bytes are; empty while they are not here.
    pub mime_type: String,
    /// Its name; empty where it has none.
    pub filename: String,
    /// Where it stands.
    pub state: MediaState,
    /// Why it is not here: `too_large`, `address`, `redirect`, `expired`, or how the last try failed.
    pub reason: String,
    /// SHA-256 of its bytes, in hex.
    #[serde(skip)]
    pub hash: Option<String>,
    /// Bytes.
    pub size: Option<i64>,
}

/// Keeps that an attachment is to be fetched, at once.
pub async fn expect(tx: &mut Tx, new: &Expected<'_>) -> Result<()> {
    let told = json(new.media);
    on_tx!(tx, |c| sqlx::query(EXPECT)
        .bind(new.conversation)
        .bind(new.entry)
        .bind(new.account)
        .bind(new.media.kind)
        .bind(&told)
        .bind(new.media.filename.as_deref().unwrap_or_default())
        .bind(new.at)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// At most `most` that are to be fetched by `now`.
pub async fn due(store: &Store, now: UnixMs, most: i64) -> Result<Vec<DueMedia>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(DUE).bind(now).bind(most).fetch_all(pool).await)?)
}

/// Takes one to fetch it; nobody else tries it before `again_at`. False: somebody else has it, or it is settled.
pub async fn take(store: &Store, due: &DueMedia, again_at: UnixMs) -> Result<bool> {
    let n = on!(&store.write, |pool| {
        sqlx::query(TAKE).bind(due.id).bind(due.next_at).bind(again_at).execute(pool).await?.rows_affected()
    });
    Ok(n == 1)
}

/// Says under which hash its bytes are about to lie: from then on nobody sweeps them. False: it is gone meanwhile.
pub async fn name(store: &Store, id: MediaId, hash: &str) -> Result<bool> {
    let n = on!(&store.write, |pool| sqlx::query(NAME).bind(id).bind(hash).execute(pool).await?.rows_affected());
    Ok(n == 1)
}

/// Its bytes are here.
pub async fn here(store: &Store, id: MediaId, (hash, size, mime_type): (&str, u64, &str)) -> Result<()> {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    on!(&store.write, |pool| {
        sqlx::query(HERE).bind(id).bind(hash).bind(size).bind(mime_type).execute(pool).await.map(drop)
    })?;
    Ok(())
}

/// It is tried again at `next_at`.
pub async fn put_off(store: &Store, id: MediaId, next_at: UnixMs, reason: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(PUT_OFF).bind(id).bind(next_at).bind(reason).execute(pool).await.map(drop))?;
    Ok(())
}

/// It is never tried again.
pub async fn give_up(store: &Store, id: MediaId, state: MediaState, reason: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(GIVE_UP).bind(id).bind(state).bind(reason).execute(pool).await.map(drop))?;
    Ok(())
}

/// One attachment.
pub async fn get(store: &Store, id: MediaId) -> Result<Option<Attachment>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(GET).bind(id).fetch_optional(pool).await)?)
}

/// The attachments that a conversation's thread shows, in the order they came.
pub async fn of_conversation(store: &Store, id: ConversationId) -> Result<Vec<Attachment>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(OF_CONVERSATION).bind(id).fetch_all(pool).await)?)
}

/// Every attachment of the person for whom `root` stands.
pub async fn of_person(store: &Store, root: PersonId) -> Result<Vec<Attachment>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(OF_PERSON).bind(root).fetch_all(pool).await)?)
}

/// Those of `hashes` that some attachment or campaign has.
pub async fn known(store: &Store, hashes: &[String]) -> Result<Vec<String>> {
    let (sql, hashes) = (KNOWN.of(&store.write), json(hashes));
    Ok(on!(&store.write, |pool| sqlx::query_scalar(sql).bind(&hashes).fetch_all(pool).await)?)
}

/// Keeps piece `no` (from 0) of the bytes of that hash for the other nodes; once.
pub async fn keep_piece(store: &Store, hash: &str, no: i64, bytes: &[u8]) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(KEEP_PIECE).bind(hash).bind(no).bind(bytes).execute(pool).await.map(drop))?;
    Ok(())
}

/// Piece `no`; `None` after the last.
pub async fn piece(store: &Store, hash: &str, no: i64) -> Result<Option<Vec<u8>>> {
    Ok(on!(&store.write, |pool| sqlx::query_scalar(PIECE).bind(hash).bind(no).fetch_optional(pool).await)?)
}

/// Removes the pieces that no attachment has.
pub async fn forget_pieces(store: &Store) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(FORGET_PIECES).execute(pool).await.map(drop))?;
    Ok(())
}

/// Keeps a file that is to be sent.
pub async fn attach(store: &Store, new: &NewAttachment<'_>) -> Result<MediaId> {
    let (mime_type, filename) = (Some(new.sent_as.to_owned()), Some(new.filename.to_owned()));
    let told = Media { kind: new.kind, id: String::new(), mime_type, filename, caption: None };
    let told = json(&told);
    Ok(on!(&store.write, |pool| sqlx::query_scalar(ATTACH)
        .bind(new.conversation)
        .bind(new.account)
        .bind(new.kind)
        .bind(&told)
        .bind(new.mime_type)
        .bind(new.filename)
        .bind(new.hash)
        .bind(new.size)
        .bind(new.by)
        .bind(new.at)
        .fetch_one(pool)
        .await)?)
}

/// A file that was brought to be sent in a conversation.
pub async fn to_send(store: &Store, id: MediaId, conversation: ConversationId) -> Result<Option<Attachment>> {
    Ok(on!(&store.write, |pool| sqlx::query_as(OF_OURS).bind(id).bind(conversation).fetch_optional(pool).await)?)
}

/// The type that a file of ours is sent under.
pub async fn sent_as(store: &Store, id: MediaId) -> Result<Option<String>> {
    let told: Option<String> = on!(&store.write, |pool| sqlx::query_scalar(TOLD).bind(id).fetch_optional(pool).await)?;
    Ok(told.and_then(|told| serde_json::from_str::<Media>(&told).ok()?.mime_type))
}

/// Which message carries it. False: another does.
pub async fn sent(tx: &mut Tx, id: MediaId, message: MessageId) -> Result<bool> {
    Ok(on_tx!(tx, |c| sqlx::query(SENT).bind(id).bind(message).execute(c).await?.rows_affected()) == 1)
}

/// The provider's id of what was uploaded, while it holds.
pub async fn uploaded(store: &Store, of: Uploaded<'_>, now: UnixMs) -> Result<Option<String>> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(UPLOADED)
        .bind(of.account)
        .bind(of.sender)
        .bind(of.hash)
        .bind(of.mime_type)
        .bind(now)
        .fetch_optional(pool)
        .await)?)
}

/// Keeps the provider's id of what was uploaded.
pub async fn keep_upload(store: &Store, of: Uploaded<'_>, provider_id: &str, good_until: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(KEEP_UPLOAD)
        .bind(of.account)
        .bind(of.sender)
        .bind(of.hash)
        .bind(of.mime_type)
        .bind(provider_id)
        .bind(good_until)
        .execute(pool)
        .await
        .map(drop))?;
    Ok(())
}

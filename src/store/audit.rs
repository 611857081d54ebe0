//! Who did what, when. Subjects are ids and names of campaigns, never of people who receive messages.

use crate::domain::time::UnixMs;

use super::{Result, Store, Tx, on, on_tx};

const WRITE: &str = "INSERT INTO audit (at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5)";
const PAGE: &str = "SELECT id, at, actor, action, subject, detail FROM audit \
                    WHERE id < $1 AND ($2 = '' OR actor = $2) AND ($3 = '' OR action = $3) ORDER BY id DESC LIMIT $4";

/// One line of the audit.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow, serde::Serialize)]
pub struct Line {
    /// Its number; later lines have larger ones.
    pub id: i64,
    /// When.
    pub at: UnixMs,
    /// Who: a user's name, `token:<name>`, or a part of the daemon.
    pub actor: String,
    /// What, as a word: `run.start`, `conversation.close`, …
    pub action: String,
    /// On what: `run 5`, `user ana`, …
    pub subject: String,
    /// More, where there is more to say.
    pub detail: String,
}

/// What happened, to be written down.
#[derive(Clone, Copy, Debug)]
pub struct Deed<'a> {
    /// Who.
    pub actor: &'a str,
    /// What, as a word.
    pub action: &'a str,
    /// On what.
    pub subject: &'a str,
    /// More.
    pub detail: &'a str,
}

/// Writes a line.
pub async fn write(store: &Store, at: UnixMs, deed: Deed<'_>) -> Result<()> {
    on!(&store.write, |pool| {
        sqlx::query(WRITE)
            .bind(at)
            .bind(deed.actor)
            .bind(deed.action)
            .bind(deed.subject)
            .bind(deed.detail)
            .execute(pool)
            .await
            .map(|_| ())
    })?;
    Ok(())
}

/// Who does what nobody of the house did.
pub const ITSELF: &str = "recado";

/// Writes a line, as part of the unit of work that does the deed.
pub async fn write_in(tx: &mut Tx, at: UnixMs, deed: Deed<'_>) -> Result<()> {
    on_tx!(tx, |conn| sqlx::query(WRITE)
        .bind(at)
        .bind(deed.actor)
        .bind(deed.action)
        .bind(deed.subject)
        .bind(deed.detail)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// At most `limit` lines older than line `before`, newest first; empty filters let everything through.
pub async fn page(store: &Store, before: i64, actor: &str, action: &str, limit: i64) -> Result<Vec<Line>> {
    Ok(on!(&store.read, |pool| {
        sqlx::query_as(PAGE).bind(before).bind(actor).bind(action).bind(limit).fetch_all(pool).await?
    }))
}

//! Keys that make a repeated POST do its work once.

use std::time::Duration;

use crate::domain::time::UnixMs;

use super::{Result, Store, on};

/// How long an answer is kept for a repetition.
pub const KEPT: Duration = Duration::from_hours(24);

const SWEEP: &str = "DELETE FROM idempotency WHERE created_at <= $1";
const RESERVE: &str = "INSERT INTO idempotency (actor, route, key, request, created_at) VALUES ($1, $2, $3, $4, $5) \
                       ON CONFLICT (actor, route, key) DO NOTHING";
const FIND: &str = "SELECT request, status, response FROM idempotency WHERE actor = $1 AND route = $2 AND key = $3";
const FINISH: &str = "UPDATE idempotency SET status = $4, response = $5 \
                      WHERE actor = $1 AND route = $2 AND key = $3 AND status IS NULL";
const FORGET: &str = "DELETE FROM idempotency WHERE actor = $1 AND route = $2 AND key = $3 AND status IS NULL";

/// One actor's key on one route.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    /// Who asks.
    pub actor: &'a str,
    /// Method and path.
    pub route: &'a str,
    /// The `Idempotency-Key` header.
    pub key: &'a str,
}

/// What the store knows of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reservation {
    /// First seen: do the work.
    New,
    /// The same request is being worked on, or its worker died: whether it was done is not known.
    Unfinished,
    /// The key was used for another request.
    Mismatch,
    /// Done: this was the answer.
    Done {
        /// HTTP status.
        status: i64,
        /// Body.
        response: String,
    },
}

/// Takes the key for a request whose hash is `request`.
pub async fn reserve(store: &Store, key: Key<'_>, request: &str, at: UnixMs) -> Result<Reservation> {
    let old = at.minus(KEPT);
    let taken = on!(&store.write, |pool| {
        sqlx::query(SWEEP).bind(old).execute(pool).await?;
        sqlx::query(RESERVE)
            .bind(key.actor)
            .bind(key.route)
            .bind(key.key)
            .bind(request)
            .bind(at)
            .execute(pool)
            .await?
            .rows_affected()
    });
    if taken == 1 {
        return Ok(Reservation::New);
    }
    let found: Option<(String, Option<i64>, Option<String>)> = on!(&store.write, |pool| {
        sqlx::query_as(FIND).bind(key.actor).bind(key.route).bind(key.key).fetch_optional(pool).await?
    });
    Ok(match found {
        Some((earlier, ..)) if earlier != request => Reservation::Mismatch,
        Some((_, Some(status), Some(response))) => Reservation::Done { status, response },
        _ => Reservation::Unfinished,
    })
}

/// Keeps the answer for repetitions.
pub async fn finish(store: &Store, key: Key<'_>, status: i64, response: &str) -> Result<()> {
    on!(&store.write, |pool| {
        sqlx::query(FINISH)
            .bind(key.actor)
            .bind(key.route)
            .bind(key.key)
            .bind(status)
            .bind(response)
            .execute(pool)
            .await
            .map(|_| ())
    })?;
    Ok(())
}

/// Gives the key back: the request was refused before anything was done.
pub async fn forget(store: &Store, key: Key<'_>) -> Result<()> {
    on!(&store.write, |pool| {
        sqlx::query(FORGET).bind(key.actor).bind(key.route).bind(key.key).execute(pool).await.map(|_| ())
    })?;
    Ok(())
}

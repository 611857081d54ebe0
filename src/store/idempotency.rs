//! Keys that make a repeated POST do its work once.
//!
//! A request takes its key before it does anything, and holds it. Whatever it makes is written down under the key in the
//! unit of work that makes it ([`Once::settle`]), and its answer afterwards. A repetition is answered with that answer; where
//! the request died before there was one, it takes the key up and finds there what was made, or makes it now. A request
//! whose key somebody else has taken up cannot commit what it makes any more.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::time::UnixMs;

use super::{Result, Store, StoreError, Tx, json, on, on_tx};

/// How long an answer is kept for a repetition.
pub const KEPT: Duration = Duration::from_hours(24);

const SWEEP: &str = "DELETE FROM idempotency WHERE created_at <= $1";
const RESERVE: &str = "INSERT INTO idempotency (actor, route, key, request, holder, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
                       ON CONFLICT (actor, route, key) DO NOTHING";
const FIND: &str =
    "SELECT request, holder, status, response FROM idempotency WHERE actor = $1 AND route = $2 AND key = $3";
const TAKE_UP: &str = "UPDATE idempotency SET holder = $5 \
                       WHERE actor = $1 AND route = $2 AND key = $3 AND holder = $4 AND status IS NULL RETURNING made";
const SETTLE: &str = "UPDATE idempotency SET made = $5 \
                      WHERE actor = $1 AND route = $2 AND key = $3 AND holder = $4 AND made IS NULL AND status IS NULL";
const FINISH: &str = "UPDATE idempotency SET status = $5, response = $6 \
                      WHERE actor = $1 AND route = $2 AND key = $3 AND holder = $4 AND status IS NULL";
const FORGET: &str = "DELETE FROM idempotency \
                      WHERE actor = $1 AND route = $2 AND key = $3 AND holder = $4 AND made IS NULL AND status IS NULL";

/// One actor's key on one route.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    /// Who asks.
    pub actor: &'a str,
    /// Method and path.
    pub route: &'a str,
    /// The `Idempotency-Key` header, or the form's own.
    pub key: &'a str,
}

/// What the store knows of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reservation {
    /// First seen: do the work.
    New(Once),
    /// The same request has been begun and not answered: by this holder, who may be at it still or have died.
    Begun {
        /// Whoever took it.
        holder: String,
    },
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

/// The key under which something is done. What is made under it is made once; the default is no key, under which
/// everything is made anew.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Once(Option<Box<Held>>);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Held {
    actor: String,
    route: String,
    key: String,
    holder: String,
    /// What an earlier request made under the key before it died, as JSON.
    made: Option<String>,
}

impl Once {
    fn of(key: Key<'_>, holder: &str, made: Option<String>) -> Self {
        let (actor, route, key) = (key.actor.to_owned(), key.route.to_owned(), key.key.to_owned());
        Self(Some(Box::new(Held { actor, route, key, holder: holder.to_owned(), made })))
    }

    /// Whether an earlier request made what is asked for, and died before it was answered.
    pub fn is_made(&self) -> bool {
        self.0.as_ref().is_some_and(|held| held.made.is_some())
    }

    /// What an earlier request made under the key. Nothing more is to be made then.
    pub fn made<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        let Some(made) = self.0.as_ref().and_then(|held| held.made.as_deref()) else { return Ok(None) };
        serde_json::from_str(made).map(Some).map_err(|_| StoreError::Corrupt { what: "idempotency.made" })
    }

    /// Writes down, as part of the unit of work that makes it, what is made under the key: ids, never what people wrote.
    /// [`StoreError::Guard`]: somebody else has taken the key up meanwhile, and the unit of work must not be committed.
    pub async fn settle<T: Serialize + Sync>(&self, tx: &mut Tx, made: &T) -> Result<()> {
        let Some(held) = &self.0 else { return Ok(()) };
        let made = json(made);
        let actual = on_tx!(tx, |conn| sqlx::query(SETTLE)
            .bind(&held.actor)
            .bind(&held.route)
            .bind(&held.key)
            .bind(&held.holder)
            .bind(&made)
            .execute(conn)
            .await?
            .rows_affected());
        if actual == 1 { Ok(()) } else { Err(StoreError::Guard { expected: 1, actual }) }
    }

    /// Keeps the answer for repetitions.
    pub async fn finish(&self, store: &Store, status: i64, response: &str) -> Result<()> {
        let Some(held) = &self.0 else { return Ok(()) };
        on!(&store.write, |pool| {
            sqlx::query(FINISH)
                .bind(&held.actor)
                .bind(&held.route)
                .bind(&held.key)
                .bind(&held.holder)
                .bind(status)
                .bind(response)
                .execute(pool)
                .await
                .map(drop)
        })?;
        Ok(())
    }

    /// Gives the key back: the request was refused before anything was done.
    pub async fn forget(&self, store: &Store) -> Result<()> {
        let Some(held) = &self.0 else { return Ok(()) };
        on!(&store.write, |pool| {
            sqlx::query(FORGET)
                .bind(&held.actor)
                .bind(&held.route)
                .bind(&held.key)
                .bind(&held.holder)
                .execute(pool)
                .await
                .map(drop)
        })?;
        Ok(())
    }
}

/// Takes the key for `holder`, with a request whose hash is `request`.
pub async fn reserve(store: &Store, key: Key<'_>, (request, holder): (&str, &str), at: UnixMs) -> Result<Reservation> {
    sweep(store, at).await?;
    let taken = on!(&store.write, |pool| {
        sqlx::query(RESERVE)
            .bind(key.actor)
            .bind(key.route)
            .bind(key.key)
            .bind(request)
            .bind(holder)
            .bind(at)
            .execute(pool)
            .await?
            .rows_affected()
    });
    if taken == 1 {
        return Ok(Reservation::New(Once::of(key, holder, None)));
    }
    let found: Option<(String, String, Option<i64>, Option<String>)> = on!(&store.write, |pool| {
        sqlx::query_as(FIND).bind(key.actor).bind(key.route).bind(key.key).fetch_optional(pool).await?
    });
    Ok(match found {
        Some((earlier, ..)) if earlier != request => Reservation::Mismatch,
        Some((_, _, Some(status), response)) => Reservation::Done { status, response: response.unwrap_or_default() },
        Some((_, holder, None, _)) => Reservation::Begun { holder },
        // Given back this instant: nobody has it, and whoever takes it up from nobody asks again.
        None => Reservation::Begun { holder: String::new() },
    })
}

/// Takes the key up from a holder who will not answer any more. `None`: it is not theirs any more, or was answered.
pub async fn take_up(store: &Store, key: Key<'_>, from: &str, holder: &str) -> Result<Option<Once>> {
    let made: Option<Option<String>> = on!(&store.write, |pool| {
        sqlx::query_scalar(TAKE_UP)
            .bind(key.actor)
            .bind(key.route)
            .bind(key.key)
            .bind(from)
            .bind(holder)
            .fetch_optional(pool)
            .await?
    });
    Ok(made.map(|made| Once::of(key, holder, made)))
}

/// Forgets keys whose time is over at `now`, on the clock by which they were taken.
pub async fn sweep(store: &Store, now: UnixMs) -> Result<()> {
    let old = now.minus(KEPT);
    on!(&store.write, |pool| sqlx::query(SWEEP).bind(old).execute(pool).await.map(drop))?;
    Ok(())
}

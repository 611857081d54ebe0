//! What nobody needs any more goes, in small steps.

use std::time::Duration;

use super::{Result, Store, alert, on, place, suppression};
use crate::domain::time::UnixMs;

const KEYS: &str = "DELETE FROM idempotency WHERE created_at < $1";
const WEBHOOKS: &str = "DELETE FROM webhook WHERE id IN
    (SELECT id FROM webhook WHERE state = 'done' AND received_at < $1 ORDER BY id LIMIT 1000)";

const ALIASES: &str = "DELETE FROM message_alias WHERE other_id IN
    (SELECT other_id FROM message_alias WHERE told_at < $1 ORDER BY told_at LIMIT 1000)";

const MEDIA: &str = "DELETE FROM media WHERE id IN
    (SELECT id FROM media WHERE created_at < $1 ORDER BY created_at LIMIT 1000)";

const UNSENT: &str = "DELETE FROM media WHERE id IN
    (SELECT id FROM media WHERE entry_id IS NULL AND message_id IS NULL AND created_at < $1 ORDER BY created_at LIMIT 1000)";
const UPLOADS: &str = "DELETE FROM media_upload WHERE good_until < $1";

/// A request is repeated within this or not at all.
const KEYS_FOR: Duration = Duration::from_hours(24);

/// Webhooks as they came in.
const WEBHOOKS_FOR: Duration = Duration::from_hours(10 * 24);

/// Alerts that have ended.
const ALERTS_FOR: Duration = Duration::from_hours(90 * 24);

/// Other ids of messages: nobody answers after longer, and no receipt comes.
const ALIASES_FOR: Duration = Duration::from_hours(120 * 24);

/// What people sent and were sent: as long as texts. Their files go in the next sweep of those.
const MEDIA_FOR: Duration = Duration::from_hours(396 * 24);

/// Files that somebody brought and never sent.
const UNSENT_FOR: Duration = Duration::from_hours(24);

/// Removes old idempotency keys, a step of old webhooks, old alerts and a step of places that count no more, and lets suppressions
/// lapse that have lasted their time. Sessions and sign-in links live by people's time, not by this clock, and are swept
/// where they are made.
pub async fn sweep(store: &Store, now: UnixMs) -> Result<()> {
    let steps = [
        (KEYS, now.minus(KEYS_FOR)),
        (WEBHOOKS, now.minus(WEBHOOKS_FOR)),
        (ALIASES, now.minus(ALIASES_FOR)),
        (MEDIA, now.minus(MEDIA_FOR)),
        (UNSENT, now.minus(UNSENT_FOR)),
        (UPLOADS, now),
    ];
    for (sql, before) in steps {
        on!(&store.write, |pool| sqlx::query(sql).bind(before).execute(pool).await.map(drop))?;
    }
    alert::sweep(store, now.minus(ALERTS_FOR)).await?;
    suppression::lapse(store, now).await?;
    place::purge(store, now).await
}

//! What nobody needs any more goes, in small steps.

mod forgetting;

use std::time::Duration;

use super::{Result, Store, alert, on, outgoing, place, suppression, webhook};
use crate::domain::time::UnixMs;

const ORPHANS: &str = "DELETE FROM orphan_receipt WHERE id IN
    (SELECT id FROM orphan_receipt WHERE received_at < $1 ORDER BY id LIMIT 1000)";

const ALIASES: &str = "DELETE FROM message_alias WHERE other_id IN
    (SELECT other_id FROM message_alias WHERE told_at < $1 ORDER BY told_at LIMIT 1000)";

const MEDIA: &str = "DELETE FROM media WHERE id IN
    (SELECT id FROM media WHERE created_at < $1 ORDER BY created_at LIMIT 1000)";

const UNSENT: &str = "DELETE FROM media WHERE id IN
    (SELECT id FROM media WHERE entry_id IS NULL AND message_id IS NULL AND created_at < $1 ORDER BY created_at LIMIT 1000)";
const UPLOADS: &str = "DELETE FROM media_upload WHERE good_until < $1";
const OLD_AUDIENCES: &str = "SELECT DISTINCT v.audience_hash FROM version AS v
    WHERE v.forgotten_at IS NULL AND v.loaded_at < $1 AND NOT EXISTS (SELECT 1 FROM version AS o
        WHERE o.audience_hash = v.audience_hash AND (o.loaded_at >= $1 OR o.approved_at >= $1
            OR EXISTS (SELECT 1 FROM run AS r WHERE r.version_id = o.id AND r.state IN ('planning', 'running', 'paused'))
            OR EXISTS (SELECT 1 FROM recurrence AS e WHERE e.version_id = o.id AND e.next_due_at IS NOT NULL)
            OR EXISTS (SELECT 1 FROM campaign AS c WHERE c.id = o.campaign_id AND c.removed_at IS NULL
                AND o.id = (SELECT MAX(x.id) FROM version AS x WHERE x.campaign_id = c.id))))
        AND NOT EXISTS (SELECT 1 FROM draft AS d WHERE d.audience_hash = v.audience_hash)
    LIMIT 20";
const AUDIENCE_GONE: &str = "UPDATE version SET forgotten_at = $2 WHERE audience_hash = $1";

/// Alerts that have ended.
const ALERTS_FOR: Duration = Duration::from_hours(90 * 24);

/// Other ids of messages: nobody answers after longer, and no receipt comes.
const ALIASES_FOR: Duration = Duration::from_hours(120 * 24);

/// What is older has been kept long enough; `None`: it is kept for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Before {
    /// Webhooks as they came in.
    pub raw_webhooks: Option<UnixMs>,
    /// What messages said and people wrote, what closed tickets were about, and its media. Their files go in the next sweep of those.
    pub texts: Option<UnixMs>,
    /// Whom messages went to.
    pub rows: Option<UnixMs>,
}

/// Files that somebody brought and never sent.
const UNSENT_FOR: Duration = Duration::from_hours(24);

/// Removes a step of what `before` says, old alerts and a step of places that count no more, and lets
/// suppressions lapse that have lasted their time. Sessions, sign-in links and keys of requests live by people's time, not by this clock, and are swept
/// where they are made.
pub async fn sweep(store: &Store, before: &Before, now: UnixMs) -> Result<()> {
    let steps = [
        (ORPHANS, before.raw_webhooks),
        (ALIASES, Some(now.minus(ALIASES_FOR))),
        (MEDIA, before.texts),
        (UNSENT, Some(now.minus(UNSENT_FOR))),
        (UPLOADS, Some(now)),
    ];
    for (sql, before) in steps {
        let Some(before) = before else { continue };
        on!(&store.write, |pool| sqlx::query(sql).bind(before).execute(pool).await.map(drop))?;
    }
    if let Some(before) = before.raw_webhooks {
        webhook::forget(store, before).await?;
    }
    if let Some(before) = before.texts {
        forgetting::texts(store, before, now).await?;
    }
    if let Some(before) = before.rows {
        forgetting::rows(store, before, now).await?;
    }
    alert::sweep(store, now.minus(ALERTS_FOR)).await?;
    outgoing::sweep(store, now).await?;
    suppression::lapse(store, now).await?;
    place::purge(store, now).await
}

/// Audiences of which no version was loaded or started since `before`, but for those that something may still be sent from
/// and those that a campaign's folder still has: their hashes.
pub async fn old_audiences(store: &Store, before: UnixMs) -> Result<Vec<String>> {
    Ok(on!(&store.read, |pool| sqlx::query_scalar(OLD_AUDIENCES).bind(before).fetch_all(pool).await)?)
}

/// An audience is not there any more.
pub async fn audience_is_gone(store: &Store, hash: &str, now: UnixMs) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(AUDIENCE_GONE).bind(hash).bind(now).execute(pool).await.map(drop))?;
    Ok(())
}

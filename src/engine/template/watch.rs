//! Templates are read again from time to time: all of them at the start and every hour, and sooner where something is in
//! review or was said to have changed. Webhooks tell the same, and faster, but may be lost.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::keep;
use crate::config::Access;
use crate::domain::event::TemplateNote;
use crate::domain::template::TemplateStatus;
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError};
use crate::provider::Listed;
use crate::store::{setting, template};

/// How often every template is read.
pub const EVERY: Duration = Duration::from_hours(1);

/// How often while one is in review.
pub const IN_REVIEW: Duration = Duration::from_mins(5);

/// Real time between two looks at what is due.
const LOOK: Duration = Duration::from_secs(2);

/// Reads templates when they are due.
#[derive(Clone, Debug)]
pub struct TemplateWatch {
    engine: Engine,
}

impl TemplateWatch {
    /// A watch over every account's templates.
    pub fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// Works until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(cause) = self.step().await
                && !cause.is_full()
            {
                warn!(error = &cause as &dyn std::error::Error, "templates could not be kept; trying again");
            }
            tokio::select! { () = stop.cancelled() => {}, () = sleep(LOOK) => {} }
        }
    }

    /// One look: reads the templates of the accounts that are due. How many accounts were read.
    pub async fn step(&self) -> Result<usize, EngineError> {
        let (engine, mut read) = (&self.engine, 0);
        for account in engine.providers.keys() {
            let now = engine.clock.now();
            if !is_due(engine, account, now).await? {
                continue;
            }
            // A provider that cannot be read is not asked again at once.
            setting::write(&engine.store, &key(account), &now.0.to_string()).await?;
            match engine.sync_templates(account).await {
                Ok(_) => read += 1,
                Err(EngineError::Provider(cause)) => {
                    let error = &cause as &dyn std::error::Error;
                    warn!(error, account.name = account, "the templates of account {account} could not be read");
                }
                Err(other) => return Err(other),
            }
        }
        Ok(read)
    }
}

/// How often the templates of `account` are read: where no webhook tells of them, as often as the account says.
fn every(engine: &Engine, account: &str) -> Duration {
    match engine.config.accounts.get(account).map(|account| &account.access) {
        Some(Access::Zenvia(access)) => access.templates_every.max(engine.clock_span(LOOK * 5)),
        _ => EVERY,
    }
}

fn key(account: &str) -> String {
    format!("templates_read.{account}")
}

async fn is_due(engine: &Engine, account: &str, now: UnixMs) -> Result<bool, EngineError> {
    let last = setting::read(&engine.store, &key(account)).await?.and_then(|at| at.parse().ok()).map(UnixMs);
    let Some(last) = last else { return Ok(true) };
    let since = now.since(last);
    if since >= every(engine, account) {
        return Ok(true);
    }
    // What a webhook says has changed is read at once, but no more often than the provider's quota bears.
    if since >= engine.clock_span(LOOK * 5) && template::has_stale(&engine.store, account).await? {
        return Ok(true);
    }
    if since < IN_REVIEW {
        return Ok(false);
    }
    let known = template::list(&engine.store, account).await?;
    Ok(known.iter().any(|t| t.status == TemplateStatus::Pending))
}

impl Engine {
    /// Reads every template of `account` from the provider, and forgets those that it has no more. How many there are.
    pub async fn sync_templates(&self, account: &str) -> Result<usize, EngineError> {
        let provider = self.provider_of(account)?;
        let before = template::list(&self.store, account).await?;
        let listed = provider.catalogue().await?;
        let now = self.clock.now();
        for one in &listed {
            self.keep_listed(account, one, now).await?;
        }
        let there: BTreeSet<(&str, &str)> =
            listed.iter().map(|l| (l.template.name.as_str(), l.template.language.as_str())).collect();
        for known in before.iter().filter(|t| !there.contains(&(t.name.as_str(), t.language.as_str()))) {
            // A list may leave out what was made a moment ago; the one template tells.
            match provider.template(&known.name, &known.language).await? {
                Some(fresh) => keep::keep(self, account, &fresh, now).await?,
                None => keep::gone(self, account, known, now).await?,
            }
        }
        Ok(listed.len())
    }

    /// The same, after the provider has taken over what was changed at WhatsApp, where it keeps a list of its own.
    pub async fn take_over_templates(&self, account: &str) -> Result<usize, EngineError> {
        if let Err(cause) = self.provider_of(account)?.refresh_templates().await {
            let error = &cause as &dyn std::error::Error;
            tracing::warn!(error, account.name = account, "the provider did not take its templates over from WhatsApp");
        }
        self.sync_templates(account).await
    }

    async fn keep_listed(&self, account: &str, listed: &Listed, now: UnixMs) -> Result<(), EngineError> {
        let Listed { template: fresh, reason, quality } = listed;
        keep::keep(self, account, fresh, now).await?;
        let is_rejected = fresh.status == TemplateStatus::Rejected;
        let note = TemplateNote {
            name: fresh.name.clone(),
            language: fresh.language.clone(),
            reason: Some(if is_rejected { reason.clone() } else { String::new() }),
            advice: (!is_rejected).then(String::new),
            quality: Some(quality.clone()),
            text_changed: false,
            at: now,
        };
        let mut tx = self.store.begin().await?;
        template::note(&mut tx, account, &note).await?;
        tx.commit().await?;
        Ok(())
    }
}

//! What the provider grants the sender: asked from time to time, and as soon as a webhook says that it has changed.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::Dispatcher;
use crate::engine::{forecast, holds, tier};

/// How long until it is asked again what it grants, where it did not answer.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// How often the provider is asked what it grants (real time).
const GRANT_EVERY: Duration = Duration::from_mins(10);

impl Dispatcher {
    pub(super) async fn ask_grant_until(&self, stop: &CancellationToken) {
        loop {
            // Listening begins before the question: a change while it is answered is asked about again.
            let changed = self.engine.limits_changed.notified();
            let Some(known) = stop.run_until_cancelled(self.ask_grant()).await else { break };
            let pause = if known { GRANT_EVERY } else { ASK_AGAIN };
            tokio::select! {
                () = stop.cancelled() => break,
                () = changed => {}
                () = sleep(pause) => {}
            }
        }
    }

    /// Asks the provider what the sender is granted: its throughput, and its portfolio's messaging limit.
    /// False when that is not known.
    pub async fn ask_grant(&self) -> bool {
        let told = match self.provider.sender_status(&self.sender.phone_number_id).await {
            Ok(status) => {
                self.pacer.grant(status.throughput);
                self.slots.fit(self.pacer.most());
                let heeded = Box::pin(holds::heed_status(&self.engine, &self.sender.name, &status.status)).await;
                let kept = forecast::granted(&self.engine, &self.sender.name, status.throughput).await.and(heeded);
                match status.tier {
                    Some(word) => Box::pin(tier::told(&self.engine, &self.account, &word)).await.and(kept),
                    None => kept,
                }
            }
            Err(cause) => Err(cause.into()),
        };
        if let Err(cause) = &told {
            let error = cause as &dyn std::error::Error;
            info!(error, sender.name = self.sender.name, "what sender {} is granted is not known", self.sender.name);
        }
        told.is_ok()
    }
}

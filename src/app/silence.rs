//! After a long silence the daemon listens before it speaks: receipts, replies and opt-outs that waited at the provider
//! come first, and settle what an earlier process left open.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::domain::time::UnixMs;
use crate::engine::dispatcher::Dispatcher;

/// A longer gap between two heartbeats is a silence.
const LONG: Duration = Duration::from_hours(1);
/// How long the daemon then listens, on its clock. A provider repeats a refused webhook within a minute or so.
const LISTEN: Duration = Duration::from_mins(2);

/// How long to listen at a start at `now` when the last heartbeat was at `last`; zero for a first start or a short gap.
pub fn listen_first(last: Option<UnixMs>, now: UnixMs) -> Duration {
    match last {
        Some(last) if now.since(last) > LONG => LISTEN,
        _ => Duration::ZERO,
    }
}

/// Listens for a while after a long silence, then sends until `stop`.
pub async fn send_after(listen: Duration, dispatcher: Dispatcher, stop: CancellationToken) {
    if !listen.is_zero() {
        info!(listen.seconds = listen.as_secs(), "the daemon was away for long: it listens before it sends");
    }
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(listen) => {}
    }
    Box::pin(dispatcher.run(stop)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_silence_of_more_than_an_hour_the_daemon_listens_before_it_sends() {
        let last = UnixMs(1_795_525_200_000);
        assert_eq!(listen_first(Some(last), last.plus(LONG).plus(Duration::from_secs(1))), LISTEN);
        assert_eq!(listen_first(Some(last), last.plus(LONG)), Duration::ZERO);
        assert_eq!(listen_first(None, last), Duration::ZERO);
    }
}

//! Bodies that arrive together share a commit, and nobody waits for those who came later.

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use recado::domain::id::WebhookId;
use recado::domain::time::UnixMs;
use recado::store::webhook;

use crate::support::stores;

#[tokio::test]
async fn a_body_is_answered_when_it_is_kept_and_not_when_no_other_waits_any_more() {
    for store in stores().await {
        let mut open: FuturesUnordered<_> =
            (0..1_200).map(|_| webhook::store(&store, "meta", b"{}", UnixMs(1))).collect();
        open.next().await.unwrap().unwrap();
        assert_eq!(webhook::backlog(&store).await.unwrap().count, 1, "{}", store.name());
        while let Some(kept) = open.next().await {
            kept.unwrap();
        }
        let kept = webhook::waiting(&store, WebhookId(0), 2_000).await.unwrap();
        assert_eq!(kept.len(), 1_200, "{}", store.name());
    }
}

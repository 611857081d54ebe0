//! Bodies that arrive together share a commit, and nobody waits for those who came later.

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use recado::domain::id::WebhookId;
use recado::domain::time::UnixMs;
use recado::store::webhook::{self, Line};

use crate::support::stores;

#[tokio::test]
async fn a_body_is_answered_when_it_is_kept_and_not_when_no_other_waits_any_more() {
    for store in stores().await {
        let mut open: FuturesUnordered<_> =
            (0..1_200).map(|_| webhook::store(&store, "meta", Line::News, b"{}", UnixMs(1))).collect();
        open.next().await.unwrap().unwrap();
        let kept = webhook::backlog(&store).await.unwrap().count;
        assert!(kept <= 500, "{kept} at {}", store.name());
        while let Some(kept) = open.next().await {
            kept.unwrap();
        }
        let kept = webhook::waiting(&store, Line::News, WebhookId(0), 2_000).await.unwrap();
        assert_eq!(kept.len(), 1_200, "{}", store.name());
    }
}

#[tokio::test]
async fn a_body_waits_for_the_work_under_way_and_not_for_the_work_in_line() {
    for store in stores().await {
        let under_way = store.begin().await.unwrap();
        let mut in_line = std::pin::pin!(store.begin());
        let mut next = futures::poll!(&mut in_line);
        let mut body = std::pin::pin!(webhook::store(&store, "meta", Line::News, b"{}", UnixMs(1)));
        assert!(next.is_ready() || futures::poll!(&mut body).is_pending(), "{}", store.name());
        drop(under_way);
        while next.is_pending() {
            tokio::task::yield_now().await;
            next = futures::poll!(&mut in_line);
        }
        let kept = tokio::time::timeout(std::time::Duration::from_secs(5), body).await;
        kept.expect("the next in line still works").unwrap();
    }
}

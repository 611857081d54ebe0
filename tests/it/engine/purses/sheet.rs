//! What a sheet says of a wallet shortly after messages have left.

use std::sync::atomic::Ordering;

use recado::engine::wallet::WalletReader;

use super::{Till, campaign};
use crate::engine::stage::{Stage, people, sender_of};
use crate::support::stores;

#[tokio::test]
async fn a_sheet_counts_what_has_left_once_where_the_reading_has_it_already() {
    for store in stores().await {
        let till = Till::with(500).await;
        let stage = Stage::with(&store, store.dir.path(), &till.config()).await;
        WalletReader::new(stage.engine.clone()).step().await;
        let others = people(20).replace("Ana,+549115", "Eva,+549116");
        stage.run("antes", &campaign("reminder", "reminder"), &others).await;
        assert_eq!(sender_of(&stage.engine, "gup").drain().await, 20, "{}", store.name());
        // The provider has taken the money by now.
        till.cents.store(446, Ordering::SeqCst);
        stage.clock.advance(std::time::Duration::from_secs(30));
        let engine = stage.restarted(store.dir.path()).await;
        WalletReader::new(engine.clone()).step().await;
        let version = stage.load("oferta", &campaign("promotion", "promo"), &people(100)).await;
        let sheet = engine.sheet(version).await.unwrap();
        let short = sheet.warnings.iter().find(|warning| warning.code == "wallet_short").expect("it does not do");
        assert!(short.args.contains(&("left".to_owned(), "USD 4.46".to_owned())), "{:?} {}", short.args, store.name());
        let standing = recado::engine::wallet::standings(&engine).await.unwrap().remove(0);
        assert_eq!(standing.left, "4.46", "as everywhere, {}", store.name());
    }
}

#[tokio::test]
async fn what_reminders_in_line_will_cost_is_told_apart_with_the_fee() {
    for store in stores().await {
        let till = Till::with(5_000).await;
        let stage = Stage::with(&store, store.dir.path(), &till.config()).await;
        WalletReader::new(stage.engine.clone()).step().await;
        stage.run("turnos", &campaign("reminder", "reminder"), &people(10)).await;
        let others = people(10).replace("Ana,+549115", "Eva,+549116");
        stage.run("oferta", &campaign("promotion", "promo"), &others).await;
        // What is in line is summed up once a second at most; another process begins with what there is.
        let engine = stage.restarted(store.dir.path()).await;
        let standing = recado::engine::wallet::standings(&engine).await.unwrap().remove(0);
        // 0.026 and 0.0618 each, and 0.001 for Gupshup.
        assert_eq!((&*standing.reminders, &*standing.planned), ("0.27", "0.898"), "{}", store.name());
    }
}

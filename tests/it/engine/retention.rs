//! What names people goes when it was kept long enough; what figures stand on stays.

use std::time::Duration;

use recado::domain::id::RunId;
use recado::domain::phone::Phone;
use recado::engine::StartOutcome;
use recado::engine::janitor::Janitor;
use recado::engine::planner::Planner;
use recado::store::suppression::{NewSuppression, SuppressionScope};
use recado::store::view::tally;
use recado::store::{Db, Store, person, run, suppression};
use sqlx::Row;

use super::stage::{CAMPAIGN, Stage};
use crate::support::stores;

const DAY: Duration = Duration::from_hours(24);

/// Two people, one row left out.
const PEOPLE: &str = "nombre,telefono,id\nAna,+5491155550001,a\nEva,+5491155550002,b\nSol,,c\n";

async fn texts(store: &Store, sql: &'static str) -> Vec<String> {
    texts_of(&store.write, sql).await
}

async fn texts_of(db: &Db, sql: &'static str) -> Vec<String> {
    match db {
        Db::Sqlite(pool) => sqlx::query(sql).fetch_all(pool).await.unwrap().iter().map(|row| row.get(0)).collect(),
        Db::Postgres(pool) => sqlx::query(sql).fetch_all(pool).await.unwrap().iter().map(|row| row.get(0)).collect(),
    }
}

const CONTENTS: &str = "SELECT content FROM message ORDER BY id";
const RECIPIENTS: &str = "SELECT recipient FROM message ORDER BY id";
const PHONES: &str = "SELECT COALESCE(phone, '') FROM person ORDER BY id";
const LEFT_OUT: &str = "SELECT name || detail || reason FROM exclusion ORDER BY row_no";
const WEBHOOKS: &str = "SELECT account FROM webhook";

async fn sweep(stage: &Stage) {
    let janitor = Janitor::new(stage.engine.clone());
    // A day apart, so that what was looked through is looked through again.
    for _ in 0..2 {
        stage.clock.advance(DAY + Duration::from_secs(1));
        janitor.sweep().await.unwrap();
    }
}

async fn money(store: &Store, run: RunId) -> String {
    format!("{:?}", tally::money(store, run).await.unwrap())
}

/// Whoever has that number wants no promotions.
async fn leave_alone(stage: &Stage, phone: &str) {
    let mut tx = stage.engine.store.begin().await.unwrap();
    let phone = Phone::from_international(phone).unwrap();
    let person = person::ensure(&mut tx, &[(phone, String::new())], stage.clock.now()).await.unwrap()[0];
    let (scope, at) = (SuppressionScope::Marketing, stage.clock.now());
    suppression::add(&mut tx, &NewSuppression { person, scope, source: "list", note: "", at, by: "ana" })
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn texts_go_before_rows_and_figures_and_who_must_be_left_alone_stay() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let version = stage.load("one", CAMPAIGN, PEOPLE).await;
        let StartOutcome::Started(id) = stage.engine.start(version, "ana").await.unwrap() else { panic!() };
        while Planner::new(stage.engine.clone()).step().await.unwrap() {}
        stage.clock.advance(Duration::from_secs(1));
        stage.sender().drain().await;
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen, "read", None).await;
        stage.janitor().await;
        leave_alone(&stage, "5491155550002").await;
        let counted = (stage.states(id).await, money(&store, id).await);
        assert!(!texts_of(&store.webhooks().await, WEBHOOKS).await.is_empty(), "{}", store.name());

        stage.clock.advance(DAY * 11);
        sweep(&stage).await;
        assert!(texts_of(&store.webhooks().await, WEBHOOKS).await.is_empty(), "{}", store.name());
        assert!(texts(&store, CONTENTS).await.iter().all(|c| c.contains("\"template\"")), "texts are kept longer");

        stage.clock.advance(DAY * 400);
        sweep(&stage).await;
        assert!(
            texts(&store, CONTENTS).await.iter().all(|c| c == "{\"kind\":\"text\",\"body\":\"\"}"),
            "{}",
            store.name()
        );
        assert_eq!(texts(&store, RECIPIENTS).await, ["5491155550001", "5491155550002"], "rows are kept longer");

        // The campaign has another version meanwhile: the audience is nobody's any more.
        let first = run::get(&store, id).await.unwrap().unwrap();
        stage.clock.advance(DAY * 380);
        stage.load("one", CAMPAIGN, "nombre,telefono\nIvo,+5491155550009\n").await;
        sweep(&stage).await;
        assert_eq!(texts(&store, RECIPIENTS).await, ["", ""], "{}", store.name());
        assert_eq!(texts(&store, PHONES).await, ["", "5491155550002"], "who must be left alone is known");
        assert_eq!(texts(&store, LEFT_OUT).await, ["no_phone"], "{}", store.name());
        let kept = recado::store::version::get(&store, first.version_id).await.unwrap().unwrap().audience_hash;
        let lies = stage.engine.config.server.data_dir.join("audiences").join(kept);
        assert!(!lies.exists(), "{}", store.name());
        assert_eq!(std::fs::read_dir(lies.parent().unwrap()).unwrap().count(), 1, "the other version's stays");
        assert_eq!((stage.states(id).await, money(&store, id).await), counted, "{}", store.name());
        assert_eq!(suppression::phones(&store, true).await.unwrap().len(), 1);
    }
}

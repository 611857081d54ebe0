//! The line: who goes first, that nobody starves, and that the claim walks its index whatever stands beside it.

use recado::domain::fill::Content;
use recado::domain::id::{CampaignId, MessageId, PersonId, RunId, VersionId};
use recado::domain::kind::{CampaignKind, Priority};
use recado::domain::phone::Phone;
use recado::domain::time::UnixMs;
use recado::store::message::{self, Claim, Claimed, NewMessage, Turn};
use recado::store::run::{self, NewRun};
use recado::store::{Db, Store, person};
use sqlx::Row;

use super::message::message;
use crate::support::stores;

const NOW: UnixMs = UnixMs(1_000_000);

async fn anybody(store: &Store) -> PersonId {
    let mut tx = store.begin().await.unwrap();
    let phone = Phone::from_international("5491155550123").unwrap();
    let person = person::ensure(&mut tx, &[(phone, String::new())], NOW).await.unwrap()[0];
    tx.commit().await.unwrap();
    person
}

/// A running run of a campaign of its own with `n` messages.
async fn run_of(store: &Store, kind: CampaignKind, n: usize) -> RunId {
    const CAMPAIGN: &str = "INSERT INTO campaign (name, title, kind, sender, created_at)
        VALUES ($1, '', 'promotion', 'front', 0) RETURNING id";
    const VERSION: &str =
        "INSERT INTO version (campaign_id, definition, audience_name, audience_hash, content_hash, rows_hash,
        loaded_at, loaded_by) VALUES ($1, '', '', '', '', '', 0, '') RETURNING id";
    let name = format!("{:x}", rand::random::<u64>());
    let (campaign, version): (CampaignId, VersionId) = match &store.write {
        Db::Sqlite(pool) => {
            let campaign = sqlx::query_scalar(CAMPAIGN).bind(&name).fetch_one(pool).await.unwrap();
            (campaign, sqlx::query_scalar(VERSION).bind(campaign).fetch_one(pool).await.unwrap())
        }
        Db::Postgres(pool) => {
            let campaign = sqlx::query_scalar(CAMPAIGN).bind(&name).fetch_one(pool).await.unwrap();
            (campaign, sqlx::query_scalar(VERSION).bind(campaign).fetch_one(pool).await.unwrap())
        }
    };
    let new = NewRun {
        campaign,
        version,
        kind,
        account: "meta",
        sender: "front",
        template: "{}",
        currency: "USD",
        starter: "ana",
        at: NOW,
        sort: recado::store::run::Sort::Once,
    };
    let mut tx = store.begin().await.unwrap();
    let id = run::insert(&mut tx, &new).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    assert!(run::planned(store, id).await.unwrap());
    fill(store, id, kind, n).await;
    id
}

async fn fill(store: &Store, run_id: RunId, kind: CampaignKind, n: usize) {
    let person = anybody(store).await;
    let row = |i: usize| NewMessage { run_id, priority: kind.priority(), ..message(&format!("{run_id}-{i}"), person) };
    for step in (0..n).collect::<Vec<_>>().chunks(message::MAX_INSERT) {
        let rows: Vec<NewMessage> = step.iter().map(|i| row(*i)).collect();
        let mut tx = store.begin().await.unwrap();
        message::insert_batch(&mut tx, &rows).await.unwrap();
        tx.commit().await.unwrap();
    }
}

async fn claim(store: &Store, runs: &[Turn], limit: usize) -> Vec<Claimed> {
    let wanted = Claim { sender: "front", runs, limit, by: "node", at: NOW, doubt_at: NOW };
    message::claim(store, &wanted).await.unwrap()
}

fn of(claimed: &[Claimed], run: RunId) -> usize {
    claimed.iter().filter(|m| m.run_id == run).count()
}

#[tokio::test]
async fn a_run_of_a_hundred_thousand_does_not_starve_one_of_fifty() {
    for store in stores().await {
        let large = run_of(&store, CampaignKind::Promotion, 0).await;
        let small = run_of(&store, CampaignKind::Promotion, 50).await;
        copy(&store, large, 100_000).await;
        let runs = [large, small].map(|run| Turn::free(run, Priority::PROMOTION));
        // 80 a second: the small one has left within two.
        let first = claim(&store, &runs, 80).await;
        assert_eq!((first.len(), of(&first, small)), (80, 40), "{}", store.name());
        let second = claim(&store, &runs, 80).await;
        assert_eq!((second.len(), of(&second, small)), (80, 10), "what it leaves goes to the rest, {}", store.name());
    }
}

/// `n` messages without a statement for each.
async fn copy(store: &Store, run: RunId, n: i64) {
    const COPY: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
        INSERT INTO message (run_id, campaign_id, row_no, key, person_id, recipient, account, sender, priority, content,
            timezone, created_at, state, due_at, market, category, currency, estimated)
        SELECT $1, 1, n.i, 'copy' || n.i, 1, '549', 'meta', 'front', 3, $3, 'UTC', 0, 'queued', n.i,
            'argentina', 'utility', 'USD', 1 FROM n";
    let content = NewMessage::content_of(&Content::Text { body: "Hola".to_owned(), quoted: None });
    match &store.write {
        Db::Sqlite(pool) => drop(sqlx::query(COPY).bind(run).bind(n).bind(content).execute(pool).await.unwrap()),
        Db::Postgres(pool) => drop(sqlx::query(COPY).bind(run).bind(n).bind(content).execute(pool).await.unwrap()),
    }
}

#[tokio::test]
async fn agents_answers_pass_all_and_reminders_pass_resumed_contacts_and_those_promotions() {
    for store in stores().await {
        let kinds = [CampaignKind::Promotion, CampaignKind::ResumeContact, CampaignKind::Reminder];
        let mut turns = Vec::new();
        for kind in kinds {
            turns.push(Turn::free(run_of(&store, kind, 5).await, kind.priority()));
        }
        turns.push(Turn::free(RunId::BY_HAND, Priority::AGENT));
        let person = anybody(&store).await;
        let mut tx = store.begin().await.unwrap();
        message::insert_batch(&mut tx, &[message("answer", person)]).await.unwrap();
        tx.commit().await.unwrap();
        let claimed = claim(&store, &turns, 8).await;
        let priorities: Vec<i64> = claimed.iter().map(|m| m.priority.0).collect();
        assert_eq!(priorities, [0, 1, 1, 1, 1, 1, 2, 2], "{}", store.name());
    }
}

#[tokio::test]
async fn a_paused_run_claims_nothing_even_where_it_is_asked_for() {
    for store in stores().await {
        let id = run_of(&store, CampaignKind::Reminder, 3).await;
        let mut tx = store.begin().await.unwrap();
        assert!(run::pause(&mut tx, id, "ana", &[], NOW).await.unwrap());
        tx.commit().await.unwrap();
        assert!(claim(&store, &[Turn::free(id, Priority::REMINDER)], 10).await.is_empty(), "{}", store.name());
    }
}

/// The claim's look at one run, as the source has it for that database, with values in the places of its binds.
fn due(database: &str, run: RunId) -> String {
    let source = include_str!("../../../src/store/message/claim/pick.rs").split("const DUE").nth(1).unwrap();
    let mut sql = source.split(&format!("{database}: \"")).nth(1).unwrap().split('"').next().unwrap().to_owned();
    for (bind, value) in [("$1", "'front'"), ("$2", "3"), ("$3", &run.to_string()), ("$4", "2000000"), ("$5", "80")] {
        sql = sql.replace(bind, value);
    }
    sql
}

#[tokio::test]
async fn the_claim_walks_its_index_past_whatever_waits_in_paused_held_and_closed_runs() {
    for store in stores().await {
        let waits = run_of(&store, CampaignKind::Promotion, 0).await;
        let goes = run_of(&store, CampaignKind::Promotion, 200).await;
        copy(&store, waits, 50_000).await;
        let due = due(store.name(), goes);
        let plan: String = match &store.write {
            Db::Sqlite(pool) => {
                let explain = format!("EXPLAIN QUERY PLAN {due}");
                let rows = sqlx::query(sqlx::AssertSqlSafe(explain)).fetch_all(pool).await.unwrap();
                rows.iter().map(|row| row.get::<String, _>("detail") + "\n").collect()
            }
            Db::Postgres(pool) => {
                sqlx::query("ANALYZE message").execute(pool).await.unwrap();
                let explain = format!("EXPLAIN {due}");
                let rows = sqlx::query(sqlx::AssertSqlSafe(explain)).fetch_all(pool).await.unwrap();
                rows.iter().map(|row| row.get::<String, _>(0) + "\n").collect()
            }
        };
        assert!(plan.contains("message_queue") && !plan.contains("Sort") && !plan.contains("TEMP"), "{plan}");
        let claimed = claim(&store, &[Turn::free(goes, Priority::PROMOTION)], 80).await;
        assert_eq!(of(&claimed, goes), 80, "{}", store.name());
        let ids: Vec<MessageId> = claimed.iter().map(|m| m.id).collect();
        assert!(ids.is_sorted(), "first come, first served");
    }
}

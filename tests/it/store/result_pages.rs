//! Result files are read a page at a time, and no page costs more the longer its run, or the store, is.

use recado::store::{Db, Store};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Row};

use super::statements::statements;
use crate::support::stores;

/// Messages of a page.
const PAGE: i64 = 100;

const LONG: i64 = 1;
const SHORT: i64 = 2;

/// The statement of that name.
fn statement(name: &str) -> String {
    let wanted = format!("view/result.rs: {name}");
    let found = statements().into_iter().find(|(place, ..)| place.ends_with(&wanted));
    found.unwrap_or_else(|| panic!("{name} is not there any more")).2
}

/// `n` messages of `run`, all of which left at 1000.
async fn messages(store: &Store, run: i64, n: i64) {
    const COLUMNS: &str = "run_id, campaign_id, row_no, key, person_id, recipient, account, sender, priority, content, \
         timezone, created_at, state, due_at, market, category, currency, estimated, claimed_at, external_id";
    let values = format!(
        "{run}, 1, i, 'k' || i, i, '549' || i, 'a', 's', 1, '', 'UTC', 1, 'accepted', 1, 'AR', 'utility', 'USD', 1, 1000, 'x' || i"
    );
    match &store.write {
        Db::Sqlite(pool) => {
            let sql = format!(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {n})
                INSERT INTO message ({COLUMNS}) SELECT {values} FROM n"
            );
            sqlx::query(AssertSqlSafe(sql)).execute(pool).await.unwrap();
        }
        Db::Postgres(pool) => {
            let sql = format!("INSERT INTO message ({COLUMNS}) SELECT {values} FROM generate_series(1, {n}) AS n (i)");
            sqlx::query(AssertSqlSafe(sql)).execute(pool).await.unwrap();
            sqlx::query("ANALYZE message").execute(pool).await.unwrap();
        }
    }
}

/// How SQLite goes about a statement.
async fn plan(store: &Store, sql: &str) -> Vec<String> {
    let Db::Sqlite(pool) = &store.write else { return Vec::new() };
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
    let rows = sqlx::query(explain).fetch_all(pool).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect()
}

/// Messages that PostgreSQL looks at to answer a statement with these values.
async fn looked_at(store: &Store, sql: &str, values: &[String]) -> f64 {
    let Db::Postgres(pool) = &store.write else { return 0.0 };
    let mut sql = sql.to_owned();
    for (no, value) in values.iter().enumerate().rev() {
        sql = sql.replace(&format!("${}", no + 1), value);
    }
    let explain = AssertSqlSafe(format!("EXPLAIN (ANALYZE, FORMAT JSON) {sql}"));
    let row = sqlx::raw_sql(explain).fetch_one(pool).await.unwrap();
    let plan: Value = serde_json::from_str(&row.try_get_unchecked::<String, _>(0).unwrap()).unwrap();
    of_messages(&plan[0]["Plan"])
}

fn of_messages(node: &Value) -> f64 {
    let n = |key: &str| node[key].as_f64().unwrap_or_default();
    let own = if node["Relation Name"] == "message" {
        (n("Actual Rows") + n("Rows Removed by Filter")) * n("Actual Loops")
    } else {
        0.0
    };
    own + node["Plans"].as_array().into_iter().flatten().map(of_messages).sum::<f64>()
}

#[tokio::test]
async fn a_page_of_a_runs_results_costs_the_same_however_long_the_run_is() {
    for store in stores().await {
        messages(&store, LONG, 20_000).await;
        messages(&store, SHORT, 2_000).await;
        for (name, more) in [("OF_RUN", &["0"][..]), ("PLACES", &["0"]), ("PLACES_OF_DAY", &["1000", "1001"])] {
            let sql = statement(name);
            let plan = plan(&store, &sql).await;
            let walks = plan.iter().any(|step| step.contains("INDEX message_run (run_id=? AND"));
            let sorts = plan.iter().any(|step| step.contains("TEMP B-TREE FOR ORDER BY"));
            assert!(plan.is_empty() || walks && !sorts, "{name}: {plan:?}");
            // From the middle of each run on: the long one's messages come first.
            for (run, after) in [(LONG, 10_000), (SHORT, 21_000)] {
                let mut values = vec![run.to_string(), after.to_string()];
                values.extend(more.iter().map(|value| (*value).to_owned()));
                values.push(PAGE.to_string());
                let looked_at = looked_at(&store, &sql, &values).await;
                assert!(looked_at <= 2.0 * PAGE as f64, "{name} of run {run}: {looked_at} messages for a page");
            }
        }
    }
}

#[tokio::test]
async fn messages_asked_for_by_name_are_found_without_looking_at_others() {
    for store in stores().await {
        messages(&store, LONG, 20_000).await;
        let of_database = |name: &str| {
            let wanted = format!("view/result.rs: {name}");
            let mut all = statements().into_iter().filter(|(place, ..)| place.ends_with(&wanted));
            all.find(|(_, database, _)| *database == store.name()).unwrap().2
        };
        let (by_id, of_ids) = (of_database("BY_ID"), of_database("BY_EXTERNAL_ID"));
        for (sql, by) in [(&by_id, "PRIMARY KEY"), (&of_ids, "INDEX message_external")] {
            let plan = plan(&store, sql).await;
            assert!(plan.is_empty() || plan.iter().any(|step| step.contains(by)), "{plan:?}");
        }
        for (place, by) in [
            ("message/standing.rs: BY_ID", "INDEX message_external"),
            ("message/standing.rs: BY_PHONE", "INDEX message_person"),
            ("message/earlier.rs: OF_RUN_BY_PHONE", "INDEX message_person"),
        ] {
            let all = statements().into_iter();
            let mut all = all.filter(|(at, database, _)| at.ends_with(place) && *database == "sqlite");
            let plan = plan(&store, &all.next().unwrap().2).await;
            assert!(plan.is_empty() || plan.iter().any(|step| step.contains(by)), "{place}: {plan:?}");
        }
        let ids = "'[5, 6, 15000]'".to_owned();
        assert!(looked_at(&store, &by_id, &[ids]).await <= 10.0, "{}", store.name());
        let values = ["1", "1", "'[\"x5\", \"x6\", \"x15000\"]'"].map(str::to_owned);
        assert!(looked_at(&store, &of_ids, &values).await <= 10.0, "{}", store.name());
    }
}

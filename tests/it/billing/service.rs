//! What answers that are no template are expected to cost.

use axum::http::{Method, StatusCode};
use recado::domain::role::Role;
use recado::store::Db;
use sqlx::AssertSqlSafe;

use crate::engine::stage::Stage;
use crate::support::{TestStore, stores};
use crate::web::site::Site;
use crate::web::thread::{TEAMS, desk};

async fn change(store: &TestStore, sql: &str) {
    match &store.write {
        Db::Sqlite(pool) => drop(sqlx::query(AssertSqlSafe(sql)).execute(pool).await.unwrap()),
        Db::Postgres(pool) => drop(sqlx::query(AssertSqlSafe(sql)).execute(pool).await.unwrap()),
    }
}

#[tokio::test]
async fn an_answer_is_expected_to_cost_nothing_until_the_numbers_free_ones_of_the_month_are_used_up() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        let (_, agent) = desk(&stage, &site).await;
        let token = site.token(Role::Agent).await;
        let estimate = async |message: i64| {
            let sent = site.post("/conversations/1/answer", &agent, &[("text", "A las nueve")]).await;
            assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
            let one = site.call(Method::GET, &format!("/api/v1/messages/{message}"), &token, "", None).await.json();
            one["estimated"].as_str().unwrap().to_owned()
        };
        assert_eq!(estimate(2).await, "0.00", "{}", store.name());
        // With the second one a thousand: 998 of this month and one that failed; and a thousand of the month before.
        for (count, at, state) in [(998, "created_at", "'sent'"), (1, "created_at", "'failed'"), (1000, "1", "'sent'")]
        {
            change(&store, &format!(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
                INSERT INTO message (run_id, campaign_id, row_no, key, person_id, recipient, account, sender, priority, content,
                    timezone, created_at, state, due_at, market, category, currency, estimated)
                SELECT 0, 0, 0, {state} || {at} || '-' || n.i, m.person_id, m.recipient, m.account, m.sender, m.priority, m.content,
                    m.timezone, {at}, {state}, m.due_at, m.market, m.category, m.currency, 0
                FROM n JOIN message AS m ON m.id = 2"
            ))
            .await;
        }
        assert_eq!(estimate(2002).await, "0.00", "{}: the last that is free", store.name());
        assert_eq!(estimate(2003).await, "0.026", "{}", store.name());
    }
}

//! Tests of `engine`: the production steps, on both databases, against a provider on this machine.

mod accounts;
mod agreeing;
mod alerts;
mod answers_file;
mod arriving;
pub mod attachments;
mod automatic_doubts;
mod breaker;
mod budget;
mod canary;
mod categories;
mod correcting;
mod countries;
mod doubts;
mod drafting;
mod edited_template;
mod ending_holds;
mod erased_appointments;
pub mod erased_people;
mod erasing_files;
mod examining;
pub mod feeds;
mod forecasting;
mod fortnight;
pub mod gates;
mod given_back;
mod gone_template;
mod laws;
mod looping;
mod notices;
mod noting;
mod number_of_day;
mod numbers;
mod opting;
mod other_ids;
mod phoning;
mod planning;
mod purses;
mod reasons;
mod receiver;
mod recurring;
mod repeating;
mod restoring;
mod results;
mod retention;
mod retrying;
mod sending;
mod shifted_answers;
mod silent_provider;
mod spacing;
pub mod stage;
mod stops_elsewhere;
mod subscriptions;
mod testing;
mod tier;
mod translations;
mod trouble;
mod unchanged;
mod waiting_files;
mod written_on;

use recado::domain::id::MessageId;
use recado::domain::message::MessageState;
use recado::store::{Db, Store};

/// Puts a message into a state, as if it had got there.
pub async fn force(store: &Store, id: MessageId, state: MessageState) {
    const FORCE: &str = "UPDATE message SET state = $2 WHERE id = $1";
    match &store.write {
        Db::Sqlite(pool) => drop(sqlx::query(FORCE).bind(id).bind(state).execute(pool).await.unwrap()),
        Db::Postgres(pool) => drop(sqlx::query(FORCE).bind(id).bind(state).execute(pool).await.unwrap()),
    }
}

/// What a statement counts.
pub async fn count(store: &Store, sql: &str) -> i64 {
    match &store.write {
        Db::Sqlite(pool) => sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(pool).await.unwrap(),
        Db::Postgres(pool) => sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(pool).await.unwrap(),
    }
}

/// Changes rows, as if something had happened that the test does not play.
pub async fn change(store: &Store, sql: &str) {
    match &store.write {
        Db::Sqlite(pool) => drop(sqlx::query(sqlx::AssertSqlSafe(sql)).execute(pool).await.unwrap()),
        Db::Postgres(pool) => drop(sqlx::query(sqlx::AssertSqlSafe(sql)).execute(pool).await.unwrap()),
    }
}
mod templates;

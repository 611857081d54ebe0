//! The time of a claim in a long queue: ten million queued, of which 9.9 million in runs that may not send, over ten
//! thousand. Once for rows that are due in the order of the file, as those of most campaigns are, and once for rows that are
//! due without any order, so that each of a claim lies on a page of its own.

use std::time::Instant;

use recado::domain::id::RunId;
use recado::domain::kind::Priority;
use recado::domain::time::UnixMs;
use recado::store::message::{Claim, Turn, claim};
use recado::store::{Db, Store};
use sqlx::AssertSqlSafe;

use super::line::{Line, median};
use super::rig::{Audience, Database, Folder, Rig, Setup};

/// Half of the messages of a run in the short queue.
const SHORT: i64 = 10_000;
/// Messages of the long queue.
const LONG: i64 = 10_000_000;
/// Those of them that may be sent, of each order.
const SENDABLE: i64 = 100_000;
/// Runs that may not send, which share all others of the long queue.
const IDLE_RUNS: i64 = 9;
/// Messages of one claim, as at full speed.
const AT_ONCE: usize = 200;
/// Claims of one measurement.
const CLAIMS: usize = 40;
const SENDER: &str = "front";
/// In the middle of the due times without order: half of such a run is due.
const NOW: UnixMs = UnixMs(2_000_000_000_000);

/// When the rows of a run are due.
#[derive(Clone, Copy)]
enum Order {
    OfTheFile,
    None,
}

/// A line for each database.
pub async fn measure(print: &dyn Fn(&Line)) {
    for database in Database::both().await {
        let name = database.name();
        let sandbox = ["--any-template", "--quiet"].map(str::to_owned).to_vec();
        let mut rig = Rig::start(Setup { sandbox, ..Setup::new(database) }).await;
        let run = rig.start_campaign(&Folder::new("one", "reminder", SENDER, Audience { people: 1, from: 0 })).await;
        while rig.get(&format!("/api/v1/runs/{run}")).await["states"]["read"].as_u64() != Some(1) {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        rig.kill_daemon().await;
        let store = rig.store().await;
        let queue = Queue { store, run: RunId(run) };
        let runs = [(Order::OfTheFile, RunId(run)), (Order::None, RunId(run + IDLE_RUNS + 1))];
        queue.add_runs().await;
        let mut short = Vec::new();
        for (order, run) in runs {
            queue.fill((run.0, order), 0, 2 * SHORT).await;
            short.push(queue.claims(run).await);
        }
        for idle in 1..=IDLE_RUNS {
            queue.fill((run + idle, Order::None), 0, (LONG - SENDABLE) / IDLE_RUNS).await;
        }
        for ((order, run), short) in runs.into_iter().zip(short) {
            queue.fill((run.0, order), 2 * SHORT, SENDABLE).await;
            let long = queue.claims(run).await;
            let from = format!("{:.2} ms over {:.2} ms", long * 1_000.0, short * 1_000.0);
            let what = format!("claim of {AT_ONCE} {}, 10 million queued ÷ 10 thousand, {name}", order.words());
            print(&Line { what, value: long / short, bar: -1.3, from });
        }
    }
}

impl Order {
    const fn words(self) -> &'static str {
        match self {
            Self::OfTheFile => "in the file's order",
            Self::None => "without any order",
        }
    }

    /// The due time of row `n`, in SQL.
    fn due(self) -> String {
        match self {
            Self::OfTheFile => format!("{} + n", NOW.0 - 2 * SENDABLE),
            // A prime spreads them.
            Self::None => format!("{} + (n * 7919) % 1000000 - 500000", NOW.0),
        }
    }
}

struct Queue {
    store: Store,
    run: RunId,
}

impl Queue {
    /// Median seconds of a claim.
    async fn claims(&self, run: RunId) -> f64 {
        self.execute("ANALYZE").await;
        let runs = [Turn::free(RunId::BY_HAND, Priority::AGENT), Turn::free(run, Priority::REMINDER)];
        let wanted = Claim { sender: SENDER, runs: &runs, limit: AT_ONCE, by: "bench", at: NOW, doubt_at: NOW };
        let mut times = Vec::new();
        for _ in 0..CLAIMS {
            let started = Instant::now();
            let claimed = claim(&self.store, &wanted).await.unwrap();
            times.push(started.elapsed().as_secs_f64());
            assert_eq!(claimed.len(), AT_ONCE);
        }
        median(times)
    }

    /// Paused, closed and held runs beside the one that sends, and one more that does.
    async fn add_runs(&self) {
        // It has ended, and whoever held its sender was killed.
        self.execute("UPDATE run SET state = 'running'").await;
        self.execute("DELETE FROM lease").await;
        let columns = self.columns("run").await;
        for idle in 1..=IDLE_RUNS + 1 {
            let state = if idle > IDLE_RUNS { "running" } else { ["paused", "closed", "running"][(idle % 3) as usize] };
            let values = columns.iter().map(|column| match column.as_str() {
                "id" => format!("{}", self.run.0 + idle),
                "state" => format!("'{state}'"),
                other => other.to_owned(),
            });
            let values: Vec<String> = values.collect();
            let overriding = if matches!(self.store.write, Db::Postgres(_)) { "OVERRIDING SYSTEM VALUE" } else { "" };
            let (into, id) = (columns.join(", "), self.run);
            self.execute(&format!(
                "INSERT INTO run ({into}) {overriding} SELECT {} FROM run WHERE id = {id}",
                values.join(", ")
            ))
            .await;
        }
    }

    /// Copies the one message `count` times into `run`, from row `from` on.
    async fn fill(&self, (run, order): (i64, Order), from: i64, count: i64) {
        const ONCE: i64 = 500_000;
        let columns: Vec<String> = self.columns("message").await.into_iter().filter(|c| c != "id").collect();
        let value = |column: &String| match column.as_str() {
            "run_id" => run.to_string(),
            "key" => "'k' || n".to_owned(),
            "row_no" => "n".to_owned(),
            "external_id" => "'x' || n".to_owned(),
            "state" => "'queued'".to_owned(),
            "attempt" | "reserved" | "charged" => "0".to_owned(),
            "due_at" => order.due(),
            "claimed_at" | "claimed_by" | "doubt_at" | "provider_id" | "accepted_at" | "sent_at" | "delivered_at"
            | "read_at" | "undelivered_at" | "ended_at" | "pricing" | "charged_as" | "charged_day" | "latest_at"
            | "reviewed_at" | "end_reason" => "NULL".to_owned(),
            other => format!("m.{other}"),
        };
        let (into, values) = (columns.join(", "), columns.iter().map(value).collect::<Vec<_>>().join(", "));
        let mut done = from;
        while done < from + count {
            let until = (done + ONCE).min(from + count);
            let numbers = match self.store.write {
                Db::Sqlite(_) => format!(
                    "(WITH RECURSIVE c (n) AS (SELECT {done} UNION ALL SELECT n + 1 FROM c WHERE n < {}) SELECT n FROM c) AS s",
                    until - 1
                ),
                Db::Postgres(_) => format!("generate_series({done}::bigint, {}) AS s (n)", until - 1),
            };
            self.execute(&format!(
                "INSERT INTO message ({into}) SELECT {values} FROM {numbers}, message AS m WHERE m.key = (SELECT MIN(key) FROM message WHERE run_id = {} AND state = 'read') AND m.run_id = {}",
                self.run, self.run
            ))
            .await;
            done = until;
        }
    }

    async fn columns(&self, table: &str) -> Vec<String> {
        let (sqlite, postgres) = (
            format!("SELECT name FROM pragma_table_info('{table}')"),
            format!(
                "SELECT column_name::text FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = '{table}' ORDER BY ordinal_position"
            ),
        );
        match &self.store.write {
            Db::Sqlite(pool) => sqlx::query_scalar(AssertSqlSafe(sqlite)).fetch_all(pool).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_scalar(AssertSqlSafe(postgres)).fetch_all(pool).await.unwrap(),
        }
    }

    async fn execute(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match &self.store.write {
            Db::Sqlite(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
            Db::Postgres(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
        }
    }
}

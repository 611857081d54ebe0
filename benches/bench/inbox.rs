//! The inbox over its own routes: ten thousand open and a million closed conversations on SQLite, lists and searches as an
//! agent's browser asks for them. `RECADO_CLOSED=20000` tries it with fewer.

use std::time::{Duration, Instant};

use recado::domain::id::UserId;
use recado::domain::role::Role;
use recado::domain::time::UnixMs;
use recado::store::{Db, Store, session, user};
use reqwest::Client;
use sqlx::AssertSqlSafe;

use super::line::Line;
use super::rig::{self, Database, Rig, Setup};

const OPEN: i64 = 10_000;
const CLOSED: i64 = 1_000_000;
/// Times each page is asked for.
const ROUNDS: usize = 40;
/// Rows written at once.
const ONCE: i64 = 50_000;
/// Most that may take.
const BAR_MS: f64 = 100.0;
const AGENTS: i64 = 20;
const CAMPAIGNS: i64 = 30;

/// What an agent asks for.
const LISTS: [&str; 8] = [
    "/conversations?view=mine&show=answerable",
    "/conversations?view=unassigned&show=open",
    "/conversations?view=all&show=open",
    "/conversations?view=all&show=open&unread=1",
    "/conversations?view=all&show=open&campaign=7&team=recepcion",
    "/conversations?view=all&show=closed",
    "/conversations?view=mine&show=closed",
    "/conversations?view=all&show=closed&campaign=7",
];
const SEARCHES: [&str; 8] = [
    "/conversations?q=maria",
    "/conversations?q=maria+gonz",
    "/conversations?q=turno+ma%C3%B1ana",
    "/conversations?q=zanahoria",
    "/conversations?q=gracias",
    "/conversations?q=%2B54+9+11+5000-1234",
    "/conversations?q=1234",
    "/conversations?q=nadie+escribi%C3%B3+esto",
];

/// A line for the lists and one for the searches.
pub async fn measure(print: &dyn Fn(&Line)) {
    let closed = std::env::var("RECADO_CLOSED").ok().and_then(|n| n.parse().ok()).unwrap_or(CLOSED);
    let mut rig = Rig::start(Setup::new(Database::Sqlite)).await;
    rig.kill_daemon().await;
    let store = rig.store().await;
    let agent = Desk { store: &store }.fill(closed).await;
    let now = UnixMs(jiff::Timestamp::now().as_millisecond());
    let cookie = session::begin(&store, agent, now).await.unwrap();
    store.close().await;
    rig.start_daemon().await;
    let client = rig::client();
    for (what, paths) in [("lists", LISTS), ("searches", SEARCHES)] {
        let (mut all, mut slowest) = (Vec::new(), (0.0, ""));
        for path in paths {
            let times = times(&client, &rig.daemon_url(), path, &cookie).await;
            let p99 = at(&times, 0.99);
            if p99 > slowest.0 {
                slowest = (p99, path);
            }
            all.extend(times);
        }
        all.sort_by(f64::total_cmp);
        let from = format!("median {:.1} ms; slowest {:.1} ms for {}", at(&all, 0.5), slowest.0, slowest.1);
        let what = format!("{what} of {OPEN} open and {closed} closed conversations in ms, 99th percentile, SQLite");
        print(&Line { what, value: at(&all, 0.99), bar: -BAR_MS, from });
    }
}

/// Milliseconds of each answer, in order.
async fn times(client: &Client, url: &str, path: &str, cookie: &str) -> Vec<f64> {
    let mut times = Vec::new();
    for round in 0..=ROUNDS {
        let request = client.get(format!("{url}{path}")).header("cookie", format!("recado_session={cookie}"));
        let began = Instant::now();
        let answer = request.timeout(Duration::from_secs(30)).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        let page = answer.text().await.unwrap();
        // The first one warms what a daemon at work has warm.
        if round > 0 {
            times.push(began.elapsed().as_secs_f64() * 1_000.0);
        }
        assert!(page.contains("id=\"lines\""), "{path}: {page}");
    }
    times.sort_by(f64::total_cmp);
    times
}

fn at(times: &[f64], share: f64) -> f64 {
    times[((times.len() - 1) as f64 * share).round() as usize]
}

struct Desk<'a> {
    store: &'a Store,
}

impl Desk<'_> {
    /// Agents, campaigns, people, and for each of these a conversation with two replies and a note. The first agent.
    async fn fill(&self, closed: i64) -> UserId {
        let mut first = None;
        for n in 1..=AGENTS {
            let id = user::add(self.store, &format!("agent{n}"), Role::Agent, None, UnixMs(0)).await.unwrap();
            first = first.or(id);
        }
        let first = first.unwrap();
        for n in 1..=CAMPAIGNS {
            self.execute(&format!(
                "INSERT INTO campaign (name, title, kind, sender, created_at) VALUES ('c{n}', 'Campaña {n}', 'reminder', 'front', 0)"
            ))
            .await;
        }
        let now = jiff::Timestamp::now().as_millisecond();
        let mut done = 0;
        while done < closed + OPEN {
            let until = (done + ONCE).min(closed + OPEN);
            self.people(done, until).await;
            self.conversations((done, until), closed, (now, first)).await;
            self.entries(done, until).await;
            done = until;
        }
        self.execute("UPDATE conversation SET last_in = (SELECT MAX(e.id) FROM entry AS e WHERE e.conversation_id = conversation.id AND e.direction = 'in')").await;
        first
    }

    async fn people(&self, from: i64, until: i64) {
        self.execute(&format!(
            "INSERT INTO person (phone, name, created_at)
            SELECT '54911' || (50000000 + n), substr('MaríaJosé Ana  Lucía Diego', 1 + 5 * (n * 7919 % 5), 5) || ' '
                || CASE n * 104729 % 7 WHEN 0 THEN 'González' WHEN 1 THEN 'Pérez' WHEN 2 THEN 'Núñez' WHEN 3 THEN 'Souza'
                    WHEN 4 THEN 'Da Silva' WHEN 5 THEN 'Romero' ELSE 'Ibarra' END || ' ' || (n % 4001), 0
            FROM {}",
            numbers(from, until)
        ))
        .await;
    }

    /// The last `OPEN` of all are open; every tenth of those is the first agent's.
    async fn conversations(&self, (from, until): (i64, i64), closed: i64, (now, first): (i64, UserId)) {
        self.execute(&format!(
            "INSERT INTO conversation (person_id, account, sender, state, assignee, team, campaign_id, opened_at, last_at,
                waiting_since, window_until, close_after, closed_at, closed_by)
            SELECT p.id, 'meta', 'front', CASE WHEN n < {closed} THEN 'closed' ELSE 'open' END,
                CASE WHEN n % 3 = 0 THEN NULL ELSE {first} + n % {AGENTS} END,
                CASE WHEN n % 2 = 0 THEN 'recepcion' END, 1 + n % {CAMPAIGNS}, {now} - n * 1000 % 7776000000, {now} - n,
                CASE WHEN n >= {closed} AND n % 4 > 0 THEN {now} - n * 977 % 7200000 END,
                CASE WHEN n % 3 < 2 THEN {now} + 7200000 ELSE {now} - 1 END, 172800000,
                CASE WHEN n < {closed} THEN {now} - n * 7919 % 7776000000 END, CASE WHEN n < {closed} THEN '' END
            FROM {} JOIN person AS p ON p.phone = '54911' || (50000000 + n)",
            numbers(from, until)
        ))
        .await;
    }

    async fn entries(&self, from: i64, until: i64) {
        let words = "CASE n * 31 % 5 WHEN 0 THEN 'Hola, ¿me confirman el turno de mañana a las ' || (n % 24) || '?'
            WHEN 1 THEN 'Muchas gracias, ahí estaré con la orden ' || n WHEN 2 THEN 'No puedo ir, ¿hay otro horario el jueves?'
            WHEN 3 THEN '¿Tengo que ir en ayunas para la ecografía?' ELSE 'Necesito hablar con alguien por el estudio ' || n END
            || CASE WHEN n % 200003 = 17 THEN ' zanahoria' ELSE '' END";
        for (direction, words) in
            [("in", words), ("in", "'Gracias ' || n"), ("note", "'Llamó por teléfono, caso ' || n")]
        {
            self.execute(&format!(
                "INSERT INTO entry (conversation_id, direction, content, author, at, received_at)
                SELECT c.id, '{direction}', json_object('kind', 'text', 'body', {words}), '', c.opened_at, c.opened_at
                FROM {} JOIN person AS p ON p.phone = '54911' || (50000000 + n) JOIN conversation AS c ON c.person_id = p.id",
                numbers(from, until)
            ))
            .await;
        }
    }

    async fn execute(&self, sql: &str) {
        if let Db::Sqlite(pool) = &self.store.write {
            sqlx::query(AssertSqlSafe(sql.to_owned())).execute(pool).await.unwrap();
        }
    }
}

/// The numbers from `from` to before `until` as the column `n`.
fn numbers(from: i64, until: i64) -> String {
    let last = until - 1;
    format!(
        "(WITH RECURSIVE s (n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM s WHERE n < {last}) SELECT n FROM s) AS numbers"
    )
}

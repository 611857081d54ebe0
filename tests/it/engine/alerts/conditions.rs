//! What is found wrong.

use std::collections::BTreeSet;
use std::time::Duration;

use recado::domain::message::MessageState;
use recado::domain::time::UnixMs;
use recado::engine::alerts::Alerts;
use recado::engine::doctor::examine;
use recado::locale::Language;
use recado::store::campaign;
use recado::store::{Db, Store, alert};

use super::{Ear, alerts, stage};
use crate::engine::stage::{CAMPAIGN, Stage, people};
use crate::support::stores;

const MINUTES: Duration = Duration::from_mins(6);

/// What is noted with a campaign whose file cannot be read.
const NO: &str = r#"[{"code":"campaign_file","args":[["detail","campaign.toml:1:1: no"]]}]"#;

/// Kinds and keys of what is open after a look `by` later.
async fn found(stage: &Stage, alerts: &mut Alerts, by: Duration) -> BTreeSet<String> {
    stage.later(by, alerts).await;
    let open = alert::open(&stage.engine.store).await.unwrap();
    open.into_iter().filter(|alert| alert.gone_at.is_none()).map(|alert| alert.key).collect()
}

fn keys(keys: &[&str]) -> BTreeSet<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

async fn run_sql(store: &Store, sql: String) {
    let sql = sqlx::AssertSqlSafe(sql);
    match &store.write {
        Db::Sqlite(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
        Db::Postgres(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
    }
}

#[tokio::test]
async fn a_run_that_recado_pauses_is_told_and_one_that_a_person_pauses_is_not() {
    for store in stores().await {
        let (ear, url) = Ear::listen().await;
        let stage = stage(&store, store.dir.path(), &url).await;
        let mut alerts = alerts(&stage.engine);
        let run = stage.run("one", CAMPAIGN, &people(1)).await;
        stage.engine.pause(run, "ana", "lunch").await.unwrap();
        assert_eq!(found(&stage, &mut alerts, Duration::ZERO).await, keys(&[]), "{}", store.name());
        stage.engine.resume(run, "ana").await.unwrap();
        stage.engine.pause(run, "recado", "too many failures").await.unwrap();
        let paused = format!("run_paused:{run}:own_words");
        assert_eq!(found(&stage, &mut alerts, Duration::ZERO).await, keys(&[&paused]));
        stage.later(super::LASTS, &mut alerts).await;
        let said = format!(
            "Run {run} (one) has stopped. Stopped by itself: too many failures. It goes on when somebody resumes it."
        );
        assert_eq!(ear.sentences(), [said]);
        stage.engine.resume(run, "ana").await.unwrap();
        assert_eq!(found(&stage, &mut alerts, Duration::ZERO).await, keys(&[]));
    }
}

#[tokio::test]
async fn a_refused_file_is_found_until_a_good_one_comes() {
    for store in stores().await {
        let stage = stage(&store, store.dir.path(), "https://hooks.example.org/").await;
        let mut alerts = alerts(&stage.engine);
        let id = campaign::save_problem(&store, "one", NO, stage.clock.now()).await.unwrap();
        let refused = format!("campaign_refused:{id}");
        assert_eq!(found(&stage, &mut alerts, Duration::ZERO).await, keys(&[&refused]), "{}", store.name());
        stage.load("one", CAMPAIGN, &people(1)).await;
        assert_eq!(found(&stage, &mut alerts, Duration::ZERO).await, keys(&[]));
    }
}

#[tokio::test]
async fn a_campaign_that_starts_by_itself_and_does_not_is_late() {
    for store in stores().await {
        let stage = stage(&store, store.dir.path(), "https://hooks.example.org/").await;
        let mut alerts = alerts(&stage.engine);
        stage.load("by-hand", CAMPAIGN, &people(1)).await;
        let by_itself = CAMPAIGN.replacen("file ", "start = \"by itself\"\nfile ", 1);
        let version = stage.load("by-itself", &by_itself, &people(2)).await;
        assert_eq!(found(&stage, &mut alerts, Duration::ZERO).await, keys(&[]), "{}", store.name());
        let late = format!("start_late:{version}");
        assert_eq!(found(&stage, &mut alerts, MINUTES).await, keys(&[&late]), "{}", store.name());
        stage.engine.start(version, "folder").await.unwrap();
        assert_eq!(found(&stage, &mut alerts, Duration::from_mins(1)).await, keys(&[]));
        let unread = found(&stage, &mut alerts, MINUTES).await;
        assert!(unread.len() == 1 && unread.first().unwrap().starts_with("plan_late:"), "{unread:?}");
    }
}

#[tokio::test]
async fn a_queue_that_does_not_move_is_found_unless_a_gate_says_why_or_the_daemon_has_just_started() {
    for store in stores().await {
        let stage = stage(&store, store.dir.path(), "https://hooks.example.org/").await;
        let run = stage.run("one", CAMPAIGN, &people(2)).await;
        stage.clock.advance(MINUTES);
        let mut alerts = alerts(&stage.engine);
        assert_eq!(
            found(&stage, &mut alerts, Duration::ZERO).await,
            keys(&[]),
            "{}: it has just started",
            store.name()
        );
        assert_eq!(found(&stage, &mut alerts, MINUTES).await, keys(&["queue_still:front"]), "{}", store.name());
        let claimed = |at: UnixMs| format!("UPDATE message SET claimed_at = {} WHERE row_no = 1", at.0);
        run_sql(&store, claimed(stage.clock.now())).await;
        assert_eq!(found(&stage, &mut alerts, Duration::from_mins(1)).await, keys(&[]), "the sender moves");
        run_sql(&store, "UPDATE message SET claimed_at = NULL".to_owned()).await;
        super::hold(&store, &stage).await;
        let held = found(&stage, &mut alerts, MINUTES).await;
        assert_eq!(held, keys(&["hold:account:meta:refused:131042", "start_late:1"]), "the hold says why");
        super::lift(&stage).await;
        stage.sender().drain().await;
        assert_eq!(found(&stage, &mut alerts, Duration::from_mins(1)).await, keys(&[]));
        assert_eq!(stage.states(run).await["accepted"], 2);
    }
}

#[tokio::test]
async fn a_webhook_without_any_receipt_for_a_quarter_of_an_hour_is_silent() {
    for store in stores().await {
        let stage = stage(&store, store.dir.path(), "https://hooks.example.org/").await;
        let mut alerts = alerts(&stage.engine);
        stage.run("one", CAMPAIGN, &people(3)).await;
        stage.sender().drain().await;
        assert_eq!(found(&stage, &mut alerts, Duration::from_mins(14)).await, keys(&[]), "{}", store.name());
        assert_eq!(found(&stage, &mut alerts, Duration::from_mins(2)).await, keys(&["webhook_silent:meta"]));
        let mut restarted = super::alerts(&stage.engine);
        stage.later(super::LASTS, &mut restarted).await;
        let open = alert::open(&store).await.unwrap();
        assert!(open[0].gone_at.is_none(), "{}: who has just started cannot say that it is over", store.name());
        let doctor = examine(&stage.engine, Some("meta")).await.unwrap();
        let silent = doctor[0].findings.iter().find(|finding| finding.code == "webhook_silent").unwrap();
        assert!(silent.told(Language::En).message.contains("no receipt for a quarter of an hour"));
        let one = "UPDATE message SET delivered_at = accepted_at WHERE id = (SELECT MIN(id) FROM message)";
        run_sql(&store, one.to_owned()).await;
        assert_eq!(found(&stage, &mut alerts, Duration::from_mins(1)).await, keys(&[]));
    }
}

#[tokio::test]
async fn webhooks_that_are_refused_one_after_the_other_are_told_with_the_cause_until_one_is_taken() {
    for store in stores().await {
        let (ear, url) = Ear::listen().await;
        let stage = stage(&store, store.dir.path(), &url).await;
        let mut alerts = alerts(&stage.engine);
        let refuse = |times: u32| {
            (0..times).for_each(|_| stage.engine.refusals.refused("meta", "signature", stage.clock.now()));
        };
        stage.run("one", CAMPAIGN, &people(3)).await;
        stage.sender().drain().await;
        refuse(2);
        assert_eq!(found(&stage, &mut alerts, Duration::ZERO).await, keys(&[]), "{}: a stray one", store.name());
        refuse(1);
        let refused = keys(&["webhook_refused:meta"]);
        assert_eq!(found(&stage, &mut alerts, Duration::ZERO).await, refused, "{}", store.name());
        // Who starts anew knows it too, and that no receipt comes is told by this.
        let mut restarted = super::alerts(&stage.engine);
        assert_eq!(found(&stage, &mut restarted, Duration::from_mins(20)).await, refused, "{}", store.name());
        let said = ear.sentences();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("account meta is refused: they are not signed with its app_secret"), "{said:?}");
        let doctor = examine(&stage.engine, Some("meta")).await.unwrap();
        let line = doctor[0].findings.iter().find(|finding| finding.code == "webhook_refusing").unwrap();
        for language in Language::ALL {
            let told = line.told(language);
            assert!(told.message.contains('3') && !told.message.contains('{'), "{told:?}");
            assert!(told.advice.is_some_and(|advice| advice.contains("app_secret")), "{language:?}");
        }
        stage.engine.refusals.taken("meta");
        assert_eq!(found(&stage, &mut restarted, Duration::ZERO).await, keys(&[]), "{}", store.name());
        refuse(2);
        assert_eq!(found(&stage, &mut restarted, Duration::ZERO).await, keys(&[]), "they are counted anew");
    }
}

#[tokio::test]
async fn doubts_wait_for_a_person_when_neither_receipt_nor_rule_has_settled_them() {
    for store in stores().await {
        let stage = stage(&store, store.dir.path(), "https://hooks.example.org/").await;
        let mut alerts = alerts(&stage.engine);
        stage.run("one", CAMPAIGN, &people(2)).await;
        stage.sender().drain().await;
        let forced = format!("UPDATE message SET state = '{}', accepted_at = NULL", MessageState::InDoubt.as_str());
        run_sql(&store, forced).await;
        assert_eq!(found(&stage, &mut alerts, Duration::from_mins(34)).await, keys(&[]), "{}", store.name());
        assert_eq!(found(&stage, &mut alerts, Duration::from_mins(2)).await, keys(&["doubts:all"]), "{}", store.name());
        // More come: the alert says how many there are now, though the latest do not wait for a person yet.
        stage.run("two", CAMPAIGN, &people(3)).await;
        stage.sender().drain().await;
        let forced = format!("UPDATE message SET state = '{}', accepted_at = NULL", MessageState::InDoubt.as_str());
        run_sql(&store, forced).await;
        found(&stage, &mut alerts, Duration::from_mins(1)).await;
        let open = alert::open(&store).await.unwrap();
        assert!(open.len() == 1 && open[0].detail.contains("\"5\""), "{} {open:?}", store.name());
    }
}

#[tokio::test]
async fn doubts_wait_for_a_person_as_long_after_their_campaigns_own_time() {
    for store in stores().await {
        let stage = stage(&store, store.dir.path(), "https://hooks.example.org/").await;
        let mut alerts = alerts(&stage.engine);
        let campaign = format!("{CAMPAIGN}[limits]\nin_doubt_after = \"2h\"\n");
        stage.run("one", &campaign, &people(2)).await;
        stage.sender().drain().await;
        let forced = format!("UPDATE message SET state = '{}', accepted_at = NULL", MessageState::InDoubt.as_str());
        run_sql(&store, forced).await;
        assert_eq!(found(&stage, &mut alerts, Duration::from_mins(124)).await, keys(&[]), "{}", store.name());
        assert_eq!(found(&stage, &mut alerts, Duration::from_mins(2)).await, keys(&["doubts:all"]), "{}", store.name());
    }
}

#[tokio::test]
async fn little_room_on_the_disk_is_found() {
    for store in stores().await {
        let more = "[alerts]\ndisk_free = \"1000TB\"\n";
        let stage = Stage::with(&store, store.dir.path(), more).await;
        std::fs::create_dir_all(&stage.engine.config.server.data_dir).unwrap();
        let low = found(&stage, &mut alerts(&stage.engine), Duration::ZERO).await;
        assert!(low.len() == 1 && low.first().unwrap().starts_with("disk_low:node1:"), "{low:?}");
    }
}

#[tokio::test]
async fn the_alert_of_a_refused_file_says_what_is_wrong_with_it_now() {
    for store in stores().await {
        let (_ear, url) = Ear::listen().await;
        let stage = stage(&store, store.dir.path(), &url).await;
        let mut alerts = alerts(&stage.engine);
        let now = stage.clock.now();
        campaign::save_problem(&store, "clinic", "It would take back 9 of 19.", now).await.unwrap();
        stage.later(Duration::ZERO, &mut alerts).await;
        stage.later(super::LASTS, &mut alerts).await;
        campaign::save_problem(&store, "clinic", "The audience file is empty.", now).await.unwrap();
        stage.later(Duration::ZERO, &mut alerts).await;
        let open = alert::open(&store).await.unwrap();
        assert_eq!(open.len(), 1, "{} {open:?}", store.name());
        assert!(open[0].detail.contains("The audience file is empty."), "{} {}", store.name(), open[0].detail);
        assert!(open[0].told_at.is_some(), "it is the same alert");
    }
}

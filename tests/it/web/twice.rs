//! Buttons that are pressed twice, or forms that a browser sends again: what they start is started once, and the second
//! press leads where the first did.

use axum::http::StatusCode;
use recado::domain::id::MessageId;
use recado::domain::message::MessageState;
use recado::domain::role::Role;
use recado::store::run;

use super::site::Site;
use super::thread::hidden;
use crate::engine::stage::{CAMPAIGN, Stage, people};
use crate::engine::{change, count, force};
use crate::support::stores;

const DEEDS: &str = "SELECT COUNT(*) FROM audit WHERE action = ";

#[tokio::test]
async fn a_start_pressed_twice_leads_to_its_run_both_times() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let (site, version) = (Site::over(&stage.engine), stage.load("one", CAMPAIGN, &people(2)).await);
        let visitor = site.visitor(Role::Marketing).await;
        let page = site.get_read("/campaigns/1", &visitor).await.body;
        let (once, shown, version) = (hidden(&page, "once"), hidden(&page, "shown"), version.to_string());
        let fields = [("version", &*version), ("shown", &*shown), ("once", &*once)];
        for press in 1..=2 {
            let led = site.post("/campaigns/1/start", &visitor, &fields).await;
            assert_eq!(led.status, StatusCode::SEE_OTHER, "{} {press}: {}", store.name(), led.body);
            assert_eq!(led.leads_to(), "/runs/1?done=started", "{} {press}", store.name());
        }
        assert_eq!(count(&store, "SELECT COUNT(*) FROM run").await, 1, "{}", store.name());
        assert_eq!(count(&store, &format!("{DEEDS}'run.start'")).await, 1, "{}", store.name());
    }
}

#[tokio::test]
async fn a_run_that_is_paused_gone_on_with_or_cancelled_twice_is_so_once() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let run = stage.run("one", CAMPAIGN, &people(2)).await;
        let visitor = site.visitor(Role::Operator).await;
        for (act, word) in [("pause", "paused"), ("resume", "resumed"), ("cancel", "cancelled")] {
            for press in 1..=2 {
                let led = site.post(&format!("/runs/{run}/{act}"), &visitor, &[]).await;
                let to = format!("/runs/{run}?done={word}");
                assert_eq!(led.leads_to(), to, "{} {act} {press}: {}", store.name(), led.body);
            }
            assert_eq!(count(&store, &format!("{DEEDS}'run.{act}'")).await, 1, "{} {act}", store.name());
        }
        // What cannot be any more is refused as ever.
        let late = site.post(&format!("/runs/{run}/resume"), &visitor, &[]).await;
        assert_eq!(late.status, StatusCode::CONFLICT, "{}", store.name());
    }
}

#[tokio::test]
async fn what_failed_is_tried_again_once_also_where_it_has_failed_again_meanwhile() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let run = stage.run("one", CAMPAIGN, &people(2)).await;
        stage.sender().drain().await;
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen, "failed", Some(131_026)).await;
        let (path, visitor) = (format!("/runs/{run}/retry"), site.visitor(Role::Operator).await);
        let once = hidden(&site.get(&format!("{path}?chosen=1&code=131026"), Some(&visitor)).await.body, "once");
        let fields = [("code", "131026"), ("once", &*once)];
        let first = site.post(&path, &visitor, &fields).await;
        assert_eq!(first.leads_to(), format!("/runs/{run}?done=retried&n=2"), "{} {}", store.name(), first.body);
        change(&store, "UPDATE message SET state = 'failed', failure_code = 131026").await;
        let second = site.post(&path, &visitor, &fields).await;
        assert_eq!(second.leads_to(), first.leads_to(), "{}", store.name());
        assert_eq!(stage.states(run).await, [("failed", 2)].into(), "{}: nothing went out for it", store.name());
    }
}

#[tokio::test]
async fn all_that_is_uncertain_is_settled_once() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let run = stage.run("one", CAMPAIGN, &people(3)).await;
        for id in 1..=3 {
            force(&store, MessageId(id), MessageState::InDoubt).await;
        }
        change(&store, "UPDATE message SET claimed_at = created_at, attempt = 1").await;
        let visitor = site.visitor(Role::Operator).await;
        let asked = site.post("/doubt", &visitor, &[("all", "send_again")]).await;
        let [once, as_of, shown] = ["once", "as_of", "shown"].map(|name| hidden(&asked.body, name));
        let fields =
            [("all", "send_again"), ("confirmed", "1"), ("as_of", &*as_of), ("shown", &*shown), ("once", &*once)];
        for press in 1..=2 {
            let led = site.post("/doubt", &visitor, &fields).await;
            assert_eq!(led.leads_to(), "/doubt?&done=settled&n=3", "{} {press}: {}", store.name(), led.body);
        }
        assert_eq!(stage.states(run).await, [("queued", 3)].into(), "{}", store.name());
        assert_eq!(count(&store, &format!("{DEEDS}'doubt.send_again'")).await, 1, "{}", store.name());
    }
}

#[tokio::test]
async fn a_run_that_was_cancelled_was_never_sent_out() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let run = stage.run("one", CAMPAIGN, &people(2)).await;
        assert!(stage.engine.cancel(run, "ana").await.unwrap());
        stage.janitor().await;
        let ended = run::get(&store, run).await.unwrap().unwrap();
        assert!(ended.closed_at.is_some() && ended.sent_out_at.is_none(), "{} {ended:?}", store.name());
        // Nor was one that had nothing left when it was cancelled.
        let other = stage.run("two", CAMPAIGN, &people(2)).await;
        stage.sender().drain().await;
        stage.janitor().await;
        assert!(run::get(&store, other).await.unwrap().unwrap().sent_out_at.is_some(), "{}", store.name());
        assert!(stage.engine.cancel(other, "ana").await.unwrap());
        let cancelled = run::get(&store, other).await.unwrap().unwrap();
        assert_eq!(cancelled.sent_out_at, None, "{}: also while receipts are waited for", store.name());
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen, "delivered", None).await;
        stage.janitor().await;
        for run in [run, other] {
            let token = site.token(Role::Operator).await;
            let path = format!("/api/v1/runs/{run}");
            let told = site.call(axum::http::Method::GET, &path, &token, "", None).await.json();
            assert_eq!(
                (&told["state"], &told["sent_out_at"]),
                (&"cancelled".into(), &serde_json::Value::Null),
                "{told}"
            );
            let visitor = site.visitor(Role::Operator).await;
            let page = site.get(&format!("/runs/{run}"), Some(&visitor)).await.body;
            assert!(!page.contains("All sent"), "{}: {page}", store.name());
        }
    }
}

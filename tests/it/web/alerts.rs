//! What is wrong, on its page, through the API, by the command line and as a figure.

use std::time::Duration;

use recado::domain::role::Role;
use recado::engine::alerts::{Alerts, Ways};
use recado::store::hold::{self, HoldCause, HoldScope, NewHold};
use reqwest::Method;

use super::daemon::{Site, told};
use super::site;
use crate::engine::stage::{CAMPAIGN, Stage, people};
use crate::engine::{change, count};
use crate::support::stores;

const PASSES: Duration = Duration::from_mins(1);

#[tokio::test]
async fn what_is_wrong_is_listed_with_its_sentence_and_who_was_told() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        let engine = &site.stage.engine;
        let mut alerts = Alerts::new(engine.clone(), Ways::new(&engine.config));
        let (scope, cause) = (HoldScope::Sender, HoldCause::Refused);
        let new = NewHold { scope, scope_key: "front".to_owned(), cause, code: Some(190), until_at: None };
        hold::place(&store, &new, site.stage.clock.now()).await.unwrap();
        alerts.step().await.unwrap();
        let soon = site.get(Role::Operator, "/api/v1/alerts").await.body["items"][0].clone();
        assert_eq!((soon["kind"].as_str(), soon["told_at"].is_null()), (Some("hold"), true), "{}", store.name());
        site.stage.clock.advance(PASSES);
        alerts.step().await.unwrap();
        let open = site.get(Role::Operator, "/api/v1/alerts").await.body;
        let one = &open["items"][0];
        let said = one["message"].as_str().unwrap();
        assert!(said.starts_with("Stopped: sender front. WhatsApp refuses"), "{said}");
        assert_eq!(
            (one["key"].as_str(), one["path"].as_str()),
            (Some("hold:sender:front:refused:190"), Some("/holds"))
        );
        let figures = told(site.stranger(Method::GET, "/metrics")).await.body;
        assert!(figures.as_str().unwrap().contains("recado_alerts{kind=\"hold\"} 1"), "{figures}");
        assert!(figures.as_str().unwrap().contains("recado_alerts{kind=\"disk_full\"} 0"), "{figures}");
    }
}

#[tokio::test]
async fn whoever_opens_a_run_has_seen_which_of_its_ids_are_others() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = site::Site::over(&stage.engine);
        let run = stage.run("one", CAMPAIGN, &people(1)).await;
        change(&store, &format!("INSERT INTO renaming (run_id, revision, n) VALUES ({run}, 1, 1)")).await;
        let seen = async || count(&store, "SELECT COUNT(seen_at) FROM renaming").await;
        let ana = site.visitor(Role::Operator).await;
        site.get("/campaigns/1", Some(&ana)).await;
        site.get(&format!("/runs/{run}"), None).await;
        assert_eq!(seen().await, 0, "{}: nobody has looked at it", store.name());
        site.get(&format!("/runs/{run}"), Some(&ana)).await;
        assert_eq!(seen().await, 1, "{}", store.name());
    }
}

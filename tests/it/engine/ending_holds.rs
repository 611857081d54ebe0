//! A run that waits for what ends by itself is not called stopped.

use axum::http::Method;
use recado::domain::role::Role;
use recado::store::hold::{self, HoldCause, HoldScope, NewHold};

use super::stage::{CAMPAIGN, Stage, people};
use crate::support::stores;
use crate::web::site::Site;

#[tokio::test]
async fn a_run_waits_for_a_wallet_and_is_stopped_by_what_only_a_person_ends() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("turnos", CAMPAIGN, &people(2)).await;
        let site = Site::over(&stage.engine);
        let token = site.token(Role::Admin).await;
        for (cause, word) in [(HoldCause::Wallet, "waiting"), (HoldCause::Person, "held")] {
            let scope_key = "meta".to_owned();
            let new = NewHold { scope: HoldScope::Account, scope_key, cause, code: None, until_at: None };
            hold::place(&store, &new, stage.clock.now()).await.unwrap();
            let told = site.call(Method::GET, &format!("/api/v1/runs/{run}"), &token, "", None).await.json();
            assert_eq!(told["state"], word, "{} {}", store.name(), told["waiting"]);
            let visitor = site.visitor(Role::Marketing).await;
            let page = site.get(&format!("/runs/{run}"), Some(&visitor)).await.body;
            assert_eq!(page.contains("Stopped by itself"), word == "held", "{page}");
            for open in hold::open(&store).await.unwrap() {
                stage.engine.lift_hold(open.id, "ana").await.unwrap();
            }
        }
    }
}

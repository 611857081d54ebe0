//! Pages and the API say when a run ends, how sure that is, and what limits it.

use axum::http::Method;
use recado::domain::role::Role;
use recado::engine::tier;
use recado::locale::{Language, sentences};

use super::site::Site;
use crate::engine::stage::{CAMPAIGN, Stage, people};
use crate::support::stores;

const LIMITED: &str = "[portfolio.meta]\ntier = 40\n";

/// A page's text without its marks.
fn told(page: &str) -> &str {
    let from = page.find("data-test=\"ends\">").expect("it says when it ends") + "data-test=\"ends\">".len();
    page[from..].split('<').next().unwrap()
}

#[tokio::test]
async fn the_check_and_the_run_say_when_it_ends_and_what_limits_it() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), LIMITED).await;
        tier::begin(&stage.engine).await.unwrap();
        let site = Site::over(&stage.engine);
        let ana = site.visitor(Role::Marketing).await;
        let version = stage.load("one", CAMPAIGN, &people(60)).await;
        let sheet = stage.engine.sheet(version).await.unwrap();
        let page = site.get("/campaigns/1", Some(&ana)).await.body;
        assert!(told(&page).starts_with("Ends about Wed 25 Nov, 10:01 "), "{}", told(&page));
        assert!(told(&page).contains("Buenos Aires time"), "{}", told(&page));
        assert!(told(&page).ends_with("limited by the messaging limit."), "{}", told(&page));

        let run = stage.run("one", CAMPAIGN, &people(60)).await;
        let page = site.get(&format!("/runs/{run}"), Some(&ana)).await.body;
        assert!(told(&page).ends_with("limited by the messaging limit."), "{}", told(&page));
        let token = site.token(Role::Operator).await;
        let path = format!("/api/v1/runs/{run}");
        let told = site.call(Method::GET, &path, &token, "", None).await.json()["forecast"].clone();
        let before = serde_json::to_value(sheet.sent_out_at.unwrap()).unwrap();
        assert_eq!((&told["likely"], &told["limited_by"]), (&before["likely"], &before["limited_by"]));
        assert!(told["low"].as_i64() <= told["likely"].as_i64() && told["likely"].as_i64() <= told["high"].as_i64());
    }
}

#[tokio::test]
async fn a_paused_run_says_so_instead_of_an_end() {
    let store = stores().await.swap_remove(0);
    let stage = Stage::with(&store, store.dir.path(), LIMITED).await;
    let site = Site::over(&stage.engine);
    let ana = site.visitor(Role::Operator).await;
    let run = stage.run("one", CAMPAIGN, &people(60)).await;
    let path = format!("/runs/{run}");
    let page = site.get(&path, Some(&ana)).await.body;
    assert!(page.contains("data-test=\"ends\""), "{page}");
    site.post(&format!("{path}/pause"), &ana, &[]).await;
    let page = site.get(&path, Some(&ana)).await.body;
    assert!(!page.contains("data-test=\"ends\"") && page.contains("data-test=\"why\""), "{page}");
    let token = site.token(Role::Operator).await;
    let told = site.call(Method::GET, &format!("/api/v1{path}"), &token, "", None).await.json();
    assert!(told["forecast"].is_null() && told["waiting"]["code"] == "paused", "{told}");
}

#[test]
fn every_sentence_about_an_end_is_there_in_every_language() {
    for language in Language::ALL {
        for key in ["ends_at", "ends_between", "ends_perhaps"] {
            let sentences = sentences(language);
            assert!(sentences.contains_key(&format!("web.{key}")), "{language:?} {key}");
        }
    }
}

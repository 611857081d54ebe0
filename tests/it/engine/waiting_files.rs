//! A new file of a standing run that nobody has said yes to is seen wherever somebody looks.

use std::time::Duration;

use axum::http::Method;
use recado::domain::alert::AlertKind;
use recado::domain::role::Role;
use recado::store::alert;

use super::feeds::{apply, clinic, rows};
use super::stage::Stage;
use crate::support::stores;
use crate::web::site::Site;

#[tokio::test]
async fn a_file_that_waits_for_a_person_is_told_on_the_run_and_by_an_alert() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic("contains = \"everything ahead\"");
        let run = apply(&stage, &campaign, &rows(&[("A", "27/11/2026 09:00"), ("B", "27/11/2026 10:00")])).await;
        assert_eq!(stage.engine.waiting_file(run).await.unwrap(), None, "{}", store.name());
        let second = stage.load("clinic", &campaign, &rows(&[("A", "27/11/2026 09:00")])).await;
        let waiting = stage.engine.waiting_file(run).await.unwrap().unwrap();
        assert_eq!(
            (waiting.version, waiting.run, waiting.file.as_str()),
            (second, run, "people.csv"),
            "{}",
            store.name()
        );
        let site = Site::over(&stage.engine);
        let visitor = site.visitor(Role::Marketing).await;
        let page = site.get(&format!("/runs/{run}"), Some(&visitor)).await.body;
        assert!(page.contains("data-test=\"file-waits\""), "{page}");
        let token = site.token(Role::Marketing).await;
        let told = site.call(Method::GET, &format!("/api/v1/runs/{run}"), &token, "", None).await.json();
        assert_eq!(
            (&told["waiting_file"]["version"], &told["waiting_file"]["file"]),
            (&second.0.into(), &"people.csv".into())
        );
        // An alert only where nobody says anything for a while.
        let mut alerts = super::alerts::alerts(&stage.engine);
        alerts.step().await.unwrap();
        stage.clock.advance(Duration::from_mins(20));
        for _ in 0..4 {
            alerts.step().await.unwrap();
            stage.clock.advance(Duration::from_mins(2));
        }
        let open = alert::open(&store).await.unwrap();
        assert!(open.iter().any(|a| a.kind == AlertKind::FileWaits), "{} {open:?}", store.name());
        stage.engine.start(second, "ana").await.unwrap();
        assert_eq!(stage.engine.waiting_file(run).await.unwrap(), None, "{}", store.name());
    }
}

#[tokio::test]
async fn a_campaign_that_starts_by_itself_lets_no_file_wait() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let campaign = clinic("start = \"by itself\"\ncontains = \"everything ahead\"");
    let run = apply(&stage, &campaign, &rows(&[("A", "27/11/2026 09:00")])).await;
    stage.load("clinic", &campaign, &rows(&[("B", "27/11/2026 09:00")])).await;
    assert_eq!(stage.engine.waiting_file(run).await.unwrap(), None);
}

//! Forms that begin something are pressed twice, or sent again by a browser: it is begun once.

use axum::http::StatusCode;
use recado::domain::role::Role;
use recado::store::draft;

use super::super::site::Site;
use super::super::thread::hidden;
use super::{AUDIENCE, open, upload_under};
use crate::engine::stage::Stage;
use crate::engine::{change, count};
use crate::support::stores;

#[tokio::test]
async fn a_campaign_from_a_file_and_a_copy_are_begun_once_under_a_key_and_another_file_is_another() {
    for store in stores().await {
        let (_stage, site, visitor) = open(&store).await;
        let mut begun = 0;
        for (page, path) in [("/campaigns/new", "/drafts"), ("/campaigns/1/copy", "/campaigns/1/copy")] {
            let once = hidden(&site.get(page, Some(&visitor)).await.body, "once");
            let send = async |file: (&str, &str)| {
                let led = upload_under(&site, &visitor, path, (&once, "Turnos"), file).await;
                (led.status, led.headers.get("location").map(|to| to.to_str().unwrap().to_owned()))
            };
            // Nothing is begun by what cannot be read, and the key stays free.
            assert_eq!(send(("lista.pdf", "%PDF-1.7")).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{}", store.name());
            begun += 1;
            for press in 1..=2 {
                let led = (StatusCode::SEE_OTHER, Some(format!("/drafts/{begun}")));
                assert_eq!(send(("lista.csv", AUDIENCE)).await, led, "{} {path} {press}", store.name());
            }
            begun += 1;
            let other = send(("lista.csv", &AUDIENCE.replace("Ana", "Eva"))).await.1;
            assert_eq!(other, Some(format!("/drafts/{begun}")), "{}: another file", store.name());
            assert_eq!(draft::list(&store).await.unwrap().len(), begun, "{} {path}", store.name());
        }
    }
}

#[tokio::test]
async fn a_change_a_correction_and_a_campaign_of_quiet_conversations_are_begun_once_under_a_key() {
    for store in stores().await {
        let (stage, site, visitor) = open(&store).await;
        let run = stage.run("one", crate::engine::stage::CAMPAIGN, &crate::engine::stage::people(2)).await;
        assert!(stage.engine.pause(run, "ana", "").await.unwrap());
        quiet(&stage).await;
        let since = [("since", "2026-11-01"), ("silent", "them")];
        for (page, path, fields) in [
            ("/campaigns/2".to_owned(), "/campaigns/2/edit".to_owned(), &[][..]),
            (format!("/runs/{run}"), format!("/runs/{run}/correct"), &[][..]),
            ("/campaigns/new".to_owned(), "/drafts/quiet".to_owned(), &since[..]),
        ] {
            let shown = site.get(&page, Some(&visitor)).await.body;
            let of_form = shown.split(&format!("action=\"{path}\"")).nth(1).unwrap_or_else(|| panic!("{shown}"));
            let once = hidden(of_form, "once");
            let before = count(&store, "SELECT COUNT(*) FROM draft").await;
            let fields = [fields, &[("once", &*once)]].concat();
            let first = site.post(&path, &visitor, &fields).await;
            let second = site.post(&path, &visitor, &fields).await;
            assert!(first.leads_to().starts_with("/drafts/"), "{} {path}: {}", store.name(), first.body);
            assert_eq!(second.leads_to(), first.leads_to(), "{} {path}", store.name());
            assert_eq!(count(&store, "SELECT COUNT(*) FROM draft").await, before + 1, "{} {path}", store.name());
        }
        let last = draft::list(&store).await.unwrap().remove(0).definition;
        assert!(last.contains("route = { column = ") || last.contains("column = \"Route\""), "{last}");
    }
}

/// Somebody whose conversation ended by itself.
async fn quiet(stage: &Stage) {
    let (store, at) = (&stage.engine.store, stage.clock.now().0 - 1_000);
    change(
        store,
        &format!(
            "INSERT INTO conversation (person_id, account, sender, state, opened_at, last_at, close_after, closed_at, closed_by)
             SELECT MIN(id), 'meta', 'front', 'closed', {at}, {at}, 0, {at}, '' FROM person"
        ),
    )
    .await;
}

#[tokio::test]
async fn what_is_kept_of_a_draft_was_begun_under_its_key_where_the_answer_never_came() {
    for store in stores().await {
        let (_stage, site, visitor) = open(&store).await;
        let once = hidden(&site.get("/campaigns/new", Some(&visitor)).await.body, "once");
        let send = async || upload_under(&site, &visitor, "/drafts", (&once, "Turnos"), ("lista.csv", AUDIENCE)).await;
        assert_eq!(send().await.leads_to(), "/drafts/1", "{}", store.name());
        // The process died between the draft and the answer.
        change(&store, "UPDATE idempotency SET status = NULL, response = NULL, holder = 'dead'").await;
        assert_eq!(send().await.leads_to(), "/drafts/1", "{}", store.name());
        assert_eq!(draft::list(&store).await.unwrap().len(), 1, "{}", store.name());
    }
}

#[tokio::test]
async fn a_template_that_was_written_once_is_not_written_over_by_its_first_form() {
    for store in stores().await {
        let (stage, _, _) = open(&store).await;
        let site = Site::over(&stage.engine);
        let visitor = site.visitor(Role::Marketing).await;
        let once = hidden(&site.get("/template-drafts", Some(&visitor)).await.body, "once");
        let text = |body: &'static str| {
            [("account", "meta"), ("name", "hello"), ("language", "es_AR"), ("category", "utility"), ("body", body)]
        };
        let first = [&text("Hola.")[..], &[("once", &*once)]].concat();
        let led = site.post("/template-drafts", &visitor, &first).await;
        let at = led.leads_to().split('?').next().unwrap().to_owned();
        assert!(at.starts_with("/template-drafts/"), "{} {}", store.name(), led.body);
        site.post(&at, &visitor, &text("Hola otra vez.")).await;
        let again = site.post("/template-drafts", &visitor, &first).await;
        assert_eq!(again.leads_to(), led.leads_to(), "{}", store.name());
        let kept = site.get(&at, Some(&visitor)).await.body;
        assert!(kept.contains("Hola otra vez."), "{}: {kept}", store.name());
        assert_eq!(count(&store, "SELECT COUNT(*) FROM template_draft").await, 1, "{}", store.name());
    }
}

//! Pace by people: a promotion slows while too many conversations wait.

use recado::domain::forecast::LimitedBy;
use recado::engine::{forecast, waiting};
use recado::locale::Language;
use recado::store::Store;

use crate::engine::stage::{SENDER, Stage, people};
use crate::support::stores;

const MORE: &str = "team = \"ventas\"\n[team.ventas]\nmembers = [\"eva\"]\n";

const PROMOTION: &str = r#"
kind     = "promotion"
sender   = "front"
file     = "people.csv"
timezone = "America/Argentina/Buenos_Aires"
country  = "AR"
[template]
name     = "reminder"
language = "es_AR"
[variables]
1 = "{{ nombre }}"
[limits]
waiting_at_most = 4
"#;

/// So many conversations of the team wait.
async fn wait(store: &Store, n: usize) {
    crate::engine::change(store, "DELETE FROM conversation").await;
    crate::engine::change(store, "DELETE FROM person WHERE phone LIKE 'w%'").await;
    for _ in 0..n {
        crate::engine::change(store, "INSERT INTO person (phone, created_at) SELECT 'w' || COUNT(*), 0 FROM person")
            .await;
        crate::engine::change(
            store,
            "INSERT INTO conversation (person_id, account, sender, state, team, opened_at, last_at, waiting_since, close_after)
             SELECT MAX(id), 'meta', 'front', 'open', 'ventas', 0, 0, 0, 0 FROM person",
        )
        .await;
    }
}

async fn why(stage: &Stage, run: recado::domain::id::RunId) -> Option<String> {
    waiting::run(&stage.engine, run).await.unwrap().map(|why| why.sentence(Language::En))
}

#[tokio::test]
async fn a_promotion_stops_when_as_many_wait_as_it_says_slows_before_and_goes_on_after() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), MORE).await;
        let run = stage.run("promo", PROMOTION, &people(30)).await;
        wait(&store, 4).await;
        assert_eq!(stage.sender().step().await, 0, "{}", store.name());
        let said = why(&stage, run).await.unwrap();
        assert_eq!(
            said,
            "4 conversations wait for an answer of the team ventas, and the campaign goes on when fewer than 4 do."
        );
        wait(&store, 3).await;
        let mut slow = stage.sender();
        assert_eq!(slow.step().await, 1, "a slow one goes on one by one");
        let said = why(&stage, run).await.unwrap();
        assert_eq!(
            said,
            "It goes out at 50 % of its pace: 3 conversations wait for an answer of the team ventas, and 4 would stop it."
        );
        // What a bot has waits for nobody of the team.
        wait(&store, 4).await;
        crate::engine::change(
            &store,
            "UPDATE conversation SET bot = 'luz' WHERE id > (SELECT MIN(id) FROM conversation) + 1",
        )
        .await;
        assert_eq!(stage.sender().drain().await, 29);
        assert!(why(&stage, run).await.is_none_or(|said| !said.contains("conversations")));
    }
}

#[tokio::test]
async fn the_forecast_goes_by_who_waits_now_and_says_that_nobody_knows_how_many_will() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), MORE).await;
        recado::store::setting::write(&store, "granted.front", "1").await.unwrap();
        wait(&store, 3).await;
        let version = stage.load("promo", PROMOTION, &people(60)).await;
        let sheet = stage.engine.sheet(version).await.unwrap();
        let run = stage.run("promo", PROMOTION, &people(60)).await;
        let told = async || forecast::of_sender(&stage.engine, SENDER).await.unwrap()[&run];
        let slowed = told().await;
        let took = |end: Option<recado::domain::time::UnixMs>| end.unwrap().since(stage.clock.now()).as_secs();
        assert_eq!((took(slowed.low), slowed.high), (60, None), "{}", store.name());
        assert!((118..=120).contains(&took(slowed.likely)), "half of the pace: {slowed:?}");
        assert_eq!((slowed.limited_by, slowed.by_people), (LimitedBy::People, true));
        let before = sheet.sent_out_at.unwrap();
        assert_eq!((before.likely, before.limited_by), (slowed.likely, LimitedBy::People), "the sheet says the same");
        wait(&store, 4).await;
        assert_eq!((told().await.likely, told().await.left), (None, 60));
        wait(&store, 0).await;
        assert_eq!((took(told().await.likely), told().await.high), (60, None));
    }
}

#[test]
fn the_keys_are_for_promotions_and_resumed_contacts_and_need_each_other() {
    use recado::intake::campaign_file::CampaignFile;
    let said = |text: &str| match CampaignFile::parse(text, "campaign.toml") {
        Ok(_) => String::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    };
    assert_eq!(said(PROMOTION), "");
    assert!(said(&PROMOTION.replace("promotion", "reminder")).contains("reminders wait for nobody"));
    assert!(said(&PROMOTION.replace("= 4", "= 0")).contains("1 or more"));
    assert!(
        said(&PROMOTION.replace("waiting_at_most = 4", "waiting_team = \"ventas\"")).contains("does nothing without")
    );
}

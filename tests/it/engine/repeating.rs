//! What the sheet says of a campaign that comes again and again: when it begins, how often, and what all of it costs.

use std::time::Duration;

use recado::domain::role::Role;
use recado::engine::StartOutcome;
use recado::locale::Language;
use recado::preflight::{self, Sheet};

use super::stage::{CAMPAIGN, Stage, TUESDAY, people};
use crate::support::stores;
use crate::web::site::Site;

fn every(times: &str, more: &str) -> String {
    format!("{CAMPAIGN}[schedule]\nevery = \"{times}\"\n{more}")
        .replace("\"reminder\"\nsender", "\"resume_contact\"\nsender")
}

fn flat(sheet: &Sheet) -> String {
    preflight::text(sheet, Language::En).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn the_sheet_says_when_it_begins_how_often_and_what_all_of_it_costs() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let file = every("0 9 * * MON-FRI", "until = \"2026-12-30 20:00\"\n");
        let version = stage.load("weekly", &file, &people(2)).await;
        let sheet = stage.engine.sheet(version).await.unwrap();
        let repeats = sheet.repeats.clone().unwrap();
        let first = TUESDAY.plus(Duration::from_hours(23));
        assert_eq!((repeats.first_at, sheet.starts_at), (first, Some(first)), "{}", store.name());
        assert_eq!((repeats.times, repeats.ends, repeats.or_more, repeats.messages), (26, true, false, 52));
        assert_eq!(repeats.likely, sheet.cost.likely.map(|each| each.times(26)));
        let text = flat(&sheet);
        assert!(text.contains("26 times until Wednesday 2026-12-30, 20:00"), "{text}");
        assert!(text.contains("Wednesday 2026-11-25, 09:00"), "{text}");
        for language in Language::ALL {
            let text = preflight::text(&sheet, language);
            assert!(!text.contains("repeat."), "{text}");
        }
        let sent_out = sheet.sent_out_at.unwrap();
        assert!(sent_out.low.unwrap() >= first && sent_out.likely.unwrap() >= first, "{sent_out:?}");
        let json = preflight::json(&sheet, Language::En);
        assert_eq!((&json["repeats"]["times"], json["repeats"]["high"].is_string()), (&26.into(), true));
        assert!(sheet.warnings.iter().all(|w| w.code != "repeats_often"), "{:?}", sheet.warnings);
    }
}

#[tokio::test]
async fn without_an_end_the_next_thirty_days_are_counted_and_each_minute_is_warned_of() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let daily = stage.load("daily", &every("0 9 * * *", ""), &people(1)).await;
    let repeats = stage.engine.sheet(daily).await.unwrap().repeats.unwrap();
    assert_eq!((repeats.times, repeats.ends), (30, false));
    let minutely = stage.load("minutely", &every("* * * * *", ""), &people(1)).await;
    let sheet = stage.engine.sheet(minutely).await.unwrap();
    let repeats = sheet.repeats.clone().unwrap();
    assert_eq!((repeats.times, repeats.or_more), (10_000, true));
    assert!(sheet.warnings.iter().any(|w| w.code == "repeats_often_more"), "{:?}", sheet.warnings);
    let text = flat(&sheet);
    assert!(text.contains("more than 10000 times") && text.contains("Cost of all of them more than"), "{text}");
    let once = stage.load("once", CAMPAIGN, &people(1)).await;
    assert_eq!(stage.engine.sheet(once).await.unwrap().repeats, None);
}

#[tokio::test]
async fn the_page_says_it_too_and_before_the_first_time_there_is_no_run_to_see() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let version = stage.load("weekly", &every("0 9 * * MON-FRI", "until = \"2026-12-30 20:00\"\n"), &people(2)).await;
    let site = Site::over(&stage.engine);
    let visitor = site.visitor(Role::Marketing).await;
    let page = site.get("/campaigns/1", Some(&visitor)).await.body;
    assert!(page.contains("data-test=\"repeats\"") && page.contains("26 times until"), "{page}");
    assert!(page.contains("2 messages go out each time"), "{page}");
    let StartOutcome::Scheduled(_) = stage.engine.start(version, "ana").await.unwrap() else { panic!() };
    let page = site.get("/campaigns/1", Some(&visitor)).await.body;
    assert!(page.contains("data-test=\"not-begun\"") && !page.contains("data-test=\"see-run\""), "{page}");
}

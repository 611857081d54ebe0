//! What is noted of a campaign whose files cannot be used, and what a refused upload leaves behind.

use recado::engine::Loaded;
use recado::engine::planner::Planner;
use recado::engine::watcher::Watcher;
use recado::locale::{Language, noted, page_noted};
use recado::store::campaign;

use super::feeds::{clinic, rows};
use super::stage::{CAMPAIGN, Stage};
use crate::support::stores;

#[tokio::test]
async fn why_a_file_of_a_feed_was_refused_is_told_in_the_readers_language() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let folder = stage.engine.config.campaigns_dir.join("clinic");
    std::fs::create_dir_all(&folder).unwrap();
    let campaign = clinic("contains = \"everything ahead\"\nstart = \"by itself\"");
    std::fs::write(folder.join("campaign.toml"), campaign.replace("people.csv", "turnos*.csv")).unwrap();
    let mut watcher = Watcher::new(stage.engine.clone());
    let mut steps = async |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).unwrap();
        for _ in 0..4 {
            watcher.step().await.unwrap();
            while Planner::new(stage.engine.clone()).step().await.unwrap() {}
        }
    };
    steps("turnos-1.csv", &rows(&[("A", "26/11/2026 09:00"), ("B", "26/11/2026 10:00")])).await;
    steps("turnos-2.csv", "id,nombre,telefono,turno\n").await;
    let said = campaign::by_name(&store, "clinic").await.unwrap().unwrap().problem.unwrap();
    for (language, words) in [
        (Language::En, "The new file has no rows"),
        (Language::Es, "El archivo nuevo no tiene filas"),
        (Language::Pt, "O arquivo novo não tem linhas"),
    ] {
        for told in [noted(language, &said), page_noted(language, &said)] {
            assert!(told.contains(words) && !told.contains('{'), "{told}");
        }
    }
    assert_eq!(noted(Language::Es, "as it was"), "as it was", "what was noted as a sentence stays one");
}

#[test]
fn what_a_field_takes_is_said_by_the_page_without_the_keys_of_a_file() {
    use recado::domain::problem::Problem;
    let said = |detail: &str| {
        let problem = Problem::new("campaign_file", &[("detail", &format!("campaign.toml:3:8: {detail}"))]);
        recado::locale::page_problem(Language::Es, &problem)
    };
    let told = said("\"send\" must be a length of time and a side, as \"24h before\" or \"2h after\"");
    assert!(told.starts_with("«Cuánto antes o después»") && !told.contains("send"), "{told}");
    assert!(said("\"mon-fri\" must be hours, as \"09:00-20:00\"").contains("09:00-20:00"));
    assert!(!said("\"mon-fri\" must be hours, as \"09:00-20:00\"").contains("mon-fri"));
    assert_eq!(said("unknown key \"langage\""), "unknown key \"langage\"");
}

#[tokio::test]
async fn an_upload_that_is_refused_leaves_neither_a_folder_nor_a_campaign_behind() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let banner = CAMPAIGN.replace("language =", "image = \"banner.jpg\"\nlanguage =");
        let people = super::stage::people(1).into_bytes();
        for (campaign, audience) in [(CAMPAIGN, None), (banner.as_str(), Some(("people.csv", people)))] {
            let loaded = stage.engine.load_campaign("fresh", campaign, audience, "ana").await.unwrap();
            let Loaded::Refused(problems) = loaded else { panic!("{loaded:?}") };
            assert!(!problems.is_empty());
            assert!(!stage.engine.config.campaigns_dir.join("fresh").exists(), "{} {problems:?}", store.name());
            assert_eq!(campaign::by_name(&store, "fresh").await.unwrap(), None, "{}", store.name());
        }
        // One that was good before stays as it is.
        stage.load("fresh", CAMPAIGN, &super::stage::people(1)).await;
        let again = stage.engine.load_campaign("fresh", &banner, None, "ana").await.unwrap();
        assert!(matches!(again, Loaded::Refused(_)), "{again:?}");
        assert!(stage.engine.config.campaigns_dir.join("fresh").exists());
        assert!(campaign::by_name(&store, "fresh").await.unwrap().unwrap().problem.is_some());
    }
}

//! Commands about lists, custom values and deeds that cannot be undone.

use recado::domain::role::Role;

use super::recado;
use crate::engine::stage::{CAMPAIGN, people};
use crate::engine::{change, count};
use crate::support::stores;
use crate::web::daemon::Site;

#[tokio::test]
async fn a_list_that_a_spreadsheet_wrote_is_imported_and_local_numbers_have_a_country() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    let text = "Teléfono;Motivo\n+54 9 11 5555-0101;pidió\n(11) 95555-2063;não\n";
    let file = stores[0].dir.path().join("bajas.csv");
    std::fs::write(&file, encoding_rs::WINDOWS_1252.encode(text).0).unwrap();
    let path = file.to_str().unwrap();
    let done = site.recado(Role::Admin, &["suppress", "import", path]).await;
    assert_eq!(done.status, 0, "{}", done.err);
    assert!(done.out.contains("1 put on the list") && done.out.contains("no good number: line 3"), "{}", done.out);
    let done = site.recado(Role::Admin, &["suppress", "import", path, "--country", "br"]).await;
    assert_eq!(done.out, "1 put on the list, 1 were on it already\n", "{}", done.err);
    let listed = site.recado(Role::Admin, &["suppress", "list"]).await.out;
    assert!(listed.contains("+5491155550101") && listed.contains("+5511955552063"), "{listed}");
    assert!(listed.ends_with("Times of America/Argentina/Buenos_Aires.\n") && !listed.contains('Z'), "{listed}");
}

#[tokio::test]
async fn what_cannot_be_undone_is_asked_with_its_figures() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    site.stage.run("turnos", CAMPAIGN, &people(3)).await;
    let asked = site.recado(Role::Admin, &["cancel", "turnos"]).await;
    assert_eq!(asked.status, 2, "{} {}", asked.out, asked.err);
    assert!(asked.err.contains("not be sent any more: 3") && asked.err.contains("--yes"), "{}", asked.err);
    let template = site.recado(Role::Admin, &["template", "delete", "reminder", "--language", "es_AR"]).await;
    assert!(template.err.contains("It is used by run 1 (3 people)"), "{} {}", template.out, template.err);
    assert_eq!(site.recado(Role::Admin, &["cancel", "turnos", "--yes"]).await.status, 0);
}

#[tokio::test]
async fn whoever_shows_no_number_is_exported_and_erased_by_user_id() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    change(&stores[0], "INSERT INTO person (bsuid, name, created_at) VALUES ('AR.99887766', 'Eva Sol', 1)").await;
    let export = ["person", "export", "AR.99887766"];
    let told = site.recado(Role::Admin, &export).await;
    assert_eq!(told.status, 0, "{}", told.err);
    let told = told.json();
    assert_eq!(
        (&told["identities"][0]["bsuid"], &told["identities"][0]["name"]),
        (&"AR.99887766".into(), &"Eva Sol".into())
    );
    let erase = ["person", "erase", "AR.99887766", "--yes"];
    let done = site.recado(Role::Admin, &erase).await;
    assert_eq!((done.status, done.out.starts_with("erased; ")), (0, true), "{} {}", done.out, done.err);
    let gone = site.recado(Role::Admin, &export).await;
    assert!(gone.status == 1 && gone.err.contains("nobody with this number or user id is known"), "{}", gone.err);
    assert_eq!(count(&stores[0], "SELECT COUNT(*) FROM person WHERE bsuid IS NOT NULL OR name IS NOT NULL").await, 0);
    // What webhooks still hold of somebody whom nothing else knows goes too.
    let told = serde_json::json!({"contacts": [{"user_id": "AR.99887766"}]});
    site.stage.told("messages", told).await;
    let done = site.recado(Role::Admin, &erase).await;
    assert!(done.out.starts_with("erased; 0 rows of files and 1 webhooks"), "{} {}", done.out, done.err);
}

#[tokio::test]
async fn check_knows_the_custom_values_of_the_daemon() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    let dir = stores[0].dir.path();
    site.stage.engine.sync_templates("meta").await.unwrap();
    site.post(Role::Admin, "/api/v1/variables", &serde_json::json!({"name": "clinic", "value": "Norte"})).await;
    let folder = dir.join("turnos");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("campaign.toml"), CAMPAIGN.replace("{{ nombre }}", "{{ nombre }} {{ clinic }}"))
        .unwrap();
    std::fs::write(folder.join("people.csv"), people(2)).unwrap();
    let config = dir.join("check.toml");
    let source = include_str!("check.toml");
    std::fs::write(&config, source).unwrap();
    let args = ["check", folder.to_str().unwrap(), "--config", config.to_str().unwrap(), "--json"];
    let url = format!("http://{}", site.address);
    let said = recado(&url, Some(site.token(Role::Admin)), &args).await;
    let blockers: Vec<String> =
        said.json()["blockers"].as_array().unwrap().iter().map(|b| b["code"].to_string()).collect();
    assert!(!blockers.iter().any(|code| code.contains("unknown_name")), "{blockers:?} {}", said.err);
    assert!(said.out.contains("Norte"), "{}", said.out);
}

#[tokio::test]
async fn check_looks_at_the_file_that_was_used_last_where_no_new_one_lies_in_the_folder() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    let folder = stores[0].dir.path().join("feed");
    std::fs::create_dir_all(folder.join("used")).unwrap();
    std::fs::write(folder.join("campaign.toml"), CAMPAIGN.replace("people.csv", "people*.csv")).unwrap();
    std::fs::write(folder.join("used/people-1.csv"), people(2)).unwrap();
    let said = recado(&format!("http://{}", site.address), None, &["check", folder.to_str().unwrap(), "--json"]).await;
    let told = said.json();
    assert_eq!(
        (&told["rows_read"], told["warnings"][0]["code"].as_str()),
        (&2.into(), Some("audience_used")),
        "{told}"
    );
    assert!(told["warnings"][0]["message"].as_str().unwrap().contains("people-1.csv"), "{told}");
}

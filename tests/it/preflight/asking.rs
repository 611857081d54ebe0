//! `recado check` beside a running daemon, which it asks for what it cannot know.

use std::process::Command;

use recado::domain::exclusion::ExclusionReason;
use recado::domain::role::Role;
use recado::domain::template::Template;
use recado::domain::time::UnixMs;
use recado::locale::Language;
use recado::store::outcome::{self, Certainty, NewOutcome};

use super::check::{check, greeting, json};
use super::folder::{AUDIENCE, CAMPAIGN, CONFIG, Folder, template};
use crate::engine::erased_people::{erase, number_of};
use crate::engine::feeds::{apply, clinic, rows};
use crate::engine::stage::Stage;
use crate::support::stores;
use crate::web::site::Site;

#[tokio::test]
async fn a_running_daemon_is_asked_for_the_template() {
    use wiremock::matchers::{header, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    let folder = Folder::new();
    let daemon = MockServer::start().await;
    let item = |account: &str, body: &str| {
        let template = Template { body: body.to_owned(), ..template() };
        let mut item = serde_json::to_value(template).unwrap();
        item["account"] = account.into();
        item
    };
    let items = [item("other", "Nicht dies {{1}} {{2}}"), item("meta", "Hola {{1}}, le esperamos el {{2}}.")];
    Mock::given(method("GET"))
        .and(path("/api/v1/templates"))
        .and(header("authorization", "Bearer rt_secret"))
        .respond_with(ResponseTemplate::new(200).set_body_json(serde_json::json!({"items": items})))
        .mount(&daemon)
        .await;
    let uri = daemon.uri();
    let output = tokio::task::spawn_blocking(move || check(&folder, &uri, &[])).await.unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("Hola María, le esperamos"), "{text}");
}

/// Nothing of that campaign went to people who were erased since.
async fn nobody_was_erased(daemon: &wiremock::MockServer, campaign: &str) {
    use wiremock::matchers::{method, path};
    use wiremock::{Mock, ResponseTemplate};
    let answer = ResponseTemplate::new(200).set_body_json(serde_json::json!({"any": false, "runs": {}}));
    let asked = Mock::given(method("POST")).and(path(format!("/api/v1/campaigns/{campaign}/sent")));
    asked.respond_with(answer).mount(daemon).await;
}

/// A daemon of the test that has sent this campaign to María before.
async fn daemon() -> wiremock::MockServer {
    use wiremock::matchers::{method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    let daemon = MockServer::start().await;
    let mut item = serde_json::to_value(template()).unwrap();
    item["account"] = "meta".into();
    // As the list has it where nobody has told it yet.
    item["quality"] = "".into();
    let answers = [
        ("/api/v1/templates".to_owned(), serde_json::json!({"items": [item]})),
        (
            "/api/v1/campaigns/turnos/sent".to_owned(),
            serde_json::json!({"items": [{"key": "p:541155550101", "to": "+5491155550101",
                "happens_at": super::folder::at("2026-11-25T14:30:00-03:00").0, "run": 3}], "next": null}),
        ),
    ];
    for (at, body) in answers {
        let asked = Mock::given(method("GET")).and(path(at));
        asked.respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&daemon).await;
    }
    nobody_was_erased(&daemon, "turnos").await;
    daemon
}

#[tokio::test]
async fn a_daemon_tells_whom_an_earlier_run_has_written_to_and_is_found_by_the_configuration() {
    let daemon = daemon().await;
    let folder = Folder::new();
    let campaign = folder.path("turnos");
    std::fs::create_dir(&campaign).unwrap();
    for file in ["campaign.toml", "turnos.csv"] {
        std::fs::rename(folder.path(file), campaign.join(file)).unwrap();
    }
    let config = super::folder::CONFIG.replace("127.0.0.1:8080\"\npublic", &format!("{}\"\npublic", daemon.address()));
    std::fs::write(folder.path("other.toml"), config).unwrap();
    let output = tokio::task::spawn_blocking(move || {
        Command::new(env!("CARGO_BIN_EXE_recado"))
            .current_dir(folder.dir.path())
            .env_remove("RECADO_URL")
            .env("RECADO_TOKEN", "rt_secret")
            .args(["check", "turnos", "--json", "--config", "other.toml", "--at", "2026-11-24T10:00:00-03:00"])
            .output()
            .unwrap()
    });
    let output = output.await.unwrap();
    let sheet = json(&output);
    assert_eq!(output.status.code(), Some(0), "{sheet}");
    assert_eq!((&sheet["messages"], &sheet["already_sent"]), (&3.into(), &serde_json::json!({"3": 1})));
    let warnings: Vec<_> = sheet["warnings"].as_array().unwrap().iter().map(|w| w["code"].as_str().unwrap()).collect();
    assert!(warnings.contains(&"already_sent") && warnings.contains(&"suppressions_not_looked_at"), "{warnings:?}");
}

#[tokio::test]
async fn a_folder_whose_name_is_a_number_is_not_compared_with_the_campaign_of_that_number() {
    use wiremock::matchers::{method, path};
    use wiremock::{Mock, ResponseTemplate};
    let daemon = daemon().await;
    nobody_was_erased(&daemon, "2").await;
    let gone = serde_json::json!({"items": [{"key": "p:541155550101", "to": "+5491155550101",
        "happens_at": super::folder::at("2026-11-25T14:30:00-03:00").0, "run": 3}], "next": null});
    let other = serde_json::json!({"id": 2, "name": "otra"});
    for (at, body) in [("/api/v1/campaigns/2", other), ("/api/v1/campaigns/2/sent", gone)] {
        let asked = Mock::given(method("GET")).and(path(at));
        asked.respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&daemon).await;
    }
    let folder = Folder::new();
    let campaign = folder.path("2");
    std::fs::create_dir(&campaign).unwrap();
    for file in ["campaign.toml", "turnos.csv"] {
        std::fs::copy(folder.path(file), campaign.join(file)).unwrap();
    }
    let uri = daemon.uri();
    let output = tokio::task::spawn_blocking(move || {
        Command::new(env!("CARGO_BIN_EXE_recado"))
            .current_dir(folder.dir.path())
            .env("RECADO_URL", uri)
            .env("RECADO_TOKEN", "rt_secret")
            .args(["check", "2", "--json", "--at", "2026-11-24T10:00:00-03:00"])
            .output()
            .unwrap()
    });
    let sheet = json(&output.await.unwrap());
    assert_eq!((&sheet["messages"], &sheet["already_sent"]), (&4.into(), &serde_json::json!({})), "{sheet}");
}

#[tokio::test]
async fn people_are_greeted_by_the_names_that_the_daemon_knows() {
    use wiremock::matchers::{method, path};
    use wiremock::{Mock, ResponseTemplate};
    let daemon = daemon().await;
    let names = serde_json::json!({"anybody": true, "names": {"5491155550101": "María Núñez"}});
    let answer = ResponseTemplate::new(200).set_body_json(names);
    Mock::given(method("POST")).and(path("/api/v1/people/names")).respond_with(answer).mount(&daemon).await;
    let folder = Folder::new();
    greeting(&folder);
    let uri = daemon.uri();
    let output = tokio::task::spawn_blocking(move || check(&folder, &uri, &["--json", "--rows"])).await.unwrap();
    let sheet = json(&output);
    assert_eq!(sheet["messages"], 1, "{sheet}");
    assert!(sheet["samples"][0]["text"].as_str().unwrap().contains("María"), "{sheet}");
    assert!(sheet["rows"][1]["reason"].is_string(), "{sheet}");
    let warnings = sheet["warnings"].to_string();
    assert!(!warnings.contains("names_not_looked_at"), "{warnings}");
}

#[tokio::test]
async fn a_feed_is_compared_with_what_the_daemon_has_planned_some_rows_at_a_time() {
    use wiremock::matchers::{method, path};
    use wiremock::{Mock, Request, ResponseTemplate};
    let daemon = daemon().await;
    let at = super::folder::at("2026-11-25T14:30:00-03:00").0;
    let planned = |id: i64, key: &str, to: &str, state: &str| {
        serde_json::json!({"id": id, "key": key, "external_id": null, "to": to, "happens_at": at, "state": state,
            "attempt": 1, "end_reason": null, "claimed_at": null, "due_at": at, "latest_at": null, "waiting_for": null,
            "answered": false, "mark": 1, "said": 1, "who": 0, "revision": 1})
    };
    let maria = planned(1, &format!("p:541155550101|{at}"), "5491155550101", "delivered");
    let nobody = planned(2, "p:541155559999|5", "5491155559999", "queued");
    let run = |planned: &[serde_json::Value], next: Option<i64>| {
        let told = serde_json::json!({"run": 3, "header": [], "planned": planned, "next": next});
        ResponseTemplate::new(200).set_body_json(told)
    };
    let of_rows = serde_json::json!({"planned": [maria.clone()], "answers": [], "declined": [], "told": {}});
    let at_path = || path("/api/v1/campaigns/turnos/standing");
    let answers = ResponseTemplate::new(200).set_body_json(of_rows);
    Mock::given(method("POST")).and(at_path()).respond_with(answers).mount(&daemon).await;
    // What waits stands behind a page of what has gone.
    let pages = [run(&[maria], Some(1)), run(&[nobody], None), run(&[], None)];
    let page = move |request: &Request| {
        let after = request.url.query_pairs().find(|(name, _)| name == "after");
        pages[after.map_or(0, |(_, after)| after.parse::<usize>().unwrap())].clone()
    };
    Mock::given(method("GET")).and(at_path()).respond_with(page).mount(&daemon).await;
    let folder = Folder::of(&CAMPAIGN.replace("country ", "contains = \"everything ahead\"\ncountry "), AUDIENCE);
    let (uri, campaign) = (daemon.uri(), folder.path("turnos"));
    std::fs::create_dir(&campaign).unwrap();
    for file in ["campaign.toml", "turnos.csv"] {
        std::fs::rename(folder.path(file), campaign.join(file)).unwrap();
    }
    let output = tokio::task::spawn_blocking(move || {
        Command::new(env!("CARGO_BIN_EXE_recado"))
            .current_dir(folder.dir.path())
            .env("RECADO_URL", uri)
            .env("RECADO_TOKEN", "rt_secret")
            .args(["check", "turnos", "--json", "--at", "2026-11-24T10:00:00-03:00"])
            .output()
            .unwrap()
    });
    let sheet = json(&output.await.unwrap());
    let counted = ["added", "already_sent", "planned", "removed"].map(|what| sheet["changes"][what].as_i64());
    assert_eq!(counted, [3, 1, 1, 1].map(Some), "{sheet}");
    let asked = daemon.received_requests().await.unwrap();
    let sent = asked.iter().find(|request| request.url.path().ends_with("/turnos/sent")).unwrap();
    assert!(sent.url.query().unwrap().contains("but=3"), "{}: the run's own rows are not told again", sent.url);
    let of_rows =
        asked.iter().filter(|request| request.method.as_str() == "POST" && request.url.path().ends_with("standing"));
    let bodies: Vec<serde_json::Value> = of_rows.map(|request| request.body_json().unwrap()).collect();
    assert!(bodies[0]["phones"].as_array().unwrap().iter().any(|phone| phone == "5491155550102"), "{bodies:?}");
}

/// What the command of a campaign's folder says beside a daemon, for `recado.toml` of the stage's account and sender.
async fn beside(site: &Site, (campaign, audience): (&str, &str), at: UnixMs) -> serde_json::Value {
    let (url, token) = (site.listen().await, site.token(Role::Marketing).await);
    let folder = Folder::new();
    let config = CONFIG.replace("saludcenter", "front");
    std::fs::write(folder.path("recado.toml"), config).unwrap();
    std::fs::create_dir(folder.path("clinic")).unwrap();
    std::fs::write(folder.path("clinic/campaign.toml"), campaign).unwrap();
    std::fs::write(folder.path("clinic/people.csv"), audience).unwrap();
    let output = tokio::task::spawn_blocking(move || {
        Command::new(env!("CARGO_BIN_EXE_recado"))
            .current_dir(folder.dir.path())
            .env("RECADO_URL", url)
            .env("RECADO_TOKEN", token)
            .args(["check", "clinic", "--json", "--at", &at.to_string()])
            .output()
            .unwrap()
    });
    json(&output.await.unwrap())
}

#[tokio::test]
async fn of_people_who_were_erased_the_command_counts_what_the_daemons_own_sheet_counts() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let campaign = format!("{}moved = \"leave\"\n", clinic("contains = \"everything ahead\""));
        let first = rows(&[
            ("A", "25/11/2026 09:00"),
            ("B", "25/11/2026 09:30"),
            ("C", "25/11/2026 09:45"),
            ("E", "28/11/2026 09:00"),
        ]);
        apply(&stage, &campaign, &first).await;
        assert_eq!(stage.sender().drain().await, 3, "{}", store.name());
        let message = stage.stub.seen.lock().unwrap()[1].message;
        let mut tx = store.begin().await.unwrap();
        let (certainty, at) = (Certainty::Certain, stage.clock.now());
        let said = NewOutcome { message, entry: None, outcome: "cancelled", certainty, set_by: "", at };
        outcome::add(&mut tx, &said).await.unwrap();
        tx.commit().await.unwrap();
        for id in ["A", "B", "C"] {
            erase(&stage, &number_of(&first, id)).await;
        }
        // A is there as it was, B was cancelled and C told of another time.
        let second =
            first.replace("25/11/2026 09:30", "27/11/2026 09:30").replace("25/11/2026 09:45", "27/11/2026 09:45");
        let version = stage.load("clinic", &campaign, &second).await;
        let own = stage.engine.sheet(version).await.unwrap();
        let left = [(ExclusionReason::AlreadySent, 2), (ExclusionReason::Declined, 1)];
        assert_eq!((own.messages, &own.excluded), (Some(1), &left.into()), "{}", store.name());
        let told = beside(&site, (&campaign, &second), stage.clock.now()).await;
        let own = recado::preflight::json(&own, Language::En);
        for what in ["rows_read", "messages", "excluded", "already_sent", "changes"] {
            assert_eq!(told[what], own[what], "{} {what}: {told}", store.name());
        }
    }
}

#[tokio::test]
async fn a_running_daemon_is_asked_for_the_wallet() {
    use wiremock::matchers::{method, path};
    use wiremock::{Mock, ResponseTemplate};

    let folder = Folder::new();
    let (before, after) = CONFIG.split_once("[account.meta]").unwrap();
    let (_, sender) = after.split_once("[sender.saludcenter]").unwrap();
    let account = "[account.meta]\nprovider = \"gupshup\"\nbase_url = \"http://127.0.0.1:9\"\napp = \"Rig\"\n\
        app_id = \"5f1b7a0e-2c1d-4f59-9d0b-6a2f8c7e4d31\"\ncurrency = \"USD\"\ntimezone = \"UTC\"\napi_key = \"any\"\n\
        webhook_secret = \"a-secret-that-nobody-guesses\"\nwebhook_header_secret = \"hello\"\n[sender.saludcenter]";
    let sender = sender.replace("phone_number_id = \"106540352242922\"\n", "");
    std::fs::write(folder.path("recado.toml"), format!("{before}{account}{sender}")).unwrap();
    let daemon = daemon().await;
    let wallet = |account: &str, left: &str| {
        serde_json::json!({"account": account, "currency": "USD", "balance": left,
        "overdraft": "0.00", "low": "1.00", "left": left, "planned": "0.00", "reminders": "0.00", "recharge": null, "read_at": 1})
    };
    let items = serde_json::json!({"items": [wallet("other", "100.00"), wallet("meta", "1.03")]});
    let asked = Mock::given(method("GET")).and(path("/api/v1/wallets"));
    asked.respond_with(ResponseTemplate::new(200).set_body_json(items)).mount(&daemon).await;
    let uri = daemon.uri();
    let output = tokio::task::spawn_blocking(move || check(&folder, &uri, &["--json"])).await.unwrap();
    let sheet = json(&output);
    let warnings = sheet["warnings"].as_array().unwrap();
    assert!(warnings.iter().any(|warning| warning["code"] == "wallet_short"), "{sheet}");
    assert_eq!(sheet["sent_out_at"]["limited_by"], "wallet", "{sheet}");
}

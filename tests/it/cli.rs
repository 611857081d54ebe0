//! Commands, by running the program against a site of the test.

use std::process::Output;

use recado::domain::id::MessageId;
use recado::domain::message::MessageState;
use recado::domain::role::Role;
use serde_json::Value;
use tokio::process::Command;

use crate::engine::stage::{CAMPAIGN, people};
use crate::engine::{change, force};
use crate::support::stores;
use crate::web::daemon::Site;

mod lists;
mod samples;
mod upkeep;

/// What a command printed, and its status.
pub struct Said {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {} {}", self.out, self.err))
    }
}

pub async fn recado(url: &str, token: Option<&str>, args: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recado"));
    command.args(args).env("RECADO_URL", url).env_remove("RECADO_TOKEN_FILE").env_remove("RECADO_TOKEN");
    if let Some(token) = token {
        command.env("RECADO_TOKEN", token);
    }
    let Output { status, stdout, stderr } = command.stdin(std::process::Stdio::null()).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { status: status.code().unwrap(), out: text(stdout), err: text(stderr) }
}

impl Site {
    async fn recado(&self, role: Role, args: &[&str]) -> Said {
        recado(&format!("http://{}", self.address), Some(self.token(role)), args).await
    }
}

#[tokio::test]
async fn a_folder_is_imported_started_watched_paused_resumed_and_cancelled() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    let folder = stores[0].dir.path().join("turnos");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("campaign.toml"), CAMPAIGN).unwrap();
    std::fs::write(folder.join("people.csv"), people(2)).unwrap();

    let imported = site.recado(Role::Marketing, &["import", folder.to_str().unwrap()]).await;
    assert_eq!((imported.status, imported.out.contains("turnos is loaded as version")), (0, true), "{}", imported.err);
    let asked = site.recado(Role::Marketing, &["start", "turnos"]).await;
    assert_eq!(asked.status, 2);
    assert!(
        asked.out.contains("Hola Ana, le esperamos.") && asked.err.contains("--yes"),
        "{} {}",
        asked.out,
        asked.err
    );
    let started = site.recado(Role::Marketing, &["start", "turnos", "--yes", "--json"]).await;
    assert_eq!((started.status, started.json()["run"].is_i64()), (0, true), "{}", started.err);
    let again = site.recado(Role::Marketing, &["start", "turnos", "--yes"]).await;
    assert_eq!(again.status, 1, "{} {}", again.out, again.err);

    let all = site.recado(Role::Marketing, &["status"]).await;
    assert!(all.out.starts_with("run  campaign") && all.out.contains("turnos"), "{}", all.out);
    let paused = site.recado(Role::Marketing, &["pause", "turnos", "--why", "lunch"]).await;
    assert_eq!((paused.status, paused.out.contains("is paused")), (0, true), "{}", paused.err);
    let one = site.recado(Role::Marketing, &["status", "turnos"]).await;
    assert!(one.out.contains("Paused by token:marketing: lunch."), "{}", one.out);
    assert_eq!(site.recado(Role::Marketing, &["pause", "turnos"]).await.status, 1);
    assert_eq!(site.recado(Role::Marketing, &["resume", "turnos"]).await.status, 0);
    assert_eq!(
        site.recado(Role::Marketing, &["cancel", "turnos", "--yes", "--json"]).await.json()["state"],
        "cancelled"
    );
}

#[tokio::test]
async fn a_folder_is_imported_with_the_file_that_its_header_shows() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    let folder = stores[0].dir.path().join("promo");
    std::fs::create_dir(&folder).unwrap();
    let campaign = CAMPAIGN.replace("[template]", "[template]\nimage = \"banner.png\"");
    std::fs::write(folder.join("campaign.toml"), campaign).unwrap();
    std::fs::write(folder.join("people.csv"), people(2)).unwrap();
    let import = ["import", folder.to_str().unwrap()];
    let missing = site.recado(Role::Marketing, &import).await;
    assert!(missing.status != 0 && missing.err.contains("banner.png"), "{}", missing.err);
    std::fs::write(folder.join("banner.png"), b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR").unwrap();
    let imported = site.recado(Role::Marketing, &import).await;
    assert_eq!(imported.status, 0, "{}", imported.err);
    let kept = site.stage.engine.config.campaigns_dir.join("promo/banner.png");
    assert_eq!(std::fs::read(kept).unwrap(), std::fs::read(folder.join("banner.png")).unwrap());
    // What would wait for ever is not opened.
    std::fs::remove_file(folder.join("campaign.toml")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.join("campaign.toml")).unwrap();
    let link = site.recado(Role::Marketing, &import).await;
    assert!(link.status != 0 && link.err.contains("no plain file"), "{}", link.err);
}

#[tokio::test]
async fn doubts_results_suppressions_holds_and_templates_are_read_and_acted_on() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    let run = site.stage.run("turnos", CAMPAIGN, &people(2)).await;
    let messages = site.get(Role::Admin, &format!("/api/v1/runs/{run}/messages")).await.body;
    let message = messages["items"][0]["id"].as_i64().unwrap();
    force(&stores[0], MessageId(message), MessageState::InDoubt).await;

    let listed = site.recado(Role::Admin, &["doubt"]).await;
    assert!(listed.out.contains(&message.to_string()), "{} {}", listed.out, listed.err);
    let settled = site.recado(Role::Admin, &["doubt", "settle", "send-again", &message.to_string()]).await;
    assert_eq!((settled.status, settled.out.as_str()), (0, "tried again: 1\n"), "{}", settled.err);
    assert_eq!(
        site.recado(Role::Admin, &["doubt", "settle", "leave", "--run", &run.to_string(), "--yes"]).await.status,
        1
    );

    let file = stores[0].dir.path().join("results.csv");
    let results = site.recado(Role::Admin, &["results", "turnos", "--out", file.to_str().unwrap()]).await;
    assert_eq!((results.status, std::fs::read_to_string(&file).unwrap().lines().count()), (0, 3), "{}", results.err);

    assert_eq!(site.recado(Role::Admin, &["suppress", "add", "+5491155550123", "--scope", "all"]).await.status, 0);
    let lines = site.recado(Role::Admin, &["suppress", "list", "--json"]).await.json();
    let line = lines["items"][0]["id"].to_string();
    assert_eq!(site.recado(Role::Admin, &["suppress", "lift", &line]).await.status, 0);
    assert_eq!(site.recado(Role::Admin, &["suppress", "lift", &line]).await.status, 1);
    assert_eq!(site.recado(Role::Admin, &["holds"]).await.out, "Nothing stands still.\n");
    let template = site.recado(Role::Admin, &["template", "show", "reminder"]).await;
    assert!(template.out.contains("Hola {{1}}, le esperamos."), "{} {}", template.out, template.err);
    assert_eq!(site.recado(Role::Admin, &["template", "show", "none"]).await.status, 1);
}

#[tokio::test]
async fn without_a_daemon_a_token_or_a_right_a_command_says_so_and_ends_with_2() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    let silent = recado("http://127.0.0.1:1", None, &["status"]).await;
    assert_eq!((silent.status, silent.err.contains("no running Recado answers at http://127.0.0.1:1")), (2, true));
    let url = format!("http://{}", site.address);
    let unknown = recado(&url, None, &["status"]).await;
    assert_eq!((unknown.status, unknown.err.contains("recado token add")), (2, true), "{}", unknown.err);
    let wrong = recado(&url, Some("recado_wrong"), &["status"]).await;
    assert_eq!((wrong.status, wrong.err.contains("does not know this token")), (2, true), "{}", wrong.err);
    let not_allowed = site.recado(Role::Finance, &["suppress", "list"]).await;
    assert_eq!((not_allowed.status, not_allowed.err.contains("Your role may not do this")), (2, true));
}

#[tokio::test]
async fn a_campaign_file_that_cannot_be_read_is_told_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("campaign.toml"), CAMPAIGN.replace("language", "langage")).unwrap();
    let said = recado("http://127.0.0.1:1", None, &["import", dir.path().to_str().unwrap(), "--name", "x"]).await;
    assert_eq!(said.status, 2);
    assert!(said.err.contains("campaign.toml:9:1: unknown key"), "{}", said.err);
}

#[tokio::test]
async fn what_is_not_there_or_has_ended_is_said_in_words_with_what_is_possible() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    let nope = site.recado(Role::Admin, &["status", "nope"]).await;
    assert_eq!((nope.status, nope.err.as_str()), (1, "recado: There is no campaign “nope”.\n"));
    site.stage.load("turnos", CAMPAIGN, &people(1)).await;
    let early = site.recado(Role::Admin, &["resume", "turnos"]).await;
    assert!(early.status == 1 && early.err.contains("has not been started"), "{}", early.err);
    let run = site.stage.run("turnos", CAMPAIGN, &people(1)).await;
    assert_eq!(site.recado(Role::Admin, &["cancel", "turnos", "--yes"]).await.status, 0);
    let late = site.recado(Role::Admin, &["resume", "turnos"]).await;
    let expected = format!("Run {run} was cancelled");
    assert!(
        late.status == 1 && late.err.contains(&expected) && late.err.contains("load it and start it"),
        "{}",
        late.err
    );
    let one = site.recado(Role::Admin, &["status", "turnos"]).await.out;
    assert!(one.contains("· Cancelled") && one.contains("Tue 24 Nov 2026, 10:00 by ana"), "{one}");
    assert!(one.contains("times of        America/Argentina/Buenos_Aires"), "{one}");
}

#[tokio::test]
async fn a_line_that_a_program_added_says_so() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    assert_eq!(site.recado(Role::Admin, &["suppress", "add", "+5491155550123"]).await.status, 0);
    let list = site.recado(Role::Admin, &["suppress", "list"]).await.out;
    assert!(list.contains("by a program: token:admin"), "{list}");
    let wrong = site.recado(Role::Admin, &["suppress", "add", "abc"]).await;
    assert!(
        wrong.err.contains("“abc” is not a number that can be written to. It is not a phone number."),
        "{}",
        wrong.err
    );
    let empty = site.recado(Role::Admin, &["suppress", "add", ""]).await;
    assert!(empty.err.contains("Write the number to send to."), "{}", empty.err);
}

#[tokio::test]
async fn a_campaign_whose_folder_was_removed_is_still_reached_by_its_name() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        site.stage.run("turnos", CAMPAIGN, &people(2)).await;
        site.stage.load("unused", CAMPAIGN, &people(3)).await;
        let mut watcher = recado::engine::watcher::Watcher::new(site.stage.engine.clone());
        watcher.step().await.unwrap();
        let dir = &site.stage.engine.config.campaigns_dir;
        for name in ["turnos", "unused"] {
            std::fs::remove_dir_all(dir.join(name)).unwrap();
        }
        watcher.step().await.unwrap();
        let status = site.recado(Role::Admin, &["status", "turnos"]).await;
        assert!(status.status == 0 && status.out.contains("folder was removed"), "{} {}", status.out, status.err);
        let listed = site.get(Role::Admin, "/api/v1/campaigns").await.body;
        let names: Vec<_> = listed["items"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["turnos"], "{}", store.name());
        assert!(listed["items"][0]["removed_at"].is_i64());
        for command in
            [&["resume", "turnos"][..], &["results", "turnos"], &["cancel", "turnos", "--yes"], &["status", "turnos"]]
        {
            let said = site.recado(Role::Admin, command).await;
            assert_eq!(said.status, 0, "{command:?}: {}", said.err);
        }
        assert_eq!(site.recado(Role::Admin, &["status", "unused"]).await.status, 1);
    }
}

/// Whether others than the owner may do anything with it.
fn is_open_to_others(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o077 != 0
}

#[tokio::test]
async fn what_recado_writes_and_its_backup_are_for_its_user_alone_and_hold_the_campaigns() {
    let dir = tempfile::tempdir().unwrap();
    let config = crate::preflight::folder::CONFIG;
    std::fs::write(dir.path().join("recado.toml"), config).unwrap();
    let at = |path: &str| dir.path().join(path);
    let run = async |args: &[&str]| {
        let mut command = Command::new("sh");
        // The usual umask of a shell.
        command.args(["-c", "umask 022 && exec \"$@\"", "sh", env!("CARGO_BIN_EXE_recado")]).args(args);
        let output = command.current_dir(dir.path()).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["user", "add", "ana", "--role", "admin"]).await;
    for made in ["data", "data/recado.db", "data/recado-webhooks.db"] {
        assert!(!is_open_to_others(&at(made)), "{made}");
    }
    std::fs::create_dir_all(at("data/campaigns/promo")).unwrap();
    std::fs::create_dir_all(at("data/audiences")).unwrap();
    std::fs::write(at("data/campaigns/promo/campaign.toml"), "kind = \"promotion\"\n").unwrap();
    std::fs::write(at("data/audiences/abc"), "x").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", at("data/campaigns/promo/link")).unwrap();
    let said = run(&["backup", "copy"]).await;
    assert!(said.contains("the campaigns' folders (1 files)"), "{said}");
    assert!(said.contains("the store (recado.db and recado-webhooks.db)"), "{said}");
    let kept = [
        "copy",
        "copy/recado.db",
        "copy/recado-webhooks.db",
        "copy/audiences/abc",
        "copy/campaigns/promo",
        "copy/campaigns/promo/campaign.toml",
    ];
    for made in kept {
        assert!(!is_open_to_others(&at(made)), "{made}");
    }
    assert!(!at("copy/campaigns/promo/link").exists());
}

#[tokio::test]
async fn a_daemon_started_by_hand_keeps_its_data_to_itself() {
    use tokio::io::{AsyncBufReadExt, BufReader};

    let dir = tempfile::tempdir().unwrap();
    let config = crate::preflight::folder::CONFIG.replace("127.0.0.1:8080\"\npublic", "127.0.0.1:0\"\npublic");
    std::fs::write(dir.path().join("recado.toml"), config).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "umask 022 && exec \"$@\"", "sh", env!("CARGO_BIN_EXE_recado"), "serve"]);
    command.current_dir(dir.path()).kill_on_drop(true).stderr(std::process::Stdio::piped());
    let mut daemon = command.spawn().unwrap();
    let mut lines = BufReader::new(daemon.stderr.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.contains("listening on") {
            break;
        }
    }
    for made in ["data", "data/recado.db", "data/campaigns", "data/recado.lock"] {
        assert!(!is_open_to_others(&dir.path().join(made)), "{made}");
    }
    daemon.kill().await.unwrap();
}

#[tokio::test]
async fn a_trial_alert_says_by_which_way_it_arrived_and_by_which_not() {
    let dir = tempfile::tempdir().unwrap();
    let example = include_str!("../../recado.example.toml");
    let config = dir.path().join("recado.toml");
    let only = example.replacen("[\"/usr/local/bin/page-me\", \"recado\"]", "[\"/bin/true\"]", 1);
    let only = only.replacen("email ", "# email ", 1).replacen("\nwebhook ", "\n# webhook ", 1);
    let only = only.replacen("webhook_secret = \"whsec_", "# webhook_secret = \"whsec_", 1);
    std::fs::write(&config, &only).unwrap();
    let at = config.to_str().unwrap();
    let told = recado("http://127.0.0.1:9", None, &["alert", "test", "--config", at]).await;
    assert_eq!((told.status, told.out.as_str()), (0, "command  told\n"), "{}", told.err);
    std::fs::write(&config, only.replacen("/bin/true", "/bin/false", 1)).unwrap();
    let failed = recado("http://127.0.0.1:9", None, &["alert", "test", "--config", at]).await;
    assert_eq!((failed.status, failed.out.as_str()), (1, "command  the program ended with exit status: 1\n"));
    let none = only.split("[alerts]").next().unwrap().to_owned() + only.split_once("# What shares").unwrap().1;
    std::fs::write(&config, none.replacen(" one messaging", "# one messaging", 1)).unwrap();
    let nobody = recado("http://127.0.0.1:9", None, &["alert", "test", "--config", at]).await;
    assert_eq!(nobody.status, 1, "{}", nobody.err);
    assert!(nobody.out.contains("nobody would be told"), "{} {}", nobody.out, nobody.err);
}

#[tokio::test]
async fn what_is_wrong_is_listed_by_the_command_line() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    let nothing = site.recado(Role::Operator, &["alert", "list"]).await;
    assert_eq!((nothing.status, nothing.out.as_str()), (0, "Nothing is wrong.\n"), "{}", nothing.err);
}

#[tokio::test]
async fn failed_messages_and_doubts_are_settled_after_their_figures() {
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    let run = site.stage.run("turnos", CAMPAIGN, &people(4)).await;
    change(
        &stores[0],
        "UPDATE message SET state = 'failed', failure_code = 131000, attempt = 1, claimed_at = created_at",
    )
    .await;
    change(&stores[0], "UPDATE message SET state = 'in_doubt', failure_code = NULL WHERE row_no > 2").await;

    let asked = site.recado(Role::Marketing, &["retry", "turnos"]).await;
    assert_eq!(asked.status, 2, "{}", asked.err);
    assert!(asked.out.contains("131000") && asked.out.contains("Another try can help"), "{}", asked.out);
    assert!(asked.err.contains("Messages to try again: 2, for USD 0.0442 to 0.1236."), "{}", asked.err);
    assert_eq!(site.stage.states(run).await["failed"], 2, "nothing was done");
    let done = site.recado(Role::Marketing, &["retry", "--run", &run.to_string(), "--yes", "--json"]).await;
    assert_eq!((done.status, &done.json()["retried"]), (0, &Value::from(2)), "{}", done.err);
    assert_eq!(site.recado(Role::Marketing, &["retry", "turnos", "--yes"]).await.status, 1, "nothing is left");

    let listed = site.recado(Role::Admin, &["doubt", "list", "--run", &run.to_string()]).await;
    assert!(listed.out.contains("A receipt may still come"), "{} {}", listed.out, listed.err);
    let asked = site.recado(Role::Admin, &["doubt", "settle", "send-again", "--all"]).await;
    assert_eq!(asked.status, 2);
    assert!(asked.err.contains("2 people might get theirs twice, for at most USD 0.1236 more"), "{}", asked.err);
    let sent = site.recado(Role::Admin, &["doubt", "settle", "sent", "--all", "--yes"]).await;
    assert_eq!((sent.status, sent.out.as_str()), (0, "counted as sent: 2\n"), "{}", sent.err);
    assert_eq!(site.recado(Role::Admin, &["doubt", "settle", "leave", "--all", "--yes"]).await.status, 1);
}

#[tokio::test]
async fn a_file_that_looks_wrong_is_applied_only_with_anyway() {
    use crate::engine::feeds::{clinic, rows};
    let stores = stores().await;
    let site = Site::open(&stores[0], stores[0].dir.path()).await;
    let folder = stores[0].dir.path().join("clinic");
    std::fs::create_dir(&folder).unwrap();
    let write = |audience: &str| std::fs::write(folder.join("people.csv"), audience).unwrap();
    std::fs::write(folder.join("campaign.toml"), clinic("contains = \"everything ahead\"")).unwrap();
    write(&rows(&[("A", "28/11/2026 09:00"), ("B", "28/11/2026 10:00"), ("C", "28/11/2026 11:00")]));
    let path = folder.to_str().unwrap();
    assert_eq!(site.recado(Role::Marketing, &["import", path]).await.status, 0);
    let started = site.recado(Role::Marketing, &["start", "clinic", "--yes"]).await;
    assert_eq!(started.status, 0, "{} {}", started.out, started.err);
    recado::engine::planner::Planner::new(site.stage.engine.clone()).step().await.unwrap();
    // Two of three are gone, between the others.
    write(&rows(&[("A", "28/11/2026 09:00"), ("D", "28/11/2026 12:00")]));
    assert_eq!(site.recado(Role::Marketing, &["import", path]).await.status, 0);
    let refused = site.recado(Role::Marketing, &["start", "clinic", "--yes"]).await;
    assert_eq!(refused.status, 1, "{}", refused.out);
    assert!(
        refused.out.contains("What this file changes") && refused.out.contains("would take back 2 of 3"),
        "{}",
        refused.out
    );
    let applied = site.recado(Role::Marketing, &["start", "clinic", "--yes", "--anyway"]).await;
    assert_eq!(applied.status, 0, "{} {}", applied.out, applied.err);
}

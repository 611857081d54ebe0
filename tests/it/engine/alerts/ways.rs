//! Mails and programs.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use recado::domain::time::UnixMs;
use recado::engine::alerts::{Untold, Way, Ways};
use recado::provider::outside::OutsideError;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::{Ear, stage};
use crate::engine::stage::Stage;
use crate::support::stores;

async fn ways(more: &str) -> (Ways, crate::support::TestStore) {
    let store = stores().await.swap_remove(0);
    let stage = Stage::with(&store, store.dir.path(), more).await;
    (Ways::new(&stage.engine.config), store)
}

fn script(dir: &Path, text: &str) -> String {
    let path = dir.join("page-me");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[tokio::test]
async fn a_program_gets_the_alert_and_nothing_of_our_environment() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let program = script(dir.path(), "{ cat; echo; echo \"$1|$RECADO_ALERT|$HOME|$CARGO_MANIFEST_DIR\"; } > \"$2\"");
    let more = format!("[alerts]\ncommand = [\"{program}\", \"; exit 3 #\", \"{}\"]\n", out.display());
    let (ways, _store) = ways(&more).await;
    ways.tell(Way::Command, &ways.trial(UnixMs(1_000))).await.unwrap();
    let said = std::fs::read_to_string(out).unwrap();
    let (json, words) = said.split_once('\n').unwrap();
    let told: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!((told["type"].as_str(), told["data"]["kind"].as_str()), (Some("alert.began"), Some("trial")));
    let text = "This is a trial: alerts of Recado arrive here. https://recado.example.org/holds";
    assert_eq!(words, format!("; exit 3 #|{text}||\n"), "no shell reads its arguments");
}

#[tokio::test]
async fn a_program_that_ends_badly_or_is_not_there_has_told_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let program = script(dir.path(), "exit 3");
    let (failing, _one) = ways(&format!("[alerts]\ncommand = [\"{program}\"]\n")).await;
    let ended = failing.tell(Way::Command, &failing.trial(UnixMs(1))).await.unwrap_err();
    assert_eq!(ended.to_string(), "the program ended with exit status: 3");
    let (missing, _two) = ways("[alerts]\ncommand = [\"/no/such\"]\n").await;
    let gone = missing.tell(Way::Command, &missing.trial(UnixMs(1))).await.unwrap_err();
    assert_eq!(gone.to_string(), "the program cannot be run: entity not found");
}

#[tokio::test]
async fn a_webhook_on_this_machine_is_told_only_where_every_provider_is_here_too() {
    let store = stores().await.swap_remove(0);
    let (ear, url) = Ear::listen().await;
    let stage = stage(&store, store.dir.path(), &url).await;
    let here = Ways::new(&stage.engine.config);
    here.tell(Way::Webhook, &here.trial(UnixMs(1))).await.unwrap();
    assert_eq!(ear.said().len(), 1);
    let mut config = recado::config::Config::clone(&stage.engine.config);
    let account = config.accounts.values_mut().next().unwrap();
    account.base_url = "https://graph.facebook.com/v26.0".parse().unwrap();
    let public = Ways::new(&config);
    let refused = public.tell(Way::Webhook, &public.trial(UnixMs(1))).await.unwrap_err();
    assert!(matches!(refused, Untold::Outside(OutsideError::NotHttps)), "{refused:?}");
    assert_eq!(ear.said().len(), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (ear, url) = Ear::listen().await;
    ear.answers(302);
    let store = stores().await.swap_remove(0);
    let stage = stage(&store, store.dir.path(), &url).await;
    let ways = Ways::new(&stage.engine.config);
    let refused = ways.tell(Way::Webhook, &ways.trial(UnixMs(1))).await.unwrap_err();
    assert_eq!(refused.to_string(), "answered with status 302");
}

/// A mail server for one mail; it answers `verdict` to the mail's end. What it was told.
async fn mail_server(verdict: &'static str) -> (u16, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut told = Vec::new();
        let mut in_data = false;
        write.write_all(b"220 here\r\n").await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            let answer = match (in_data, line.as_str()) {
                (true, ".") => verdict,
                (true, _) => "",
                (false, "DATA") => "354 go on\r\n",
                (false, "QUIT") => "221 bye\r\n",
                (false, _) => "250 yes\r\n",
            };
            in_data = (in_data || line == "DATA") && line != ".";
            told.push(line);
            if write.write_all(answer.as_bytes()).await.is_err() || answer.starts_with("221") {
                break;
            }
        }
        told
    });
    (port, served)
}

fn mail(port: u16) -> String {
    let email = "to = [\"ops@example.org\", \"Ana <ana@example.org>\"], from = \"Recado <recado@example.org>\"";
    format!("[alerts]\nlanguage = \"es\"\nemail = {{ {email}, smtp = \"smtp://127.0.0.1:{port}\" }}\n")
}

#[tokio::test]
async fn a_mail_says_it_in_the_language_of_the_installation_with_the_link() {
    let (port, served) = mail_server("250 taken\r\n").await;
    let (ways, _store) = ways(&mail(port)).await;
    ways.tell(Way::Email, &ways.trial(UnixMs(1))).await.unwrap();
    let told = served.await.unwrap().join("\n");
    for part in [
        "RCPT TO:<ops@example.org>",
        "RCPT TO:<ana@example.org>",
        "MAIL FROM:<recado@example.org>",
        "Subject: [Recado] Esto es una prueba: las alertas de Recado llegan",
        "Content-Type: text/plain; charset=utf-8",
        "MIME-Version: 1.0",
        "alertas de Recado llegan aqu=C3=AD.",
        "Auto-Submitted: auto-generated",
        "https://recado.example.org/holds",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[tokio::test]
async fn a_mail_that_is_refused_is_said_to_be_without_the_servers_words() {
    let (port, _served) = mail_server("554 ops@example.org is not welcome\r\n").await;
    let (ways, _store) = ways(&mail(port)).await;
    let refused = ways.tell(Way::Email, &ways.trial(UnixMs(1))).await.unwrap_err();
    assert_eq!(refused.to_string(), "the mail server answered 554");
}

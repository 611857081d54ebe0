//! What screens say comes from the locales, and every word of the code has its sentence.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::Request;
use recado::domain::doubt::Reason;
use recado::domain::exclusion::ExclusionReason;
use recado::domain::message::MessageState;
use recado::domain::retry::Help;
use recado::domain::role::Role;
use recado::domain::template::draft::Draft;
use recado::domain::template::rules;
use recado::engine::DoubtSettlement;
use recado::locale::{Language, problem, say, sentences};
use recado::store::audit::{self, Deed};
use recado::store::hold::{HoldCause, HoldScope};
use serde_json::json;

use super::site::Site;
use crate::support::rust_files;

fn files(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, into) } else { into.push(path) }
    }
}

/// Texts `"web.…"` of templates and sources: whole keys, and beginnings of keys that are completed at run time.
fn used() -> (BTreeSet<String>, BTreeSet<String>) {
    let mut all = vec![PathBuf::from("src/locale.rs")];
    for dir in ["templates", "src/web"] {
        files(Path::new(dir), &mut all);
    }
    all.push("src/locale.rs".into());
    let (mut keys, mut beginnings) = (BTreeSet::new(), BTreeSet::new());
    for file in all {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        for piece in text.split("\"web.").skip(1) {
            let key: String = piece.chars().take_while(|c| c.is_ascii_alphanumeric() || "._".contains(*c)).collect();
            if piece[key.len()..].starts_with('"') && !key.ends_with('.') {
                keys.insert(format!("web.{key}"));
            } else {
                beginnings.insert(format!("web.{key}"));
            }
        }
    }
    (keys, beginnings)
}

#[test]
fn every_key_used_exists_and_every_key_is_used() {
    let (keys, beginnings) = used();
    assert!(keys.len() > 150, "the search for keys finds nothing any more");
    let known = sentences(Language::En);
    for key in &keys {
        assert!(known.contains_key(key), "{key} has no sentence");
    }
    for key in known.keys().filter(|k| k.starts_with("web.")) {
        let used = keys.contains(key) || beginnings.iter().any(|b| key.starts_with(b.as_str()));
        assert!(used, "{key} is not used");
    }
}

#[test]
fn every_word_of_the_domain_has_its_sentence() {
    let known = sentences(Language::En);
    let states = MessageState::ALL.map(|s| format!("web.state.{}", s.as_str()));
    let reasons = ExclusionReason::ALL.map(|r| format!("web.reason.{}", r.as_str()));
    let roles = Role::ALL.map(|r| format!("web.role.{}", r.as_str()));
    let scopes = HoldScope::ALL.map(|s| format!("hold.named.{}", s.as_str()));
    let causes = [
        HoldCause::Outage,
        HoldCause::Refused,
        HoldCause::Quality,
        HoldCause::Budget,
        HoldCause::Person,
        HoldCause::Disk,
        HoldCause::Restored,
        HoldCause::Restricted,
        HoldCause::Review,
        HoldCause::Flagged,
        HoldCause::Deleted,
        HoldCause::Unknown,
        HoldCause::Wallet,
    ]
    .map(|c| format!("web.hold_cause.{}", c.as_str()));
    let words = ["planning", "running", "sent_out", "paused", "held", "cancelled", "closed"]
        .map(|w| format!("web.run_state.{w}"));
    let doubts = Reason::ALL.map(|r| format!("doubt.{}", r.as_str()));
    let helps = Help::ALL.map(|h| format!("retry.{}", h.as_str()));
    let settlements = DoubtSettlement::ALL.map(DoubtSettlement::as_str);
    let settlements: Vec<String> = settlements
        .iter()
        .flat_map(|how| {
            [format!("web.doubts.ask.{how}"), format!("web.deed.doubt.{how}"), format!("web.doubts.do.{how}")]
        })
        .collect();
    for key in doubts.iter().chain(&helps).chain(&settlements) {
        assert!(known.contains_key(key), "{key} has no sentence");
    }
    for key in states.iter().chain(&reasons).chain(&roles).chain(&scopes).chain(&causes).chain(&words) {
        assert!(known.contains_key(key), "{key} has no sentence");
    }
}

#[test]
fn what_is_wrong_with_a_draft_names_its_part_in_the_readers_language() {
    let long = format!("https://x.example/{}", "x".repeat(2_000));
    let draft = json!({"name": "aviso", "language": "es_AR", "category": "utility", "body": "Hola {{1}}, es {{2}} \u{7}.",
        "header": {"kind": "text", "text": "dos\nlíneas"}, "footer": "", "examples": {"1": "Ana\u{7}", "2": "hoy"},
        "time_to_live_s": 1, "buttons": [{"kind": "url", "text": "Ver\u{7}", "url": long},
            {"kind": "url", "text": "Ir", "url": "https://x.example/{{1}}", "example": "https://y.example/a"}]});
    let draft: Draft = serde_json::from_value(draft).unwrap();
    let mut problems = rules::check(&draft);
    problems.extend(rules::words::warn(&draft, rules::words::USUAL));
    assert_eq!(problems.len(), 9, "{problems:?}");
    for language in Language::ALL {
        for one in &problems {
            let said = problem(language, one);
            assert!(!said.contains("template_") && !said.contains('{'), "{said}");
            let own = sentences(language).iter().filter(|(key, _)| key.starts_with("template_field."));
            let parts = own.map(|(key, _)| say(language, key, &[("no", "1"), ("name", "1")]));
            let names_part = parts.into_iter().any(|part| said.contains(&part));
            let has_part = one.args.iter().any(|(name, _)| name == "part_key");
            assert!(names_part || !has_part, "{said}");
        }
    }
}

/// Deeds stand in the sources as `noun.verb`, near where the audit is written.
#[test]
fn every_deed_of_the_audit_has_its_words() {
    let known = sentences(Language::En);
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let mut deeds = BTreeSet::new();
    for file in rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for (at, _) in text.match_indices('"') {
            let (before, after) = (&text[..at], &text[at + 1..]);
            let Some((noun, verb)) = after.split_once('"').and_then(|(word, _)| word.split_once('.')) else { continue };
            let begin = before.char_indices().rev().nth(110).map_or(0, |(at, _)| at);
            let near = &before[begin..];
            // Names of files, and of sentences about the word action or reaction.
            let is_file = matches!(verb, "html" | "toml" | "csv") || matches!(noun, "inbox" | "messages");
            if is_word(noun) && is_word(verb) && !is_file && (near.contains("audit(") || near.contains("action")) {
                deeds.insert(format!("{noun}.{verb}"));
            }
        }
    }
    assert!(deeds.len() > 50 && deeds.contains("person.erase") && deeds.contains("run.start_anyway"), "{deeds:?}");
    let without: Vec<_> = deeds.iter().filter(|deed| !known.contains_key(&format!("web.deed.{deed}"))).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[tokio::test]
async fn what_was_done_and_to_what_is_said_in_the_readers_language() {
    let site = Site::new().await;
    let admin = site.visitor(Role::Admin).await;
    for (action, subject, detail) in [
        ("conversation.claim", "conversation 29", "by answering"),
        ("conversation.unassign", "conversation 30", "user beto, silent"),
        ("conversation.promotions", "conversation 31", "not wanted"),
        ("conversation.outcome", "conversation 32", "cancelled, for ana"),
        ("conversation.answer", "conversation 33", "message 55"),
        ("doubt.leave", "3 messages", "5 6 7"),
        ("hold.place", "account meta", "refused 131031"),
        ("user.role", "user beto", "finance"),
        ("ticket.change", "ticket 4", "state closed"),
        ("run.retry", "run 5", "2 messages; codes 131026 131049; run started by ana"),
        ("variable.set", "variable clinic", ""),
    ] {
        audit::write(&site.store, site.clock.now(), Deed { actor: "ana", action, subject, detail }).await.unwrap();
    }
    site.post("/language", &admin, &[("language", "es"), ("back", "/audit")]).await;
    let page = site.get("/audit", Some(&admin)).await.body;
    for words in [
        "conversación 29 <span class=\"soft small\">al contestar<",
        "conversación 30 <span class=\"soft small\">usuario beto, sin contestar<",
        "conversación 31 <span class=\"soft small\">no las quiere<",
        &format!(
            "conversación 32 <span class=\"soft small\">{}, por ana<",
            say(Language::Es, "web.outcome.cancelled", &[])
        ),
        "conversación 33 <span class=\"soft small\">mensaje 55<",
        "3 mensajes <span class=\"soft small\">5 6 7<",
        &format!("cuenta meta <span class=\"soft small\">{} 131031<", say(Language::Es, "web.hold_cause.refused", &[])),
        &format!("usuario beto <span class=\"soft small\">{}<", say(Language::Es, "web.role.finance", &[])),
        "ticket 4 <span class=\"soft small\">estado cerrado<",
        "envío 5 <span class=\"soft small\">2 mensajes; códigos 131026 131049; envío iniciado por ana<",
        "variable clinic",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains(">conversation") && !page.contains("conversation."), "{page}");
}

#[tokio::test]
async fn a_page_speaks_the_browsers_language_until_another_is_chosen() {
    let site = Site::new().await;
    let visitor = site.visitor(Role::Admin).await;
    let ask = |language: &'static str| {
        Request::get("/campaigns")
            .header("cookie", format!("recado_session={}", visitor.cookie))
            .header("accept-language", language)
            .body(Body::empty())
            .unwrap()
    };
    assert!(site.send(ask("pt-BR")).await.body.contains("<html lang=\"pt\">"));
    assert!(site.send(ask("es-AR")).await.body.contains("Campañas"));
    site.post("/language", &visitor, &[("language", "es"), ("back", "/campaigns")]).await;
    assert!(site.send(ask("en")).await.body.contains("Campañas"));
}

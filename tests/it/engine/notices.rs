//! What providers tell of accounts and numbers by themselves is told in words while it stands, and ends.

use std::time::Duration;

use recado::engine::doctor;
use recado::locale::Language;
use recado::store::hold::{self, HoldCause, HoldScope};
use recado::store::{Store, click, notice, template};
use serde_json::{Value, json};

use super::stage::{CAMPAIGN, SENDER, Stage, people};
use crate::support::stores;

async fn open(store: &Store, stage: &Stage) -> Vec<(String, String, String)> {
    let open = notice::open(store, stage.clock.now()).await.unwrap();
    open.into_iter().map(|n| (n.word, n.number, n.detail)).collect()
}

fn one(word: &str, number: &str, detail: &str) -> Vec<(String, String, String)> {
    vec![(word.to_owned(), number.to_owned(), detail.to_owned())]
}

#[tokio::test]
async fn every_field_that_stops_nothing_is_told_in_words_and_passes() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let cases: Vec<Value> = serde_json::from_str(include_str!("../../fixtures/cloud_api/notices.json")).unwrap();
        for case in cases {
            let said = |key: &str| case[key].as_str().unwrap().to_owned();
            let (field, word, number, detail) = (said("field"), said("word"), said("number"), said("detail"));
            stage.told(&field, case["value"].clone()).await;
            assert_eq!(open(&store, &stage).await, one(&word, &number, &detail), "{field} {}", store.name());
            let reports = doctor::examine(&stage.engine, None).await.unwrap();
            let told = reports[0].findings.iter().filter(|f| f.aspect == "news").map(|f| f.told(Language::Es)).next();
            let told = told.unwrap_or_else(|| panic!("{word} is not told"));
            assert!(told.message.contains(&detail) && !told.message.contains("notice."), "{told:?}");
            assert!(!told.advice.unwrap().contains("notice_do."), "{word}");
            stage.clock.advance(Duration::from_hours(31 * 24));
            assert_eq!(open(&store, &stage).await, [], "{word} stands for ever");
        }
    }
}

#[tokio::test]
async fn a_warning_that_is_resolved_and_an_account_that_is_reinstated_are_told_no_more() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let alert = |status: &str| json!({"alert_info": {"alert_severity": "WARNING", "alert_status": status, "alert_type": "X"}});
        stage.told("account_alerts", alert("ACTIVE")).await;
        stage.told("account_alerts", alert("RESOLVED")).await;
        assert_eq!(open(&store, &stage).await, []);
        stage
            .told("account_update", json!({"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "SPAM"}}))
            .await;
        stage
            .told("account_update", json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}}))
            .await;
        assert_eq!(open(&store, &stage).await, []);
    }
}

#[tokio::test]
async fn of_several_restrictions_each_is_told_while_it_stands() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let ends = stage.clock.now().0 / 1000 + 7200;
        let kinds = ["UTILITY_TEMPLATES", "ADD_PHONE_NUMBER_ACTION", "CUSTOMER_INITIATED_MESSAGING"];
        let info: Vec<Value> =
            kinds.iter().map(|k| json!({"restriction_type": format!("RESTRICTED_{k}"), "expiration": ends})).collect();
        stage.told("account_update", json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": info})).await;
        let info = json!([{"restriction_type": "RESTRICTED_DIRECT_SEND_UTILITY_TEMPLATES", "expiration": ends}]);
        stage.told("account_update", json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": info})).await;
        let words = async || open(&store, &stage).await.into_iter().map(|(word, ..)| word).collect::<Vec<_>>();
        let all = ["restricted_numbers", "restricted_people", "restricted_texts", "restricted_utility"];
        assert_eq!(words().await, all, "{}", store.name());
        stage.clock.advance(Duration::from_hours(3));
        assert_eq!(words().await, all[..3], "its end was told and has come, {}", store.name());
        stage
            .told("account_update", json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}}))
            .await;
        assert_eq!(words().await.len(), 0, "{}", store.name());
    }
}

#[tokio::test]
async fn a_stop_that_is_older_than_its_end_stops_nothing_however_late_it_comes() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.run("one", CAMPAIGN, &people(1)).await;
        stage.clock.advance(Duration::from_hours(1_000));
        let now = stage.clock.now();
        let before = now.minus(Duration::from_hours(72));
        let ends = now.plus(Duration::from_hours(72)).0 / 1000;
        let restricted = |kind: &str| {
            let info = json!([{"restriction_type": format!("RESTRICTED_{kind}"), "expiration": ends}]);
            json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": info})
        };
        let ban = |state: &str| json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state}});
        let review = |decision: &str| json!({"decision": decision});
        let status = |event: &str| json!({"event": event, "message_template_name": "reminder", "message_template_language": "es_AR"});
        let (account, template) = ("account_update", "message_template_status_update");
        for (field, end, stops) in [
            (
                account,
                ban("REINSTATE"),
                vec![ban("DISABLE"), restricted("BIZ_INITIATED_MESSAGING"), restricted("UTILITY_TEMPLATES")],
            ),
            ("account_review_update", review("APPROVED"), vec![review("REJECTED")]),
            (template, status("APPROVED"), vec![status("PAUSED"), status("DISABLED"), status("DELETED")]),
        ] {
            stage.told(field, end).await;
            for stop in stops {
                stage.told_of(before, field, stop.clone()).await;
                assert_eq!(hold::open(&store).await.unwrap(), [], "{stop} {}", store.name());
                assert_eq!(open(&store, &stage).await, [], "{stop} {}", store.name());
            }
        }
        // What is newer than the end, and comes as late, stops again.
        stage.clock.advance(Duration::from_hours(2));
        for (field, stop) in
            [(account, ban("DISABLE")), ("account_review_update", review("REJECTED")), (template, status("PAUSED"))]
        {
            stage.told_of(now.plus(Duration::from_hours(1)), field, stop).await;
        }
        assert_eq!(hold::open(&store).await.unwrap().len(), 3, "{}", store.name());
    }
}

#[tokio::test]
async fn a_stop_told_once_more_after_it_has_ended_stops_nothing_again() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.run("one", CAMPAIGN, &people(1)).await;
        let ago = |hours: u64| stage.clock.now().minus(Duration::from_hours(hours));
        let ban = |state: &str| json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state}});
        let status = |event: &str| {
            json!({"event": event, "message_template_name": "reminder", "message_template_language": "es_AR",
                "other_info": {"title": "FIRST_PAUSE"}})
        };
        for (field, stop, end) in [
            ("account_update", ban("DISABLE"), ban("REINSTATE")),
            ("account_review_update", json!({"decision": "REJECTED"}), json!({"decision": "APPROVED"})),
            ("message_template_status_update", status("PAUSED"), status("APPROVED")),
        ] {
            stage.told_of(ago(2), field, stop.clone()).await;
            assert_eq!(hold::open(&store).await.unwrap().len(), 1, "{field} {}", store.name());
            stage.told_of(ago(1), field, end).await;
            assert_eq!(hold::open(&store).await.unwrap(), [], "{field} {}", store.name());
            stage.told_of(ago(2), field, stop.clone()).await;
            assert_eq!(hold::open(&store).await.unwrap(), [], "the same again: {field} {}", store.name());
            assert_eq!(open(&store, &stage).await, [], "{field} {}", store.name());
        }
        let kept = template::told(&store, "meta", "reminder", "es_AR").await.unwrap().unwrap();
        assert_eq!(kept.reason, "", "{}", store.name());
    }
}

#[tokio::test]
async fn a_restriction_of_utility_templates_lasts_as_long_as_the_latest_word_on_it_says() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(1)).await;
        let until = |hours: u64| stage.clock.now().plus(Duration::from_hours(hours));
        let restricted = |until: recado::domain::time::UnixMs| {
            let info = json!([{"restriction_type": "RESTRICTED_UTILITY_TEMPLATES", "expiration": until.0 / 1000}]);
            json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": info})
        };
        let held = async || {
            let open = hold::open(&store).await.unwrap();
            open.into_iter().map(|h| (h.scope_key, h.until_at)).collect::<Vec<_>>()
        };
        stage.told("account_update", restricted(until(5))).await;
        let earlier = stage.clock.now().minus(Duration::from_hours(3));
        stage.told_of(earlier, "account_update", restricted(until(2))).await;
        assert_eq!(held().await, [(run.to_string(), Some(until(5)))], "{}", store.name());
        stage.clock.advance(Duration::from_mins(1));
        stage.told("account_update", restricted(until(9))).await;
        assert_eq!(held().await, [(run.to_string(), Some(until(9)))], "{}", store.name());
        stage
            .told("account_update", json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}}))
            .await;
        assert_eq!(held().await, [], "{}", store.name());
    }
}

#[tokio::test]
async fn a_review_that_refuses_is_told_by_its_hold_in_place_of_the_review() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let review = |decision: &str| json!({"decision": decision});
        stage.told("account_review_update", review("PENDING")).await;
        stage.told("account_review_update", review("REJECTED")).await;
        assert_eq!(open(&store, &stage).await, [], "{}", store.name());
        for language in Language::ALL {
            let reports = doctor::examine(&stage.engine, None).await.unwrap();
            let told: Vec<String> = reports[0]
                .findings
                .iter()
                .filter(|found| found.aspect == "holds")
                .map(|found| found.told(language).message)
                .collect();
            assert!(told.len() == 1 && told[0].contains("Business Manager"), "{told:?}");
        }
        stage.told("account_review_update", review("APPROVED")).await;
        let reports = doctor::examine(&stage.engine, None).await.unwrap();
        assert!(reports[0].findings.iter().all(|found| found.aspect != "holds"), "{}", store.name());
    }
}

#[tokio::test]
async fn an_error_without_a_message_stops_what_its_code_says() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let error = |code: i64| json!({"errors": [{"code": code, "title": "no"}]});
        let held = async || {
            let open = hold::open(&store).await.unwrap();
            open.into_iter().map(|h| (h.scope, h.scope_key, h.cause, h.code)).collect::<Vec<_>>()
        };
        stage.told("messages", error(130_429)).await;
        assert_eq!(held().await, [], "one that passes holds nothing");
        stage.told("messages", error(131_048)).await;
        assert_eq!(held().await, [(HoldScope::Sender, SENDER.to_owned(), HoldCause::Refused, Some(131_048))]);
        stage.told("messages", error(131_042)).await;
        assert!(held().await.iter().any(|(scope, ..)| *scope == HoldScope::Account), "{}", store.name());
    }
}

#[tokio::test]
async fn a_link_that_was_opened_counts_for_the_latest_message_once() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(2)).await;
        assert_eq!(stage.sender().drain().await, 2);
        let phone = "5491150000000";
        let at = (stage.clock.now().0 / 1000 + 60).to_string();
        let click = json!({"contacts": [{"wa_id": phone}], "user_actions": [{"action_type": "marketing_messages_link_click",
            "timestamp": at, "wa_id": phone}]});
        stage.clock.advance(Duration::from_mins(5));
        stage.told("messages", click.clone()).await;
        stage.told("messages", click).await;
        assert_eq!(click::of_run(&store, run).await.unwrap(), 1, "{}", store.name());
        let stranger = json!({"user_actions": [{"action_type": "marketing_messages_link_click", "timestamp": at, "wa_id": "5491199999999"}]});
        stage.told("messages", stranger).await;
        assert_eq!(click::of_run(&store, run).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_call_opens_a_conversation_and_its_window_once() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let at = (stage.clock.now().0 / 1000).to_string();
        let call = |event: &str| {
            json!({"metadata": {"display_phone_number": "5491155550100", "phone_number_id": "106540352242922"},
            "calls": [{"id": "wacid.1", "from": "5491155550123", "event": event, "direction": "USER_INITIATED", "timestamp": at}]})
        };
        stage.told("calls", call("connect")).await;
        stage.told("calls", call("terminate")).await;
        let ours = json!({"metadata": {"phone_number_id": "106540352242922"}, "calls": [{"id": "wacid.2", "to": "5491155550124",
            "event": "connect", "direction": "BUSINESS_INITIATED", "timestamp": at}]});
        stage.told("calls", ours).await;
        let recado::store::Db::Sqlite(pool) = &store.read else { continue };
        let talks: Vec<Option<i64>> =
            sqlx::query_scalar("SELECT window_until FROM conversation").fetch_all(pool).await.unwrap();
        assert_eq!(talks.len(), 1);
        assert!(talks[0].is_some_and(|until| until > stage.clock.now().0), "{talks:?}");
    }
}

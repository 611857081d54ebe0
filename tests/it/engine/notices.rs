//! What providers tell of accounts and numbers by themselves is told in words while it stands, and ends.

use std::time::Duration;

use recado::engine::doctor;
use recado::locale::Language;
use recado::store::hold::{self, HoldCause, HoldScope};
use recado::store::{Store, click, notice};
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
        let number = "15550783881";
        let cases: [(&str, Value, &str, &str, &str); 12] = [
            (
                "security",
                json!({"display_phone_number": number, "event": "PIN_CHANGED", "requester": "12"}),
                "security",
                number,
                "PIN_CHANGED",
            ),
            (
                "phone_number_name_update",
                json!({"display_phone_number": number, "decision": "REJECTED", "requested_verified_name": "Shop", "rejection_reason": "NAME_EMPLOYEE_ISSUE"}),
                "name_refused",
                number,
                "REJECTED Shop NAME_EMPLOYEE_ISSUE",
            ),
            (
                "phone_number_name_update",
                json!({"display_phone_number": number, "decision": "APPROVED", "requested_verified_name": "Shop", "rejection_reason": null}),
                "name_approved",
                number,
                "APPROVED Shop",
            ),
            (
                "account_update",
                json!({"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "SPAM"}}),
                "violation",
                "",
                "ACCOUNT_VIOLATION SPAM",
            ),
            (
                "account_update",
                json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "SCHEDULE_FOR_DISABLE", "waba_ban_date": "April 17, 2025"}}),
                "ban_ahead",
                "",
                "DISABLED_UPDATE SCHEDULE_FOR_DISABLE April 17, 2025",
            ),
            (
                "account_update",
                json!({"event": "VOLUME_BASED_PRICING_TIER_UPDATE", "volume_tier_info": {"pricing_category": "UTILITY", "tier": "250001:2000000", "effective_month": "2026-11", "region": "Brazil"}}),
                "volume_tier",
                "",
                "VOLUME_BASED_PRICING_TIER_UPDATE UTILITY Brazil 250001-2000000 2026-11",
            ),
            (
                "account_alerts",
                json!({"alert_info": {"alert_severity": "WARNING", "alert_status": "ACTIVE", "alert_type": "X"}}),
                "alert",
                "",
                "X WARNING ACTIVE",
            ),
            ("account_review_update", json!({"decision": "PENDING"}), "review", "", "PENDING"),
            (
                "payment_configuration_update",
                json!({"configuration_name": "cards", "status": "Needs_Testing"}),
                "payment",
                "",
                "Needs_Testing cards",
            ),
            ("flows", json!({"event": "FLOW_STATUS_CHANGE", "flow_id": "77"}), "flow", "", "FLOW_STATUS_CHANGE 77"),
            ("smb_message_echoes", json!({"message_echoes": [{}]}), "echoes", "", ""),
            (
                "messages",
                json!({"errors": [{"code": 131_000, "title": "Something went wrong", "error_data": {"details": "Try again"}}]}),
                "error",
                "5491155550100",
                "131000 Try again",
            ),
        ];
        for (field, value, word, number, detail) in cases {
            stage.told(field, value).await;
            assert_eq!(open(&store, &stage).await, one(word, number, detail), "{field} {}", store.name());
            let reports = doctor::examine(&stage.engine, None).await.unwrap();
            let told = reports[0].findings.iter().filter(|f| f.aspect == "news").map(|f| f.told(Language::Es)).next();
            let told = told.unwrap_or_else(|| panic!("{word} is not told"));
            assert!(told.message.contains(detail) && !told.message.contains("notice."), "{told:?}");
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

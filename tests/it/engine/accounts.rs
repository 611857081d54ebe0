//! What the provider says of accounts, numbers, countries and categories is obeyed, kept, and ends by itself.

use std::time::Duration;

use prometheus_client::registry::Registry;
use recado::domain::message::MessageState;
use recado::domain::run::RunState;
use recado::domain::template::Category;
use recado::domain::time::UnixMs;
use recado::engine::waiting;
use recado::locale::{self, Language};
use recado::store::hold::{self, HoldCause, HoldEnd, HoldScope, NewHold};
use recado::store::{Db, Store, audit, run};
use serde_json::json;

use super::gates::{conversation, user};
use super::stage::{CAMPAIGN, Does, SENDER, Stage, people};
use crate::support::stores;

pub(super) async fn holds(store: &Store) -> Vec<(HoldScope, String, HoldCause)> {
    hold::open(store).await.unwrap().into_iter().map(|hold| (hold.scope, hold.scope_key, hold.cause)).collect()
}

#[tokio::test]
async fn a_restricted_account_waits_until_the_restriction_ends() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.run("one", CAMPAIGN, &people(3)).await;
        let ends = stage.clock.now().plus(Duration::from_hours(72));
        let info = json!([{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": ends.0 / 1000}]);
        stage.told("account_update", json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": info})).await;
        let open = hold::open(&store).await.unwrap();
        assert_eq!((open.len(), open[0].cause, open[0].until_at), (1, HoldCause::Restricted, Some(ends)));
        assert_eq!(stage.sender().drain().await, 0, "{}", store.name());
        stage.clock.advance(Duration::from_hours(71));
        stage.janitor().await;
        assert_eq!(holds(&store).await.len(), 1, "{}", store.name());
        stage.clock.advance(Duration::from_hours(1));
        stage.janitor().await;
        assert_eq!(holds(&store).await, [], "{}", store.name());
        assert_eq!(stage.sender().drain().await, 3);
        let deeds = stage.own_deeds().await;
        let deeds: Vec<(&str, &str)> = deeds.iter().map(|(deed, of)| (deed.as_str(), of.as_str())).collect();
        let account = "account meta";
        assert_eq!(deeds, [("account.news", account), ("hold.place", account), ("hold.lift", account)]);
    }
}

#[tokio::test]
async fn what_is_refused_for_a_restriction_that_is_told_waits_for_the_end_of_that_alone() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let refused = |code| NewHold {
            scope: HoldScope::Account,
            scope_key: "meta".to_owned(),
            cause: HoldCause::Refused,
            code: Some(code),
            until_at: None,
        };
        let account = |cause| (HoldScope::Account, "meta".to_owned(), cause);
        let ban = |state: &str| json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state}});
        let ends = stage.clock.now().plus(Duration::from_hours(1));
        let info = json!([{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": ends.0 / 1000}]);
        let restriction = json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": info});
        for news in [restriction, ban("DISABLE")] {
            assert!(hold::place(&store, &refused(368), stage.clock.now()).await.unwrap(), "{}", store.name());
            stage.told("account_update", news).await;
            assert_eq!(holds(&store).await, [account(HoldCause::Restricted)], "{}", store.name());
            // What was on its way then is refused later.
            assert!(!hold::place(&store, &refused(368), stage.clock.now()).await.unwrap(), "{}", store.name());
            stage.clock.advance(Duration::from_hours(1));
            stage.janitor().await;
            stage.told("account_update", ban("REINSTATE")).await;
            assert_eq!(holds(&store).await, [], "{}", store.name());
        }
        for code in [368, 131_031] {
            assert!(hold::place(&store, &refused(code), stage.clock.now()).await.unwrap(), "{}", store.name());
            stage.clock.advance(Duration::from_mins(1));
            stage.told("account_update", ban("REINSTATE")).await;
            let left = holds(&store).await;
            assert_eq!(left.is_empty(), code == 368, "{code} {left:?} {}", store.name());
        }
    }
}

#[tokio::test]
async fn whoever_wrote_to_a_restricted_account_still_gets_an_answer() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.run("one", CAMPAIGN, &people(3)).await;
        let info = json!([{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING"}]);
        stage.told("account_update", json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": info})).await;
        let agent = user(&store).await;
        let talk = conversation(&store, Some(Duration::from_hours(1))).await;
        stage.engine.answer(talk, "Hola, Ana", &agent, recado::engine::Seen::default()).await.unwrap();
        assert_eq!((stage.sender().drain().await, stage.stub.count()), (1, 1), "{}", store.name());
    }
}

#[tokio::test]
async fn an_account_switched_off_is_held_until_it_is_reinstated_and_warnings_are_only_kept() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let ban = |state: &str| json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state}});
        stage
            .told("account_update", json!({"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "SPAM"}}))
            .await;
        stage.told("account_alerts", json!({"alert_info": {"alert_type": "X", "alert_severity": "WARNING"}})).await;
        stage.told("account_update", ban("SCHEDULE_FOR_DISABLE")).await;
        assert_eq!(holds(&store).await, [], "{}", store.name());
        assert_eq!(stage.own_deeds().await.len(), 3, "each is kept");
        stage.told("account_update", ban("DISABLE")).await;
        assert_eq!(holds(&store).await, [(HoldScope::Account, "meta".to_owned(), HoldCause::Restricted)]);
        stage.clock.advance(Duration::from_hours(1_000));
        stage.janitor().await;
        assert_eq!(holds(&store).await.len(), 1, "nobody said until when, {}", store.name());
        stage.told("account_update", ban("REINSTATE")).await;
        assert_eq!(holds(&store).await, [], "{}", store.name());
    }
}

#[tokio::test]
async fn news_that_are_older_than_a_stop_do_not_end_it() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.clock.advance(Duration::from_hours(1_000));
        let now = stage.clock.now();
        let before = now.minus(Duration::from_hours(72));
        let restricted = |until: UnixMs| {
            let info =
                json!([{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": until.0 / 1000}]);
            json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": info})
        };
        let ban = |state: &str| json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state}});
        let until = async || hold::open(&store).await.unwrap().first().map(|hold| hold.until_at);
        let ends = now.plus(Duration::from_hours(2));
        stage.told("account_update", restricted(ends)).await;
        stage.told_of(before, "account_update", restricted(before.plus(Duration::from_hours(24)))).await;
        assert_eq!(until().await, Some(Some(ends)), "{}", store.name());
        stage.clock.advance(Duration::from_hours(1));
        stage.told("account_update", ban("DISABLE")).await;
        stage.told_of(before, "account_update", ban("REINSTATE")).await;
        assert_eq!(until().await, Some(None), "{}", store.name());
        stage.clock.advance(Duration::from_hours(1));
        // What comes late may still be newer than the stop.
        let since = stage.clock.now().minus(Duration::from_mins(30));
        stage.told_of(since, "account_update", ban("REINSTATE")).await;
        assert_eq!(until().await, None, "{}", store.name());
    }
}

#[tokio::test]
async fn an_account_that_is_deleted_does_not_come_back_by_itself() {
    let store = stores().await.swap_remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    stage.told("account_update", json!({"event": "ACCOUNT_DELETED"})).await;
    let held = hold::open(&store).await.unwrap().remove(0);
    assert_eq!(held.ends(), HoldEnd::Person);
    for (language, word) in
        [(Language::En, "was deleted"), (Language::Es, "se eliminó"), (Language::Pt, "foi excluída")]
    {
        let said = waiting::held(&held).sentence(language);
        assert!(said.contains(word) && !said.contains('{'), "{said}");
    }
}

#[tokio::test]
async fn a_review_that_approves_ends_what_a_review_refused_and_nothing_else() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let review = |decision: &str| json!({"decision": decision});
        let causes = async || holds(&store).await.into_iter().map(|(.., cause)| cause).collect::<Vec<_>>();
        let until = stage.clock.now().plus(Duration::from_hours(5));
        let info = json!([{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": until.0 / 1000}]);
        stage.told("account_update", json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": info})).await;
        stage.told("account_review_update", review("APPROVED")).await;
        assert_eq!(causes().await, [HoldCause::Restricted], "{}", store.name());
        stage.told("account_review_update", review("REJECTED")).await;
        stage.told("account_review_update", review("DEFERRED")).await;
        assert_eq!(causes().await, [HoldCause::Restricted, HoldCause::Review], "{}", store.name());
        assert_eq!(hold::open(&store).await.unwrap()[0].until_at, Some(until), "the restriction's end stays");
        stage.clock.advance(Duration::from_hours(1_000));
        stage.janitor().await;
        assert_eq!(causes().await, [HoldCause::Review], "only a review ends it, {}", store.name());
        let ban = json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}});
        stage.told("account_update", ban).await;
        stage.told("account_review_update", review("APPROVED")).await;
        assert_eq!(causes().await, [HoldCause::Restricted], "the ban stands, {}", store.name());
        let reinstated = json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}});
        stage.told("account_update", reinstated).await;
        assert_eq!(causes().await, [], "{}", store.name());
    }
}

#[tokio::test]
async fn news_of_another_account_holds_nothing() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "999", "changes": [
            {"field": "account_update", "value": {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}}]}]});
        stage.engine.keep_webhook("meta", body.to_string().as_bytes(), stage.clock.now()).await.unwrap();
        stage.told("account_alerts", json!({})).await;
        assert_eq!(holds(&store).await, [], "{}", store.name());
    }
}

#[tokio::test]
async fn utility_templates_alone_are_held_where_only_they_are_restricted() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", CAMPAIGN, &people(2)).await;
        let info = json!([{"restriction_type": "RESTRICTED_UTILITY_TEMPLATES", "expiration": stage.clock.now().0 / 1000 + 60}]);
        stage.told("account_update", json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": info})).await;
        assert_eq!(holds(&store).await, [(HoldScope::Run, id.to_string(), HoldCause::Restricted)], "{}", store.name());
        let other = stage.run("two", CAMPAIGN, &people(3)).await;
        let held: Vec<String> = holds(&store).await.into_iter().map(|(_, run, _)| run).collect();
        assert_eq!(held, [id.to_string(), other.to_string()], "one that begins later, {}", store.name());
        stage.clock.advance(Duration::from_secs(61));
        stage.janitor().await;
        let last = stage.run("three", CAMPAIGN, &people(4)).await;
        assert_eq!(holds(&store).await, [], "it is over, {last} {}", store.name());
    }
}

#[tokio::test]
async fn a_number_that_is_flagged_rests_until_a_person_or_the_provider_lets_it_go_on() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let sender = stage.sender();
        let says = async |word: Option<&'static str>| {
            *stage.stub.status.lock().unwrap() = word;
            assert!(sender.dispatcher.ask_grant().await);
            holds(&store).await.into_iter().map(|(_, _, cause)| cause).collect::<Vec<_>>()
        };
        assert_eq!(says(Some("FLAGGED")).await, [HoldCause::Flagged], "{}", store.name());
        assert_eq!(says(Some("BANNED")).await, [HoldCause::Restricted], "the worse takes its place");
        assert_eq!(says(Some("FLAGGED")).await, [HoldCause::Flagged]);
        let open = hold::open(&store).await.unwrap();
        stage.engine.lift_hold(open[0].id, "ana").await.unwrap();
        assert_eq!(says(Some("FLAGGED")).await, [], "{}: a person has set the warning aside", store.name());
        assert_eq!(says(None).await, []);
        assert_eq!(says(Some("FLAGGED")).await, [HoldCause::Flagged], "a new warning");
        assert_eq!(says(None).await, [], "{}", store.name());
    }
}

#[tokio::test]
async fn a_number_that_is_restricted_is_held_until_it_is_connected() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let sender = stage.sender();
        *stage.stub.status.lock().unwrap() = Some("RESTRICTED");
        assert!(sender.dispatcher.ask_grant().await && sender.dispatcher.ask_grant().await);
        assert_eq!(holds(&store).await, [(HoldScope::Sender, SENDER.to_owned(), HoldCause::Restricted)]);
        *stage.stub.status.lock().unwrap() = None;
        assert!(sender.dispatcher.ask_grant().await);
        assert_eq!(holds(&store).await, [], "{}", store.name());
    }
}

#[tokio::test]
async fn a_template_billed_as_something_else_stops_its_runs_with_what_it_means_in_money() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", CAMPAIGN, &people(10)).await;
        let news = |more: serde_json::Value| {
            let mut value = json!({"message_template_id": 1, "message_template_name": "reminder",
                "message_template_language": "es_AR"});
            value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            value
        };
        let announced = news(json!({"new_category": "UTILITY", "correct_category": "MARKETING"}));
        stage.told("template_category_update", announced).await;
        let open = run::get(&store, id).await.unwrap().unwrap();
        assert_eq!((open.state, open.snapshot().unwrap().category), (RunState::Running, Category::Utility));

        let done = news(json!({"previous_category": "UTILITY", "new_category": "MARKETING"}));
        stage.told("template_category_update", done).await;
        let paused = run::get(&store, id).await.unwrap().unwrap();
        assert_eq!((paused.state, paused.snapshot().unwrap().category), (RunState::Paused, Category::Marketing));
        let said = locale::problems(Language::En, &paused.paused_for());
        // Ten to Argentina: 0.0260 as utility, 0.0618 as marketing.
        assert!(said.contains("USD 0.618") && said.contains("USD 0.26"), "{said}");
        const PRICES: &str = "SELECT DISTINCT estimated FROM message WHERE category = 'marketing'";
        let prices: Vec<i64> = match &store.write {
            Db::Sqlite(pool) => sqlx::query_scalar(PRICES).fetch_all(pool).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_scalar(PRICES).fetch_all(pool).await.unwrap(),
        };
        assert_eq!(prices, [61_800], "{}", store.name());
        let kept = recado::store::template::get(&store, "meta", "reminder", "es_AR").await.unwrap().unwrap();
        assert_eq!(kept.category, Category::Marketing);
        stage.engine.resume(id, "ana").await.unwrap();
        assert_eq!(stage.sender().drain().await, 10, "a person has decided, {}", store.name());
    }
}

#[tokio::test]
async fn what_recado_holds_by_itself_is_in_the_audit() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.run("one", CAMPAIGN, &people(1)).await;
        stage.stub.next([Does::Says(401, 190)]);
        stage.sender().step().await;
        let lines = audit::page(&store, i64::MAX, "recado", "hold.place", 10).await.unwrap();
        assert_eq!(
            (lines.len(), lines[0].subject.as_str(), lines[0].detail.as_str()),
            (1, "account meta", "refused 190")
        );
        let open = hold::open(&store).await.unwrap();
        stage.engine.lift_hold(open[0].id, "ana").await.unwrap();
        let lifted = audit::page(&store, i64::MAX, "", "hold.lift", 10).await.unwrap();
        assert_eq!(lifted, [], "whoever serves the person notes what the person does, {}", store.name());
    }
}

#[tokio::test]
async fn an_overridden_error_does_what_the_operator_wants() {
    for store in stores().await {
        let more = "[errors.131026]\nclass = \"hold\"\nscope = \"sender\"\n[errors.190]\nclass = \"fix\"";
        let stage = Stage::with(&store, store.dir.path(), more).await;
        let id = stage.run("one", CAMPAIGN, &people(2)).await;
        stage.stub.next([Does::Says(401, 190), Does::Says(400, 131_026)]);
        stage.sender().step().await;
        assert_eq!(stage.states(id).await[MessageState::Failed.as_str()], 1, "{}", store.name());
        assert_eq!(holds(&store).await, [(HoldScope::Sender, SENDER.to_owned(), HoldCause::Refused)]);
    }
}

#[tokio::test]
async fn sends_are_counted_by_sender_and_class_and_receipts_by_what_they_say() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.run("one", CAMPAIGN, &people(4)).await;
        stage.stub.next([Does::Says(400, 131_026), Does::Says(400, 132_000), Does::Accepts, Does::Reviews]);
        stage.sender().drain().await;
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen[2..4], "delivered", None).await;
        let mut registry = Registry::with_prefix("recado");
        stage.engine.counters.register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            "recado_sends_total{sender=\"front\",answer=\"strike\"} 1",
            "recado_sends_total{sender=\"front\",answer=\"fix\"} 1",
            "recado_sends_total{sender=\"front\",answer=\"accepted\"} 1",
            "recado_sends_total{sender=\"front\",answer=\"in_review\"} 1",
            "recado_receipts_total{account=\"meta\",status=\"delivered\"} 2",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}

#[tokio::test]
async fn a_category_found_by_reading_the_template_again_stops_runs_like_the_webhook_does() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = stage.run("one", CAMPAIGN, &people(2)).await;
        stage.stub.template.lock().unwrap()["category"] = json!("MARKETING");
        // Another campaign of the template is started: that reads it, and no webhook ever said so.
        let version = stage.load("two", CAMPAIGN, &people(3)).await;
        stage.engine.start(version, "ana").await.unwrap();
        let paused = recado::store::run::get(&store, run).await.unwrap().unwrap();
        assert_eq!(paused.state, RunState::Paused, "{}", store.name());
        assert_eq!(paused.paused_for()[0].code, "pause_category");
        assert_eq!(paused.snapshot().unwrap().category, Category::Marketing);
        // The webhook that comes late says nothing new.
        stage.engine.resume(run, "ana").await.unwrap();
        let news = json!({"message_template_name": "reminder", "message_template_language": "es_AR",
            "previous_category": "UTILITY", "new_category": "MARKETING"});
        stage.told("template_category_update", news).await;
        let open = recado::store::run::get(&store, run).await.unwrap().unwrap();
        assert_eq!(open.state, RunState::Running, "{}", store.name());
    }
}

//! What a template is billed as decides who gets it, at the instant of sending; news of it count by their own time.

use std::time::Duration;

use recado::domain::callback::CallbackData;
use recado::domain::exclusion::ExclusionReason;
use recado::domain::id::{MessageId, RunId};
use recado::domain::template::Category;
use recado::engine::{HandOutcome, HandSend};
use recado::store::{run, template};
use serde_json::{Value, json};

use super::gates::{by_hand, user};
use super::stage::{CAMPAIGN, Stage, people};
use super::{change, count};
use crate::support::stores;

const FIELD: &str = "template_category_update";

fn from_to(was: &str, is: &str) -> Value {
    json!({"message_template_name": "reminder", "message_template_language": "es_AR",
        "previous_category": was, "new_category": is})
}

/// Everybody who is in such a state wants no promotions.
async fn no_promotions(stage: &Stage, state: &str) {
    let sql = format!(
        "INSERT INTO suppression (person_id, scope, source, created_at, created_by)
            SELECT person_id, 'marketing', 'reply', 1, 'automatic' FROM message WHERE state = '{state}'"
    );
    change(&stage.engine.store, &sql).await;
}

/// A run whose two messages have failed, and which is closed.
async fn closed_after_failures(stage: &Stage) -> RunId {
    let id = stage.run("one", CAMPAIGN, &people(2)).await;
    stage.sender().drain().await;
    let fail = "UPDATE message SET state = 'failed', failure_code = 131000, ended_at = claimed_at, reserved = 0";
    change(&stage.engine.store, fail).await;
    stage.janitor().await;
    id
}

#[tokio::test]
async fn what_is_in_line_when_its_template_becomes_a_promotion_goes_to_nobody_who_wants_none() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", CAMPAIGN, &people(4)).await;
        let mut sender = stage.sender();
        sender.dispatcher = sender.dispatcher.with_slots(1);
        sender.step().await;
        assert_eq!(stage.stub.count(), 1, "the sender knows the run, {}", store.name());
        no_promotions(&stage, "queued").await;
        // Resumed before the sender has looked: what it knew of the run is not what counts.
        stage.told(FIELD, from_to("UTILITY", "MARKETING")).await;
        stage.engine.resume(id, "ana").await.unwrap();
        sender.drain().await;
        assert_eq!(stage.states(id).await, [("accepted", 1), ("excluded", 3)].into(), "{}", store.name());
        assert_eq!(stage.stub.count(), 1);
    }
}

#[tokio::test]
async fn what_failed_is_not_tried_again_as_a_promotion_for_who_wants_none_though_its_run_was_closed_before() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = closed_after_failures(&stage).await;
        assert_eq!(run::get(&store, id).await.unwrap().unwrap().state.as_str(), "closed");
        no_promotions(&stage, "failed").await;
        assert_eq!(stage.engine.retry_sheet(id).await.unwrap().groups[0].again, 2, "{}", store.name());
        stage.told(FIELD, from_to("UTILITY", "MARKETING")).await;
        let sheet = stage.engine.retry_sheet(id).await.unwrap();
        let left_out = sheet.groups[0].left_out.get(&ExclusionReason::Suppressed);
        assert_eq!((sheet.groups[0].again, left_out), (0, Some(&2)), "{}", store.name());
        assert_eq!(stage.engine.retry(id, &[131_000].into()).await.unwrap(), Some(0));
    }
}

#[tokio::test]
async fn what_is_tried_again_leaves_by_what_its_template_has_become_since_its_run_was_closed() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = closed_after_failures(&stage).await;
        stage.told(FIELD, from_to("UTILITY", "MARKETING")).await;
        assert_eq!(stage.engine.retry(id, &[131_000].into()).await.unwrap(), Some(2), "{}", store.name());
        // Who wants none says so while the message waits.
        let wish = "INSERT INTO suppression (person_id, scope, source, created_at, created_by)
            SELECT MIN(person_id), 'marketing', 'reply', 1, 'automatic' FROM message";
        change(&store, wish).await;
        stage.sender().drain().await;
        assert_eq!(stage.states(id).await, [("accepted", 1), ("excluded", 1)].into(), "{}", store.name());
        // It is billed as that, too: a delivery that tells no price is charged at its list's.
        let sent = MessageId(count(&store, "SELECT id FROM message WHERE state = 'accepted'").await);
        let callback = CallbackData { instance: stage.engine.instance.clone(), message: sent, attempt: 2 };
        stage.receipts(&[callback], "delivered", None).await;
        assert_eq!(stage.bill(sent).await, ("marketing".to_owned(), 61_800, 61_800), "{}", store.name());
    }
}

#[tokio::test]
async fn a_category_that_was_told_before_the_template_was_read_overrules_nothing_and_has_it_read_again() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let id = stage.run("one", CAMPAIGN, &people(2)).await;
        let ago = |hours: u64| stage.clock.now().minus(Duration::from_hours(hours));
        stage.stub.template.lock().unwrap()["category"] = json!("MARKETING");
        stage.engine.sync_templates("meta").await.unwrap();
        let billed = async || template::get(&store, "meta", "reminder", "es_AR").await.unwrap().unwrap().category;
        assert_eq!(billed().await, Category::Marketing);
        // The webhook of the change was lost; older ones come late, one after the other.
        for hours in [5, 3] {
            stage.told_of(ago(hours), FIELD, from_to("MARKETING", "UTILITY")).await;
            assert_eq!(billed().await, Category::Marketing, "{hours} {}", store.name());
            assert!(template::has_stale(&store, "meta").await.unwrap(), "it is asked for, {}", store.name());
        }
        let used = run::get(&store, id).await.unwrap().unwrap().snapshot().unwrap().category;
        assert_eq!(used, Category::Marketing, "{}", store.name());
        stage.clock.advance(Duration::from_hours(1));
        stage.told(FIELD, from_to("MARKETING", "UTILITY")).await;
        assert_eq!(billed().await, Category::Utility, "what is newer counts, {}", store.name());
    }
}

impl Stage {
    /// The template is sent by hand to each of these numbers, and waits in line.
    async fn written(&self, to: &[&str]) -> Vec<MessageId> {
        let agent = user(&self.engine.store).await;
        let mut sent = Vec::new();
        for to in to {
            let send = HandSend { values: vec![("1".to_owned(), "Ana".to_owned())], ..by_hand((*to).to_owned()) };
            let HandOutcome::Sent { message, .. } = self.engine.send_by_hand(&send, &agent).await.unwrap() else {
                panic!("refused")
            };
            sent.push(message);
        }
        sent
    }

    /// What a message was billed as, what it was reckoned to cost, and what it has cost.
    async fn bill(&self, id: MessageId) -> (String, i64, i64) {
        let told =
            async |what: &str| count(&self.engine.store, &format!("SELECT {what} FROM message WHERE id = {id}")).await;
        let message = self.message(id).await;
        (message.category.as_str().to_owned(), told("estimated").await, told("charged").await)
    }
}

#[tokio::test]
async fn a_template_by_hand_goes_by_what_it_is_billed_as_when_it_leaves() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let all = stage.written(&["+5491155550123", "+5491155550124"]).await;
        assert_eq!(stage.bill(all[0]).await, ("utility".to_owned(), 26_000, 0), "{}", store.name());
        let wish = format!(
            "INSERT INTO suppression (person_id, scope, source, created_at, created_by)
                SELECT person_id, 'marketing', 'reply', 1, 'automatic' FROM message WHERE id = {}",
            all[0]
        );
        change(&store, &wish).await;
        stage.told(FIELD, from_to("UTILITY", "MARKETING")).await;
        stage.sender().drain().await;
        let states = [stage.message(all[0]).await.state.as_str(), stage.message(all[1]).await.state.as_str()];
        assert_eq!(states, ["excluded", "accepted"], "{}", store.name());
        // A delivery that tells no price is charged at the list's of what it left as.
        let callback = CallbackData { instance: stage.engine.instance.clone(), message: all[1], attempt: 1 };
        stage.receipts(&[callback], "delivered", None).await;
        assert_eq!(stage.bill(all[1]).await, ("marketing".to_owned(), 61_800, 61_800), "{}", store.name());
    }
}

#[tokio::test]
async fn a_template_by_hand_that_is_no_promotion_any_more_goes_to_who_wants_none() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.stub.template.lock().unwrap()["category"] = json!("MARKETING");
        let all = stage.written(&["+5491155550123"]).await;
        no_promotions(&stage, "queued").await;
        stage.told(FIELD, from_to("MARKETING", "UTILITY")).await;
        stage.sender().drain().await;
        assert_eq!(stage.message(all[0]).await.state.as_str(), "accepted", "{}", store.name());
        assert_eq!(stage.bill(all[0]).await.0, "utility", "{}", store.name());
    }
}

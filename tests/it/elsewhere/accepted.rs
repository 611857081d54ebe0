//! That the provider took a message is told, however quick its receipts are.

use std::collections::BTreeSet;

use recado::domain::answer::Acceptance;
use recado::domain::failure::Failure;
use recado::domain::id::{MessageId, PersonId};
use recado::engine::outgoing::Outgoing;
use recado::store::message::{Settlement, Verdict, settle};
use recado::store::outgoing::endpoint::{self, NewEndpoint};
use serde_json::json;

use super::hook::Hook;
use crate::inbox::office::{ANA, NOW, Office, REPLIES};
use crate::support::stores;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

async fn tell(office: &Office) {
    let mut outgoing = Outgoing::new(office.engine.clone());
    while outgoing.step().await.unwrap() > 0 || outgoing.landing().await {}
}

/// Claimed just now, for the first time; nobody knows yet what the provider says.
async fn claimed(office: &Office, message: MessageId) {
    let at = NOW.0;
    office
        .change(&format!(
            "UPDATE message SET state = 'claimed', attempt = 1, claimed_at = {at}, accepted_at = NULL, provider_id = NULL
             WHERE id = {message}"
        ))
        .await;
}

async fn receipt(office: &Office, message: MessageId, status: &str) {
    let mut told = json!({ "id": format!("wamid.{message}"), "status": status, "timestamp": "1795525205",
        "recipient_id": ANA, "biz_opaque_callback_data": office.callback(message, 1) });
    if status == "failed" {
        told["errors"] = json!([{ "code": 131_026, "title": "Message undeliverable" }]);
    }
    office.store_body(json!({ "statuses": [told] })).await;
    office.read().await;
}

async fn settles(office: &Office, message: MessageId, verdict: Verdict) {
    let person = PersonId(office.numbers(&format!("SELECT person_id FROM message WHERE id = {message}")).await[0]);
    settle(office.store(), &[Settlement { id: message, attempt: 1, person, at: NOW, verdict }]).await.unwrap();
}

fn accepted(message: MessageId) -> Verdict {
    let acceptance = Acceptance { provider_id: format!("wamid.{message}"), wa_id: None, bsuid: None, in_review: false };
    Verdict::Accepted { acceptance, undelivered_at: NOW.plus(std::time::Duration::from_hours(13)) }
}

#[tokio::test]
async fn what_was_taken_is_told_as_taken_first_and_once_whichever_of_answer_and_receipts_is_quicker() {
    for store in stores().await {
        let office = Office::new(&store);
        let (hook, url) = Hook::listen().await;
        let kinds: BTreeSet<String> = recado::domain::outgoing::kinds().into_iter().collect();
        let new = NewEndpoint { name: "clinic", url: &url, kinds: &kinds, by: "ana", at: NOW };
        endpoint::add(&store, &new, SECRET).await.unwrap().unwrap();
        let run = office.run("es_AR", REPLIES).await;
        let told = async |receipts_first: &[&str], verdict: Option<fn(MessageId) -> Verdict>, then: &[&str]| {
            let message = office.message(run, ANA).await;
            tell(&office).await;
            claimed(&office, message).await;
            hook.forget();
            for status in receipts_first {
                receipt(&office, message, status).await;
            }
            if let Some(verdict) = verdict {
                settles(&office, message, verdict(message)).await;
            }
            for status in then {
                receipt(&office, message, status).await;
            }
            tell(&office).await;
            hook.kinds()
        };
        let all = ["message.accepted", "message.sent", "message.delivered"];
        assert_eq!(told(&[], Some(accepted), &["sent", "delivered"]).await, all, "{}", store.name());
        assert_eq!(told(&["sent", "delivered"], Some(accepted), &[]).await, all, "{}", store.name());
        assert_eq!(told(&["sent"], Some(accepted), &["delivered"]).await, all, "{}", store.name());
        assert_eq!(told(&["delivered"], None, &["sent"]).await, ["message.accepted", "message.delivered"]);
        let refused =
            |_| Verdict::Refused { failure: Failure { code: 131_026, detail: String::new() }, suppress: None };
        assert_eq!(told(&["failed"], Some(accepted), &[]).await, ["message.accepted", "message.failed"]);
        assert_eq!(told(&[], Some(refused), &[]).await, ["message.failed"], "what was refused was never taken");
    }
}

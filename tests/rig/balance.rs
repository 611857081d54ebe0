//! The two sets of books compared, message by message: what the sandbox accepted and what the daemon knows of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Rig;

/// States in which the provider has never taken the message.
const NEVER_TAKEN: [&str; 4] = ["queued", "claimed", "excluded", "expired"];
/// States in which it has (or may have).
const TAKEN: [&str; 7] = ["accepted", "in_review", "sent", "delivered", "read", "undelivered", "in_doubt"];
/// States in which a message still waits for something of ours.
const UNFINISHED: [&str; 2] = ["queued", "claimed"];

/// What the comparison found.
#[derive(Clone, Debug, Default)]
pub struct Balance {
    /// Messages planned.
    pub planned: usize,
    /// Distinct messages the sandbox accepted.
    pub accepted: usize,
    /// Messages it accepted twice while the first had not failed.
    pub duplicates: u64,
    /// Messages that are neither accepted, ended nor in doubt.
    pub lost: Vec<String>,
    /// Messages whose state contradicts what the sandbox did.
    pub wrong: Vec<String>,
    /// Those of them that the sandbox took and has told of.
    pub settleable: usize,
    /// Messages that wait for a person.
    pub in_doubt: usize,
    /// Messages by state.
    pub states: BTreeMap<String, usize>,
}

impl Rig {
    /// Compares the books over `runs`. Foreseen for a quiet moment: nothing in flight.
    pub async fn balance(&self, runs: &[i64]) -> Balance {
        let (accepted, told_of) = self.accepted().await;
        let mut balance = Balance { duplicates: self.stats().await.duplicates, ..Balance::default() };
        for run in runs {
            for (id, state, attempts) in self.messages(*run).await {
                balance.planned += 1;
                *balance.states.entry(state.clone()).or_default() += 1;
                let was_taken = accepted.contains(&id);
                balance.accepted += usize::from(was_taken);
                balance.in_doubt += usize::from(state == "in_doubt");
                balance.settleable += usize::from(state == "in_doubt" && told_of.contains(&id));
                let told = format!("run {run} message {id} is {state} after {attempts} attempts");
                if UNFINISHED.contains(&state.as_str()) {
                    balance.lost.push(told.clone());
                }
                let contradicts = (was_taken && NEVER_TAKEN.contains(&state.as_str()))
                    || (!was_taken && TAKEN.contains(&state.as_str()) && state != "in_doubt");
                if contradicts {
                    balance
                        .wrong
                        .push(format!("{told}; the sandbox {} it", if was_taken { "took" } else { "never took" }));
                }
            }
        }
        balance
    }

    /// Ids of the messages the sandbox accepted, from their callback data, and of those that it did not give up telling of.
    async fn accepted(&self) -> (BTreeSet<i64>, BTreeSet<i64>) {
        let (mut all, mut told_of) = (BTreeSet::new(), BTreeSet::new());
        let mut cursor = "0".to_owned();
        loop {
            let page = self.sandbox_get(&format!("/_sandbox/messages?cursor={cursor}")).await;
            let sends = page["data"].as_array().expect("a list");
            all.extend(sends.iter().filter_map(named));
            told_of.extend(sends.iter().filter(|sent| sent["told"] != false).filter_map(named));
            match page["next"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => return (all, told_of),
            }
        }
    }

    /// Id, state and attempts of every message of a run.
    async fn messages(&self, run: i64) -> Vec<(i64, String, i64)> {
        let mut all = Vec::new();
        let mut at = String::new();
        loop {
            let page = self.get(&format!("/api/v1/runs/{run}/messages?limit=500{at}")).await;
            all.extend(page["items"].as_array().expect("a list").iter().map(line));
            match page["next"].as_str() {
                Some(next) => at = format!("&cursor={next}"),
                None => return all,
            }
        }
    }
}

/// The message that a send was: by its callback data, or by the payload of its buttons, which is all that Gupshup takes.
fn named(sent: &Value) -> Option<i64> {
    let payload = sent["params"].as_array().into_iter().flatten().find_map(|c| c["parameters"][0]["payload"].as_str());
    let name = if sent["gs_id"].is_null() { sent["callback_data"].as_str() } else { payload };
    name?.split('.').nth(2)?.parse().ok()
}

fn line(message: &Value) -> (i64, String, i64) {
    let number = |key: &str| message[key].as_i64().expect("a number");
    (number("id"), message["state"].as_str().expect("a state").to_owned(), number("attempts"))
}

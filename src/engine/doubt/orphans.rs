//! Doubts at a provider whose receipts name no message of ours: a receipt that can be of one doubt alone settles it.

use std::time::Duration;

use tracing::info;

use crate::domain::adoption::{self, Doubtful, FirstWord, Window};
use crate::domain::event::Receipt;
use crate::domain::id::MessageId;
use crate::engine::{Engine, EngineError};
use crate::inbox::reply::told_at;
use crate::provider::SEND_TIMEOUT;
use crate::store::message::{self, Doubt, DoubtFilter, What};
use crate::store::orphan;

/// The provider's clock may be behind ours by this (real time).
const BEHIND: Duration = Duration::from_secs(5);

/// A provider tells of a message within this after it took it (real time).
const TOLD_WITHIN: Duration = Duration::from_mins(1);

/// Doubts looked at in one go.
const MOST: i64 = 1_000;

/// How long after its claim a message may be the one that a receipt is about: until then no other goes to its person.
pub(in crate::engine) const UNTIL: Duration = Duration::from_mins(2);

/// Gives doubts the provider's id of the one unknown message they can be; its receipts then settle them. Returns how many.
pub(in crate::engine) async fn adopt(engine: &Engine) -> Result<usize, EngineError> {
    let mut done = 0;
    for sender in engine.config.senders.values() {
        let account = engine.config.accounts.get(&sender.account);
        if account.is_none_or(|account| account.access.kind().names_messages()) {
            continue;
        }
        let filter = DoubtFilter { run: None, sender: Some(sender.name.clone()) };
        let doubts = message::doubts(&engine.store, &filter, MessageId(0), MOST).await?;
        if !doubts.is_empty() {
            done += adopt_of(engine, &sender.account, &doubts).await?;
        }
    }
    if done > 0 {
        info!(message.count = done, "{done} messages in doubt were found at the provider by the number they went to");
    }
    Ok(done)
}

async fn adopt_of(engine: &Engine, account: &str, doubts: &[Doubt]) -> Result<usize, EngineError> {
    let recipients: Vec<&str> = doubts.iter().map(|doubt| doubt.recipient.as_str()).collect();
    let words = orphan::first_words(&engine.store, account, &recipients).await?;
    let words: Vec<FirstWord> = words
        .into_iter()
        .filter_map(|word| {
            let receipt: Receipt = serde_json::from_str(&word.receipt).ok()?;
            let at = told_at(receipt.at, word.received_at);
            let of_template = receipt.of_template;
            Some(FirstWord { provider_id: receipt.provider_id, recipient: receipt.wa_id?, at, of_template })
        })
        .collect();
    let known = |doubt: &Doubt| {
        let is_template = matches!(doubt.what, What::Campaign | What::ByHand);
        let (id, recipient) = (doubt.id, doubt.recipient.clone());
        Some(Doubtful { id, recipient, claimed_at: doubt.claimed_at?, is_template })
    };
    let known: Vec<Doubtful> = doubts.iter().filter_map(known).collect();
    let window = Window { before: engine.clock_span(BEHIND), after: engine.clock_span(SEND_TIMEOUT + TOLD_WITHIN) };
    let mut done = 0;
    for (id, provider_id) in adoption::settled(&known, &words, window) {
        let attempt = doubts.iter().find(|doubt| doubt.id == id).map_or(0, |doubt| doubt.attempt);
        done += usize::from(message::adopt(&engine.store, id, attempt, &provider_id).await?);
    }
    Ok(done)
}

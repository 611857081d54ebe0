//! Doubts that the rule settles: messages that certainly never left go back in line, where their campaign says so.

use std::collections::BTreeMap;
use std::time::Duration;

use tracing::info;

use super::{Engine, EngineError, load};
use crate::config::{Account, ProviderKind, Sender};
use crate::domain::doubt::{self, Facts, Verdict};
use crate::domain::id::{MessageId, RunId};
use crate::domain::time::UnixMs;
use crate::intake::campaign_file::IfUnsure;
use crate::store::message::{self, OldDoubt};
use crate::store::{run, version};

/// A doubt younger than the shortest `in_doubt_after` is not looked at.
const YOUNGEST: Duration = Duration::from_mins(1);

/// Doubts read at a time.
const PAGE: i64 = 1_000;

/// Doubts of a sender this close together are judged as one, by the facts that hold for all of them.
const TOGETHER: Duration = Duration::from_secs(10);

/// What a campaign says about its doubts.
#[derive(Clone, Copy)]
struct Rule {
    if_unsure: IfUnsure,
    in_doubt_after: Duration,
}

/// One look at every doubt.
struct Look<'a> {
    engine: &'a Engine,
    now: UnixMs,
    up_since: Option<UnixMs>,
    rules: BTreeMap<RunId, Option<Rule>>,
}

/// Settles what the rule can settle; the runs it changed.
pub(super) async fn settle(engine: &Engine, now: UnixMs) -> Result<Vec<RunId>, EngineError> {
    let up_since = message::up_since(&engine.store).await?;
    let mut look = Look { engine, now, up_since, rules: BTreeMap::new() };
    let mut changed = Vec::new();
    for sender in engine.config.senders.values() {
        if let Some(account) = engine.config.accounts.get(&sender.account) {
            changed.extend(look.at_sender(sender, account).await?);
        }
    }
    Ok(changed)
}

impl Look<'_> {
    async fn at_sender(&mut self, sender: &Sender, account: &Account) -> Result<Vec<RunId>, EngineError> {
        let (store, now) = (&self.engine.store, self.now);
        let (mut changed, mut in_review) = (Vec::new(), None);
        let mut at = (UnixMs(i64::MIN), MessageId(0));
        loop {
            let page = message::old_doubts(store, &sender.name, at, now.minus(YOUNGEST), PAGE).await?;
            let Some(last) = page.last() else { return Ok(changed) };
            at = (last.claimed_at, last.id);
            if in_review.is_none() {
                in_review = Some(self.was_in_review(account).await?);
            }
            let reviewed = in_review.unwrap_or(true);
            for group in together(&page) {
                let unsent = self.judge(group, account, reviewed).await?;
                changed.extend(send_again(self.engine, &unsent, now).await?);
            }
        }
    }

    /// Whether something of the account's portfolio was in review lately: receipts come late then.
    async fn was_in_review(&self, account: &Account) -> Result<bool, EngineError> {
        let shares = |other: &&Account| other.portfolio.is_some() && other.portfolio == account.portfolio;
        let accounts = self.engine.config.accounts.values();
        let kin: Vec<&str> =
            accounts.filter(|other| other.name == account.name || shares(other)).map(|a| a.name.as_str()).collect();
        Ok(message::was_in_review(&self.engine.store, &kin, self.now.minus(doubt::REVIEW)).await?)
    }

    /// Those of `group`, which were claimed within seconds, that certainly never left.
    async fn judge(
        &mut self,
        group: &[OldDoubt],
        account: &Account,
        in_review: bool,
    ) -> Result<Vec<(MessageId, RunId)>, EngineError> {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { return Ok(Vec::new()) };
        let span = (first.claimed_at, last.claimed_at);
        let (mut unsent, mut near) = (Vec::new(), None);
        for doubt in group {
            let rule = self.rule_of(doubt.run_id).await?;
            let Some(rule) = rule.filter(|rule| rule.if_unsure == IfUnsure::SendAgain) else { continue };
            if near.is_none() {
                let asked = message::neighbours(&self.engine.store, &doubt.sender, span, doubt::NEAR);
                near = Some(asked.await?);
            }
            let known = near.unwrap_or_default();
            let facts = Facts {
                claimed_at: doubt.claimed_at,
                up_since: self.up_since,
                in_doubt_after: rule.in_doubt_after,
                near: known.near,
                silent: known.silent,
                after: known.after_it,
                in_review,
                is_named: matches!(account.provider, ProviderKind::CloudApi),
            };
            if doubt::verdict(&facts, self.now) == Verdict::Unsent {
                unsent.push((doubt.id, doubt.run_id));
            }
        }
        Ok(unsent)
    }

    async fn rule_of(&mut self, id: RunId) -> Result<Option<Rule>, EngineError> {
        if let Some(rule) = self.rules.get(&id) {
            return Ok(*rule);
        }
        let mut rule = None;
        if let Some(run) = run::get(&self.engine.store, id).await?
            && let Some(version) = version::get(&self.engine.store, run.version_id).await?
            && let Ok(file) = load::parse(&version.definition)
        {
            rule = Some(Rule { if_unsure: file.limits.if_unsure, in_doubt_after: file.limits.in_doubt_after });
        }
        self.rules.insert(id, rule);
        Ok(rule)
    }
}

async fn send_again(engine: &Engine, unsent: &[(MessageId, RunId)], now: UnixMs) -> Result<Vec<RunId>, EngineError> {
    if unsent.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<MessageId> = unsent.iter().map(|(id, _)| *id).collect();
    let done = message::release_doubt(&engine.store, &ids, now).await?;
    info!(message.count = done, "{done} messages in doubt certainly never left; they are sent again");
    engine.wake.notify_waiters();
    Ok(unsent.iter().map(|(_, run)| *run).collect())
}

fn together(doubts: &[OldDoubt]) -> impl Iterator<Item = &[OldDoubt]> {
    let bucket = |doubt: &OldDoubt| doubt.claimed_at.0.div_euclid(TOGETHER.as_millis() as i64);
    doubts.chunk_by(move |a, b| bucket(a) == bucket(b))
}

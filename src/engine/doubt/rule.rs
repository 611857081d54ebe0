//! The rule of doubt over the store: messages that certainly never left go back in line, where their campaign says so;
//! of the others it says what keeps it from deciding.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tracing::info;

use super::USUAL_WAIT;
use crate::config::{Account, Sender};
use crate::domain::doubt::{self, Facts, Reason, Verdict};
use crate::domain::id::{MessageId, RunId};
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError, load};
use crate::intake::campaign_file::IfUnsure;
use crate::store::message::{self, Doubt, OldDoubt, What};
use crate::store::{run, version};

/// A doubt younger than the shortest `in_doubt_after` is not looked at.
const YOUNGEST: Duration = Duration::from_mins(1);

/// An answer that nobody of ours wrote says nothing any more so long after it should have left.
const LATE_ANSWER: Duration = Duration::from_hours(1);

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

/// A doubt and what the rule says of it.
struct Judged {
    id: MessageId,
    run: RunId,
    rule: Rule,
    verdict: Verdict,
}

/// One look at every doubt.
struct Look<'a> {
    engine: &'a Engine,
    now: UnixMs,
    up_since: Option<UnixMs>,
    rules: BTreeMap<RunId, Option<Rule>>,
}

/// Why each of `doubts` still stands: until when a receipt is waited for, or what keeps the rule from deciding.
/// [`Verdict::Unsent`]: it is sent again in a moment.
pub async fn why(engine: &Engine, doubts: &[Doubt]) -> Result<BTreeMap<MessageId, Verdict>, EngineError> {
    let of = |doubt: &Doubt| OldDoubt {
        id: doubt.id,
        run_id: doubt.run_id,
        sender: doubt.sender.clone(),
        claimed_at: doubt.claimed_at.unwrap_or_default(),
        suspected: doubt.suspected,
        automatic: i64::from(doubt.what == What::Automatic),
    };
    verdicts(engine, doubts.iter().map(of)).await
}

/// The same for messages as they stand in doubt.
pub(super) async fn verdicts(
    engine: &Engine,
    doubts: impl Iterator<Item = OldDoubt>,
) -> Result<BTreeMap<MessageId, Verdict>, EngineError> {
    let mut look = Look::begin(engine, engine.clock.now()).await?;
    let mut verdicts = BTreeMap::new();
    let mut by_sender: BTreeMap<String, Vec<OldDoubt>> = BTreeMap::new();
    for doubt in doubts {
        if doubt.suspected == 1 {
            verdicts.insert(doubt.id, Verdict::Ask(Reason::Restored));
        } else if doubt.run_id == RunId::BY_HAND && doubt.automatic == 0 {
            verdicts.insert(doubt.id, Verdict::Ask(Reason::ByHand));
        } else {
            verdicts.insert(doubt.id, Verdict::Ask(Reason::NoSender));
            by_sender.entry(doubt.sender.clone()).or_default().push(doubt);
        }
    }
    for (sender, mut doubts) in by_sender {
        let sender = engine.config.senders.get(&sender);
        let Some(account) = sender.and_then(|s| engine.config.accounts.get(&s.account)) else { continue };
        let in_review = look.was_in_review(account).await?;
        let has_answers = doubts.iter().any(|doubt| doubt.automatic == 1);
        let again: BTreeSet<MessageId> = match (has_answers, sender) {
            (true, Some(sender)) => look.answers(sender).await?.into_iter().map(|doubt| doubt.id).collect(),
            _ => BTreeSet::new(),
        };
        doubts.sort_by_key(|doubt| (doubt.claimed_at, doubt.id));
        for group in together(&doubts) {
            let judged = look.judge(group, account, in_review, |_| true).await?;
            let told = judged.into_iter().map(|j| {
                let reason = match j.rule.if_unsure {
                    _ if j.run == RunId::BY_HAND => (!again.contains(&j.id)).then_some(Reason::Automatic),
                    IfUnsure::Ask => Some(Reason::Campaign),
                    IfUnsure::SendAgain => None,
                };
                (j.id, j.verdict.asked_of_a_person(reason))
            });
            verdicts.extend(told);
        }
    }
    Ok(verdicts)
}

/// Settles what the rule can settle; the runs it changed.
pub(in crate::engine) async fn settle(engine: &Engine, now: UnixMs) -> Result<Vec<RunId>, EngineError> {
    let mut look = Look::begin(engine, now).await?;
    let mut changed = Vec::new();
    for sender in engine.config.senders.values() {
        if let Some(account) = engine.config.accounts.get(&sender.account) {
            changed.extend(look.at_sender(sender, account).await?);
        }
    }
    Ok(changed)
}

impl<'a> Look<'a> {
    async fn begin(engine: &'a Engine, now: UnixMs) -> Result<Self, EngineError> {
        let up_since = message::up_since(&engine.store).await?;
        Ok(Self { engine, now, up_since, rules: BTreeMap::new() })
    }

    async fn at_sender(&mut self, sender: &Sender, account: &Account) -> Result<Vec<RunId>, EngineError> {
        let (store, now) = (&self.engine.store, self.now);
        let (mut changed, mut in_review) = (Vec::new(), None);
        let answers = self.answers(sender).await?;
        if !answers.is_empty() {
            let reviewed = self.was_in_review(account).await?;
            in_review = Some(reviewed);
            changed.extend(self.settle_together(&answers, account, reviewed).await?);
        }
        let mut at = (UnixMs(i64::MIN), MessageId(0));
        loop {
            let mut page = message::old_doubts(store, &sender.name, at, now.minus(YOUNGEST), PAGE).await?;
            let Some(last) = page.last() else { return Ok(changed) };
            at = (last.claimed_at, last.id);
            // Receipts of what the original sent went to the original.
            page.retain(|doubt| doubt.suspected == 0);
            if in_review.is_none() {
                in_review = Some(self.was_in_review(account).await?);
            }
            let reviewed = in_review.unwrap_or(true);
            changed.extend(self.settle_together(&page, account, reviewed).await?);
        }
    }

    async fn settle_together(
        &mut self,
        doubts: &[OldDoubt],
        account: &Account,
        in_review: bool,
    ) -> Result<Vec<RunId>, EngineError> {
        let mut changed = Vec::new();
        for group in together(doubts) {
            let by_itself = |rule: &Rule| rule.if_unsure == IfUnsure::SendAgain;
            let mut judged = self.judge(group, account, in_review, by_itself).await?;
            judged.retain(|doubt| doubt.verdict == Verdict::Unsent);
            changed.extend(send_again(self.engine, &judged, self.now).await?);
        }
        Ok(changed)
    }

    /// Answers that nobody of ours wrote and that may still be sent again: they are not late, and the last word in their
    /// conversation.
    async fn answers(&self, sender: &Sender) -> Result<Vec<OldDoubt>, EngineError> {
        let claimed = (self.now.minus(LATE_ANSWER), self.now.minus(YOUNGEST));
        Ok(message::answers_in_doubt(&self.engine.store, &sender.name, claimed).await?)
    }

    /// Whether something of the account's portfolio was in review lately: receipts come late then.
    async fn was_in_review(&self, account: &Account) -> Result<bool, EngineError> {
        let shares = |other: &&Account| other.portfolio.is_some() && other.portfolio == account.portfolio;
        let accounts = self.engine.config.accounts.values();
        let kin: Vec<&str> =
            accounts.filter(|other| other.name == account.name || shares(other)).map(|a| a.name.as_str()).collect();
        Ok(message::was_in_review(&self.engine.store, &kin, self.now.minus(doubt::REVIEW)).await?)
    }

    /// What the rule says of those of `group`, which were claimed within seconds, whose campaigns' rule is `wanted`.
    async fn judge(
        &mut self,
        group: &[OldDoubt],
        account: &Account,
        in_review: bool,
        wanted: impl Fn(&Rule) -> bool,
    ) -> Result<Vec<Judged>, EngineError> {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { return Ok(Vec::new()) };
        let span = (first.claimed_at, last.claimed_at);
        let (mut judged, mut near) = (Vec::new(), None);
        for doubt in group {
            let Some(rule) = self.rule_of(doubt.run_id).await?.filter(&wanted) else { continue };
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
                is_named: account.access.kind().names_messages(),
                is_repeated: account.access.kind().repeats_for_days(),
            };
            let verdict = doubt::verdict(&facts, self.now);
            judged.push(Judged { id: doubt.id, run: doubt.run_id, rule, verdict });
        }
        Ok(judged)
    }

    async fn rule_of(&mut self, id: RunId) -> Result<Option<Rule>, EngineError> {
        if id == RunId::BY_HAND {
            // What somebody sent by hand is never judged.
            return Ok(Some(Rule { if_unsure: IfUnsure::SendAgain, in_doubt_after: USUAL_WAIT }));
        }
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

async fn send_again(engine: &Engine, unsent: &[Judged], now: UnixMs) -> Result<Vec<RunId>, EngineError> {
    if unsent.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<MessageId> = unsent.iter().map(|doubt| doubt.id).collect();
    let done = message::release_unsent(&engine.store, &ids, now).await?;
    info!(message.count = done, "{done} messages in doubt certainly never left; they are sent again");
    engine.wake.notify_waiters();
    Ok(unsent.iter().map(|doubt| doubt.run).collect())
}

fn together(doubts: &[OldDoubt]) -> impl Iterator<Item = &[OldDoubt]> {
    let bucket = |doubt: &OldDoubt| doubt.claimed_at.0.div_euclid(TOGETHER.as_millis() as i64);
    doubts.chunk_by(move |a, b| bucket(a) == bucket(b))
}

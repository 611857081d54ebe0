//! Messages in doubt: what the rule settles by itself, why the rest waits, and what a person decides.

pub(super) mod orphans;
mod rule;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tracing::info;

use super::budget::worst_prices;
use super::receiver::receipts;
use super::{Engine, EngineError, load};
use crate::domain::change::Change;
use crate::domain::id::{ConversationId, MessageId, PersonId, RunId};
use crate::domain::money::Micros;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::UnixMs;
use crate::inbox::Acted;
use crate::inbox::assign::Reach;
use crate::store::message::{self, Life, OldDoubt, Stake};
use crate::store::{Tx, conversation, entry, run, version};

pub(super) use rule::settle;
pub use rule::why;

/// What is waited for a receipt where no campaign says.
const USUAL_WAIT: Duration = Duration::from_mins(30);

/// How long a receipt of `run` is waited for before the rule of doubt or a person decides.
pub(super) async fn in_doubt_after(engine: &Engine, run: RunId) -> Result<Duration, EngineError> {
    let Some(run) = run::get(&engine.store, run).await? else { return Ok(USUAL_WAIT) };
    let Some(version) = version::get(&engine.store, run.version_id).await? else { return Ok(USUAL_WAIT) };
    Ok(load::parse(&version.definition).map_or(USUAL_WAIT, |file| file.limits.in_doubt_after))
}

/// What a person decides about messages in doubt.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DoubtSettlement {
    /// They were sent: somebody knows it from elsewhere. Receipts, or the end of their time to live, decide the rest.
    Sent,
    /// They did not leave, or it does not matter: a new attempt opens.
    SendAgain,
    /// They stay as they are; nothing is sent again. A receipt that comes still counts.
    Leave,
}

impl DoubtSettlement {
    /// Every settlement, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Sent, Self::SendAgain, Self::Leave];

    /// The word in forms, API and audit.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::SendAgain => "send_again",
            Self::Leave => "leave",
        }
    }

    /// The settlement of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|how| how.as_str() == word)
    }
}

/// What sending messages in doubt again may do at worst.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stakes {
    /// Messages that are in doubt now.
    pub messages: i64,
    /// Of these, those that certainly never left: nobody gets them twice.
    pub never_left: i64,
    /// People who might get theirs twice.
    pub people: i64,
    /// What it may cost on top, by currency: every message that may have left, at the worst price it may be billed at.
    pub worst: BTreeMap<String, Micros>,
}

/// What is known of the runs of some messages: worst prices by market, and the template.
type Terms = BTreeMap<RunId, (BTreeMap<String, Micros>, Option<Snapshot>)>;

impl Engine {
    /// What is at stake with those of `ids` that are in doubt.
    pub async fn doubt_stakes(&self, ids: &[MessageId]) -> Result<Stakes, EngineError> {
        let (mut stakes, mut terms) = (Stakes::default(), Terms::new());
        let mut people: BTreeSet<PersonId> = BTreeSet::new();
        for ids in ids.chunks(message::MAX_INSERT) {
            let found = message::stakes(&self.store, ids).await?;
            let of = |s: &Stake| OldDoubt {
                id: s.id,
                run_id: s.run_id,
                sender: s.sender.clone(),
                claimed_at: s.claimed_at.unwrap_or_default(),
                suspected: s.suspected,
                automatic: s.automatic,
            };
            let verdicts = rule::verdicts(self, found.iter().map(of)).await?;
            for stake in found {
                stakes.messages += 1;
                if verdicts.get(&stake.id).is_some_and(|verdict| verdict.is_unsent()) {
                    stakes.never_left += 1;
                    continue;
                }
                let (worst, _) = self.terms_of(&mut terms, &stake).await?;
                let price = worst.get(&stake.market).copied().unwrap_or_default().max(stake.estimated);
                let sum = stakes.worst.entry(stake.currency).or_default();
                *sum = sum.plus(price);
                people.insert(stake.person_id);
            }
        }
        stakes.people = people.len() as i64;
        Ok(stakes)
    }

    /// Settles messages in doubt; those that are not in doubt any more are left as they are, and nothing is sent again of
    /// which another attempt turned out to have left. Returns how many were settled.
    pub async fn settle_doubts(&self, ids: &[MessageId], how: DoubtSettlement) -> Result<u64, EngineError> {
        let now = self.clock.now();
        let (mut done, mut runs, mut terms) = (0, BTreeSet::new(), Terms::new());
        for ids in ids.chunks(message::MAX_INSERT) {
            let stakes = message::stakes(&self.store, ids).await?;
            runs.extend(stakes.iter().map(|stake| stake.run_id));
            let lives = self.lives(&mut terms, &stakes).await?;
            let mut tx = self.store.begin().await?;
            done += self.settle_in(&mut tx, (ids, &lives), how, now).await?;
            tx.commit().await?;
        }
        self.settled(done, how, runs);
        Ok(done)
    }

    /// The same for one message of a conversation, by whoever `of` reaches it: that is asked in the unit of work that settles,
    /// on the locked row, so that a colleague who has just taken the conversation over decides for themselves.
    pub async fn settle_doubt_of(
        &self,
        (id, of): (ConversationId, Reach),
        message: MessageId,
        how: DoubtSettlement,
    ) -> Result<Acted, EngineError> {
        let now = self.clock.now();
        let stakes = message::stakes(&self.store, &[message]).await?;
        let lives = self.lives(&mut Terms::new(), &stakes).await?;
        let mut tx = self.store.begin().await?;
        // The message before the conversation: whatever settles messages takes them in this order.
        let done = self.settle_in(&mut tx, (&[message], &lives), how, now).await?;
        let Some(found) = conversation::hold(&mut tx, id).await? else { return Ok(Acted::Unknown) };
        if !of.includes(found.assignee) {
            return Ok(Acted::Others);
        }
        if !entry::shows(&mut tx, id, message).await? {
            return Ok(Acted::Unknown);
        }
        if done == 0 {
            return Ok(Acted::Nothing);
        }
        tx.commit().await?;
        self.settled(done, how, stakes.iter().map(|stake| stake.run_id).collect());
        self.tell(Change::Conversation(id));
        Ok(Acted::Done)
    }

    async fn settle_in(
        &self,
        tx: &mut Tx,
        (ids, lives): (&[MessageId], &[Life]),
        how: DoubtSettlement,
        now: UnixMs,
    ) -> Result<u64, EngineError> {
        Ok(match how {
            DoubtSettlement::SendAgain => message::release_doubt(&self.store, tx, ids, now).await?,
            DoubtSettlement::Sent => message::vouch_doubt(&self.store, tx, lives, now).await?,
            DoubtSettlement::Leave => message::leave_doubt(&self.store, tx, lives, now).await?,
        })
    }

    fn settled(&self, done: u64, how: DoubtSettlement, runs: BTreeSet<RunId>) {
        info!(message.count = done, "{done} messages in doubt were settled by a person: {}", how.as_str());
        self.tell_runs(runs);
        self.wake.notify_waiters();
    }

    async fn lives(&self, terms: &mut Terms, stakes: &[Stake]) -> Result<Vec<Life>, EngineError> {
        let mut lives = Vec::with_capacity(stakes.len());
        for stake in stakes {
            let (_, template) = self.terms_of(terms, stake).await?;
            let begun: UnixMs = stake.claimed_at.unwrap_or(self.clock.now());
            let life = template.as_ref().and_then(receipts::life_of);
            lives.push(Life { id: stake.id, undelivered_at: receipts::undelivered_at(begun, life) });
        }
        Ok(lives)
    }

    async fn terms_of<'a>(
        &self,
        terms: &'a mut Terms,
        stake: &Stake,
    ) -> Result<&'a (BTreeMap<String, Micros>, Option<Snapshot>), EngineError> {
        use std::collections::btree_map::Entry;
        Ok(match terms.entry(stake.run_id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let run = run::get(&self.store, stake.run_id).await?;
                let template = run.and_then(|run| run.snapshots().ok());
                let account = self.config.accounts.get(&stake.account);
                let worst = template
                    .as_ref()
                    .zip(account)
                    .map(|(template, account)| worst_prices(&self.cards, account, template, self.clock.now()));
                place.insert((worst.unwrap_or_default(), template))
            }
        })
    }
}

//! What one run has queued, as the forecast takes it.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use crate::domain::budget::next_months;
use crate::domain::forecast::{Again, Batch, Canary, LimitedBy, Line, Purse};
use crate::domain::hours::Hours;
use crate::domain::message::MessageState as S;
use crate::domain::pair;
use crate::domain::people_pace::WHOLE;
use crate::domain::snapshot::Snapshot;
use crate::domain::template::Category;
use crate::domain::time::UnixMs;
use crate::engine::people_pace;
use crate::engine::{Engine, EngineError, budget, load, wallet};
use crate::intake::campaign_file::CampaignFile;
use crate::intake::open_hours::OpenHours;
use crate::store::canary::{self, CanaryState};
use crate::store::run::{self, Run};
use crate::store::view::queued::{self, Apart, Bucket, PutOff};
use crate::store::{budget as purses, version};

/// The code that is tried again a day later.
const NOT_NOW: i64 = 131_049;

/// The gate of what is tried again then.
const LATER: &str = "later";

/// The share of marketing messages that may be put off, where none has been yet.
const PUT_OFF: f64 = 0.05;

/// So few messages say nothing about how many are put off.
const TOO_FEW: i64 = 50;

/// Messages that the provider has had.
const GONE: [S; 7] = [S::Accepted, S::InReview, S::Sent, S::Delivered, S::Read, S::Undelivered, S::Failed];

/// Months ahead in which a monthly budget is whole again.
const MONTHS: usize = 12;

/// One run's ledger.
pub(super) struct Ledger<'a> {
    pub engine: &'a Engine,
    pub run: &'a Run,
    pub now: UnixMs,
    /// Whether there is a messaging limit.
    pub limited: bool,
    /// Queued messages to people who hold a place.
    pub reached: i64,
}

impl Ledger<'_> {
    /// The run's line; one that cannot be read any more sends nothing either.
    pub async fn line(&self) -> Result<Line, EngineError> {
        let (store, run) = (&self.engine.store, self.run);
        let priority = run.priority;
        let Some(version) = version::get(store, run.version_id).await? else {
            return Ok(Line { priority, ..Line::default() });
        };
        let (Ok(file), Ok(template)) = (load::parse(&version.definition), run.snapshots()) else {
            return Ok(Line { priority, ..Line::default() });
        };
        let hours = self.hours(&file, &template);
        // What is the same for all is not asked for row by row: the index of the queue is enough then.
        let apart = match () {
            () if file.columns.id.is_some() => Apart::Person,
            () if hours.is_some() || file.schedule.latest.is_some() => Apart::Clock,
            () => Apart::Due,
        };
        let buckets = queued::buckets(store, run, self.now, apart).await?;
        let zones = zones(&buckets, &file);
        let twice = buckets.iter().map(|b| b.messages.div_euclid(b.people.max(1)) - 1).max().unwrap_or_default();
        let put_off = queued::put_off(store, run, self.now).await?;
        let again = self.tried_again(&buckets, &put_off);
        let batches = self.batches((&buckets, &again), &zones, &file, apart);
        let gates = put_off.iter().filter_map(|p| Some((LimitedBy::of_gate(&p.waiting_for)?, p.until_at)));
        let gate = gates.max_by_key(|(_, until)| *until);
        let queued = buckets.iter().map(|bucket| bucket.messages).sum();
        Ok(Line {
            priority,
            batches,
            hours,
            zones: zones.into_iter().map(|(_, zone)| zone).collect(),
            purse: self.purse(&template, &file).await?,
            paid: self.paid(queued).await?,
            canary: self.canary(&file).await?,
            spacing: self.engine.clock_span(pair::SPACING) * u32::try_from(twice).unwrap_or_default(),
            again: self.again(&template, &put_off).await?,
            gate,
            people: self.people(&file).await?,
            ..Line::default()
        })
    }

    /// When most of its messages may leave; what the laws of other countries say is in their due times.
    fn hours(&self, file: &CampaignFile, template: &Snapshot) -> Option<Hours> {
        let config = &self.engine.config;
        let hours = OpenHours::of(file, &config.holidays, &config.laws, Some(template.strictest_category()))
            .unwrap_or_default();
        hours.in_country(file.country.as_deref()).cloned()
    }

    fn batches(
        &self,
        (buckets, again): (&[Bucket], &[i64]),
        zones: &[(String, TimeZone)],
        file: &CampaignFile,
        apart: Apart,
    ) -> Vec<Batch> {
        let all: i64 = buckets.iter().map(|bucket| bucket.messages).sum();
        let reached = self.reached as f64 / (all.max(1) as f64);
        let mut batches = Vec::with_capacity(buckets.len() * 2);
        for (bucket, again) in buckets.iter().zip(again) {
            let zone = zones.iter().position(|(name, _)| *name == bucket.timezone).unwrap_or_default();
            let latest_at = if apart == Apart::Due { file.schedule.until } else { bucket.latest_at };
            let people = bucket.people as f64 / bucket.messages as f64;
            for (messages, again) in [(bucket.messages - again, false), (*again, true)] {
                let messages = messages as f64;
                let known = (messages * reached).round().min(messages);
                let new = messages - known;
                let places = if self.limited { new * people } else { 0.0 };
                let parts = [(known, 0.0), (new, places)].into_iter().filter(|(messages, _)| *messages >= 1.0);
                let due_at = bucket.due_at;
                batches.extend(parts.map(|(messages, places)| Batch {
                    due_at,
                    latest_at,
                    zone,
                    messages,
                    places,
                    again,
                }));
            }
        }
        batches
    }

    /// How many of each bucket have failed once: those that wait for their second try are the last before it is due.
    fn tried_again(&self, buckets: &[Bucket], put_off: &[PutOff]) -> Vec<i64> {
        let later = put_off.iter().find(|p| p.waiting_for == LATER);
        let (mut left, until_at) = later.map_or((0, self.now), |later| (later.messages, later.until_at));
        let mut again: Vec<i64> = buckets
            .iter()
            .rev()
            .map(|bucket| {
                let may_be = bucket.due_at > self.now && bucket.due_at <= until_at;
                let those = if may_be { left.min(bucket.messages) } else { 0 };
                left -= those;
                those
            })
            .collect();
        again.reverse();
        again
    }

    /// The share of its pace that the conversations that wait leave it; `None`: it goes by nobody.
    async fn people(&self, file: &CampaignFile) -> Result<Option<f64>, EngineError> {
        let standing = people_pace::of(self.engine, file).await?;
        Ok(standing.map(|standing| standing.share as f64 / WHOLE as f64))
    }

    /// What of its canary is still to come.
    async fn canary(&self, file: &CampaignFile) -> Result<Option<Canary>, EngineError> {
        let store = &self.engine.store;
        let Some(kept) = canary::get(store, self.run.id).await? else { return Ok(None) };
        Ok(match (kept.state, kept.judge_at) {
            (CanaryState::Sending, _) => {
                let messages = (kept.wanted - canary::left(store, self.run.id).await?).max(0) as f64;
                Some(Canary { messages, wait: file.limits.canary_terms.or(self.engine.config.canary).terms().wait })
            }
            (CanaryState::Waiting, Some(at)) => Some(Canary { messages: 0.0, wait: at.since(self.now) }),
            _ => None,
        })
    }

    async fn again(&self, template: &Snapshot, put_off: &[PutOff]) -> Result<Again, EngineError> {
        let (store, marketing) = (&self.engine.store, template.strictest_category() == Category::Marketing);
        let policy = self.engine.errors_of(&self.run.account).policy(NOT_NOW);
        let Some(after) = policy.and_then(|policy| policy.retry_after).filter(|_| marketing) else {
            return Ok(Again::default());
        };
        let counts = run::counts(store, self.run.id).await?;
        let in_line: i64 = counts.iter().filter(|(state, _)| *state == S::Queued).map(|(_, n)| n).sum();
        let gone: i64 = counts.iter().filter(|(state, _)| GONE.contains(state)).map(|(_, n)| n).sum();
        let back: i64 = put_off.iter().filter(|p| p.waiting_for == LATER).map(|p| p.messages).sum();
        // Nothing is put off twice: where mostly those are left, that is the end.
        if back * 2 > in_line {
            return Ok(Again::default());
        }
        let share = if gone < TOO_FEW { 0.0 } else { back as f64 / (gone + back) as f64 };
        Ok(Again { share, at_most: PUT_OFF, after })
    }

    /// How many of `queued` messages the account's wallet pays, of all that share what it holds for their priority.
    async fn paid(&self, queued: i64) -> Result<Option<f64>, EngineError> {
        let (engine, run) = (self.engine, self.run);
        let account = engine.config.accounts.get(&run.account);
        let of = account.zip(engine.config.senders.get(&run.sender));
        let Some(purse) = wallet::purse_of(engine, of).await? else { return Ok(None) };
        let (room, wanted) = (purse.hope(run.priority), purse.wanted(run.priority));
        Ok((room < wanted).then(|| queued as f64 * (room.0 as f64 / wanted.0 as f64)))
    }

    /// What is left of the campaign's budget for what is queued.
    async fn purse(&self, template: &Snapshot, file: &CampaignFile) -> Result<Option<Purse>, EngineError> {
        let (engine, run) = (self.engine, self.run);
        let Some(account) = engine.config.accounts.get(&run.account) else { return Ok(None) };
        let latest = budget::latest(engine, run.campaign_id, None).await?;
        let Some(budget) = latest.map_or(file.limits.budget, |(_, budget)| budget) else { return Ok(None) };
        let worst = budget::worst_prices(&engine.cards, account, template, self.now);
        let (mut messages, mut likely, mut most) = (0, 0, 0);
        for priced in queued::prices(&engine.store, run).await? {
            messages += priced.messages;
            likely += priced.estimated.0;
            let each = worst.get(&priced.market).map_or(0, |worst| worst.0);
            most += (each * priced.messages).max(priced.estimated.0);
        }
        let month = budget.period(&self.now.day_in(&account.timezone));
        let spent = match purses::at_most(&engine.store, run.campaign_id).await? {
            Some(spent) => spent,
            None => purses::spent(&engine.store, run.campaign_id, &month).await?.sum(),
        };
        let each = |sum: i64| sum as f64 / f64::from(u32::try_from(messages.max(1)).unwrap_or(u32::MAX));
        let renewals =
            if budget.monthly { next_months(self.now, &account.timezone).take(MONTHS).collect() } else { Vec::new() };
        let (left, amount) = (budget.left(spent).0 as f64, budget.amount.0 as f64);
        Ok(Some(Purse { left, likely: each(likely), worst: each(most), renewals, amount }))
    }
}

/// The clocks of the people in `buckets`, by name; where they were not asked for, the campaign's.
fn zones(buckets: &[Bucket], file: &CampaignFile) -> Vec<(String, TimeZone)> {
    let names: BTreeSet<&str> = buckets.iter().map(|bucket| bucket.timezone.as_str()).collect();
    let zone = |name: &str| {
        if name.is_empty() { file.timezone.clone() } else { TimeZone::get(name).unwrap_or(TimeZone::UTC) }
    };
    names.into_iter().map(|name| (name.to_owned(), zone(name))).collect()
}

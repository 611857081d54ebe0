//! What a claim takes: priority by priority; within one, every run gets an equal share, and what some leave goes to the
//! rest. A message that finds no place or no money stays in line, and its run lets the others go first.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Bounds, Claim, Turn};
use crate::domain::id::{CampaignId, MessageId, PersonId, RunId};
use crate::domain::kind::Priority;
use crate::domain::money::Micros;
use crate::domain::tier::{Limit, free, free_for_promotions};
use crate::store::place::{Due, Need, Reached};
use crate::store::{Dialects, Result, Tx, budget, json, on_tx, place};

/// Shared locks keep a pause from committing between this look and the claim: a paused run claims nothing.
const STILL_RUNNING: Dialects = Dialects {
    sqlite: "SELECT id FROM run WHERE state = 'running' AND id IN (SELECT r.value FROM json_each($1) AS r) ORDER BY id",
    postgres: "SELECT id FROM run WHERE state = 'running'
        AND id IN (SELECT CAST(r.value AS BIGINT) FROM json_array_elements_text($1::json) AS r (value)) ORDER BY id FOR SHARE",
};
const DUE: Dialects = Dialects {
    sqlite: "SELECT id, run_id, market, estimated FROM message
        WHERE state = 'queued' AND sender = $1 AND priority = $2 AND run_id = $3 AND due_at <= $4
        ORDER BY due_at LIMIT $5",
    postgres: "SELECT id, run_id, market, estimated FROM message
        WHERE state = 'queued' AND sender = $1 AND priority = $2 AND run_id = $3 AND due_at <= $4
        ORDER BY due_at LIMIT $5 FOR UPDATE SKIP LOCKED",
};

/// A message to claim and what is reserved for it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Picked {
    pub id: MessageId,
    pub reserved: Micros,
}

/// What a claim will take.
#[derive(Debug, Default)]
pub(super) struct Picks {
    pub messages: Vec<Picked>,
    /// The places they take.
    pub takes: Vec<Need>,
    /// Of these, for people who held none.
    pub new_people: i64,
    /// What is reserved of budgets.
    pub reserved: BTreeMap<CampaignId, Micros>,
    /// A message found no place.
    pub full: bool,
    pub reached_to: Option<PersonId>,
    /// Budgets that did not suffice.
    pub short: BTreeSet<CampaignId>,
}

struct Picker<'a> {
    claim: &'a Claim<'a>,
    bounds: &'a Bounds<'a>,
    /// Free places; `None`: no limit.
    free: Option<i64>,
    /// What is left of the budgets looked at.
    left: BTreeMap<CampaignId, Micros>,
    seen: BTreeSet<MessageId>,
    new_people: BTreeSet<PersonId>,
    /// How many each run has.
    had: BTreeMap<RunId, usize>,
    picks: Picks,
}

pub(super) async fn pick(tx: &mut Tx, claim: &Claim<'_>, bounds: &Bounds<'_>) -> Result<Picks> {
    let runs = still_running(tx, claim.runs).await?;
    let free = free_places(tx, claim, bounds).await?;
    let mut picker = Picker {
        claim,
        bounds,
        free,
        left: BTreeMap::new(),
        seen: BTreeSet::new(),
        new_people: BTreeSet::new(),
        had: BTreeMap::new(),
        picks: Picks::default(),
    };
    for priority in Priority::ALL {
        let turns = runs.iter().filter(|turn| turn.priority == priority).copied().collect();
        picker.share(tx, turns).await?;
    }
    if picker.picks.full {
        picker.pick_reached(tx, &runs).await?;
    }
    picker.picks.new_people = picker.new_people.len() as i64;
    Ok(picker.picks)
}

/// Places that are free, by a count that is never too low; `None` where there is no limit.
async fn free_places(tx: &mut Tx, claim: &Claim<'_>, bounds: &Bounds<'_>) -> Result<Option<i64>> {
    let Some(places) = bounds.places else { return Ok(None) };
    let Some(portfolio) = place::lock(tx, places.portfolio).await? else { return Ok(None) };
    Ok(match portfolio.limit() {
        Limit::Unlimited => None,
        Limit::People(_) if portfolio.ready_at.is_none() => Some(0),
        Limit::People(people) => Some(free(people, places.reserve, portfolio.at_most_taken(claim.at))),
    })
}

impl Picker<'_> {
    /// Shares what is left of the claim among the runs of one priority.
    async fn share(&mut self, tx: &mut Tx, mut hungry: Vec<Turn>) -> Result<()> {
        while !hungry.is_empty() && self.left() > 0 {
            let mut still = Vec::new();
            let share = self.left().div_ceil(hungry.len());
            for turn in hungry {
                let room = share.min(self.room(turn));
                if room == 0 {
                    continue;
                }
                let had = self.had.get(&turn.run).copied().unwrap_or_default();
                let due = due(tx, self.claim, turn, had + room).await?;
                if self.admit(tx, turn, due, room).await? == room {
                    still.push(turn);
                }
            }
            hungry = still;
        }
        Ok(())
    }

    fn left(&self) -> usize {
        self.claim.limit - self.picks.messages.len()
    }

    fn room(&self, turn: Turn) -> usize {
        let had = self.had.get(&turn.run).copied().unwrap_or_default();
        self.left().min(turn.room.map_or(usize::MAX, |room| room.saturating_sub(had)))
    }

    /// Takes of `due` what has a place and the money, at most `room`; how many.
    async fn admit(&mut self, tx: &mut Tx, turn: Turn, due: Vec<Due>, room: usize) -> Result<usize> {
        let due: Vec<Due> = due.into_iter().filter(|d| !self.seen.contains(&d.id)).take(room).collect();
        let needs = self.needs(tx, &due).await?;
        let mut admitted = 0;
        for message in due {
            let need = needs.get(&message.id).filter(|need| need.counts());
            if need.is_some_and(|need| self.finds_no_place(need, turn.priority)) {
                self.picks.full = true;
                continue;
            }
            let Some(reserved) = self.afford(tx, turn.run, &message).await? else { break };
            if let Some(need) = need {
                self.sit(*need);
            }
            self.seen.insert(message.id);
            self.picks.messages.push(Picked { id: message.id, reserved });
            admitted += 1;
        }
        *self.had.entry(turn.run).or_default() += admitted;
        Ok(admitted)
    }

    async fn needs(&self, tx: &mut Tx, due: &[Due]) -> Result<BTreeMap<MessageId, Need>> {
        let (Some(places), Some(_), false) = (self.bounds.places, self.free, due.is_empty()) else {
            return Ok(BTreeMap::new());
        };
        let ids: Vec<MessageId> = due.iter().map(|d| d.id).collect();
        place::needs(tx, places.portfolio, &ids, (self.claim.at, self.claim.doubt_at)).await
    }

    fn is_new(&self, need: &Need) -> bool {
        need.is_new() && !self.new_people.contains(&need.person_id)
    }

    fn finds_no_place(&self, need: &Need, priority: Priority) -> bool {
        let (Some(free), Some(places)) = (self.free, self.bounds.places) else { return false };
        let free = if priority == Priority::PROMOTION { free_for_promotions(free, places.reminders) } else { free };
        free == 0 && self.is_new(need)
    }

    fn sit(&mut self, need: Need) {
        if self.is_new(&need) {
            self.new_people.insert(need.person_id);
            self.free = self.free.map(|free| free - 1);
        }
        self.picks.takes.push(need);
    }

    /// What is reserved for a message; `None` when its campaign's budget does not suffice.
    async fn afford(&mut self, tx: &mut Tx, run: RunId, message: &Due) -> Result<Option<Micros>> {
        let Some(terms) = self.bounds.terms.and_then(|terms| terms.get(&run)) else {
            return Ok(Some(message.estimated));
        };
        let worst = terms.worst.get(&message.market).copied().unwrap_or_default().max(message.estimated);
        let Some(purse) = &terms.purse else { return Ok(Some(worst)) };
        let left = match self.left.entry(purse.campaign) {
            Entry::Occupied(left) => left.into_mut(),
            Entry::Vacant(place) => {
                // Not counted yet, or not for this month: nothing is known to be left.
                let spent = budget::lock(tx, purse.campaign, &purse.month).await?;
                place.insert(Micros(spent.map_or(0, |spent| purse.amount.0.saturating_sub(spent.0))))
            }
        };
        if *left < worst {
            self.picks.short.insert(purse.campaign);
            return Ok(None);
        }
        *left = Micros(left.0 - worst.0);
        let reserved = self.picks.reserved.entry(purse.campaign).or_default();
        *reserved = reserved.plus(worst);
        Ok(Some(worst))
    }

    /// The limit is reached: people who hold a place may get another message. A bounded look, and not each time.
    async fn pick_reached(&mut self, tx: &mut Tx, runs: &[Turn]) -> Result<()> {
        let Some(places) = self.bounds.places else { return Ok(()) };
        let (Some(after), limit) = (places.reached_after, self.left()) else { return Ok(()) };
        if limit == 0 {
            return Ok(());
        }
        let ids: Vec<RunId> = runs.iter().map(|turn| turn.run).collect();
        let (portfolio, sender) = (places.portfolio, self.claim.sender);
        let of = Reached { portfolio, sender, runs: &ids, now: self.claim.at, limit };
        let (found, next) = place::reached(tx, of, after).await?;
        self.picks.reached_to = Some(next);
        for due in found {
            let Some(turn) = runs.iter().find(|turn| turn.run == due.run_id).copied() else { continue };
            let room = self.room(turn).min(1);
            self.admit(tx, turn, vec![due], room).await?;
        }
        Ok(())
    }
}

async fn still_running(tx: &mut Tx, runs: &[Turn]) -> Result<Vec<Turn>> {
    let asked: Vec<RunId> = runs.iter().map(|turn| turn.run).filter(|id| *id != RunId::BY_HAND).collect();
    let (sql, ids) = (STILL_RUNNING.of_tx(tx), json(&asked));
    let running: Vec<RunId> = on_tx!(tx, |conn| sqlx::query_scalar(sql).bind(&ids).fetch_all(conn).await)?;
    let goes = |id: RunId| id == RunId::BY_HAND || running.binary_search(&id).is_ok();
    Ok(runs.iter().copied().filter(|turn| goes(turn.run)).collect())
}

async fn due(tx: &mut Tx, claim: &Claim<'_>, turn: Turn, limit: usize) -> Result<Vec<Due>> {
    let sql = DUE.of_tx(tx);
    Ok(on_tx!(tx, |conn| sqlx::query_as(sql)
        .bind(claim.sender)
        .bind(turn.priority)
        .bind(turn.run)
        .bind(claim.at)
        .bind(limit as i64)
        .fetch_all(conn)
        .await)?)
}

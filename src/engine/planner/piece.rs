//! One piece of a run's rows, as messages and exclusions.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use crate::billing::{estimate, market};
use crate::config::Account;
use crate::domain::canary::place_of;
use crate::domain::earlier::{Earlier, Gone};
use crate::domain::exclusion::ExclusionReason;
use crate::domain::fill::{Content, Fill};
use crate::domain::id::{MessageId, PersonId, RunId};
use crate::domain::money::Currency;
use crate::domain::phone::Phone;
use crate::domain::snapshot::Snapshot;
use crate::domain::template::Template;
use crate::domain::time::UnixMs;
use crate::engine::dispatcher::is_marketing;
use crate::engine::{Engine, EngineError};
use crate::intake::campaign_file::{CampaignFile, OpenConversation};
use crate::intake::open_hours::OpenHours;
use crate::intake::rows::{self, Draft, ResolvedRow, RowExclusion, RowFate};
use crate::preflight::diff;
use crate::store::amendment::{self, Figures};
use crate::store::exclusion::{self, Exclusion};
use crate::store::message::{self, NewMessage};
use crate::store::run::{self, Run};
use crate::store::{StoreError, Tx, consent, correction, erased, person, suppression};

/// How the rows of one run become messages.
pub(super) struct Plan<'a> {
    pub(super) engine: &'a Engine,
    pub(super) run: &'a Run,
    account: &'a Account,
    currency: Currency,
    template: Snapshot,
    before: Before,
    skips_conversations: bool,
    asks_for_no_promotions: bool,
    /// Where a share goes first.
    canary: Option<Spread>,
}

/// What of its rows may have been sent before.
#[derive(Clone, Debug, Default)]
pub(super) struct Before {
    /// Whether the campaign sends to the same people at each of its times.
    pub repeats: bool,
    /// Whether earlier runs of the campaign may have sent some.
    pub comes_again: bool,
    /// Another campaign's run over the same audience, whose people are left out.
    pub elsewhere: Option<RunId>,
    /// What a corrected run has sent, by row, and whether that is in line again.
    pub stays: BTreeMap<i64, (MessageId, bool)>,
}

/// How messages that fall due at one instant are spread a little, so that a sample of them goes first.
struct Spread {
    /// When they may leave.
    hours: OpenHours,
}

/// Whom a piece must leave out.
pub(super) struct LeftOut {
    suppressed: BTreeSet<PersonId>,
    talking: BTreeSet<PersonId>,
}

impl<'a> Plan<'a> {
    pub fn new(
        engine: &'a Engine,
        run: &'a Run,
        (file, template): (&CampaignFile, &Snapshot),
        before: Before,
    ) -> Result<Self, EngineError> {
        let account = engine.config.accounts.get(&run.account).ok_or(EngineError::Unknown { what: "account" })?;
        let currency = Currency::parse(&run.currency).map_err(|_| StoreError::Corrupt { what: "run.currency" })?;
        Ok(Self {
            engine,
            run,
            account,
            currency,
            template: template.clone(),
            before,
            skips_conversations: file.limits.open_conversation == OpenConversation::Skip,
            asks_for_no_promotions: is_marketing(run.kind, template.strictest_category()),
            canary: file.limits.canary.map(|_| Spread {
                hours: OpenHours::of(
                    file,
                    &engine.config.holidays,
                    &engine.config.laws,
                    Some(template.strictest_category()),
                )
                .unwrap_or_default(),
            }),
        })
    }

    /// Keeps a piece that follows the first `done` rows; false when the run is not planning any more.
    pub async fn keep(&self, mut rows: Vec<ResolvedRow>, done: i64) -> Result<bool, EngineError> {
        let store = &self.engine.store;
        let to = done + rows.len() as i64;
        let now = self.engine.clock.now();
        // What has left stays, whatever its row says now.
        rows.retain(|row| self.before.stays.get(&row.no).is_none_or(|(_, in_line)| *in_line));
        let (drafts, mut excluded) = self.part(rows);
        let people: Vec<(Phone, String)> = drafts.iter().map(|(_, d)| (d.to.clone(), d.name.clone())).collect();
        let mut tx = store.begin().await?;
        let people = person::ensure(&mut tx, &people, now).await?;
        tx.commit().await?;
        let left_out = self.left_out(&people).await?;
        let earlier = self.earlier(&drafts).await?;
        let mut tx = store.begin().await?;
        let consents: Vec<_> = drafts.iter().zip(&people).filter(|((_, d), _)| !d.consent.is_empty()).collect();
        let consents: Vec<_> = consents.into_iter().map(|((_, d), person)| (*person, d.consent.clone())).collect();
        consent::keep(&mut tx, &consents, &format!("campaign {}", self.run.campaign_id), now).await?;
        let mut messages = Vec::with_capacity(drafts.len());
        for ((no, draft), person) in drafts.into_iter().zip(people) {
            let stopped = left_out.reason(person).map(|reason| (reason, String::new()));
            let gone = || earlier.run_of(&draft.key, &draft.to, draft.happens_at).map(already_sent);
            match stopped.or_else(gone) {
                Some((reason, detail)) => excluded.push(self.exclusion(no, reason, *draft, detail)),
                None => messages.push(self.message(no, *draft, person, now)),
            }
        }
        let (messages, excluded_of_tried) = self.in_line_again(&mut tx, messages).await?;
        excluded.extend(excluded_of_tried);
        let mut excluded = self.tried_left_out(&mut tx, excluded, now).await?;
        let kept = message::insert_batch(&mut tx, &messages).await?;
        excluded.extend(self.doubles(&messages, &kept.into_iter().map(|(_, no)| no).collect()));
        exclusion::insert_batch(&mut tx, &excluded).await?;
        if self.run.revision > 0 {
            let (rows_read, left_out) = (to - done, excluded.len() as i64);
            let figures = Figures { rows_read, left_out, added: rows_read - left_out, ..Figures::default() };
            amendment::add(&mut tx, self.run.id, self.run.revision, &figures).await?;
        }
        if !run::advance(&mut tx, self.run.id, done, to).await? {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Of a corrected run, what was tried and is in line again gets what its row says now; the other messages are new.
    async fn in_line_again(
        &self,
        tx: &mut Tx,
        messages: Vec<NewMessage>,
    ) -> Result<(Vec<NewMessage>, Vec<Exclusion>), EngineError> {
        if self.before.stays.is_empty() {
            return Ok((messages, Vec::new()));
        }
        let (mut new, mut doubles) = (Vec::with_capacity(messages.len()), Vec::new());
        for message in messages {
            let Some((id, _)) = self.before.stays.get(&message.row_no) else {
                new.push(message);
                continue;
            };
            let fill = fill_of(&message);
            let template = Some(Box::new(self.template.of(fill.language.as_deref()).clone()));
            let own = Content::Template { fill, template };
            let message = NewMessage { content: NewMessage::content_of(&own), ..message };
            if !correction::rewrite(tx, *id, &message).await? {
                doubles.push(self.double(&message));
            }
        }
        Ok((new, doubles))
    }

    /// Ends the messages in line whose row is left out now; the other exclusions are new.
    async fn tried_left_out(
        &self,
        tx: &mut Tx,
        excluded: Vec<Exclusion>,
        now: UnixMs,
    ) -> Result<Vec<Exclusion>, EngineError> {
        let mut new = Vec::with_capacity(excluded.len());
        for exclusion in excluded {
            match self.before.stays.get(&exclusion.row_no) {
                Some((id, _)) => correction::leave_out(tx, *id, exclusion.reason, now).await?,
                None => new.push(exclusion),
            }
        }
        Ok(new)
    }

    pub(super) fn part(&self, rows: Vec<ResolvedRow>) -> (Vec<(i64, Box<Draft>)>, Vec<Exclusion>) {
        let (mut drafts, mut excluded) = (Vec::new(), Vec::new());
        for row in rows {
            match row.fate {
                RowFate::Message(draft) => drafts.push((row.no, draft)),
                RowFate::Excluded(e) => excluded.push(self.left_out_by_file(row.no, e)),
            }
        }
        (drafts, excluded)
    }

    pub(super) async fn left_out(&self, people: &[PersonId]) -> Result<LeftOut, EngineError> {
        let store = &self.engine.store;
        Ok(LeftOut {
            suppressed: suppression::blocked(store, people, self.asks_for_no_promotions).await?,
            talking: if self.skips_conversations {
                person::in_conversation(store, people).await?
            } else {
                BTreeSet::new()
            },
        })
    }

    /// Messages that the run has already under the same key. The rows' reader leaves duplicates out, so these are rare
    /// (two spellings that became one); they are accounted for like any other.
    pub(super) fn doubles(&self, messages: &[NewMessage], kept: &BTreeSet<i64>) -> Vec<Exclusion> {
        let double = |m: &&NewMessage| !kept.contains(&m.row_no);
        messages.iter().filter(double).map(|m| self.double(m)).collect()
    }

    fn double(&self, m: &NewMessage) -> Exclusion {
        Exclusion {
            run_id: self.run.id,
            row_no: m.row_no,
            reason: ExclusionReason::Duplicate,
            recipient: m.recipient.clone(),
            external_id: m.external_id.clone(),
            name: m.name.clone(),
            detail: String::new(),
            revision: self.run.revision,
            cost_centre: m.cost_centre.clone(),
            happens_at: m.happens_at,
        }
    }

    /// What earlier runs have sent of these rows, and every run to people who were erased since.
    pub(super) async fn earlier(&self, drafts: &[(i64, Box<Draft>)]) -> Result<Earlier, EngineError> {
        let phones: Vec<Phone> = drafts.iter().flat_map(|(_, d)| d.to.variants()).collect();
        let mut gone = match self.before.elsewhere {
            Some(run) => message::gone_to(&self.engine.store, run, &phones).await?,
            None => Vec::new(),
        };
        gone = gone.into_iter().map(Gone::of_person).collect();
        if self.before.repeats {
            return Ok(Earlier::of(gone));
        }
        let erased = erased::sent(&self.engine.store, self.run.campaign_id).await?;
        if !self.before.comes_again {
            return Ok(Earlier::of(gone).with_erased(erased));
        }
        let ids: Vec<&str> = drafts.iter().filter_map(|(_, d)| d.external_id.as_deref()).collect();
        let (campaign, run) = (self.run.campaign_id, self.run.id);
        gone.extend(message::gone_before(&self.engine.store, campaign, run, &ids, &phones).await?);
        Ok(Earlier::of(gone).with_erased(erased))
    }

    fn left_out_by_file(&self, row_no: i64, row: RowExclusion) -> Exclusion {
        let RowExclusion { reason, recipient, external_id, name, cost_centre, happens_at, detail, to: _ } = row;
        let (run_id, revision) = (self.run.id, self.run.revision);
        Exclusion { run_id, row_no, reason, recipient, external_id, name, detail, revision, cost_centre, happens_at }
    }

    pub(super) fn exclusion(&self, row_no: i64, reason: ExclusionReason, draft: Draft, detail: String) -> Exclusion {
        let Draft { given: recipient, external_id, name, cost_centre, happens_at, .. } = draft;
        let (run_id, revision) = (self.run.id, self.run.revision);
        Exclusion { run_id, row_no, reason, recipient, external_id, name, detail, revision, cost_centre, happens_at }
    }

    /// When it is due. Where a share goes first, messages due at one instant get an order of their own, a little later
    /// each; never past their latest time or a closing hour.
    fn due_at(&self, draft: &Draft) -> UnixMs {
        let Some(spread) = &self.canary else { return draft.due_at };
        let due_at = draft.due_at.plus(place_of(self.run.id.0, &draft.key));
        let zone = || TimeZone::get(&draft.timezone).unwrap_or(TimeZone::UTC);
        let fits = draft.latest_at.is_none_or(|latest| due_at <= latest)
            && spread.hours.of_person(&draft.to).is_none_or(|hours| hours.is_open(due_at, &zone()));
        if fits { due_at } else { draft.due_at }
    }

    fn message(&self, row_no: i64, draft: Draft, person: PersonId, now: UnixMs) -> NewMessage {
        self.message_with(row_no, draft, person, (None, now))
    }

    /// The message of a row; `template` only where it is not the run's.
    pub(super) fn message_with(
        &self,
        row_no: i64,
        draft: Draft,
        person: PersonId,
        (template, now): (Option<&Template>, UnixMs),
    ) -> NewMessage {
        let content = diff::content(&draft, template);
        let market = market::of(&draft.to);
        let due_at = self.due_at(&draft);
        let day = draft.due_at.max(now).day_in(&self.account.timezone);
        let category = self.template.of(draft.fill.language.as_deref()).category;
        let price = estimate::estimate(&self.engine.cards, self.currency, market.as_str(), category, &day);
        NewMessage {
            run_id: self.run.id,
            campaign_id: self.run.campaign_id,
            row_no,
            key: draft.key,
            person_id: person,
            recipient: draft.to.digits().to_owned(),
            name: draft.name,
            account: self.run.account.clone(),
            sender: self.run.sender.clone(),
            priority: self.run.priority,
            content,
            conversation_id: None,
            author: String::new(),
            route: draft.route,
            cost_centre: draft.cost_centre,
            external_id: draft.external_id,
            happens_at: draft.happens_at,
            timezone: draft.timezone,
            created_at: now,
            revision: self.run.revision,
            due_at,
            latest_at: draft.latest_at,
            market: market.as_str().to_owned(),
            category,
            currency: self.run.currency.clone(),
            // A currency without a card is a blocker of the start, and a card has a rate for every market.
            estimated: price.unwrap_or_default(),
        }
    }
}

impl LeftOut {
    pub(super) fn reason(&self, person: PersonId) -> Option<ExclusionReason> {
        if self.suppressed.contains(&person) {
            return Some(ExclusionReason::Suppressed);
        }
        self.talking.contains(&person).then_some(ExclusionReason::OpenConversation)
    }
}

/// What a message of a run puts into its template.
fn fill_of(message: &NewMessage) -> Fill {
    match serde_json::from_str(&message.content) {
        Ok(Content::Template { fill, .. }) => fill,
        _ => Fill::default(),
    }
}

pub(super) fn already_sent(run: RunId) -> (ExclusionReason, String) {
    (ExclusionReason::AlreadySent, rows::sent_in(run))
}

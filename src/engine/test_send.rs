//! "Send me a test": one row of a version, as its person would get it, to a number of one's own. It passes the gates of
//! every message (pace, pair limit, messaging limit, do-not-send list) and stands outside all that the campaign counts.

use std::time::Duration;

use tracing::info;

use super::answer::unique_key;
use super::dispatcher::is_marketing;
use super::feed::Failure;
use super::start::Candidate;
use super::{Engine, EngineError, aside};
use crate::billing::{estimate, market};
use crate::config::Account;
use crate::domain::fill::{Content, Fill};
use crate::domain::id::{CampaignId, MessageId, RunId, VersionId};
use crate::domain::kind::Priority;
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::domain::snapshot::Snapshot;
use crate::domain::template::{Template, TemplateStatus, edit};
use crate::intake::rows::{RowFate, RowsRequest, explain, open_rows};
use crate::locale::{Language, say};
use crate::store::idempotency::Once;
use crate::store::message::{self, NewMessage};
use crate::store::{StoreError, suppression, test_message};

/// Tests that one person may send …
const AT_MOST: usize = 10;

/// … within this.
const WITHIN: Duration = Duration::from_hours(1);

/// A test that has not left by then is of no use any more.
const LATEST: Duration = Duration::from_mins(30);

/// What to send to whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TestSend<'a> {
    /// Which version.
    pub version: VersionId,
    /// Which row; 1 is the first after the header.
    pub row: i64,
    /// The number as typed; a local one is completed with the sender's country.
    pub to: &'a str,
    /// The key of the form: sent again, nothing more leaves. `None`: it comes from no form.
    pub once: Option<&'a str>,
    /// In what language a refusal says why a row has no message.
    pub language: Language,
}

/// What became of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TestOutcome {
    /// It is in line, ahead of every campaign.
    Sent {
        /// Which message; `None`: it was sent before under the same key.
        message: Option<MessageId>,
        /// The number it goes to.
        to: Phone,
    },
    /// These must be mended first.
    Refused(Vec<Problem>),
}

impl Engine {
    /// Sends a row to a number of one's own: once under `once`.
    pub async fn send_test(&self, test: TestSend<'_>, by: &str, once: &Once) -> Result<TestOutcome, EngineError> {
        let mut candidate = self.candidate(test.version).await?;
        match self.tested(&mut candidate, test, (by, once)).await? {
            Err(problem) => Ok(TestOutcome::Refused(vec![problem])),
            Ok((message, to)) => {
                if let Some(message) = message {
                    info!(message.id = %message, version.id = %test.version, "message {message} is a test");
                }
                self.wake.notify_waiters();
                Ok(TestOutcome::Sent { message, to })
            }
        }
    }

    async fn tested(
        &self,
        candidate: &mut Candidate,
        test: TestSend<'_>,
        (by, once): (&str, &Once),
    ) -> Result<Result<(Option<MessageId>, Phone), Problem>, EngineError> {
        let sender = &candidate.file.sender.clone();
        let to = match self.international(sender, test.to) {
            Ok(to) => to,
            Err(problem) => return Ok(Err(problem)),
        };
        if let Some(message) = once.made()? {
            return Ok(Ok((Some(message), to)));
        }
        let (_, account) = self.way_out(sender).map_err(|_| EngineError::Unknown { what: "sender" })?;
        if let Some(problem) = self.too_many_tests(by).await? {
            return Ok(Err(problem));
        }
        let templates = match self.sendable_templates(candidate, account).await? {
            Ok(templates) => templates,
            Err(problem) => return Ok(Err(problem)),
        };
        self.with_mapping(&account.name, &mut candidate.file, Some(&templates.main)).await?;
        let fill = match self.fill_of(candidate, &templates, test).await? {
            Ok(fill) => fill,
            Err(problem) => return Ok(Err(problem)),
        };
        let fill = self.with_files(fill, test.version).await?;
        let template = templates.of(fill.language.as_deref()).clone();
        if !self.cards.has(account.currency) {
            let currency = account.currency.to_string();
            return Ok(Err(Problem::new("no_rate_card", &[("currency", &currency), ("account", &account.name)])));
        }
        let person = self.person(&to).await?;
        let marketing = is_marketing(candidate.file.kind, template.category);
        if !suppression::blocked(&self.store, &[person], marketing).await?.is_empty() {
            return Ok(Err(Problem::new("suppressed", &[])));
        }
        let new = NewMessage { person_id: person, ..self.test_message(account, sender, &to, (template, fill, by)) };
        let new = NewMessage { key: test.once.map_or_else(unique_key, |once| format!("t:{by}:{once}")), ..new };
        let mut tx = self.store.begin().await?;
        let queued = message::insert_batch(&mut tx, &[new]).await?;
        let queued = queued.first().map(|(id, _)| *id);
        if let Some(id) = queued {
            test_message::mark(&mut tx, id, candidate.version.campaign_id).await?;
            once.settle(&mut tx, &id).await?;
        }
        tx.commit().await?;
        Ok(Ok((queued, to)))
    }

    /// The template as the provider has it now, where it can be sent.
    async fn sendable_templates(
        &self,
        candidate: &Candidate,
        account: &Account,
    ) -> Result<Result<Snapshot, Problem>, EngineError> {
        let wanted = &candidate.file.template;
        let args = [("template", wanted.name.as_str()), ("language", wanted.language.as_str())];
        Ok(match self.fresh_templates(&account.name, &candidate.file).await {
            Ok(Some(found)) if found.main.status == TemplateStatus::Approved => Ok(found),
            Ok(Some(found)) => Err(edit::not_sendable(&wanted.name, &wanted.language, &found.main.status)),
            Ok(None) => Err(Problem::new("template_unknown", &args)),
            Err(EngineError::Provider(_)) => Err(Problem::new("template_unread", &args)),
            Err(other) => return Err(other),
        })
    }

    /// One's own number is written to now and then; more would be a campaign that nothing counts.
    async fn too_many_tests(&self, by: &str) -> Result<Option<Problem>, EngineError> {
        let now = self.clock.now();
        let sent = test_message::since(&self.store, by, now.minus(WITHIN)).await?;
        if sent.len() < AT_MOST {
            return Ok(None);
        }
        let first = sent.first().copied().ok_or(StoreError::Guard { expected: 1, actual: 0 })?;
        let minutes = first.plus(WITHIN).since(now).as_secs().div_ceil(60).max(1).to_string();
        Ok(Some(Problem::new("test_too_many", &[("n", &minutes), ("most", &AT_MOST.to_string())])))
    }

    /// What the row puts into the template, or why it has no message.
    async fn fill_of(
        &self,
        candidate: &Candidate,
        template: &Snapshot,
        test: TestSend<'_>,
    ) -> Result<Result<Fill, Problem>, EngineError> {
        let audience = self.audience(&candidate.version.audience_hash).await?;
        let (file, template, config) = (candidate.file.clone(), template.clone(), self.config.clone());
        let (started_at, row, language) = (self.clock.now(), test.row, test.language);
        let failure = Failure::default();
        let (vars, names) = (self.vars().await?, self.client_names(&candidate.file, &failure).await?);
        let found = aside(move || {
            let request = RowsRequest {
                campaign: &file,
                template: Some(&template.main),
                translations: &template.translations,
                vars: &vars,
                names: &*names,
                holidays: &config.holidays,
                laws: &config.laws,
                reach: &config.reach,
                audience: &audience,
                started_at,
            };
            let mut rows = match open_rows(&request) {
                Ok(rows) => rows,
                Err(mut problems) => return Err(problems.swap_remove(0)),
            };
            match rows.find(|found| found.no == row).map(|found| found.fate) {
                Some(RowFate::Message(draft)) => Ok(draft.fill),
                Some(RowFate::Excluded(left)) => {
                    let reason = say(language, &format!("exclusion.{}", left.reason.as_str()), &[]);
                    let detail = explain(language, &left.detail);
                    let why = if detail.is_empty() { reason } else { format!("{reason} ({detail})") };
                    Err(Problem::new("test_row_left_out", &[("row", &row.to_string()), ("reason", &why)]))
                }
                None => Err(Problem::new("test_no_row", &[("row", &row.to_string())])),
            }
        })
        .await?;
        failure.told()?;
        Ok(found)
    }

    fn test_message(
        &self,
        account: &Account,
        sender: &str,
        to: &Phone,
        (template, fill, by): (Template, Fill, &str),
    ) -> NewMessage {
        let now = self.clock.now();
        let (market, category) = (market::of(to), template.category);
        let day = now.day_in(&account.timezone);
        let price = estimate::estimate(&self.cards, account.currency, market.as_str(), category, &day);
        NewMessage {
            run_id: RunId::BY_HAND,
            campaign_id: CampaignId::BY_HAND,
            row_no: 0,
            key: String::new(),
            person_id: crate::domain::id::PersonId(0),
            recipient: to.digits().to_owned(),
            name: String::new(),
            account: account.name.clone(),
            sender: sender.to_owned(),
            priority: Priority::AGENT,
            content: NewMessage::content_of(&Content::Template { fill, template: Some(Box::new(template)) }),
            conversation_id: None,
            author: by.to_owned(),
            route: String::new(),
            cost_centre: String::new(),
            external_id: None,
            happens_at: None,
            timezone: account.timezone.iana_name().unwrap_or("UTC").to_owned(),
            created_at: now,
            revision: 0,
            due_at: now,
            latest_at: Some(now.plus(LATEST)),
            market: market.as_str().to_owned(),
            category,
            currency: account.currency.as_str().to_owned(),
            estimated: price.unwrap_or_default(),
        }
    }
}

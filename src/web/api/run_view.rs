//! A run as the API tells it.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::forecast::Forecast;
use crate::domain::id::{CampaignId, RunId, VersionId};
use crate::domain::kind::CampaignKind;
use crate::domain::message::MessageState;
use crate::domain::problem::Problem;
use crate::domain::time::UnixMs;
use crate::engine::waiting::Why;
use crate::engine::{canary, wallet};
use crate::locale::{Language, failure, problem, say, sentences};
use crate::store::amendment::{self, Figures};
use crate::store::run::Run;
use crate::store::view::tally;
use crate::store::{campaign, click, exclusion, message};
use crate::web::error::WebError;
use crate::web::state::WebState;
use crate::web::{clock, figures};

/// A run with its counts. Every count is made from the messages themselves.
#[derive(Serialize, ToSchema)]
pub struct RunView {
    /// Its id.
    pub id: RunId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// Folder name of the campaign.
    pub name: String,
    /// Title of the campaign.
    pub title: String,
    /// Version of the campaign that it sends.
    pub version: VersionId,
    /// What it is for.
    pub kind: CampaignKind,
    /// Account it sends through.
    pub account: String,
    /// Sender it sends from.
    pub sender: String,
    /// `planning`, `running`, `waiting` (nothing of it may leave now), `paused`, `held`, `sent_out`, `cancelled` or `closed`.
    pub state: &'static str,
    /// The clock of its campaign, an IANA name.
    pub timezone: String,
    /// Why it does not go on; `null` when it does, or has ended.
    pub waiting: Option<Waits>,
    /// Who started it.
    pub starter: String,
    /// When, Unix milliseconds.
    pub started_at: UnixMs,
    /// Rows read from the audience, of a standing run from its last file; `null` while they are being read.
    pub rows_read: Option<i64>,
    /// Messages.
    pub messages: i64,
    /// Messages by state; states without messages are left out.
    pub states: BTreeMap<&'static str, i64>,
    /// Messages per minute over the last minute watched.
    pub per_minute: Option<i64>,
    /// When it is expected to be sent out, and what limits it; while it is held nobody knows until when (`if_it_went_on`), as
    /// if it went on now. `null` while it is planned or paused (then `waiting` says why), or where nothing is left to send.
    pub forecast: Option<Forecast>,
    /// When nothing was left to send.
    pub sent_out_at: Option<UnixMs>,
    /// When every message had been delivered, read or had ended.
    pub closed_at: Option<UnixMs>,
}

/// Why something waits.
#[derive(Serialize, ToSchema)]
pub struct Waits {
    /// Stable word.
    pub code: String,
    /// One sentence, in the language asked for.
    pub message: String,
    /// When it goes on by itself or is looked at again; `null`: at once, or when a person does something.
    pub until: Option<UnixMs>,
}

/// Messages that share a cause.
#[derive(Serialize, ToSchema)]
pub struct CauseView {
    /// Stable word, or the provider's code.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// How many.
    pub n: i64,
}

/// What a run costs. Amounts are decimals in text.
#[derive(Serialize, ToSchema)]
pub struct MoneyView {
    /// ISO 4217.
    pub currency: String,
    /// At most.
    pub estimated: String,
    /// Kept for what is under way.
    pub reserved: String,
    /// So far.
    pub charged: String,
}

/// A file that waits for a person.
#[derive(Serialize, ToSchema)]
pub struct WaitingFileView {
    /// Its name.
    pub file: String,
    /// The version: what `start` takes.
    pub version: VersionId,
    /// When it came, Unix milliseconds.
    pub loaded_at: UnixMs,
}

/// What files did to a standing run: `rows_read` is the sum of `added`, `changed`, `same`, `already_sent` and `left_out`.
#[derive(Serialize, ToSchema)]
pub struct FilesView {
    /// How many files.
    pub files: i64,
    /// Their rows.
    pub rows_read: i64,
    /// Rows that became messages.
    pub added: i64,
    /// Rows whose message waited, and goes out otherwise now.
    pub changed: i64,
    /// Rows whose message waited as it is.
    pub same: i64,
    /// Rows whose message had gone, or ended.
    pub already_sent: i64,
    /// Rows left out.
    pub left_out: i64,
    /// Messages that were taken back: of rows that were there no more.
    pub removed: i64,
}

impl FilesView {
    fn of(files: i64, figures: Figures) -> Self {
        let Figures { rows_read, added, changed, same, already_sent, left_out, removed } = figures;
        Self { files, rows_read, added, changed, same, already_sent, left_out, removed }
    }
}

/// A run with everything that can be said about it in figures.
#[derive(Serialize, ToSchema)]
pub struct RunDetail {
    /// The run.
    #[serde(flatten)]
    pub run: RunView,
    /// Name and language of its template.
    pub template: String,
    /// Messages that wait, by gate.
    pub gates: Vec<CauseView>,
    /// Attempts opened anew because the rule of doubt said that the one before certainly never left.
    pub resent_unsure: i64,
    /// Failures by the provider's code.
    pub failures: Vec<CauseView>,
    /// What the last file of a standing run did; `null`: it is none.
    pub last_file: Option<FilesView>,
    /// What all of its files did.
    pub all_files: Option<FilesView>,
    /// Rows left out at loading, by reason; of a standing run those of its last file.
    pub excluded: BTreeMap<&'static str, i64>,
    /// Messages stopped at sending, by reason.
    pub stopped: Vec<CauseView>,
    /// What people decided, by outcome.
    pub outcomes: BTreeMap<String, i64>,
    /// Messages answered without an outcome whose person waits for somebody.
    pub to_be_read: i64,
    /// Messages answered without an outcome, where nobody waits any more.
    pub answered: i64,
    /// People reached and silent so far.
    pub no_answer: i64,
    /// The share that goes first; `null`: the campaign has none.
    pub canary: Option<canary::CanaryStanding>,
    /// Messages of which a link was opened, where the provider tells.
    pub links_opened: i64,
    /// Why it is paused, one sentence each.
    pub paused_for: Vec<CauseView>,
    /// Its template will be billed as something else: what that means for what is in line; `null`: nothing is announced,
    /// or `paused_for` says it.
    pub category_ahead: Option<CauseView>,
    /// A new file of the campaign that this run has not taken up and that waits for a person; `null`: none does.
    pub waiting_file: Option<WaitingFileView>,
    /// What it costs.
    pub cost: MoneyView,
    /// What has to be put into its account's wallet at least for everything in line to go out, as `USD 12.50`; `null`:
    /// nothing, or the provider keeps no wallet.
    pub recharge: Option<String>,
}

impl RunView {
    /// Tells `run`.
    pub async fn of(state: &WebState, language: Language, run: Run) -> Result<Self, WebError> {
        let found = campaign::get(state.store(), run.campaign_id).await?;
        let (name, title) = found.map(|c| (c.name, c.title)).unwrap_or_default();
        let f = figures::Figures::of(state, run).await?;
        let timezone = clock::of_run(state, &f.run).await?.iana_name().unwrap_or("UTC").to_owned();
        let counted = MessageState::ALL.into_iter().map(|s| (s.as_str(), f.counts.get(s))).filter(|(_, n)| *n > 0);
        Ok(Self {
            id: f.run.id,
            campaign: f.run.campaign_id,
            name,
            title,
            version: f.run.version_id,
            kind: f.run.kind,
            state: f.word,
            waiting: f.waits.map(|why| Waits::of(language, &why)),
            started_at: f.run.started_at,
            rows_read: f.run.rows_read,
            messages: f.counts.total(),
            states: counted.collect(),
            per_minute: f.counts.per_minute,
            forecast: f.forecast,
            timezone,
            sent_out_at: f.run.sent_out_at,
            closed_at: f.run.closed_at,
            account: f.run.account,
            sender: f.run.sender,
            starter: f.run.starter,
        })
    }
}

impl Waits {
    /// In words.
    pub fn of(language: Language, why: &Why) -> Self {
        Self { code: why.code.clone(), message: why.sentence(language), until: why.until }
    }
}

impl RunDetail {
    /// Tells all of `run`.
    pub async fn of(state: &WebState, language: Language, run: Run) -> Result<Self, WebError> {
        let (store, id, currency) = (state.store(), run.id, run.currency.clone());
        let template = run.snapshot().map(|t| format!("{} ({})", t.name, t.language))?;
        let answers = tally::answers(store, id).await?;
        let money = tally::money(store, id).await?;
        let gates = tally::waiting(store, id).await?.into_iter();
        let failures = tally::failures(store, id).await?.into_iter();
        let stopped = tally::stopped(store, id).await?.into_iter();
        let excluded = exclusion::counts(store, id).await?;
        let canary = canary::standing(&state.engine, id).await?;
        let waits = state.engine.waiting_file(id).await?;
        let waiting_file = waits.map(|w| WaitingFileView { file: w.file, version: w.version, loaded_at: w.loaded_at });
        let last_file = amendment::list(store, id, 1).await?.first().map(|last| FilesView::of(1, last.figures));
        let (files, figures) = amendment::totals(store, id).await?;
        let recharge = wallet::recharge(&state.engine, &run.account).await?;
        let told = |p: Problem| CauseView { message: problem(language, &p), n: n_of(&p), code: p.code };
        let paused_for = run.paused_for().into_iter().map(told).collect();
        let category_ahead = state.engine.category_ahead(&run).await?.map(told);
        Ok(Self {
            run: RunView::of(state, language, run).await?,
            template,
            last_file,
            all_files: (files > 0).then(|| FilesView::of(files, figures)),
            resent_unsure: message::resent(store, id).await?,
            links_opened: click::of_run(store, id).await?,
            gates: gates.map(|g| cause(language, &format!("waiting.{}", g.waiting_for), g.waiting_for, g.n)).collect(),
            failures: failures
                .map(|f| CauseView { code: f.code.to_string(), message: failure(language, f.code), n: f.n })
                .collect(),
            stopped: stopped.map(|s| cause(language, &format!("web.reason.{}", s.reason), s.reason, s.n)).collect(),
            excluded: excluded.into_iter().map(|(reason, n)| (reason.as_str(), n)).collect(),
            outcomes: answers.outcomes.into_iter().collect(),
            to_be_read: answers.to_be_read,
            answered: answers.answered,
            no_answer: answers.no_answer,
            canary,
            waiting_file,
            paused_for,
            category_ahead,
            recharge: recharge.map(|(currency, amount)| format!("{currency} {amount}")),
            cost: MoneyView {
                currency,
                estimated: money.estimated.to_string(),
                reserved: money.reserved.to_string(),
                charged: money.charged.to_string(),
            },
        })
    }
}

/// How many messages it is about, where it says.
fn n_of(problem: &Problem) -> i64 {
    problem.args.iter().find(|(name, _)| name == "n").and_then(|(_, n)| n.parse().ok()).unwrap_or_default()
}

fn cause(language: Language, key: &str, code: String, n: i64) -> CauseView {
    let message = if sentences(language).contains_key(key) { say(language, key, &[]) } else { code.clone() };
    CauseView { code, message, n }
}

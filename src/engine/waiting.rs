//! "Why is it waiting?": one sentence, and when it goes on, for every message and run.

use crate::domain::failure::Failure;
use crate::domain::id::{MessageId, RunId};
use crate::domain::kind::Priority;
use crate::domain::message::MessageState;
use crate::domain::money::Micros;
use crate::domain::people_pace::WHOLE;
use crate::domain::problem::Problem;
use crate::domain::run::RunState;
use crate::domain::snapshot::Snapshot;
use crate::domain::template::Category;
use crate::domain::template::edit::BEYOND;
use crate::domain::time::UnixMs;
use crate::locale::{self, Language};
use crate::store::canary::{self, CanaryState};
use crate::store::hold::{self, Hold, HoldCause, HoldScope};
use crate::store::message::{self, Message};
use crate::store::run::{self, Run};

use super::holds::ITSELF;
use super::{Engine, EngineError, budget, people_pace, tier};

/// Why something waits.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Why {
    /// Stable word; the sentence is the locales' key `waiting.<code>`.
    pub code: String,
    /// Values of the sentence's placeholders.
    pub args: Vec<(String, String)>,
    /// When it goes on by itself, or is looked at again; `None`: when a person does something, or at once.
    pub until: Option<UnixMs>,
    /// Why it was paused: the sentence's `{why}`.
    pub because: Vec<Problem>,
}

impl Why {
    fn new(code: &str, args: &[(&str, &str)], until: Option<UnixMs>) -> Self {
        let args = args.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self { code: code.to_owned(), args, until, because: Vec::new() }
    }

    /// The sentence.
    pub fn sentence(&self, language: Language) -> String {
        let mut args: Vec<(&str, &str)> = self.args.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let what = args
            .iter()
            .find(|(k, _)| *k == "scope")
            .map(|(_, v)| locale::say(language, &format!("hold.scope.{v}"), &[]));
        if let Some(what) = &what {
            args.push(("what", what));
        }
        let refused = args.iter().find(|(k, _)| *k == "code").and_then(|(_, code)| code.parse::<i64>().ok());
        let (refused, untold) = (refused.map(|code| locale::failure(language, code)), refused.is_none());
        if let Some(why) = &refused {
            args.push(("why", why));
        }
        let because = locale::problems(language, &self.because);
        if !self.because.is_empty() {
            args.push(("why", because.trim_end_matches('.')));
        }
        let code = match &*self.code {
            "hold_refused" if untold => "hold_refused_untold",
            "hold_quality" if untold => "hold_quality_untold",
            "hold_deleted" if untold => "hold_deleted_untold",
            "hold_restored" => match args.iter().find(|(k, _)| *k == "key").map_or("", |(_, why)| *why) {
                "copy" => "hold_copy",
                "moved" => "hold_moved",
                "older" => "hold_older",
                "stale" => "hold_stale",
                "foreign" => "hold_foreign",
                _ => "hold_restored",
            },
            code => code,
        };
        locale::say(language, &format!("waiting.{code}"), &args)
    }
}

/// Why a message waits; `None` when it waits for nothing of ours (it has left, or has ended).
pub async fn message(engine: &Engine, id: MessageId) -> Result<Option<Why>, EngineError> {
    let message = message::get(&engine.store, id).await?.ok_or(EngineError::Unknown { what: "message" })?;
    match message.state {
        MessageState::InDoubt => Ok(Some(Why::new("in_doubt", &[], None))),
        MessageState::Claimed => Ok(Some(Why::new("sending", &[], message.doubt_at))),
        MessageState::Queued => queued(engine, &message).await.map(Some),
        _ => Ok(None),
    }
}

async fn queued(engine: &Engine, message: &Message) -> Result<Why, EngineError> {
    let run = run::get(&engine.store, message.run_id).await?;
    if let Some(run) = &run
        && let Some(why) = stopped(run)
    {
        return Ok(why);
    }
    let later = message.due_at > engine.clock.now();
    let gate = message.waiting_for.as_deref().filter(|_| later);
    let holds = hold::open(&engine.store).await?;
    let keys = Keys::of(&message.account, &message.sender, run.as_ref())?;
    Ok(match (keys.held(&holds), gate) {
        (Some(hold), _) => held(hold),
        (None, Some(gate)) => Why::new(gate, &[], Some(message.due_at)),
        (None, None) if later => Why::new("scheduled", &[], Some(message.due_at)),
        (None, None) => {
            // A free text takes no place.
            let tier = message.category != Category::Service;
            let of = Line { account: &message.account, priority: message.priority, tier, run: run.as_ref() };
            behind(engine, &of).await?.unwrap_or_else(|| Why::new("in_line", &[], None))
        }
    })
}

/// The widest hold that stops `run` now.
pub async fn hold_on(engine: &Engine, run: &Run) -> Result<Option<Hold>, EngineError> {
    let holds = hold::open(&engine.store).await?;
    Ok(Keys::of(&run.account, &run.sender, Some(run))?.held(&holds).cloned())
}

/// What those messages of a run that are due and that no gate of their own keeps wait for: a hold, its canary, its budget, the
/// wallet, its people, the messaging limit. `None`: nothing but their turn, or the run itself does not go on.
pub async fn in_line(engine: &Engine, run: &Run) -> Result<Option<Why>, EngineError> {
    if run.state != RunState::Running {
        return Ok(None);
    }
    match hold_on(engine, run).await? {
        Some(hold) => Ok(Some(held(&hold))),
        None => behind(engine, &Line::of(run)).await,
    }
}

/// Why a run does not go on; `None` when it does, or has ended.
pub async fn run(engine: &Engine, id: RunId) -> Result<Option<Why>, EngineError> {
    let run = run::get(&engine.store, id).await?.ok_or(EngineError::Unknown { what: "run" })?;
    of_run(engine, &run).await
}

/// The same for a run as it was read.
pub async fn of_run(engine: &Engine, run: &Run) -> Result<Option<Why>, EngineError> {
    if matches!(run.state, RunState::Closed | RunState::Cancelled) {
        return Ok(None);
    }
    if let Some(why) = stopped(run) {
        return Ok(Some(why));
    }
    if let Some(hold) = hold_on(engine, run).await? {
        return Ok(Some(held(&hold)));
    }
    if run.sent_out_at.is_some() {
        return Ok(Some(Why::new("receipts", &[], None)));
    }
    if let Some(why) = canary(engine, run).await? {
        return Ok(Some(why));
    }
    let next = run::next_due(&engine.store, run.id).await?;
    let now = engine.clock.now();
    Ok(match next {
        Some((due_at, gate)) if due_at > now => {
            Some(Why::new(gate.as_deref().unwrap_or("scheduled"), &[], Some(due_at)))
        }
        Some(_) => behind(engine, &Line::of(run)).await?,
        None => run::has_doubts(&engine.store, run.id).await?.then(|| Why::new("in_doubt", &[], None)),
    })
}

/// What is due now and stands in line.
struct Line<'a> {
    account: &'a str,
    priority: Priority,
    /// Whether it takes a place of the messaging limit.
    tier: bool,
    run: Option<&'a Run>,
}

impl<'a> Line<'a> {
    fn of(run: &'a Run) -> Self {
        Self { account: &run.account, priority: run.priority, tier: true, run: Some(run) }
    }
}

/// The messaging limit or the budget that what is due waits behind.
async fn behind(engine: &Engine, line: &Line<'_>) -> Result<Option<Why>, EngineError> {
    if let Some(run) = line.run
        && let Some(why) = canary(engine, run).await?
    {
        return Ok(Some(why));
    }
    if let Some(run) = line.run
        && let Some(out) = budget::out(engine, run).await?
    {
        let args = [("budget", &*out.budget), ("charged", &out.charged), ("reserved", &out.reserved)];
        return Ok(Some(Why::new("budget", &args, out.until)));
    }
    if let Some(why) = wallet(engine, line).await? {
        return Ok(Some(why));
    }
    if let Some(run) = line.run
        && let Some(why) = people(engine, run).await?
    {
        return Ok(Some(why));
    }
    let promotion = line.priority == Priority::PROMOTION;
    let wait = if line.tier { tier::wait(engine, line.account, promotion).await? } else { None };
    Ok(wait.map(|wait| {
        let [taken, limit, reserve] = [wait.taken, wait.limit, wait.reserve].map(|n| n.to_string());
        Why::new(wait.code, &[("taken", &taken), ("limit", &limit), ("reserve", &reserve)], wait.until)
    }))
}

/// What is left in the wallet is for reminders, or is known only with the next reading.
async fn wallet(engine: &Engine, line: &Line<'_>) -> Result<Option<Why>, EngineError> {
    let Some(account) = engine.config.accounts.get(line.account) else { return Ok(None) };
    let Some(sender) = engine.config.senders.values().find(|sender| sender.account == account.name) else {
        return Ok(None);
    };
    let purse = super::wallet::purse(engine, account, sender).await?;
    let template = line.run.map(Run::snapshots).transpose()?;
    let price = super::wallet::dearest(engine, account, template.as_ref());
    let Some(purse) = purse.filter(|purse| purse.messages(line.priority, price) == 0) else { return Ok(None) };
    if purse.hope(line.priority) >= price.max(Micros(1)) {
        return Ok(Some(Why::new("wallet_reading", &[], None)));
    }
    let missing = format!("{} {}", account.currency, purse.missing(Micros(0)));
    Ok(Some(Why::new("wallet", &[("missing", &missing)], None)))
}

/// The conversations that wait for the team that `run` goes by: it stands still, or is slower than it might be.
async fn people(engine: &Engine, run: &Run) -> Result<Option<Why>, EngineError> {
    let standing = people_pace::standing(engine, run).await?.filter(|standing| standing.share < WHOLE);
    Ok(standing.map(|standing| {
        let code = if standing.share == 0 { "people" } else { "people_slow" };
        let share = format!("{} %", (standing.share + 5) / 10);
        let (n, limit) = (standing.waiting.to_string(), standing.at_most.to_string());
        Why::new(code, &[("waiting", &n), ("limit", &limit), ("team", &standing.team), ("share", &share)], None)
    }))
}

/// The canary whose receipts the rest of `run` waits for.
async fn canary(engine: &Engine, run: &Run) -> Result<Option<Why>, EngineError> {
    let canary = canary::get(&engine.store, run.id).await?.filter(|c| c.state == CanaryState::Waiting);
    Ok(canary.map(|c| Why::new("canary", &[("n", &c.sent.unwrap_or(c.wanted).to_string())], c.judge_at)))
}

fn stopped(run: &Run) -> Option<Why> {
    match run.state {
        RunState::Paused => {
            let (by, because) = (run.paused_by.as_deref().unwrap_or_default(), run.paused_for());
            let code = match (because.is_empty(), by == ITSELF) {
                (true, _) => "paused",
                (false, true) => "paused_itself",
                (false, false) => "paused_why",
            };
            Some(Why { because, ..Why::new(code, &[("who", by)], None) })
        }
        RunState::Planning => Some(Why::new("planning", &[], None)),
        RunState::Running | RunState::Cancelled | RunState::Closed => None,
    }
}

/// The scope keys a hold on this message or run could have.
pub(super) struct Keys {
    account: String,
    sender: String,
    templates: Vec<String>,
    run: Option<String>,
}

impl Keys {
    pub(super) fn of(account: &str, sender: &str, run: Option<&Run>) -> Result<Self, EngineError> {
        let templates = run.map(Run::snapshots).transpose()?;
        let templates = templates.iter().flat_map(Snapshot::all);
        Ok(Self {
            account: account.to_owned(),
            sender: sender.to_owned(),
            templates: templates.map(|t| hold::template_key(account, &t.name, &t.language)).collect(),
            run: run.map(|run| run.id.to_string()),
        })
    }

    /// The widest hold that stops it.
    pub(super) fn held<'a>(&'a self, holds: &'a [Hold]) -> Option<&'a Hold> {
        self.all(holds).min_by_key(|hold| hold.scope as u8)
    }

    /// Every hold that stops it.
    pub(super) fn all<'a>(&'a self, holds: &'a [Hold]) -> impl Iterator<Item = &'a Hold> {
        let stops = move |hold: &&Hold| match hold.scope {
            HoldScope::Store => true,
            HoldScope::Account => hold.scope_key == self.account,
            HoldScope::Sender => hold.scope_key == self.sender,
            HoldScope::Template => self.templates.contains(&hold.scope_key),
            HoldScope::Run => self.run.as_ref() == Some(&hold.scope_key),
            // Its people are left out; nothing waits for it.
            HoldScope::Country => false,
        };
        holds.iter().filter(stops)
    }
}

/// Why a hold stops what it stops.
pub fn held(hold: &Hold) -> Why {
    let code = hold.code.filter(|code| *code != Failure::NO_CODE).map(|code| code.to_string()).unwrap_or_default();
    let word = match hold.cause {
        HoldCause::Outage => "hold_outage",
        HoldCause::Refused if hold.word == hold::GONE => "hold_gone",
        HoldCause::Refused => "hold_refused",
        HoldCause::Quality => "hold_quality",
        HoldCause::Restricted => "hold_restricted",
        HoldCause::Review => "hold_review",
        HoldCause::Flagged => "hold_flagged",
        HoldCause::Deleted => "hold_deleted",
        HoldCause::Unknown => "hold_unknown",
        HoldCause::Budget => "hold_budget",
        HoldCause::Wallet => "hold_wallet",
        HoldCause::Person => "hold_person",
        HoldCause::Disk => "hold_disk",
        HoldCause::Restored => "hold_restored",
    };
    let said = hold.word.strip_prefix(BEYOND);
    let word = if said.is_some() { "hold_beyond" } else { word };
    let (scope, told) = (hold.scope.as_str(), said.unwrap_or(&hold.word));
    let args = [("scope", scope), ("code", &*code), ("key", &*hold.scope_key), ("word", told)];
    Why::new(word, &args, hold.expected())
}

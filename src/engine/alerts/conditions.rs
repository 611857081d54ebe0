//! What is found wrong, as conditions with a key: each look finds the same key for as long as it is the same trouble.

use std::collections::BTreeSet;
use std::time::Duration;

use super::elsewhere;
use super::lateness::{self, Patience};
use super::nodes as silent;
use super::paused;
use super::renamed;
use super::words::Detail;
use crate::config::Alerts;
use crate::domain::alert::AlertKind;
use crate::domain::time::UnixMs;
use crate::engine::nodes::host;
use crate::engine::{Engine, EngineError, doubt, refusals, room, subscriptions, waiting};
use crate::store::alert::Alert;
use crate::store::hold::{self, HoldCause};
use crate::store::view::watch;
use crate::store::{json, message, notice};

/// What is late is so by this much real time at least, where the clock runs fast.
const LATE_REAL: Duration = Duration::from_secs(30);

/// What began late is found for so many times what counts as late: some looks, so that it lasts long enough to be told.
const LOOKS: u32 = 3;

/// Without any receipt for so long, the webhook is silent.
const SILENCE: Duration = Duration::from_mins(15);

/// A doubt that no receipt and no rule has settled so long after its run's `in_doubt_after` waits for a person.
const DOUBT: Duration = Duration::from_mins(5);

/// A condition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Found {
    pub key: String,
    pub kind: AlertKind,
    pub detail: Detail,
}

impl Found {
    pub(super) fn new(kind: AlertKind, key: impl std::fmt::Display, path: &str, args: &[(&str, &str)]) -> Self {
        Self { key: format!("{}:{key}", kind.as_str()), kind, detail: Detail::new(path, args) }
    }
}

/// What stands still, and which machine has no room: cheap enough for every look.
pub(super) async fn at_once(engine: &Engine, disk_free: u64) -> Result<Vec<Found>, EngineError> {
    let mut found = held(engine).await?;
    found.extend(ailing_webhooks(engine).await?);
    found.extend(refused_webhooks(engine).await?);
    found.extend(elsewhere::found(engine).await?);
    found.extend(silent::found(engine).await?);
    found.extend(news(engine).await?);
    found.extend(paused::found(engine).await?);
    found.extend(renamed::found(engine).await?);
    for refused in watch::refused(&engine.store).await? {
        let path = format!("/campaigns/{}", refused.id);
        let args = [("campaign", &*refused.name), ("problem", &refused.definition)];
        found.push(Found::new(AlertKind::CampaignRefused, refused.id, &path, &args));
    }
    found.extend(low_disk(engine, disk_free).await?);
    Ok(found)
}

/// What providers told of accounts and numbers, while it stands.
async fn news(engine: &Engine) -> Result<Vec<Found>, EngineError> {
    let open = notice::open(&engine.store, engine.clock.now()).await?;
    let shaped = open.iter().map(|notice| {
        let key = format!("{}:{}:{}", notice.account, notice.word, notice.number);
        let args = [("account", notice.account.as_str()), ("notice", &notice.word), ("said", &notice.detail)];
        Found::new(AlertKind::AccountNews, key, "/doctor", &args)
    });
    Ok(shaped.collect())
}

async fn ailing_webhooks(engine: &Engine) -> Result<Vec<Found>, EngineError> {
    let ailing = subscriptions::ailing(engine).await?.into_iter();
    let shaped = ailing
        .map(|account| Found::new(AlertKind::WebhookAiling, &account, "/doctor", &[("account", account.as_str())]));
    Ok(shaped.collect())
}

async fn refused_webhooks(engine: &Engine) -> Result<Vec<Found>, EngineError> {
    let standing = refusals::standing(engine, engine.clock.now()).await?;
    let shaped = standing.iter().map(|one| {
        let why = format!("webhook_refusal.{}", one.why);
        let args = [("account", one.account.as_str()), ("why_key", why.as_str())];
        Found::new(AlertKind::WebhookRefused, &one.account, "/doctor", &args)
    });
    Ok(shaped.collect())
}

async fn held(engine: &Engine) -> Result<Vec<Found>, EngineError> {
    let open = hold::open(&engine.store).await?;
    let shaped = open.iter().map(|hold| {
        if hold.cause == HoldCause::Disk {
            return Found::new(AlertKind::DiskFull, place(engine), "/holds", &[("host", host(engine))]);
        }
        let (scope, name) = (hold.scope.as_str(), &*hold.scope_key);
        // That the provider says another word of the same template is no news: it is held as before.
        let cause = if hold.cause.is_of_template() { "template" } else { hold.cause.as_str() };
        // A refusal with another code is another stop: what ended the first does not end it.
        let code = hold.code.filter(|_| hold.cause == HoldCause::Refused);
        let code = code.map_or_else(String::new, |code| format!(":{code}"));
        let key = format!("{scope}:{name}:{cause}{code}");
        let mut one = Found::new(AlertKind::Hold, key, "/holds", &[("scope", scope), ("name", name)]);
        one.detail.why = Some(waiting::held(hold));
        one
    });
    let mut found: Vec<Found> = Vec::new();
    for one in shaped {
        if found.iter().all(|known| known.key != one.key) {
            found.push(one);
        }
    }
    Ok(found)
}

/// What the end of an alert says beside its beginning: how a run that stood still goes on, and where a node is.
pub(super) async fn ended(engine: &Engine, alert: Option<&Alert>) -> Result<Option<String>, EngineError> {
    let Some(alert) = alert else { return Ok(None) };
    let mut detail = Detail::read(&alert.detail);
    match alert.kind {
        AlertKind::RunPaused => paused::ended(engine, &mut detail).await?,
        AlertKind::NodeSilent => silent::ended(engine, &mut detail).await?,
        _ => return Ok(None),
    }
    Ok(Some(json(&detail)))
}

async fn low_disk(engine: &Engine, limit: u64) -> Result<Option<Found>, EngineError> {
    let Some(free) = room::free(engine).await?.filter(|free| *free < limit) else { return Ok(None) };
    let (free, limit) = (megabytes(free), megabytes(limit));
    let args = [("host", host(engine)), ("free", &*free), ("limit", &*limit)];
    Ok(Some(Found::new(AlertKind::DiskLow, place(engine), "/holds", &args)))
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}

/// Where this node's disk is: the same after a restart, another on another node.
pub(super) fn place(engine: &Engine) -> String {
    format!("{}:{}", host(engine), engine.config.server.data_dir.display())
}

/// What should have moved and has not: needs more questions, and is asked less often.
#[derive(Clone, Debug, Default)]
pub(super) struct Slow {
    pub found: Vec<Found>,
    /// Kinds of which nothing can be said yet.
    pub unknown: BTreeSet<AlertKind>,
}

/// Looks, as a process that has been up since `began`.
pub(super) async fn slow(engine: &Engine, began: UnixMs, config: &Alerts) -> Result<Slow, EngineError> {
    let now = engine.clock.now();
    let late = config.late.max(engine.clock_span(LATE_REAL));
    let silence = SILENCE.max(engine.clock_span(LATE_REAL));
    let mut slow = Slow { found: unread(engine, now.minus(late)).await?, unknown: BTreeSet::new() };
    slow.found.extend(lateness::found(engine, Patience { late, told: late * LOOKS + config.lasting }).await?);
    if now.since(began) >= late {
        slow.found.extend(still_queues(engine, now.minus(late)).await?);
    } else {
        slow.unknown.insert(AlertKind::QueueStill);
    }
    if now.since(began) >= silence {
        slow.found.extend(silent_webhooks(engine, began, now.minus(silence)).await?);
    } else {
        slow.unknown.insert(AlertKind::WebhookSilent);
    }
    let doubts = doubts(engine, now).await?;
    if doubts.too_soon {
        slow.unknown.insert(AlertKind::Doubts);
    }
    slow.found.extend(doubts.found);
    Ok(slow)
}

async fn unread(engine: &Engine, until: UnixMs) -> Result<Vec<Found>, EngineError> {
    let mut found = Vec::new();
    for waiting in engine.waiting_files(until).await? {
        let path = format!("/campaigns/{}", waiting.campaign);
        let (run, file) = (waiting.run.to_string(), waiting.file.as_str());
        let args = [("campaign", waiting.name.as_str()), ("run", &run), ("file", file)];
        found.push(Found::new(AlertKind::FileWaits, waiting.version, &path, &args));
    }
    for run in watch::unread_runs(&engine.store, until).await? {
        let id = run.id.to_string();
        let args = [("run", &*id), ("campaign", &*run.name)];
        found.push(Found::new(AlertKind::PlanLate, &id, &format!("/runs/{id}"), &args));
    }
    Ok(found)
}

/// Senders with something due since `until`, that have claimed nothing since, and no gate says why.
async fn still_queues(engine: &Engine, until: UnixMs) -> Result<Vec<Found>, EngineError> {
    let mut found = Vec::new();
    for sender in engine.config.senders.keys() {
        let moves = watch::last_claim(&engine.store, sender).await?.is_some_and(|at| at > until);
        if !moves && has_ungated(engine, sender, until).await? {
            found.push(Found::new(AlertKind::QueueStill, sender, "/campaigns", &[("sender", sender)]));
        }
    }
    Ok(found)
}

async fn has_ungated(engine: &Engine, sender: &str, until: UnixMs) -> Result<bool, EngineError> {
    if let Some(id) = watch::by_hand_due(&engine.store, sender, until).await?
        && waiting::message(engine, id).await?.is_some_and(|why| why.code == "in_line")
    {
        return Ok(true);
    }
    for run in watch::runs_due(&engine.store, sender, until).await? {
        if waiting::run(engine, run).await?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Accounts with messages accepted until `until`, of which and since which nothing has been told. Where what comes is
/// refused, that says it.
async fn silent_webhooks(engine: &Engine, began: UnixMs, until: UnixMs) -> Result<Vec<Found>, EngineError> {
    let mut found = Vec::new();
    let now = engine.clock.now();
    let refused = refusals::standing(engine, now).await?;
    for account in engine.config.accounts.keys().filter(|name| refused.iter().all(|one| one.account != **name)) {
        let (mut accepted, mut told) = (0, 0);
        for sender in engine.config.senders.values().filter(|sender| sender.account == *account) {
            let old = watch::receipts(&engine.store, &sender.name, began, until).await?;
            let latest = watch::receipts(&engine.store, &sender.name, began, now).await?;
            accepted += old.accepted;
            told += old.told + latest.told;
        }
        if accepted > 0 && told == 0 {
            found.push(Found::new(AlertKind::WebhookSilent, account, "/doctor", &[("account", account)]));
        }
    }
    Ok(found)
}

/// Doubts that wait for a person.
struct Doubts {
    found: Option<Found>,
    /// Of some nothing can be said yet: receipts get their time anew after a downtime.
    too_soon: bool,
}

async fn doubts(engine: &Engine, now: UnixMs) -> Result<Doubts, EngineError> {
    let up_since = message::up_since(&engine.store).await?;
    let (mut old, mut n, mut too_soon) = (0, 0, false);
    for run in watch::runs_in_doubt(&engine.store).await? {
        let after = doubt::in_doubt_after(engine, run).await?;
        let until = now.minus(after).minus(DOUBT);
        // What is said is how many the list shows, once some of them wait for a person.
        n += watch::old_doubts(&engine.store, run, now).await?;
        if up_since.is_some_and(|up| up > until) {
            too_soon = true;
        } else {
            old += watch::old_doubts(&engine.store, run, until).await?;
        }
    }
    let found = (old > 0).then(|| Found::new(AlertKind::Doubts, "all", "/doubt", &[("n", &n.to_string())]));
    // What is found already is told, whatever else may come.
    Ok(Doubts { too_soon: too_soon && found.is_none(), found })
}

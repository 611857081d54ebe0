//! A template is billed as something else from now on: what is open and uses it stops, with what it means in money, and a
//! person decides. A webhook says so, or the template itself, when it is read again and the webhook was lost
//! ([`super::template::keep`]).

use std::time::Duration;

use super::holds::ITSELF;
use super::{Engine, EngineError, steer};
use crate::billing::estimate;
use crate::domain::event::{CategoryNews, TemplateNote};
use crate::domain::id::RunId;
use crate::domain::money::{Currency, Micros};
use crate::domain::problem::Problem;
use crate::domain::run::RunState;
use crate::domain::snapshot::Snapshot;
use crate::domain::template::{Category, Template};
use crate::domain::time::UnixMs;
use crate::store::audit::{self, Deed};
use crate::store::run::{self, Run};
use crate::store::{Tx, heard, hold, message, template};

/// Why a standing run stops when a change is announced.
const ANNOUNCED: &str = "pause_category_announced";

/// Providers may tell times in whole seconds.
const SECOND: Duration = Duration::from_secs(1);

/// Keeps the news with the template and with the runs that use it, and stops those. Returns the runs that changed.
/// What is only announced (a day ahead, or for the first of the next month) stops standing runs, once: they will still be
/// there when it comes. Any other run says it ([`Engine::category_ahead`]), and is priced anew when it does.
pub(super) async fn follow(
    tx: &mut Tx,
    engine: &Engine,
    (account, news): (&str, &CategoryNews),
    now: UnixMs,
) -> Result<Vec<RunId>, EngineError> {
    let word = if news.is_announced { "announced" } else { "done" };
    let subject = format!("template {account}/{}/{}", news.name, news.language);
    let detail = format!("{} {word}", news.category.as_str());
    audit::write_in(tx, now, Deed { actor: ITSELF, action: "template.category", subject: &subject, detail: &detail })
        .await?;
    if news.is_announced {
        return if template::set_announced(tx, account, news).await? {
            announced(tx, engine, (account, news), now).await
        } else {
            Ok(Vec::new())
        };
    }
    template::set_category(tx, account, news).await?;
    let mut changed = Vec::new();
    for run in run::open_in(tx).await?.into_iter().filter(|run| run.account == account) {
        let mut snapshot = run.snapshots()?;
        let Some(used) = using(&mut snapshot, &news.name, &news.language).filter(|t| t.category != news.category)
        else {
            continue;
        };
        let told = means(tx, engine, (&run, "pause_category"), used, news.category, now).await?;
        used.category = news.category;
        run::set_template(tx, run.id, &snapshot).await?;
        if let Some(told) = told {
            steer::stop_in(tx, run.id, ITSELF, &[told], now).await?;
        }
        changed.push(run.id);
    }
    Ok(changed)
}

/// The same for what came by a webhook, unless a later one has said it already. What was so before the template was last
/// read overrules nothing: the template is read again.
pub(super) async fn told(
    tx: &mut Tx,
    engine: &Engine,
    (account, news): (&str, &CategoryNews),
    now: UnixMs,
) -> Result<Vec<RunId>, EngineError> {
    let key = hold::template_key(account, &news.name, &news.language);
    let (done, announced) = (format!("category {key}"), format!("category ahead {key}"));
    let counts = if news.is_announced {
        !heard::is_older(tx, &done, news.at).await? && heard::keep(tx, &announced, news.at).await?
    } else {
        heard::keep(tx, &done, news.at).await?
    };
    if !counts {
        return Ok(Vec::new());
    }
    match template::read_at(tx, account, &news.name, &news.language).await? {
        Some(read_at) if !news.is_announced && news.at.plus(SECOND) <= read_at => {
            // What is older still says nothing of it either.
            heard::keep(tx, &done, read_at).await?;
            let (name, language) = (news.name.clone(), news.language.clone());
            let again = TemplateNote { name, language, text_changed: true, at: news.at, ..TemplateNote::default() };
            template::note(tx, account, &again).await?;
            Ok(Vec::new())
        }
        _ => follow(tx, engine, (account, news), now).await,
    }
}

/// `snapshot` of a template of `account`, billed as it is now.
pub(super) async fn as_billed(engine: &Engine, account: &str, snapshot: Snapshot) -> Result<Snapshot, EngineError> {
    let now = template::categories(&engine.store, account, &snapshot.names().collect()).await?;
    Ok(snapshot.billed(&now))
}

/// Stops the standing runs that the announced category will make dearer or cheaper, with both estimates.
async fn announced(
    tx: &mut Tx,
    engine: &Engine,
    (account, news): (&str, &CategoryNews),
    now: UnixMs,
) -> Result<Vec<RunId>, EngineError> {
    let mut changed = Vec::new();
    let standing = |run: &Run| run.account == account && run.revision > 0;
    for run in run::open_in(tx).await?.into_iter().filter(standing) {
        let mut snapshot = run.snapshots()?;
        let Some(used) = using(&mut snapshot, &news.name, &news.language).filter(|t| t.category != news.category)
        else {
            continue;
        };
        let told = means(tx, engine, (&run, ANNOUNCED), used, news.category, now).await?;
        if let Some(told) = told
            && steer::stop_in(tx, run.id, ITSELF, &[told], now).await?
        {
            changed.push(run.id);
        }
    }
    Ok(changed)
}

impl Engine {
    /// What a change that is announced for a template of `run`, and has not come yet, means for what is in line; `None`:
    /// there is none, nothing is in line, or the run stands still for it and says so.
    pub async fn category_ahead(&self, run: &Run) -> Result<Option<Problem>, EngineError> {
        if run.state == RunState::Paused && run.paused_for().iter().any(|why| why.code == ANNOUNCED) {
            return Ok(None);
        }
        for used in run.snapshots()?.all() {
            let known = template::get(&self.store, &run.account, &used.name, &used.language).await?;
            let announced = known.and_then(|known| known.announced).filter(|category| *category != used.category);
            let Some(category) = announced else { continue };
            let mut tx = self.store.look().await?;
            return means(&mut tx, self, (run, "category_ahead"), used, category, self.clock.now()).await;
        }
        Ok(None)
    }
}

/// The template of that name and language, where a run uses it.
pub(super) fn using<'a>(snapshot: &'a mut Snapshot, name: &str, language: &str) -> Option<&'a mut Template> {
    let mut all = std::iter::once(&mut snapshot.main).chain(&mut snapshot.translations);
    all.find(|template| template.name == name && template.language == language)
}

/// What the new category means for what is left of `run`, and the new estimates; nothing where nothing is left.
async fn means(
    tx: &mut Tx,
    engine: &Engine,
    (run, code): (&Run, &str),
    used: &Template,
    category: Category,
    now: UnixMs,
) -> Result<Option<Problem>, EngineError> {
    let zone = engine.config.accounts.get(&run.account).map(|account| account.timezone.clone());
    let day = now.day_in(&zone.unwrap_or(jiff::tz::TimeZone::UTC));
    let Ok(currency) = Currency::parse(&run.currency) else { return Ok(None) };
    let people = message::left_in(tx, run.id).await?.people.to_string();
    let (mut n, mut was, mut will) = (0, Micros::default(), Micros::default());
    for left in message::left_by_market(tx, run.id).await? {
        let price = estimate::estimate(&engine.cards, currency, &left.market, category, &day).unwrap_or_default();
        n += left.n;
        was = was.plus(left.estimated);
        will = will.plus(price.times(left.n));
    }
    let (n, said) = (n.to_string(), |amount: Micros| format!("{} {amount}", run.currency));
    let (cost, was) = (said(will), said(was));
    let args = [
        ("template", used.name.as_str()),
        ("before_key", &format!("category.{}", used.category.as_str())),
        ("category_key", &format!("category.{}", category.as_str())),
        ("n", &n),
        ("people", &people),
        ("cost", &cost),
        ("was", &was),
    ];
    Ok((n != "0").then(|| Problem::new(code, &args)))
}

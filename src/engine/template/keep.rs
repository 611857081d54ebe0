//! A template was read again: what differs from what was known of it, or from what a run goes by, counts as the provider's
//! word on it, though its webhook was lost. A run whose text has changed stops, and says what that means.

use crate::domain::change::Change;
use crate::domain::event::{CategoryNews, TemplateNews};
use crate::domain::id::RunId;
use crate::domain::problem::Problem;
use crate::domain::template::parts::Takes;
use crate::domain::template::{Button, Header, Template, TemplateStatus};
use crate::domain::time::UnixMs;
use crate::engine::holds::ITSELF;
use crate::engine::{Engine, EngineError, budget, category, steer};
use crate::store::hold::{self, HoldCause, HoldScope};
use crate::store::run::{self, Run};
use crate::store::{Tx, message, template};

use super::follow;

/// Keeps `fresh` as the provider has it now, and follows what is new about it.
pub(in crate::engine) async fn keep(
    engine: &Engine,
    account: &str,
    fresh: &Template,
    now: UnixMs,
) -> Result<(), EngineError> {
    let (name, language) = (fresh.name.clone(), fresh.language.clone());
    let known = template::get(&engine.store, account, &name, &language).await?;
    if known.as_ref() == Some(fresh) && engine.runs_of_template(account, &name, &language).await?.is_empty() {
        return Ok(template::save(&engine.store, account, fresh, now).await?);
    }
    let mut tx = engine.store.begin().await?;
    let mut is_recategorised = known.as_ref().is_some_and(|known| known.category != fresh.category);
    let mut using = Vec::new();
    for run in run::open_in(&mut tx).await?.into_iter().filter(|run| run.account == account) {
        let mut snapshot = run.snapshots()?;
        let is_told = snapshot.told.iter().any(|told| is_same_name(told, fresh) && says_the_same(told, fresh));
        if let Some(used) = category::using(&mut snapshot, &name, &language).cloned() {
            is_recategorised |= used.category != fresh.category;
            let is_changed = !is_told && !says_the_same(&used, fresh);
            using.extend(is_changed.then_some((run, used)));
        }
    }
    let (mut changed, mut repriced) = (Vec::new(), Vec::new());
    for news in news_of_category((known.as_ref(), fresh), is_recategorised, now) {
        let stopped = category::follow(&mut tx, engine, (account, &news), now).await?;
        if news.is_announced { changed.extend(stopped) } else { repriced.extend(stopped) }
    }
    let held = follow_status(&mut tx, account, (known.as_ref(), fresh), now).await?;
    let mut retold = Vec::new();
    for (run, used) in using {
        let left = message::left_in(&mut tx, run.id).await?;
        let why = means(&run, &used, fresh, &left);
        let is_stopped = left.n > 0 && steer::stop_in(&mut tx, run.id, ITSELF, &[why], now).await?;
        changed.extend(is_stopped.then_some(run.id));
        // What takes other values is accepted by whoever resumes the run after it has stopped for that.
        if is_stopped || takes_the_same(&used, fresh) {
            retold.push((run.id, used));
        }
    }
    template::save_in(&mut tx, account, fresh, now).await?;
    tx.commit().await?;
    for (run, used) in retold {
        retell(engine, run, &used, fresh).await?;
    }
    for run in &repriced {
        budget::reprice(engine, *run).await?;
    }
    changed.extend(repriced);
    tell(engine, changed, held);
    Ok(())
}

/// What its status, as it is now, holds or releases. True when a hold began or ended.
async fn follow_status(
    tx: &mut Tx,
    account: &str,
    (known, fresh): (Option<&Template>, &Template),
    now: UnixMs,
) -> Result<bool, EngineError> {
    let (name, language) = (fresh.name.clone(), fresh.language.clone());
    match known {
        Some(known) if known.status != fresh.status => {
            let news = TemplateNews { name, language, status: fresh.status.clone(), at: now };
            follow::status(tx, account, &news, now).await
        }
        // It was gone, and is there again.
        None if fresh.status == TemplateStatus::Approved => {
            let key = hold::template_key(account, &name, &language);
            Ok(hold::lift_cause(tx, (HoldScope::Template, &key, HoldCause::Deleted), now, ITSELF).await?)
        }
        _ => Ok(false),
    }
}

/// What is new about what it is, and will be, billed as.
fn news_of_category(
    (known, fresh): (Option<&Template>, &Template),
    is_recategorised: bool,
    now: UnixMs,
) -> Vec<CategoryNews> {
    let news = |category, is_announced| {
        let (name, language) = (fresh.name.clone(), fresh.language.clone());
        CategoryNews { name, language, category, is_announced, at: now }
    };
    let done = is_recategorised.then(|| news(fresh.category, false));
    let is_told = known.and_then(|known| known.announced) == fresh.announced;
    let announced = fresh.announced.filter(|_| !is_told).map(|category| news(category, true));
    done.into_iter().chain(announced).collect()
}

/// The provider has this template no more: what uses it is held, and where nothing does, nothing is.
pub(in crate::engine) async fn gone(
    engine: &Engine,
    account: &str,
    known: &Template,
    now: UnixMs,
) -> Result<(), EngineError> {
    let mut tx = engine.store.begin().await?;
    let status = TemplateStatus::Other(follow::GONE.to_owned());
    let news = TemplateNews { name: known.name.clone(), language: known.language.clone(), status, at: now };
    let held = follow::status(&mut tx, account, &news, now).await?;
    tx.commit().await?;
    template::forget(&engine.store, account, &known.name, &known.language).await?;
    tell(engine, Vec::new(), held);
    Ok(())
}

fn tell(engine: &Engine, changed: Vec<RunId>, held: bool) {
    for run in changed {
        engine.tell(Change::Run(run));
    }
    if held {
        engine.tell(Change::Holds);
        engine.wake.notify_waiters();
    }
    engine.tell(Change::Templates);
}

/// What goes on goes out with the new text, where that takes the same values; what has left keeps the text it left with.
/// The run keeps its snapshot where the template takes other values now: nothing of it can leave before somebody corrects
/// it. It keeps beside it what people were told, so that they are told once.
async fn retell(engine: &Engine, run: RunId, used: &Template, fresh: &Template) -> Result<(), EngineError> {
    let Some(mut snapshot) = run::get(&engine.store, run).await?.map(|run| run.snapshots()).transpose()? else {
        return Ok(());
    };
    snapshot.told.retain(|told| !is_same_name(told, fresh));
    if takes_the_same(used, fresh) {
        message::keep_text(&engine.store, run, used, &snapshot.main.language).await?;
        let Some(place) = category::using(&mut snapshot, &fresh.name, &fresh.language) else { return Ok(()) };
        place.clone_from(fresh);
    } else {
        snapshot.told.push(fresh.clone());
    }
    let mut tx = engine.store.begin().await?;
    run::set_template(&mut tx, run, &snapshot).await?;
    tx.commit().await?;
    Ok(())
}

fn means(run: &Run, used: &Template, fresh: &Template, left: &message::LeftInLine) -> Problem {
    let code = if takes_the_same(used, fresh) { "pause_template_text" } else { "pause_template_values" };
    let (n, people, cost) =
        (left.n.to_string(), left.people.to_string(), format!("{} {}", run.currency, left.estimated));
    Problem::new(code, &[("template", &used.name), ("n", &n), ("people", &people), ("cost", &cost)])
}

/// Whether a person reads the same. The life of a message counts: an undelivered one is dropped sooner or later.
fn says_the_same(one: &Template, other: &Template) -> bool {
    let text = |t: &Template| (t.header.clone(), t.body.clone(), t.footer.clone(), t.buttons.clone());
    let more = |t: &Template| (t.offer.clone(), t.cards.clone());
    text(one) == text(other) && one.format == other.format && more(one) == more(other)
}

fn is_same_name(one: &Template, other: &Template) -> bool {
    (&one.name, &one.language) == (&other.name, &other.language)
}

/// Whether the values of one fit the other. A header that is the same for everybody takes none.
fn takes_the_same(one: &Template, other: &Template) -> bool {
    let takes = |t: &Template| {
        let mut body = t.body_parameters();
        body.sort();
        let header = t.header.as_ref().filter(|header| !matches!(header, Header::Text { .. }));
        let header = header.map(std::mem::discriminant);
        let buttons: Vec<Takes> = t.buttons.iter().map(Button::takes).collect();
        (t.format, header, t.header_parameters(), body, buttons, t.slots())
    };
    takes(one) == takes(other)
}

//! Messages of which nobody knows whether they left: why each waits, and settling them, one by one or in bulk.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::domain::doubt::Verdict;
use crate::domain::id::{MessageId, RunId};
use crate::domain::role::Right;
use crate::domain::time::UnixMs;
use crate::engine::DoubtSettlement;
use crate::engine::doubt::{Stakes, why};
use crate::store::message::{self, Doubt, DoubtFilter};
use crate::store::run;

use super::act;
use super::actor::Actor;
use super::error::WebError;
use super::form::{Form, with_done_n};
use super::once::once_for_words;
use super::page::{Page, cut, html};
use super::state::WebState;

/// Lines on one page.
const PAGE: i64 = 50;
/// Messages ticked in one form; all of a run or a sender may be more.
const MOST_TICKED: usize = 1_000;

/// Which doubts, in an address or a form.
#[derive(Clone, Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    run: String,
    #[serde(default)]
    sender: String,
    #[serde(default)]
    after: i64,
}

impl Asked {
    fn filter(&self) -> Result<DoubtFilter, WebError> {
        let run = match self.run.as_str() {
            "" => None,
            id => Some(RunId(id.parse().map_err(|_| WebError::NotFound)?)),
        };
        Ok(DoubtFilter { run, sender: Some(self.sender.clone()).filter(|s| !s.is_empty()) })
    }

    /// `?run=5&sender=front`, for links within the same list.
    fn query(&self, after: Option<MessageId>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("run", &self.run), ("sender", &self.sender)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        if let Some(after) = after {
            query.append_pair("after", &after.to_string());
        }
        format!("?{}", query.finish())
    }
}

#[derive(Template)]
#[template(path = "doubt.html")]
struct DoubtPage {
    p: Page,
    asked: Asked,
    lines: Vec<(Doubt, String)>,
    /// How many there are in all.
    total: i64,
    senders: Vec<String>,
    next: Option<String>,
    may_settle: bool,
    converse: Right,
}

#[derive(Template)]
#[template(path = "doubt_confirm.html")]
struct ConfirmPage {
    p: Page,
    asked: Asked,
    how: DoubtSettlement,
    /// The messages ticked; empty for all of the list.
    ticked: Vec<i64>,
    /// When all of the list was counted, in Unix milliseconds.
    as_of: i64,
    stakes: Stakes,
}

impl ConfirmPage {
    fn question(&self) -> String {
        self.p.n(&format!("web.doubts.ask.{}", self.how.as_str()), self.stakes.messages)
    }

    fn consequence(&self) -> String {
        self.p.n(&format!("web.doubts.means.{}", self.how.as_str()), self.stakes.messages)
    }

    fn deed(&self) -> String {
        self.p.n(&format!("web.doubts.do.{}", self.how.as_str()), self.stakes.messages)
    }

    fn sends(&self) -> bool {
        self.how == DoubtSettlement::SendAgain
    }

    /// `USD 2.29`; several currencies are never added.
    fn worst(&self) -> String {
        let one = |(currency, amount): (&String, &crate::domain::money::Micros)| self.p.money(amount, currency);
        self.stakes.worst.iter().map(one).collect::<Vec<_>>().join(" + ")
    }
}

/// Why one still stands, in words.
pub fn words(p: &Page, verdict: Option<&Verdict>) -> String {
    match verdict {
        Some(Verdict::Wait(until)) => p.say("doubt.wait", &[("t", &p.clock_time(until))]),
        Some(Verdict::Unsent) => p.t("doubt.soon"),
        Some(Verdict::Ask(reason)) => p.t(&format!("doubt.{}", reason.as_str())),
        None => String::new(),
    }
}

/// The page.
pub async fn show(
    State(state): State<WebState>,
    actor: Actor,
    mut p: Page,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, WebError> {
    let which = asked.filter()?;
    if let Some(id) = which.run {
        let run = run::get(state.store(), id).await?.ok_or(WebError::NotFound)?;
        p.go_by_clock_of(&state, &run.account);
    }
    let mut doubts = message::doubts(state.store(), &which, MessageId(asked.after), PAGE + 1).await?;
    let next = cut(&mut doubts, PAGE).map(|last| asked.query(Some(last.id)));
    let verdicts = why(&state.engine, &doubts).await?;
    let total = message::doubt_ids(state.store(), &which, None).await?.len() as i64;
    let lines = doubts.into_iter().map(|d| {
        let why = words(&p, verdicts.get(&d.id));
        (d, why)
    });
    let (lines, senders) = (lines.collect(), state.config().senders.keys().cloned().collect());
    html(&DoubtPage {
        p,
        asked,
        lines,
        total,
        senders,
        next,
        may_settle: actor.may(Right::LiftHolds),
        converse: Right::Converse,
    })
}

/// What was ticked, and what to do with it.
#[derive(Deserialize)]
pub struct Settlement {
    #[serde(default)]
    run: String,
    #[serde(default)]
    sender: String,
    /// What to do with those ticked.
    #[serde(default)]
    how: String,
    /// The messages ticked.
    #[serde(default)]
    message: Vec<i64>,
    /// The same for all of the list, ticked or not.
    #[serde(default)]
    all: String,
    /// The figures have been seen.
    #[serde(default)]
    confirmed: String,
    /// Of all of the list: when it was counted, and how many it was.
    as_of: Option<i64>,
    shown: Option<usize>,
    /// The key of the form that asks once more; empty: it has none.
    #[serde(default)]
    once: String,
}

/// The form. More than one at once is asked again with the figures.
pub async fn settle(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Form(form): Form<Settlement>,
) -> Result<Response, WebError> {
    let asked = Asked { run: form.run, sender: form.sender, after: 0 };
    let which = asked.filter()?;
    let word = if form.all.is_empty() { &form.how } else { &form.all };
    let how = DoubtSettlement::parse(word).ok_or(WebError::Bad("settlement"))?;
    let (as_of, seen) = (state.engine.clock.now(), form.as_of.zip(form.shown).filter(|_| !form.confirmed.is_empty()));
    let mut is_confirmed = !form.confirmed.is_empty();
    let ids: Vec<MessageId> = if form.all.is_empty() {
        form.message.iter().take(MOST_TICKED).copied().map(MessageId).collect()
    } else {
        // Only what was shown: whatever has become uncertain since is on the list, and not in the question.
        let of = |at| message::doubt_ids(state.store(), &which, Some(at));
        let bound = match seen {
            Some((at, n)) => Some(of(UnixMs(at)).await?).filter(|ids| ids.len() <= n),
            None => None,
        };
        is_confirmed = bound.is_some();
        match bound {
            Some(ids) => ids,
            None => of(as_of).await?,
        }
    };
    if ids.is_empty() && !is_confirmed {
        return Err(WebError::Bad("nothing_ticked"));
    }
    if ids.len() > 1 && !is_confirmed {
        let stakes = state.engine.doubt_stakes(&ids).await?;
        let ticked = if form.all.is_empty() { form.message } else { Vec::new() };
        return Ok(html(&ConfirmPage { p, asked, how, ticked, as_of: as_of.0, stakes })?.into_response());
    }
    let work = async |actor: Actor| {
        if ids.is_empty() {
            return Err(WebError::Bad("nothing_ticked"));
        }
        let settled = act::settle(&state, &actor, &ids, how).await?;
        Ok(with_done_n(&format!("/doubt{}", asked.query(None)), "settled", settled))
    };
    // Of all of the list nothing is left the second time: the words are what was asked, and not what it means by now.
    let words = format!("{:?}", (how, &form.all, form.as_of, &form.message));
    let path = once_for_words(&state, &actor, ("POST /doubt", &form.once), &words, work).await?;
    Ok(Redirect::to(&path).into_response())
}

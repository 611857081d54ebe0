//! The filters that expressions may use, and nothing else.

use std::sync::LazyLock;

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};

use super::super::audience::DateOrder;
use super::super::rows::when::{self, HasTime};
use super::amount::{self, NoAmount};
use super::calendar::{Style, When};
use super::currency;
use super::nameless;
use super::names;

/// Names of the filters.
pub(super) const FILTERS: [&str; 11] =
    ["first_name", "title", "upper", "lower", "trim", "default", "day", "time", "date", "money", "number"];

/// What the errors of these filters begin with.
const REFUSED: &str = "refused: ";

/// Instructions one expression may take: a hundred times what a long one needs.
const FUEL: u64 = 10_000;

static EN: LazyLock<Environment<'static>> = LazyLock::new(|| build(Style::En));
static ES: LazyLock<Environment<'static>> = LazyLock::new(|| build(Style::Es));
static ES_POINT: LazyLock<Environment<'static>> = LazyLock::new(|| build(Style::EsPoint));
static PT: LazyLock<Environment<'static>> = LazyLock::new(|| build(Style::Pt));

/// Where expressions of a language are compiled and evaluated.
pub(super) fn environment(style: Style) -> &'static Environment<'static> {
    match style {
        Style::En => &EN,
        Style::Es => &ES,
        Style::EsPoint => &ES_POINT,
        Style::Pt => &PT,
    }
}

fn build(style: Style) -> Environment<'static> {
    // Empty: no filter, test, function or global but these.
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(50);
    env.add_filter("first_name", |v: &Value| nameless::keeping(v, &text(v), names::first_name));
    env.add_filter("title", |v: &Value| nameless::keeping(v, &text(v), names::title));
    env.add_filter("upper", |v: &Value| nameless::keeping(v, &text(v), str::to_uppercase));
    env.add_filter("lower", |v: &Value| nameless::keeping(v, &text(v), str::to_lowercase));
    env.add_filter("trim", |v: &Value| nameless::keeping(v, &text(v), |text| text.trim().to_owned()));
    // Jinja's second argument asks for what is so here anyway.
    env.add_filter(
        "default",
        |v: &Value, other: Value, _also_empty: Option<bool>| {
            if is_empty(v) { other } else { v.clone() }
        },
    );
    env.add_filter("day", move |v: &Value| moment(v, style).map(|w| style.day(w.local.date())));
    env.add_filter("date", move |v: &Value| moment(v, style).map(|w| style.date(w.local.date())));
    env.add_filter("time", move |v: &Value| {
        let time = match moment(v, style) {
            Ok(when) => Some(when.local.time()).filter(|_| when.has_time),
            // A column of times has no dates.
            Err(_) => when::time_alone(&text(v)),
        };
        time.map(|time| style.time(time)).ok_or_else(|| refused("no_time", v))
    });
    env.add_filter("money", move |v: &Value, symbol: Option<String>| {
        let amount = amount::money(v, symbol.as_deref(), style).map_err(|why| no_amount(why, v))?;
        Ok::<_, Error>(symbol.map_or_else(|| style.amount(amount), |unit| currency::written(style, amount, &unit)))
    });
    env.add_filter("number", move |v: &Value| {
        // f64 holds every amount of cents below 90 million millions exactly; only for comparing.
        cents(v, style).map(|c| c as f64 / 100.0)
    });
    env
}

/// The word of a detail, and the value that is to blame.
fn refused(why: &'static str, value: &Value) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("{REFUSED}{why}: {}", text(value)))
}

fn cents(value: &Value, style: Style) -> Result<i128, Error> {
    amount::cents(value, style).map_err(|why| no_amount(why, value))
}

fn no_amount(why: NoAmount, value: &Value) -> Error {
    let word = match why {
        NoAmount::None => "no_amount",
        NoAmount::Unclear => "unclear_amount",
        NoAmount::OtherCurrency => "other_currency",
        NoAmount::Share => "share",
    };
    refused(word, value)
}

/// Why a filter refused a value, as `no_amount` and the value; `None`: something else went wrong.
pub(super) fn why(error: &Error) -> Option<(String, String)> {
    let mut all = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    all.find_map(|error| {
        let detail = error.downcast_ref::<Error>()?.detail()?.strip_prefix(REFUSED)?;
        let (word, value) = detail.split_once(": ")?;
        Some((word.to_owned(), value.to_owned()))
    })
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Undefined, or nothing but blanks: cells are texts and an empty one is what a default is for.
fn is_empty(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Undefined | ValueKind::None) || nameless::is_empty(&text(value))
}

fn moment(value: &Value, style: Style) -> Result<When, Error> {
    if let Some(when) = value.downcast_object_ref::<When>() {
        return Ok(*when);
    }
    let read = when::read(&[&text(value)], DateOrder::DayFirst);
    let Ok(when::Moment::Local(local, has_time)) = read else { return Err(refused("no_date", value)) };
    Ok(When { local, has_time: has_time == HasTime::Yes, style })
}

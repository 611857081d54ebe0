//! The filters that expressions may use, and nothing else.

use std::sync::LazyLock;

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};

use super::super::audience::DateOrder;
use super::super::rows::when::{self, HasTime};
use super::calendar::{Style, When};
use super::currency;
use super::names;

/// Names of the filters.
pub(super) const FILTERS: [&str; 11] =
    ["first_name", "title", "upper", "lower", "trim", "default", "day", "time", "date", "money", "number"];

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
    env.add_filter("first_name", |v: &Value| names::first_name(&text(v)));
    env.add_filter("title", |v: &Value| names::title(&text(v)));
    env.add_filter("upper", |v: &Value| text(v).to_uppercase());
    env.add_filter("lower", |v: &Value| text(v).to_lowercase());
    env.add_filter("trim", |v: &Value| text(v).trim().to_owned());
    env.add_filter("default", |v: &Value, other: Value| if is_empty(v) { other } else { v.clone() });
    env.add_filter("day", move |v: &Value| moment(v, style).map(|w| style.day(w.local.date())));
    env.add_filter("date", move |v: &Value| moment(v, style).map(|w| style.date(w.local.date())));
    env.add_filter("time", move |v: &Value| {
        let when = moment(v, style)?;
        if when.has_time { Ok(style.time(when.local.time())) } else { Err(refused("no time of day")) }
    });
    env.add_filter("money", move |v: &Value, symbol: Option<String>| {
        let amount = cents(&text(v)).ok_or_else(|| refused("no amount"))?;
        Ok::<_, Error>(symbol.map_or_else(|| style.amount(amount), |unit| currency::written(style, amount, &unit)))
    });
    env.add_filter("number", |v: &Value| {
        // f64 holds every amount of cents below 90 million millions exactly; only for comparing.
        cents(&text(v)).map(|c| c as f64 / 100.0).ok_or_else(|| refused("no number"))
    });
    env
}

fn refused(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, why)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Undefined, or nothing but blanks: cells are texts and an empty one is what a default is for.
fn is_empty(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Undefined | ValueKind::None)
        || value.as_str().is_some_and(|s| s.trim().is_empty())
}

fn moment(value: &Value, style: Style) -> Result<When, Error> {
    if let Some(when) = value.downcast_object_ref::<When>() {
        return Ok(*when);
    }
    let read = when::read(&[&text(value)], DateOrder::DayFirst);
    let Ok(when::Moment::Local(local, has_time)) = read else { return Err(refused("no date")) };
    Ok(When { local, has_time: has_time == HasTime::Yes, style })
}

/// Hundredths of an amount written with any marks: `$ 1.234,50`, `1,234.5`, `-12`. The last mark with one or two digits
/// behind it divides decimals; three digits behind the only mark make it one of thousands.
pub(super) fn cents(text: &str) -> Option<i128> {
    let kept: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let bare = kept.trim_matches(|c: char| !c.is_ascii_digit() && c != '-');
    let (negative, bare) = bare.strip_prefix('-').map_or((false, bare), |rest| (true, rest));
    if bare.is_empty() || bare.len() > 20 || !bare.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',')) {
        return None;
    }
    let (whole, decimals) = match bare.rfind(['.', ',']) {
        Some(at) if bare.len() - at - 1 <= 2 => (&bare[..at], &bare[at + 1..]),
        _ => (bare, ""),
    };
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let decimals: i128 = format!("{decimals:0<2}").parse().ok()?;
    let cents = whole * 100 + decimals;
    Some(if negative { -cents } else { cents })
}

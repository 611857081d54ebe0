//! What stands in the way, and what is worth a look.

use super::cost::{self, Billing, Cost};
use super::reading::Reading;
use super::routes;
use super::sheet::{SheetCanary, SheetInputs};
use super::text::money;
use crate::domain::exclusion::ExclusionReason;
use crate::domain::forecast::{Forecast, LimitedBy};
use crate::domain::kind::CampaignKind;
use crate::domain::money::Micros;
use crate::domain::problem::Problem;
use crate::domain::schedule::{Moved, SendTime};
use crate::domain::template::{Category, Template, TemplateQuality, TemplateStatus, edit};
use crate::domain::time::UnixMs;
use crate::intake::campaign_file::{SentElsewhere, is_pattern};
use crate::intake::columns::nearest;
use crate::intake::occasions::Occasions;
use crate::intake::open_hours::OpenHours;

const SECONDS_OF_A_DAY: i64 = 24 * 60 * 60;

/// What Meta keeps an undelivered message for when the template does not say (cloud-api.md 4).
pub(super) const DEFAULT_TIME_TO_LIVE_S: i64 = 30 * SECONDS_OF_A_DAY;

/// Left out of a hundred rows, from here on, is worth a look.
const MANY_PER_CENT: i64 = 20;

/// Blockers that no row has to be read for.
pub(super) fn before_reading(inputs: &SheetInputs<'_>) -> Vec<Problem> {
    let mut found = Vec::new();
    let campaign = inputs.campaign;
    if inputs.sender.is_none() || inputs.account.is_none() {
        found.push(Problem::new("unknown_sender", &[("sender", &campaign.sender)]));
    }
    if let Some(account) = inputs.account.filter(|a| !inputs.cards.has(a.currency)) {
        let currency = account.currency.to_string();
        found.push(Problem::new("no_rate_card", &[("currency", &currency), ("account", &account.name)]));
    }
    if let (Some(budget), Some(account)) = (campaign.limits.budget, inputs.account)
        && budget.currency != account.currency
    {
        let args = [("currency", budget.currency.as_str()), ("wanted", account.currency.as_str())];
        found.push(Problem::new("budget_currency", &args));
    }
    found.extend(routes::blocker(inputs));
    found.extend(routes::goes_by_nobody(inputs));
    found.extend(moved_template(inputs));
    match inputs.template.map(|t| &t.status) {
        None => found.push(unknown_template(inputs)),
        Some(TemplateStatus::Approved) => {}
        Some(status) => {
            let wanted = &campaign.template;
            found.push(edit::not_sendable(&wanted.name, &wanted.language, status));
        }
    }
    found
}

/// The account does not have the template: it may have it in another language, or under a name much like it.
fn unknown_template(inputs: &SheetInputs<'_>) -> Problem {
    let wanted = &inputs.campaign.template;
    let (template, language) = (("template", wanted.name.as_str()), ("language", wanted.language.as_str()));
    let languages = |name: &str| {
        let of_name = inputs.templates.iter().filter(|(known, _)| known == name);
        of_name.map(|(_, language)| language.as_str()).collect::<Vec<_>>().join(", ")
    };
    let has = languages(&wanted.name);
    if !has.is_empty() {
        return Problem::new("template_language", &[template, language, ("languages", &has)]);
    }
    match nearest(&wanted.name, inputs.templates.iter().map(|(name, _)| name.as_str())) {
        Some(meant) => {
            let has = languages(meant);
            Problem::new("template_unknown_meant", &[template, language, ("meant", meant), ("languages", &has)])
        }
        None => Problem::new("template_unknown", &[template, language]),
    }
}

/// The text of a new time must take what the campaign's own takes: the same variables fill it.
fn moved_template(inputs: &SheetInputs<'_>) -> Option<Problem> {
    let Moved::Template(name) = &inputs.campaign.moved else { return None };
    let named = [("template", name.as_str()), ("language", inputs.campaign.template.language.as_str())];
    let Some(moved) = inputs.moved_template else { return Some(Problem::new("template_unknown", &named)) };
    if moved.status != TemplateStatus::Approved {
        return Some(edit::not_sendable(name, &inputs.campaign.template.language, &moved.status));
    }
    let takes = |t: &Template| {
        let buttons: Vec<_> = t.buttons.iter().map(std::mem::discriminant).collect();
        let header = t.header.as_ref().map(std::mem::discriminant);
        (t.format, t.body_parameters(), t.header_parameters(), header, buttons, t.category)
    };
    let differs = inputs.template.is_some_and(|own| !own.parameters_unknown && takes(own) != takes(moved));
    differs.then(|| Problem::new("moved_template", &named))
}

/// Blockers that the rows bring.
pub(super) fn after_reading(
    inputs: &SheetInputs<'_>,
    reading: &Reading,
    cost: &Cost,
    found: &[Problem],
) -> Vec<Problem> {
    let mut more = Vec::new();
    // A file that could not be read has said why.
    if !reading.is_whole {
        return more;
    }
    more.extend(reading.guards.iter().cloned());
    // Of a standing run every row may have been sent before; an empty file is told as such.
    if reading.messages == 0 && reading.changes.is_none() {
        more.push(match reading.rows_read {
            0 => Problem::new("no_rows", &[]),
            n => Problem::new("no_messages", &[("n", &n.to_string())]),
        });
    }
    more.extend(reading.routes.blocker());
    let has_card = found.iter().all(|p| p.code != "no_rate_card");
    if has_card && cost.high.is_none() && inputs.account.is_some() {
        more.push(Problem::new("no_rate", &[("currency", &cost.currency)]));
    }
    more
}

/// What goes first. Where the rest would come to its latest time while that is judged, the campaign cannot start so.
pub(super) fn canary(inputs: &SheetInputs<'_>, reading: &Reading, blockers: &mut Vec<Problem>) -> Option<SheetCanary> {
    let limits = &inputs.campaign.limits;
    let messages = limits.canary?.of(reading.messages);
    let wait = limits.canary_terms.or(inputs.canary).terms().wait;
    let late = reading.ahead.late_behind(messages, wait)?;
    let wait_minutes = wait.as_secs() / 60;
    if late > 0 {
        let (n, minutes) = (late.to_string(), wait_minutes.to_string());
        blockers.push(Problem::new("canary_too_late", &[("n", &n), ("minutes", &minutes)]));
    }
    Some(SheetCanary { messages, wait_minutes })
}

/// Everything worth a look, what the reading found first.
pub(super) fn warnings(inputs: &SheetInputs<'_>, reading: &Reading, billing: Billing<'_>, cost: &Cost) -> Vec<Problem> {
    let mut found = reading.warnings.clone();
    found.extend(already_sent(inputs, reading));
    found.extend(without_ids(inputs, reading));
    found.extend(same_audience(inputs, reading));
    found.extend(routes::warning(inputs));
    found.extend(reading.routes.warning(inputs));
    found.extend(many_left_out(reading));
    found.extend(category(inputs, reading, billing, cost));
    found.extend(announced(inputs, reading, billing, cost));
    found.extend(begins_at_once(inputs));
    found.extend(repeats(inputs, cost));
    found.extend(budget(inputs, cost));
    found.extend(balance(inputs, cost));
    found.extend(quality(inputs));
    found.extend(outlives(inputs, reading));
    found.extend(wallet(inputs, reading, cost));
    if inputs.template.is_none() {
        found.push(Problem::new("category_assumed", &[]));
    }
    if inputs.account.is_none() {
        found.push(Problem::new("currency_assumed", &[("currency", &cost.currency)]));
    }
    found
}

/// Rows that an earlier run has sent, with the run and the way to send to them all the same. Of a standing run that is
/// what is meant to be.
fn already_sent(inputs: &SheetInputs<'_>, reading: &Reading) -> Option<Problem> {
    if reading.changes.is_some() {
        return None;
    }
    let elsewhere = inputs.same_audience.map(|other| other.run);
    let own = || reading.already_sent.iter().filter(|(run, _)| Some(**run) != elsewhere);
    let n: i64 = own().map(|(_, n)| n).sum();
    let runs: Vec<String> = own().map(|(run, _)| run.to_string()).collect();
    (n > 0).then(|| Problem::new("already_sent", &[("n", &n.to_string()), ("runs", &runs.join(", "))]))
}

/// In a standing run a row without an id is known by its person and time: whose time has moved cannot be told.
fn without_ids(inputs: &SheetInputs<'_>, reading: &Reading) -> Option<Problem> {
    let has_ids = reading.facts.as_ref().is_none_or(|facts| facts.columns.iter().any(|(role, _)| role == "id"));
    let comes_again = inputs.campaign.contains.is_some() || is_pattern(&inputs.campaign.file);
    (inputs.campaign.is_standing() && comes_again && !has_ids).then(|| Problem::new("feed_without_ids", &[]))
}

/// Another campaign has sent this very file. What to do about it is said in the campaign file.
fn same_audience(inputs: &SheetInputs<'_>, reading: &Reading) -> Option<Problem> {
    let other = inputs.same_audience?;
    let (campaign, run) = (other.campaign.as_str(), other.run);
    let (n, said) = (reading.already_sent.get(&run).copied().unwrap_or_default().to_string(), run.to_string());
    let args = [("campaign", campaign), ("run", said.as_str()), ("n", n.as_str())];
    match inputs.campaign.limits.sent_elsewhere {
        None if other.has_begun() => Some(Problem::new("same_audience", &args[..2])),
        None => Some(Problem::new("same_audience_waits", &args[..2])),
        Some(SentElsewhere::LeaveOut) => Some(Problem::new("sent_elsewhere", &args)),
        Some(SentElsewhere::SendAnyway) => None,
    }
}

/// Rows left out against the sender's wish; those that `only` leaves out, or that were sent before, were meant to be.
fn many_left_out(reading: &Reading) -> Option<Problem> {
    let meant = [ExclusionReason::NotSelected, ExclusionReason::AlreadySent, ExclusionReason::Declined];
    let meant: i64 = meant.iter().filter_map(|reason| reading.excluded.get(reason)).map(|left| left.count).sum();
    let (left, of) = (reading.left_out() - meant, reading.rows_read - meant);
    let many = left > 0 && left * 100 >= of * MANY_PER_CENT;
    let per_cent = left * 100 / of.max(1);
    let args = [("n", left.to_string()), ("rows", of.to_string()), ("percent", per_cent.to_string())];
    let args: Vec<(&str, &str)> = args.iter().map(|(k, v)| (*k, v.as_str())).collect();
    many.then(|| Problem::new("many_left_out", &args))
}

/// A template billed as something else than such a campaign usually is.
fn category(inputs: &SheetInputs<'_>, reading: &Reading, billing: Billing<'_>, cost: &Cost) -> Option<Problem> {
    let template = inputs.template?;
    let (code, usual) = match (inputs.campaign.kind, template.category) {
        (CampaignKind::Reminder, Category::Marketing) => ("billed_as_marketing", Category::Utility),
        (CampaignKind::Promotion, Category::Utility) => ("may_become_marketing", Category::Marketing),
        _ => return None,
    };
    let other = cost::range(Billing { category: usual, ..billing }, &reading.tally);
    let (this, other) =
        (money(billing.currency.as_str(), cost.likely?), money(billing.currency.as_str(), other.likely?));
    let args = [("template", template.name.as_str()), ("cost", &this), ("other", &other)];
    Some(Problem::new(code, &args))
}

/// Times of a campaign that comes again are counted up to this.
const MANY_TIMES: i64 = 10_000;

/// When a campaign that comes again begins first; `None`: it does not come again, or never any more.
pub(super) fn first_time(inputs: &SheetInputs<'_>) -> Option<UnixMs> {
    Occasions::of(inputs.campaign, &hours(inputs))?.after(inputs.now)
}

/// The hours by which its times are told apart, as the runs begin by them.
pub(super) fn hours(inputs: &SheetInputs<'_>) -> OpenHours {
    OpenHours::of(inputs.campaign, inputs.holidays, inputs.laws, None).unwrap_or_default()
}

/// It comes again and again: when first, how often, and what all of it costs at most.
fn repeats(inputs: &SheetInputs<'_>, cost: &Cost) -> Option<Problem> {
    let (campaign, first, hours) = (inputs.campaign, first_time(inputs)?, hours(inputs));
    let shown = |at: UnixMs| at.in_zone(&campaign.timezone).strftime("%Y-%m-%d %H:%M").to_string();
    let each = cost.high.map_or_else(|| "?".to_owned(), |high| money(&cost.currency, high));
    let Some(until) = campaign.schedule.until else {
        return Some(Problem::new("repeats", &[("first", &shown(first)), ("cost", &each)]));
    };
    let (mut times, mut at) = (1, first);
    let occasions = Occasions::of(campaign, &hours)?;
    while let Some(next) = occasions.after(at).filter(|_| times < MANY_TIMES) {
        (times, at) = (times + 1, next);
    }
    let all =
        cost.high.map_or_else(|| "?".to_owned(), |high| money(&cost.currency, Micros(high.0.saturating_mul(times))));
    let args =
        [("first", shown(first)), ("until", shown(until)), ("n", times.to_string()), ("cost", each), ("all", all)];
    let args: Vec<(&str, &str)> = args.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let code = if times < MANY_TIMES { "repeats_until" } else { "repeats_until_more" };
    Some(Problem::new(code, &args))
}

/// It will soon be billed as something else.
fn announced(inputs: &SheetInputs<'_>, reading: &Reading, billing: Billing<'_>, cost: &Cost) -> Option<Problem> {
    let template = inputs.template?;
    let soon = template.announced.filter(|announced| *announced != template.category)?;
    let other = cost::range(Billing { category: soon, ..billing }, &reading.tally);
    let said = |amount| money(billing.currency.as_str(), amount);
    let (this, other, key) = (said(cost.likely?), said(other.likely?), format!("category.{}", soon.as_str()));
    let args = [("template", template.name.as_str()), ("category_key", &key), ("cost", &this), ("other", &other)];
    Some(Problem::new("category_announced", &args))
}

/// `at` lies in the past: the run begins when it is started.
fn begins_at_once(inputs: &SheetInputs<'_>) -> Option<Problem> {
    let SendTime::At(at) = inputs.campaign.schedule.send else { return None };
    let local = at.in_zone(&inputs.campaign.timezone).strftime("%Y-%m-%d %H:%M").to_string();
    (at < inputs.now).then(|| Problem::new("at_in_the_past", &[("at", &local)]))
}

/// It will probably cost more than is left of the budget.
fn budget(inputs: &SheetInputs<'_>, cost: &Cost) -> Option<Problem> {
    let (budget, likely) = (inputs.campaign.limits.budget?, cost.likely?);
    let left = budget.left(inputs.spent);
    let said = |amount| money(budget.currency.as_str(), amount);
    let (whole, left_of_it, cost) = (said(budget.amount), said(left), said(likely));
    let args = [("likely", cost.as_str()), ("left", &left_of_it), ("budget", &whole)];
    (likely > left).then(|| Problem::new("budget_short", &args))
}

/// It will probably cost more than the account has left at its provider. Where everything in line is known too, the
/// wallet says it more exactly.
fn balance(inputs: &SheetInputs<'_>, cost: &Cost) -> Option<Problem> {
    let balance = inputs.balance.as_ref().filter(|_| inputs.purse.is_none())?;
    let likely = cost.likely?;
    let said = |amount| money(&balance.currency, amount);
    let args = [("likely", said(likely)), ("left", said(balance.amount))];
    let args: Vec<(&str, &str)> = args.iter().map(|(k, v)| (*k, v.as_str())).collect();
    (balance.currency == cost.currency && likely > balance.amount).then(|| Problem::new("balance_short", &args))
}

/// People report or block it: the provider pauses it next.
fn quality(inputs: &SheetInputs<'_>) -> Option<Problem> {
    let template = inputs.template?;
    let code = match template.quality? {
        TemplateQuality::Green => return None,
        TemplateQuality::Yellow => "quality_yellow",
        TemplateQuality::Red => "quality_red",
    };
    Some(Problem::new(code, &[("template", &template.name)]))
}

/// Messages that a phone which is off may still get after what they speak of.
fn outlives(inputs: &SheetInputs<'_>, reading: &Reading) -> Option<Problem> {
    let life = inputs.template?.time_to_live_s.unwrap_or(DEFAULT_TIME_TO_LIVE_S);
    let n = reading.outliving;
    let days = (life / SECONDS_OF_A_DAY).to_string();
    let (hours, n_said) = ((life / 3600).max(1).to_string(), n.to_string());
    let (code, span) = if life >= 2 * SECONDS_OF_A_DAY { ("outlives_days", &days) } else { ("outlives_hours", &hours) };
    (n > 0).then(|| Problem::new(code, &[("n", &n_said), ("span", span)]))
}

/// A hundredth of a currency's unit.
const CENT: i64 = 10_000;

/// The wallet does not hold what this and everything in line already will probably cost.
fn wallet(inputs: &SheetInputs<'_>, reading: &Reading, cost: &Cost) -> Option<Problem> {
    let (purse, account) = (inputs.purse?, inputs.account?);
    let missing = purse.missing(cost.of_wallet(account, reading.messages)?);
    // People are told whole cents, and less than is missing does not do.
    let missing = Micros((missing.0 + CENT - 1) / CENT * CENT);
    let said = |amount| money(account.currency.as_str(), amount);
    let (left, missing_text) = (said(purse.likely()), said(missing));
    (missing.0 > 0).then(|| Problem::new("wallet_short", &[("left", &left), ("missing", &missing_text)]))
}

/// Messages whose turn comes after their latest time, by what they wait for.
pub(super) fn too_late(inputs: &SheetInputs<'_>, told: &Forecast) -> Option<Problem> {
    let (count, rate) = (told.too_late.to_string(), inputs.throughput.to_string());
    let (n, rate) = (("n", count.as_str()), ("rate", rate.as_str()));
    (told.too_late > 0).then(|| match told.limited_by {
        LimitedBy::Rate => Problem::new("too_slow", &[n, rate]),
        LimitedBy::Tier => Problem::new("too_late_tier", &[n]),
        LimitedBy::Hours => Problem::new("too_late_hours", &[n]),
        LimitedBy::Budget
        | LimitedBy::Canary
        | LimitedBy::Schedule
        | LimitedBy::Frequency
        | LimitedBy::PairLimit
        | LimitedBy::OpenConversation
        | LimitedBy::Later
        | LimitedBy::People
        | LimitedBy::Hold
        | LimitedBy::Wallet => Problem::new("too_late_waiting", &[n]),
    })
}

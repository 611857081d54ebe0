//! What may still be changed of a template, and when (cloud-api.md 4.3): an approved one keeps its category, its text and its
//! variables, since campaigns, sheets and people go by them. The rest changes once in 24 hours and ten times in 30 days; then
//! it is reviewed again.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::draft::Draft;
use super::{Category, Template, TemplateStatus};
use crate::domain::problem::Problem;
use crate::domain::time::UnixMs;

/// Time between two edits of an approved template.
pub const EDIT_SPACING: Duration = Duration::from_hours(24);

/// Time in which an approved template may be edited [`EDITS`] times.
pub const EDIT_PERIOD: Duration = Duration::from_hours(30 * 24);

/// Edits of an approved template in [`EDIT_PERIOD`].
pub const EDITS: usize = 10;

const A_MINUTE: i64 = 60_000;

/// Why `template` may not become `draft` at `now`; `edits` is when it was edited before, `zone` whose clock people are told.
/// Empty: it may.
pub fn forbids(template: &Template, draft: &Draft, edits: &[UnixMs], (now, zone): (UnixMs, &TimeZone)) -> Vec<Problem> {
    let mut problems = Vec::new();
    if (&draft.name, &draft.language) != (&template.name, &template.language) {
        problems.push(Problem::new("template_name_fixed", &[("field", "name")]));
    }
    if template.is_beyond_drafts() {
        problems.push(Problem::new("template_not_written_here", &[("field", "name")]));
        return problems;
    }
    match &template.status {
        TemplateStatus::Approved => {
            problems.extend(frozen(template, draft));
            problems.extend(too_soon(edits, (now, zone)));
        }
        TemplateStatus::Rejected | TemplateStatus::Paused => {}
        status => {
            let args = [("status_key", status_key(status)), ("status", status.word().to_owned())];
            problems.push(Problem::new("template_not_editable", &args.each_ref().map(|(k, v)| (*k, v.as_str()))));
        }
    }
    problems
}

/// The locales' key of a status's word.
pub fn status_key(status: &TemplateStatus) -> String {
    let word = match status {
        TemplateStatus::Other(_) if status.unknown().is_some() => "unknown",
        TemplateStatus::Other(_) => "other",
        known => known.word(),
    };
    format!("template_status.{word}")
}

/// What stands before the name of what a template needs that no campaign can give.
pub const BEYOND: &str = "not available yet: ";

/// Such parts that have a sentence of their own; the locales' keys are `template_beyond.<word>`.
const PARTS: [&str; 12] = [
    "carousel",
    "carousel_without_cards",
    "cards",
    "sections",
    "limited_time_offer",
    "catalog",
    "product",
    "mpm_button",
    "flow_button",
    "order_details_button",
    "named_parameters",
    "several_senders_have_a_template_of_this_name",
];

/// The locales' key of why a template cannot be sent though it is approved, and the provider's word; `None`: it can, or
/// its status says why.
pub fn beyond(status: &TemplateStatus) -> Option<(String, &str)> {
    let TemplateStatus::Other(word) = status else { return None };
    let what = word.strip_prefix(BEYOND)?;
    let part = what.replace(' ', "_");
    let key = if PARTS.contains(&part.as_str()) { part } else { "other".to_owned() };
    Some((format!("template_beyond.{key}"), what))
}

/// Why a template cannot be sent.
pub fn not_sendable(name: &str, language: &str, status: &TemplateStatus) -> Problem {
    let (template, language) = (("template", name), ("language", language));
    match beyond(status) {
        Some((key, what)) => Problem::new("template_beyond", &[template, language, ("why_key", &key), ("what", what)]),
        None => Problem::new("template_not_approved", &[template, language, ("status", status.as_str())]),
    }
}

fn frozen(template: &Template, draft: &Draft) -> Vec<Problem> {
    let after = draft.template();
    let mut problems = Vec::new();
    if template.category != after.category {
        problems.push(Problem::new("template_category_fixed", &[("field", "category")]));
    }
    let takes = |t: &Template| {
        let mut body = t.body_parameters();
        body.sort();
        let places = t.buttons.iter().map(|button| button.takes().is_needed()).collect::<Vec<_>>();
        (t.format, t.header_parameters(), body, places)
    };
    let header_kind = |t: &Template| t.header.as_ref().map(std::mem::discriminant);
    if takes(template) != takes(&after) || header_kind(template) != header_kind(&after) {
        problems.push(Problem::new("template_parameters_fixed", &[("field", "body")]));
    } else if template.category != Category::Authentication && texts(template) != texts(&after) {
        // The text of a one-time code is WhatsApp's own.
        problems.push(Problem::new("template_body_fixed", &[("field", "body")]));
    }
    problems
}

/// What a template and its cards say, as a form gives it back.
fn texts(template: &Template) -> Vec<String> {
    let cards = template.cards.iter().map(|card| &card.body);
    std::iter::once(&template.body).chain(cards).map(|text| text.replace('\r', "").trim_end().to_owned()).collect()
}

fn too_soon(edits: &[UnixMs], (now, zone): (UnixMs, &TimeZone)) -> Option<Problem> {
    let mut recent: Vec<UnixMs> = edits.iter().copied().filter(|at| now.since(*at) < EDIT_PERIOD).collect();
    recent.sort_unstable();
    let last = recent.last().filter(|at| now.since(**at) < EDIT_SPACING).map(|at| at.plus(EDIT_SPACING));
    let tenth = (recent.len() >= EDITS).then(|| recent[recent.len() - EDITS].plus(EDIT_PERIOD));
    let again = last.into_iter().chain(tenth).max()?;
    let code = if tenth == Some(again) { "template_edited_often" } else { "template_edited_lately" };
    // People are told whole minutes, and a moment too early is refused.
    let at = UnixMs(again.0 + (-again.0).rem_euclid(A_MINUTE));
    Some(Problem::new(code, &[("at", &at.said_in(zone))]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::template::{Button, ParameterFormat, draft};

    const NOW: UnixMs = UnixMs(1_795_525_200_000);

    fn approved() -> Template {
        Template {
            provider_id: "1".to_owned(),
            name: "sale".to_owned(),
            language: "es_AR".to_owned(),
            category: Category::Marketing,
            status: TemplateStatus::Approved,
            format: ParameterFormat::Positional,
            header: None,
            body: "Hola {{1}}, buen día.".to_owned(),
            footer: None,
            buttons: vec![Button::Url { text: "Ver".to_owned(), url: "https://x.example/{{1}}".to_owned() }],
            time_to_live_s: None,
            parameters_unknown: false,
            offer: None,
            cards: Vec::new(),
            announced: None,
            quality: None,
            examples: Vec::new(),
        }
    }

    fn codes(template: &Template, draft: &Draft, edits: &[UnixMs]) -> Vec<String> {
        forbids(template, draft, edits, (NOW, &TimeZone::UTC)).into_iter().map(|p| p.code).collect()
    }

    #[test]
    fn an_approved_template_keeps_its_category_its_text_and_its_variables() {
        let old = approved();
        let same = draft::of(&old);
        assert!(codes(&old, &Draft { footer: Some("Laboratorio Norte".to_owned()), ..same.clone() }, &[]).is_empty());
        for (what, draft) in [
            ("template_body_fixed", Draft { body: "Hola {{1}}, ¡buenas!".to_owned(), ..same.clone() }),
            ("template_category_fixed", Draft { category: Category::Utility, ..same.clone() }),
            ("template_parameters_fixed", Draft { body: "Hola {{1}} y {{2}}, buen día.".to_owned(), ..same.clone() }),
            ("template_parameters_fixed", Draft { format: ParameterFormat::Named, ..same.clone() }),
            ("template_parameters_fixed", Draft { buttons: Vec::new(), ..same.clone() }),
            ("template_name_fixed", Draft { name: "other".to_owned(), ..same.clone() }),
        ] {
            assert_eq!(codes(&old, &draft, &[]), [what]);
            let rejected = Template { status: TemplateStatus::Rejected, ..approved() };
            let left: &[&str] = if what == "template_name_fixed" { &["template_name_fixed"] } else { &[] };
            assert_eq!(codes(&rejected, &draft, &[NOW]), left, "{what}");
        }
    }

    #[test]
    fn an_approved_template_is_edited_once_a_day_and_ten_times_a_month() {
        let (old, draft) = (approved(), draft::of(&approved()));
        let hours = |h: u64| NOW.minus(Duration::from_hours(h));
        assert_eq!(codes(&old, &draft, &[hours(23)]), ["template_edited_lately"]);
        assert!(codes(&old, &draft, &[hours(24)]).is_empty());
        let zone = TimeZone::get("America/Argentina/Buenos_Aires").unwrap();
        let edited = [UnixMs(hours(23).0 + 39_210)];
        let told = forbids(&old, &draft, &edited, (NOW, &zone)).remove(0).args;
        let at = "2026-11-24 11:01 (America/Argentina/Buenos_Aires)";
        assert_eq!(told, [("at".to_owned(), at.to_owned())], "the first whole minute at which it may be");
        let ten: Vec<UnixMs> = (1..=10).map(|day| hours(day * 48)).collect();
        assert_eq!(codes(&old, &draft, &ten), ["template_edited_often"]);
        assert!(codes(&old, &draft, &ten[..9]).is_empty());
    }

    #[test]
    fn what_is_in_review_or_switched_off_is_not_edited() {
        for status in [TemplateStatus::Pending, TemplateStatus::Disabled, TemplateStatus::Other("archived".to_owned())]
        {
            let old = Template { status, ..approved() };
            assert_eq!(codes(&old, &draft::of(&old), &[]), ["template_not_editable"]);
        }
    }
}

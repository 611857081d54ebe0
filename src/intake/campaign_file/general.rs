//! The keys at the top of the file, `[columns]` and `[limits]`.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::config::toml_file::{Table, Value};
use crate::config::{checks, law, thresholds};
use crate::domain::breaker;
use crate::domain::budget::Budget;
use crate::domain::canary::{self, Share};
use crate::domain::frequency::AtMost;
use crate::domain::kind::CampaignKind;
use crate::domain::people_pace::PeoplePace;

use super::times;
use super::{ColumnNames, Contains, IfUnsure, Labelled, Limits, OpenConversation, SentElsewhere, StartMode};

/// How long a receipt may take before an attempt counts as unsent (DESIGN: in doubt).
const IN_DOUBT_AFTER: Duration = Duration::from_mins(30);
/// Below this, doubts would be settled before a provider's ordinary receipts arrive.
const IN_DOUBT_AFTER_MIN: Duration = Duration::from_mins(1);

/// A file that takes back more of what is planned asks first (DESIGN 3.1).
const REMOVED_PERCENT: u32 = 20;

/// The keys above the first section.
pub(super) struct General {
    pub(super) kind: Option<CampaignKind>,
    pub(super) title: Option<String>,
    pub(super) sender: Option<String>,
    pub(super) file: Option<String>,
    pub(super) timezone: Option<TimeZone>,
    pub(super) country: Option<String>,
    pub(super) area_code: Option<String>,
    pub(super) cost_centre: Labelled,
    pub(super) start: StartMode,
    pub(super) contains: Option<Contains>,
}

impl General {
    pub(super) fn read(root: &mut Table<'_, '_>) -> Self {
        Self {
            kind: root.need("kind").and_then(|v| {
                v.choice(&[
                    ("reminder", CampaignKind::Reminder),
                    ("resume_contact", CampaignKind::ResumeContact),
                    ("promotion", CampaignKind::Promotion),
                ])
            }),
            title: text(root, "title"),
            sender: root.need("sender").and_then(|v| checks::name(&v)),
            file: root.need("file").and_then(|v| file_name(&v)),
            timezone: root.need("timezone").and_then(|v| checks::timezone(&v)),
            country: root.get("country").and_then(|v| law::country(&v)),
            area_code: root.get("area_code").and_then(|v| area_code(&v)),
            cost_centre: root.get("cost_centre").map_or(Labelled::None, |v| labelled(&v)),
            start: root
                .get("start")
                .and_then(|v| v.choice(&[("by hand", StartMode::ByHand), ("by itself", StartMode::ByItself)]))
                .unwrap_or_default(),
            contains: root.get("contains").and_then(|v| {
                v.choice(&[("everything ahead", Contains::EverythingAhead), ("only changes", Contains::OnlyChanges)])
            }),
        }
    }
}

fn text(table: &mut Table<'_, '_>, key: &'static str) -> Option<String> {
    table.get(key).and_then(|v| v.text()).map(|t| t.trim().to_owned())
}

/// A text, or `{ column = "…" }`. A wrong one has been refused and gives `None`.
pub(super) fn labelled(value: &Value<'_, '_>) -> Labelled {
    let read = if value.is_table() {
        value
            .table(|t| t.need("column").and_then(|v| v.text()).map(|c| Labelled::Column(c.trim().to_owned())))
            .flatten()
    } else {
        value.text().map(|t| Labelled::Fixed(t.trim().to_owned()))
    };
    read.unwrap_or_default()
}

fn file_name(value: &Value<'_, '_>) -> Option<String> {
    let name = value.text()?.trim();
    if name.contains(['/', '\\']) || name.starts_with('.') {
        value.refuse("must be the name of a file in the campaign's folder, without a path");
        return None;
    }
    if is_audience_name(name) {
        return Some(name.to_owned());
    }
    value.refuse("must name a .csv, .tsv, .xlsx or .ods file");
    None
}

/// Whether a name ends as that of an audience does. Text with a spreadsheet's name is common, and told by its content.
pub fn is_audience_name(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    matches!(extension.as_deref(), Some("csv" | "tsv" | "tab" | "txt" | "xlsx" | "xlsm" | "ods" | "xls"))
}

fn area_code(value: &Value<'_, '_>) -> Option<String> {
    let code = value.text()?.trim();
    if (1..=5).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit()) {
        return Some(code.to_owned());
    }
    value.refuse("must be one to five digits, as \"11\"");
    None
}

/// `[columns]`.
pub(super) fn columns(table: &mut Table<'_, '_>) -> ColumnNames {
    let several = |key| table.get(key).map(|v| names(&v)).unwrap_or_default();
    let [phones, consents, refusals] = ["phone", "consent", "refusal"].map(several);
    ColumnNames {
        phones,
        id: text(table, "id"),
        when: text(table, "when"),
        name: text(table, "name"),
        timezone: text(table, "timezone"),
        consents,
        refusals,
        only: text(table, "only"),
        id_is_of_clients: false,
    }
}

/// One column, or a list of them.
fn names(value: &Value<'_, '_>) -> Vec<String> {
    if value.is_text() {
        return value.text().map(|t| t.trim().to_owned()).into_iter().collect();
    }
    let names: Vec<String> = value.texts().unwrap_or_default().iter().map(|name| name.trim().to_owned()).collect();
    if names.iter().any(String::is_empty) {
        value.refuse("has a name that is empty");
    }
    names
}

/// `[limits]`, with the defaults of `kind`.
pub(super) fn limits(root: &mut Table<'_, '_>, kind: CampaignKind) -> Limits {
    let promotion = kind == CampaignKind::Promotion;
    let mut limits = Limits {
        budget: None,
        if_unsure: if promotion { IfUnsure::Ask } else { IfUnsure::SendAgain },
        in_doubt_after: IN_DOUBT_AFTER,
        open_conversation: match kind {
            CampaignKind::Reminder => OpenConversation::Pass,
            CampaignKind::ResumeContact | CampaignKind::Promotion => OpenConversation::Skip,
        },
        at_most: None,
        canary: None,
        canary_terms: canary::Wanted::default(),
        breakers: breaker::Wanted::default(),
        removed_percent: REMOVED_PERCENT,
        sent_elsewhere: None,
        people: None,
    };
    root.table("limits", |t| {
        limits.canary = t.get("canary").and_then(|v| share(&v));
        limits.canary_terms = thresholds::canary(t);
        limits.breakers = thresholds::breakers(t);
        limits.budget = t.get("budget").and_then(|v| v.parsed(Budget::parse));
        let choices = [("send again", IfUnsure::SendAgain), ("ask", IfUnsure::Ask)];
        if let Some(choice) = t.get("if_unsure").and_then(|v| v.choice(&choices)) {
            limits.if_unsure = choice;
        }
        if let Some(after) = t.get("in_doubt_after").and_then(|v| in_doubt_after(&v)) {
            limits.in_doubt_after = after;
        }
        if let Some(choice) = t.get("open_conversation").and_then(|v| open_conversation(&v, kind)) {
            limits.open_conversation = choice;
        }
        limits.at_most = t.get("at_most").and_then(|v| v.parsed(at_most));
        if let Some(percent) = t.get("removed").and_then(|v| v.parsed(percent)) {
            limits.removed_percent = percent;
        }
        let choices = [("leave them out", SentElsewhere::LeaveOut), ("send anyway", SentElsewhere::SendAnyway)];
        limits.sent_elsewhere = t.get("sent_elsewhere").and_then(|v| v.choice(&choices));
        limits.people = people(t, kind);
    });
    limits
}

/// How many conversations may wait before the campaign slows, and whose.
fn people(table: &mut Table<'_, '_>, kind: CampaignKind) -> Option<PeoplePace> {
    let at_most = table.get("waiting_at_most");
    let team = table.get("waiting_team").and_then(|value| {
        if at_most.is_none() {
            value.refuse_key("does nothing without \"waiting_at_most\"");
        }
        value.text().map(str::to_owned)
    });
    let value = at_most?;
    if kind == CampaignKind::Reminder {
        value.refuse_key("is for promotions and resumed contacts: reminders wait for nobody");
    }
    let at_most = value.integer()?;
    if at_most < 1 {
        value.refuse("must be a number of conversations, 1 or more");
        return None;
    }
    Some(PeoplePace { at_most, team })
}

fn in_doubt_after(value: &Value<'_, '_>) -> Option<Duration> {
    let after = value.parsed(times::length)?;
    if after < IN_DOUBT_AFTER_MIN {
        value.refuse("must be at least \"1m\"");
        return None;
    }
    Some(after)
}

fn open_conversation(value: &Value<'_, '_>, kind: CampaignKind) -> Option<OpenConversation> {
    match value.text() {
        Some("skip" | "wait") if kind == CampaignKind::Reminder => {
            value.refuse("is for promotions and resumed contacts: a reminder goes out during a conversation too");
        }
        Some("wait") => return Some(OpenConversation::Wait),
        Some("skip") => return Some(OpenConversation::Skip),
        None => {}
        Some(other) => value.refuse_for("must be \"skip\" or \"wait\"", other, ["skip", "wait"]),
    }
    None
}

/// A share as text, or a number of messages.
fn share(value: &Value<'_, '_>) -> Option<Share> {
    let text = if value.is_number() { value.integer()?.to_string() } else { value.text()?.to_owned() };
    let share = Share::parse(&text);
    if share.is_none() {
        value.refuse("must be a share, as \"5%\", or a number of messages");
    }
    share
}

fn percent(text: &str) -> Result<u32, &'static str> {
    let percent = text.trim().strip_suffix('%').and_then(|n| n.trim().parse().ok()).filter(|n| *n <= 100);
    percent.ok_or("must be a share of what is planned, from \"0%\" to \"100%\"")
}

fn at_most(text: &str) -> Result<AtMost, &'static str> {
    AtMost::parse(text)
        .ok_or("must be a number, what and a period, as \"1 promotion per day\" or \"3 messages per week\"")
}

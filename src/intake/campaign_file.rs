//! `campaign.toml`: what is sent to whom, when, and what the answers do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::config::toml_file::{self, Table, TomlProblem};
use crate::domain::breaker;
use crate::domain::budget::Budget;
use crate::domain::canary::{self, Share};
use crate::domain::frequency::AtMost;
use crate::domain::hours::{Hours, Week};
use crate::domain::kind::CampaignKind;
use crate::domain::people_pace::PeoplePace;
use crate::domain::schedule::{Moved, Schedule, SendTime};
use crate::domain::template::slot::{CardSlot, Slot};

use super::audience::{Rules, Truths};

mod general;
mod pattern;
mod reading;
mod recurring;
mod replies;
mod schedule;
mod template;
mod text;
mod times;

pub use general::is_audience_name;
pub use pattern::{fits_pattern, is_pattern};
pub use recurring::Every;
pub use replies::{ButtonReply, Replies, is_route};
pub use template::{ButtonUse, LanguageColumn, LinkKind, TemplateUse};
pub use text::text;

/// A campaign file that holds together. What it names elsewhere (sender, template, columns, holidays, people) is
/// checked by whoever knows those.
#[derive(Clone, Debug)]
pub struct CampaignFile {
    /// What the campaign is for.
    pub kind: CampaignKind,
    /// Its name on screens; left out, the folder's name.
    pub title: Option<String>,
    /// A `[sender.*]` of the configuration.
    pub sender: String,
    /// Name of the audience file in the campaign's folder, or a pattern with `*` and `?` whose newest match counts.
    pub file: String,
    /// What absence from a new file means; left out, nothing is taken back because it is missing.
    pub contains: Option<Contains>,
    /// Clock of rows that have no other, and of `at` and `until`.
    pub timezone: TimeZone,
    /// ISO 3166 country of numbers written without one, as `AR`.
    pub country: Option<String>,
    /// Area code that completes local numbers, digits only.
    pub area_code: Option<String>,
    /// Who pays.
    pub cost_centre: Labelled,
    /// What approves a version.
    pub start: StartMode,
    /// The template and what it takes besides the variables.
    pub template: TemplateUse,
    /// What the columns are, where their headers do not say it.
    pub columns: ColumnNames,
    /// How the audience is read, where the guess is wrong or a person has to say.
    pub reading: Rules,
    /// Parameter of the template and the expression that fills it, in the order of the file.
    pub variables: Vec<(String, String)>,
    /// When messages are due.
    pub schedule: Schedule,
    /// Begins a run at each of these times.
    pub every: Option<Every>,
    /// When they may leave; left out, always.
    pub hours: Option<HoursRule>,
    /// Laws on sending hours that do not count, by name.
    pub without_laws: Vec<String>,
    /// What happens when the time of a row that was sent already moves.
    pub moved: Moved,
    /// What replies do.
    pub replies: Replies,
    /// Stops and doubts.
    pub limits: Limits,
    /// Where expressions stand, for whoever finds one wrong: line and column by section and key, as `variables` and `1`.
    pub places: BTreeMap<(&'static str, String), (usize, usize)>,
}

/// A text that is the same for every row, or comes from a column.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Labelled {
    /// Left out.
    #[default]
    None,
    /// The same for every row.
    Fixed(String),
    /// The row's cell in the column of this name.
    Column(String),
}

/// What absence from a new file means for a standing run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contains {
    /// Whatever the file does not name is gone, if its date lies among the file's.
    EverythingAhead,
    /// Nothing: the file says only what is new or different, so that each counts, in the order in which they came.
    OnlyChanges,
}

/// What a person has decided about an audience that another campaign has sent to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentElsewhere {
    /// Its people are left out.
    LeaveOut,
    /// They get this one too.
    SendAnyway,
}

/// What approves a version of campaign and audience.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartMode {
    /// A person, each version.
    #[default]
    ByHand,
    /// Each version without blockers starts unattended.
    ByItself,
}

/// Names of columns, as in the audience's header.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ColumnNames {
    /// Phones: columns, each perhaps joined of several by `+`, that are tried in this order.
    pub phones: Vec<String>,
    /// Identity of a row across files.
    pub id: Option<String>,
    /// Date and time, several columns joined by `+`: `Fecha + Hora`.
    pub when: Option<String>,
    /// The person's name.
    pub name: Option<String>,
    /// The person's time zone.
    pub timezone: Option<String>,
    /// Columns each of which says whether, or on what basis, the person has agreed to get promotions.
    pub consents: Vec<String>,
    /// Columns in which a yes means that the person wants no promotions, beside those that are recognised.
    pub refusals: Vec<String>,
    /// Expression that is true for the rows to take.
    pub only: Option<String>,
    /// The id is what the house calls its people by. No campaign file says so: files of clients are read with it.
    pub id_is_of_clients: bool,
}

/// When messages may leave, as written: the holidays may be a list of the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HoursRule {
    /// The usual week.
    pub week: Week,
    /// The days off.
    pub holidays: Holidays,
}

/// Days on which hours do not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Holidays {
    /// Written in the campaign file; perhaps none.
    Dates(BTreeSet<Date>),
    /// A list under `[holidays]` of the configuration.
    Named(String),
}

impl HoursRule {
    /// The hours with their holidays; `None` when `lists` has no list of that name.
    pub fn resolve(&self, lists: &BTreeMap<String, BTreeSet<Date>>) -> Option<Hours> {
        let holidays = match &self.holidays {
            Holidays::Dates(dates) => dates.clone(),
            Holidays::Named(name) => lists.get(name)?.clone(),
        };
        Some(Hours { week: self.week.clone(), holidays, laws: Vec::new() })
    }
}

/// Stops and doubts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// What the campaign may cost.
    pub budget: Option<Budget>,
    /// What to do with an attempt of which nobody knows whether it left.
    pub if_unsure: IfUnsure,
    /// How long to wait for a receipt before that.
    pub in_doubt_after: Duration,
    /// What an open conversation with the person does.
    pub open_conversation: OpenConversation,
    /// How often one person may get messages, across campaigns.
    pub at_most: Option<AtMost>,
    /// What goes first and is judged.
    pub canary: Option<Share>,
    /// By what it is judged, where the file says.
    pub canary_terms: canary::Wanted,
    /// When its runs stop by themselves, where the file says.
    pub breakers: breaker::Wanted,
    /// A file that would take back more of what is planned, in percent, asks a person first.
    pub removed_percent: u32,
    /// What is done about people whom another campaign has sent the same audience; left out, it is only said.
    pub sent_elsewhere: Option<SentElsewhere>,
    /// How many conversations may wait before it slows.
    pub people: Option<PeoplePace>,
}

/// What to do with an attempt in doubt, once waiting is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfUnsure {
    /// Send again where the rule of doubt allows it.
    SendAgain,
    /// Ask a person.
    Ask,
}

/// What an open conversation with the person does to a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenConversation {
    /// Nothing: the message goes out and shows in the conversation. Reminders.
    Pass,
    /// The message is excluded. Promotions and resumed contacts.
    Skip,
    /// The message waits until the conversation has ended. Promotions and resumed contacts.
    Wait,
}

/// A file of the campaign's folder that its template shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShownFile<'a> {
    /// Its name.
    pub name: &'a str,
    /// What the header says that it is; `None`: a card's picture or video.
    pub kind: Option<LinkKind>,
}

impl CampaignFile {
    /// The team whose conversations it goes by, where it goes by any: the one it names, else the one its replies go to, else
    /// its sender's.
    pub fn goes_by<'a>(&'a self, senders: Option<&'a str>) -> Option<&'a str> {
        let named = self.limits.people.as_ref()?.team.as_deref();
        let routed = match &self.replies.route {
            Labelled::Fixed(route) => route.strip_prefix("team:"),
            Labelled::Column(_) | Labelled::None => None,
        };
        named.or(routed).or(senders)
    }

    /// Whether it has one run that each new file amends: its messages go by each row's own date.
    pub fn is_standing(&self) -> bool {
        matches!(self.schedule.send, SendTime::FromWhen(_)) && self.every.is_none()
    }

    /// The names of the files beside it that the template shows, in its header and in its cards, each once.
    pub fn shown_files(&self) -> Vec<ShownFile<'_>> {
        let header = match (&self.template.header_link, self.template.header_kind) {
            (Some(Labelled::Fixed(name)), Some(kind)) if !name.starts_with("https://") => {
                Some(ShownFile { name, kind: Some(kind) })
            }
            _ => None,
        };
        let mut all: Vec<ShownFile<'_>> = header.into_iter().collect();
        for (slot, source) in &self.template.slots {
            let is_shown = matches!(slot, Slot::Card(_, CardSlot::Header)) && template::is_file(source);
            if is_shown && all.iter().all(|known| known.name != source) {
                all.push(ShownFile { name: source, kind: None });
            }
        }
        all
    }

    /// Reads a campaign file; `name` is what problems call it.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the file.
    pub fn parse(source: &str, name: &str) -> Result<Self, Vec<TomlProblem>> {
        toml_file::read(name, source, &BTreeMap::new(), Self::build)
    }

    /// How its audience is read, of a file that need not hold together yet.
    pub fn rules(source: &str) -> Rules {
        let mut rules = Rules::default();
        // What is wrong with the file is told by whoever reads all of it.
        drop(toml_file::read("campaign.toml", source, &BTreeMap::new(), |root| {
            let columns = root.table("columns", general::columns).unwrap_or_default();
            rules = reading::read(root, &columns);
            Some(())
        }));
        rules
    }

    fn build(root: &mut Table<'_, '_>) -> Option<Self> {
        // Everything is read before anything is given up, so that one reading finds every problem.
        let general = general::General::read(root);
        let template = root.need_table("template", template::read).flatten();
        let places = ["variables", "template", "template.buttons", "columns"].into_iter();
        let places = places.flat_map(|section| root.places(section).into_iter().map(move |(k, at)| ((section, k), at)));
        let places = places.collect();
        let columns = root.table("columns", general::columns).unwrap_or_default();
        let mut reading = reading::read(root, &columns);
        reading.truths = Truths::of_tag(template.as_ref().map_or("", |template| template.language.as_str()));
        let variables = root.table("variables", template::variables).flatten().unwrap_or_default();
        let kind = general.kind.unwrap_or(CampaignKind::Reminder);
        let timezone = general.timezone.clone().unwrap_or(TimeZone::UTC);
        let scheduled = schedule::read(root, kind, &timezone);
        let replies = root.table("replies", replies::read).unwrap_or_default();
        let limits = general::limits(root, kind);
        Some(Self {
            kind: general.kind?,
            title: general.title,
            sender: general.sender?,
            file: general.file?,
            contains: general.contains,
            timezone: general.timezone?,
            country: general.country,
            area_code: general.area_code,
            cost_centre: general.cost_centre,
            start: general.start,
            template: template?,
            columns,
            reading,
            variables,
            schedule: scheduled.schedule,
            every: scheduled.every,
            hours: scheduled.hours,
            without_laws: scheduled.without_laws,
            moved: scheduled.moved,
            replies,
            limits,
            places,
        })
    }
}

//! The sheet: what a campaign would do if it were started now.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::before::SentBefore;
use super::billed::{billing, costs};
use super::cost::Cost;
use super::diff::{Changes, Feed};
use super::problems;
use super::reading::{self, Reading};
use super::repeat::{self, Repeats};
use super::sample::Sample;
use super::text::spoken;
use crate::billing::card::Cards;
use crate::config::{Account, Sender, Team};
use crate::domain::canary;
use crate::domain::exclusion::ExclusionReason;
use crate::domain::forecast::{Forecast, Scene};
use crate::domain::hours::law::Laws;
use crate::domain::id::RunId;
use crate::domain::kind::CampaignKind;
use crate::domain::money::Micros;
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::domain::reach::Reaches;
use crate::domain::template::{Category, Template, TemplateQuality};
use crate::domain::time::UnixMs;
use crate::domain::wallet::Purse;
use crate::intake::audience::FileFacts;
use crate::intake::campaign_file::CampaignFile;
use crate::intake::rows::Names;
use crate::store::run::SameAudience;

/// What a sheet is made from. What is not known is `None`; the sheet is whole all the same and names it as a blocker.
pub struct SheetInputs<'a> {
    /// The campaign file.
    pub campaign: &'a CampaignFile,
    /// Its template as the provider has it.
    pub template: Option<&'a Template>,
    /// Templates that the account is known to have, for whoever misspelt one: name and language.
    pub templates: &'a [(String, String)],
    /// It in other languages that it is approved in, where rows may name them.
    pub translations: &'a [Template],
    /// The account of its sender.
    pub account: Option<&'a Account>,
    /// Its sender.
    pub sender: Option<&'a Sender>,
    /// Rate cards.
    pub cards: &'a Cards,
    /// `[vars]` of the configuration.
    pub vars: &'a BTreeMap<String, String>,
    /// What people are called, for rows that do not say it; empty where nothing speaks of it.
    pub names: &'a dyn Names,
    /// `[holidays]` of the configuration.
    pub holidays: &'a BTreeMap<String, BTreeSet<Date>>,
    /// Hours in which the law allows marketing.
    pub laws: &'a Laws,
    /// What is delivered where.
    pub reach: &'a Reaches,
    /// `[team.*]` of the configuration, where it is known.
    pub teams: Option<&'a BTreeMap<String, Team>>,
    /// Names of those who can sign in, where they are known.
    pub users: Option<&'a BTreeSet<String>>,
    /// A run of another campaign over the same file.
    pub same_audience: Option<&'a SameAudience>,
    /// The audience file.
    pub audience: &'a Path,
    /// When the run would start.
    pub now: UnixMs,
    /// Messages per second the sender may send.
    pub throughput: u32,
    /// What leaves from the same sender, and through the same messaging limit, already; its first sender is this one.
    pub around: &'a Scene,
    /// The share of its pace that the conversations that wait now leave the campaign, where it goes by them; 1: all of it.
    pub people: f64,
    /// Whether a person was reached so lately that another message takes no place of the messaging limit.
    pub reached: &'a dyn Fn(&Phone) -> bool,
    /// What is charged and reserved of the campaign's budget already.
    pub spent: Micros,
    /// What the account has left at its provider, where that tells.
    pub balance: Option<Balance>,
    /// What is left of the messaging limit, where that is known.
    pub tier: Option<SheetTier>,
    /// How the account's prepaid wallet stands, where it has one that is known.
    pub purse: Option<Purse>,
    /// `[limits]` of the configuration, for what a canary is judged by where the campaign does not say.
    pub canary: canary::Wanted,
    /// Whether a person must not get this.
    pub suppressed: &'a dyn Fn(&Phone) -> bool,
    /// What earlier runs of the campaign have sent.
    pub earlier: &'a dyn SentBefore,
    /// The standing run that the file amends.
    pub feed: Option<&'a Feed>,
    /// The template that tells a new time, where the campaign names one and it is known.
    pub moved_template: Option<&'a Template>,
    /// Whether the account may not write to the person's country.
    pub barred: &'a dyn Fn(&Phone) -> bool,
    /// Rows that the sheet keeps, by their numbers, as many as a page shows; `None`: none. All of them are told one by one:
    /// [`sheet_telling`].
    pub listed: Option<Range<i64>>,
}

/// What would happen. Serialises as `check --json`, with blockers and warnings in English; see [`super::json`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Sheet {
    /// The campaign's title; empty where the file gives none.
    pub title: String,
    /// What it is for.
    pub kind: CampaignKind,
    /// Name of its sender.
    pub sender: String,
    /// Its template.
    pub template: SheetTemplate,
    /// Name of the audience file.
    pub audience: String,
    /// Rows after the header; `None`: not known, as something keeps the file from being read.
    pub rows_read: Option<i64>,
    /// Rows that become messages; `None`: not known.
    pub messages: Option<i64>,
    /// Rows that do not, by reason. Together with the messages, all rows.
    pub excluded: BTreeMap<ExclusionReason, i64>,
    /// Rows that an earlier run has sent, by that run.
    pub already_sent: BTreeMap<RunId, i64>,
    /// What it does to what the files before have planned; `None`: there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
    /// The first row numbers of each reason.
    pub excluded_rows: BTreeMap<ExclusionReason, Vec<i64>>,
    /// What is wrong with the first row of each reason, where there is more to say of it, as a word that
    /// [`crate::intake::rows::explain`] puts into a sentence.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub excluded_examples: BTreeMap<ExclusionReason, String>,
    /// The rows asked for, where they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<SheetRow>>,
    /// What it costs.
    pub cost: Cost,
    /// How it comes again; `None`: it does not. Everything else on the sheet is of its first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<Repeats>,
    /// When the first message is due; `None` without messages.
    pub starts_at: Option<UnixMs>,
    /// When the last one leaves.
    pub sent_out_at: Option<Forecast>,
    /// The clock of the campaign, an IANA name.
    pub timezone: String,
    /// Messages per second reckoned with.
    pub throughput: u32,
    /// What goes first and is judged; `None`: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<SheetCanary>,
    /// What is left of the campaign's budget; `None`: it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<SheetBudget>,
    /// What the account has left at its provider; `None`: that is billed afterwards, or not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<Balance>,
    /// What is left of the messaging limit; `None`: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<SheetTier>,
    /// Ten messages as people will see them.
    pub samples: Vec<Sample>,
    /// What keeps it from starting.
    #[serde(serialize_with = "spoken")]
    pub blockers: Vec<Problem>,
    /// What is worth a look.
    #[serde(serialize_with = "spoken")]
    pub warnings: Vec<Problem>,
    /// The mark of what is shown here: a start that carries it starts this and nothing else. `None` where nothing can
    /// be started from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<String>,
    /// What was found out about the file; `None` when it could not be read.
    pub facts: Option<FileFacts>,
}

/// The template of a sheet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SheetTemplate {
    /// Name.
    pub name: String,
    /// Language.
    pub language: String,
    /// What its messages are reckoned to be billed as.
    pub category: Category,
    /// The provider's word on whether it can be sent; `None`: not known.
    pub status: Option<String>,
    /// What people think of it, as the provider tells.
    pub quality: Option<TemplateQuality>,
    /// Seconds after which an undelivered message is dropped; `None`: not known.
    pub time_to_live_s: Option<i64>,
    /// False when the template is not known and the category is a guess from the campaign's kind.
    pub known: bool,
}

/// A campaign's budget.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SheetBudget {
    /// ISO 4217.
    pub currency: String,
    /// All of it.
    #[serde(serialize_with = "amount")]
    pub amount: Micros,
    /// What is neither charged nor reserved.
    #[serde(serialize_with = "amount")]
    pub left: Micros,
    /// Begins anew each month.
    pub monthly: bool,
}

/// What an account has left at its provider.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Balance {
    /// ISO 4217.
    pub currency: String,
    /// How much.
    #[serde(serialize_with = "amount")]
    pub amount: Micros,
    /// When the provider said so.
    pub told_at: UnixMs,
}

/// What is left of a messaging limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct SheetTier {
    /// People in 24 h; `None`: any number.
    pub limit: Option<i64>,
    /// New people who may be reached now; `None`: any number.
    pub left: Option<i64>,
}

/// Amounts leave as decimals in text, so that no reader turns them into floats.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference to the field")]
fn amount<S: serde::Serializer>(amount: &Micros, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&amount.to_string())
}

/// The same of an amount that may not be known.
#[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
pub(super) fn amount_if_any<S: serde::Serializer>(of: &Option<Micros>, to: S) -> Result<S::Ok, S::Error> {
    match of {
        Some(of) => amount(of, to),
        None => to.serialize_none(),
    }
}

/// What goes first and is judged before the rest follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct SheetCanary {
    /// So many messages.
    pub messages: i64,
    /// Receipts are waited for that long, in minutes, unless nine in ten have come before.
    pub wait_minutes: u64,
}

/// One row.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SheetRow {
    /// Its number; 1 is the first after the header.
    pub row: i64,
    /// The number it goes to, or what the file says.
    pub to: String,
    /// Why it becomes no message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ExclusionReason>,
    /// More about the reason, as a word that [`crate::intake::rows::explain`] puts into a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Sheet {
    /// Whether nothing stands in the way of starting.
    pub fn can_start(&self) -> bool {
        self.blockers.is_empty()
    }

    /// Rows left out; `None`: not known.
    pub fn left_out(&self) -> Option<i64> {
        self.messages.map(|_| self.excluded.values().sum())
    }
}

/// Makes the sheet: one pass over the audience, nothing written, nothing sent.
pub fn sheet(inputs: &SheetInputs<'_>) -> Sheet {
    sheet_telling(inputs, &|_, _| (), &mut |_| ())
}

/// The same, telling now and then how many rows of how many are read (0: that is not known yet), and each row once it is
/// decided. Where the sheet does not know its messages, not every row was.
pub fn sheet_telling(inputs: &SheetInputs<'_>, progress: &dyn Fn(u64, u64), each: &mut dyn FnMut(&SheetRow)) -> Sheet {
    let campaign = inputs.campaign;
    let mut blockers = problems::before_reading(inputs);
    let mut reading = reading::read(inputs, progress, each).unwrap_or_else(|stopped| {
        let (known, problems) = Reading::of_stopped(*stopped);
        blockers.extend(problems);
        known
    });
    let billing = billing(inputs);
    let cost = costs(inputs, billing, &reading);
    let cost = if reading.is_whole { cost } else { cost.unknown() };
    blockers.extend(problems::after_reading(inputs, &reading, &cost, &blockers));
    let canary = problems::canary(inputs, &reading, &mut blockers);
    let told = reading.ahead.told(inputs, billing.category, &cost).filter(|_| reading.is_whole);
    let mut warnings = problems::warnings(inputs, &reading, billing, &cost);
    warnings.extend(told.and_then(|told| problems::too_late(inputs, &told)));
    let repeats = repeat::repeats(inputs, reading.messages, &cost).filter(|_| reading.is_whole);
    warnings.extend(repeat::met(repeats.as_ref()).into_iter().chain(repeat::warning(repeats.as_ref())));
    let samples =
        std::mem::take(&mut reading.samples).choose((inputs.template, inputs.translations), &campaign.timezone);
    Sheet {
        title: campaign.title.clone().unwrap_or_default(),
        kind: campaign.kind,
        sender: campaign.sender.clone(),
        template: template(inputs, billing.category),
        audience: inputs.audience.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        rows_read: if reading.is_whole { Some(reading.rows_read) } else { reading.rows_there },
        messages: reading.is_whole.then_some(reading.messages),
        excluded: reading.excluded.iter().map(|(reason, left)| (*reason, left.count)).collect(),
        already_sent: std::mem::take(&mut reading.already_sent),
        changes: reading.changes.take(),
        cost,
        repeats,
        // One that comes again begins at its time, not when it is started.
        starts_at: problems::first_time(inputs).filter(|_| reading.messages > 0).or(reading.ahead.first),
        sent_out_at: told,
        timezone: campaign.timezone.iana_name().unwrap_or("UTC").to_owned(),
        throughput: inputs.throughput,
        canary,
        budget: budget(inputs),
        balance: inputs.balance.clone(),
        tier: inputs.tier,
        shown: None,
        samples,
        blockers,
        warnings,
        excluded_examples: examples(&reading),
        excluded_rows: reading.excluded.into_iter().map(|(reason, left)| (reason, left.first_rows)).collect(),
        rows: (inputs.listed.is_some() && reading.is_whole).then_some(reading.rows),
        facts: reading.facts,
    }
}

fn examples(reading: &Reading) -> BTreeMap<ExclusionReason, String> {
    let with_one = reading.excluded.iter().filter(|(_, left)| !left.example.is_empty());
    with_one.map(|(reason, left)| (*reason, left.example.clone())).collect()
}

fn template(inputs: &SheetInputs<'_>, category: Category) -> SheetTemplate {
    let (named, known) = (&inputs.campaign.template, inputs.template);
    SheetTemplate {
        name: named.name.clone(),
        language: named.language.clone(),
        category,
        status: known.map(|t| t.status.as_str().to_owned()),
        quality: known.and_then(|t| t.quality),
        time_to_live_s: known.map(|t| t.time_to_live_s.unwrap_or(problems::DEFAULT_TIME_TO_LIVE_S)),
        known: known.is_some(),
    }
}

fn budget(inputs: &SheetInputs<'_>) -> Option<SheetBudget> {
    let budget = inputs.campaign.limits.budget?;
    Some(SheetBudget {
        currency: budget.currency.to_string(),
        amount: budget.amount,
        left: budget.left(inputs.spent),
        monthly: budget.monthly,
    })
}

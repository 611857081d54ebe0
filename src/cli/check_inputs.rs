//! What `recado check` can find out: the configuration, and a running daemon's templates.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;

use super::check_asked::{Asked, Before, NAMES_NOT_LOOKED_AT, is_loaded};
use super::client::{CallError, Client, DEFAULT_CONFIG};
use crate::billing::card::Cards;
use crate::config::toml_file::TomlProblem;
use crate::config::{Account, Config, ConfigError, Sender};
use crate::domain::forecast::{Scene, Tier};
use crate::domain::hours::law::Laws;
use crate::domain::money::Micros;
use crate::domain::problem::Problem;
use crate::domain::reach::Reaches;
use crate::domain::template::{Template, TemplateStatus};
use crate::domain::tier::{KEPT, Limit, REMINDERS_AHEAD};
use crate::domain::time::UnixMs;
use crate::domain::wallet::Purse;
use crate::engine::forecast::{USUAL_THROUGHPUT, smaller};
use crate::intake::campaign_file::CampaignFile;
use crate::intake::rows::{NOBODY, Names, greets};
use crate::preflight::diff::Feed;
use crate::preflight::{Sheet, SheetInputs};

/// A file somebody wrote is wrong, in these places.
#[derive(Debug)]
pub struct Unusable(pub Vec<TomlProblem>);

/// What is known besides the folder.
pub(super) struct Known {
    config: Option<Config>,
    sender: Option<Sender>,
    template: Option<Template>,
    /// What its account has: name and language.
    templates: Vec<(String, String)>,
    /// It in other languages, where rows may name them.
    translations: Vec<Template>,
    /// What the campaign's runs have sent, as far as a daemon told.
    earlier: Before,
    /// What a run has planned that the file would amend.
    feed: Option<Feed>,
    knows_earlier: bool,
    cards: Cards,
    vars: BTreeMap<String, String>,
    /// What people are called; `None`: nothing depends on it, or nobody is known by name.
    names: Option<Box<dyn Names>>,
    holidays: BTreeMap<String, BTreeSet<Date>>,
    laws: Laws,
    reach: Reaches,
    /// The sender alone, within the messaging limit of the configuration.
    around: Scene,
    /// How the account's prepaid wallet stands, as far as a daemon told.
    purse: Option<Purse>,
    /// What could not be found out, and why.
    unknown: Vec<Problem>,
}

impl Known {
    pub(super) async fn gather(
        campaign: &CampaignFile,
        folder: &str,
        named: Option<&Path>,
        env: &BTreeMap<String, String>,
        (now, speed): (UnixMs, f64),
    ) -> anyhow::Result<Result<Self, Unusable>> {
        let path = named.unwrap_or(Path::new(DEFAULT_CONFIG));
        let (config, cards) = match configured(path, named.is_some(), env) {
            Err(ConfigError::Problems(problems)) => return Ok(Err(Unusable(problems))),
            read => read?,
        };
        let mut unknown = Vec::new();
        if config.is_none() {
            unknown.push(Problem::new("no_configuration", &[("file", &path.display().to_string())]));
        }
        let sender = config.as_ref().and_then(|c| c.senders.get(&campaign.sender)).cloned();
        let daemon = Client::of(env, config.as_ref())?;
        let Found { template, translations, all: templates } = match &sender {
            Some(sender) => ask(&daemon, campaign, sender, &mut unknown).await,
            None => Found::default(),
        };
        let (earlier, feed) = match template {
            Some(_) => before(&daemon, folder, campaign).await,
            None => (None, None),
        };
        let names = if greets(campaign) { Asked::of(&daemon).names().await } else { None };
        let (knows_earlier, earlier) = (earlier.is_some(), earlier.unwrap_or_default());
        let vars = vars(config.as_ref(), custom_values(&daemon).await);
        let holidays = config.as_ref().map(|c| c.holidays.clone()).unwrap_or_default();
        let laws = config.as_ref().map(|c| c.laws.clone()).unwrap_or_default();
        let reach = config.as_ref().map(|c| c.reach.clone()).unwrap_or_default();
        let purse = match &sender {
            Some(sender) => purse(&daemon, &sender.account).await,
            None => None,
        };
        let around = around(config.as_ref(), sender.as_ref(), (now, speed));
        Ok(Ok(Self {
            config,
            sender,
            template,
            templates,
            translations,
            earlier,
            feed,
            knows_earlier,
            cards,
            vars,
            names,
            holidays,
            laws,
            reach,
            around,
            purse,
            unknown,
        }))
    }

    fn account(&self) -> Option<&Account> {
        self.config.as_ref()?.accounts.get(&self.sender.as_ref()?.account)
    }

    pub(super) fn inputs<'a>(&'a self, campaign: &'a CampaignFile, audience: &'a Path, now: UnixMs) -> SheetInputs<'a> {
        SheetInputs {
            campaign,
            template: self.template.as_ref(),
            templates: &self.templates,
            translations: &self.translations,
            account: self.account(),
            sender: self.sender.as_ref(),
            cards: &self.cards,
            vars: &self.vars,
            names: self.names.as_deref().unwrap_or(&NOBODY),
            holidays: &self.holidays,
            laws: &self.laws,
            reach: &self.reach,
            teams: self.config.as_ref().map(|config| &config.teams),
            users: None,
            same_audience: None,
            audience,
            now,
            throughput: throughput(self.config.as_ref(), self.sender.as_ref()),
            around: &self.around,
            people: 1.0,
            reached: &|_| false,
            spent: Micros::default(),
            balance: None,
            tier: None,
            purse: self.purse,
            canary: self.config.as_ref().map(|c| c.canary).unwrap_or_default(),
            suppressed: &|_| false,
            earlier: &self.earlier,
            feed: self.feed.as_ref(),
            moved_template: None,
            barred: &|_| false,
            listed: None,
        }
    }

    /// Puts on the sheet what could not be looked at.
    pub(super) fn tell(&self, sheet: &mut Sheet) {
        sheet.blockers.splice(0..0, self.unknown.iter().cloned());
        let code = if self.knows_earlier { "suppressions_not_looked_at" } else { "people_not_looked_at" };
        sheet.warnings.push(Problem::new(code, &[]));
        let why = self.names.as_deref().and_then(Names::nobody).filter(|why| *why == NAMES_NOT_LOOKED_AT);
        let is_new = |code: &&str| sheet.blockers.iter().all(|known| known.code != **code);
        sheet.warnings.extend(why.filter(is_new).map(|code| Problem::new(code, &[])));
    }
}

/// The configuration with its rate cards; without one, where nobody named it, those of this build.
fn configured(
    path: &Path,
    is_named: bool,
    env: &BTreeMap<String, String>,
) -> Result<(Option<Config>, Cards), ConfigError> {
    let config = match Config::load(path, env) {
        Err(ConfigError::Read { source, .. }) if !is_named && source.kind() == io::ErrorKind::NotFound => None,
        read => Some(read?),
    };
    let cards = Cards::of(config.as_ref().map_or(&[], |config| &config.rate_cards))?;
    Ok((config, cards))
}

/// Messages per second, as far as the configuration tells.
fn throughput(config: Option<&Config>, sender: Option<&Sender>) -> u32 {
    let account = config.zip(sender).and_then(|(config, sender)| config.accounts.get(&sender.account));
    let granted = account.and_then(|account| account.access.granted());
    sender.map_or(USUAL_THROUGHPUT, |sender| smaller(granted, sender))
}

/// What is known without asking the store: how fast the sender is, and its messaging limit.
fn around(config: Option<&Config>, sender: Option<&Sender>, (now, speed): (UnixMs, f64)) -> Scene {
    let mut scene = Scene::alone(now, f64::from(throughput(config, sender)), speed);
    let account = config.zip(sender).and_then(|(config, sender)| config.accounts.get(&sender.account));
    let portfolio = config.zip(account).and_then(|(config, account)| config.portfolios.get(account.portfolio_name()));
    if let Some((portfolio, Limit::People(people))) = portfolio.and_then(|p| Some((p, p.tier?))) {
        let room = (people - portfolio.reserve.of(people)) as f64;
        scene.tier = Some(Tier { room, held: Vec::new(), kept: KEPT, ahead: REMINDERS_AHEAD });
    }
    scene
}

/// The template as a running daemon knows it.
async fn ask(daemon: &Client, campaign: &CampaignFile, sender: &Sender, unknown: &mut Vec<Problem>) -> Found {
    match daemon.get::<Listed>("/api/v1/templates", &[]).await {
        Ok(listed) => return listed.find(&sender.account, campaign),
        Err(CallError::Silent { url, .. } | CallError::Garbled { url, .. }) => {
            unknown.push(Problem::new("daemon_silent", &[("url", &url)]));
        }
        Err(CallError::Refused { message, .. }) => {
            unknown.push(Problem::new("daemon_refused", &[("why", &message)]));
        }
    }
    Found::default()
}

/// The campaign's template, what is approved of it in other languages, and the names and languages of all.
#[derive(Default)]
struct Found {
    template: Option<Template>,
    translations: Vec<Template>,
    all: Vec<(String, String)>,
}

/// What expressions may use by name. What the configuration says goes before what was set on the page, as in the daemon.
fn vars(config: Option<&Config>, told: BTreeMap<String, String>) -> BTreeMap<String, String> {
    told.into_iter().chain(config.iter().flat_map(|config| config.vars.clone())).collect()
}

/// The custom values that a running daemon has; none where it does not tell.
async fn custom_values(daemon: &Client) -> BTreeMap<String, String> {
    let items = daemon.all("/api/v1/variables", &[]).await.unwrap_or_default();
    let text = |item: &Value, key: &str| item[key].as_str().map(str::to_owned);
    items.iter().filter_map(|item| Some((text(item, "name")?, text(item, "value")?))).collect()
}

/// How the wallet of `account` stands; `None`: it has none, or the daemon does not tell.
async fn purse(daemon: &Client, account: &str) -> Option<Purse> {
    let told: Value = daemon.get("/api/v1/wallets", &[]).await.ok()?;
    let wallet = told["items"].as_array()?.iter().find(|wallet| wallet["account"] == account)?;
    let amount = |key: &str| Micros::parse(wallet[key].as_str()?);
    Some(Purse {
        available: amount("left")?,
        low: amount("low")?,
        reminders: amount("reminders")?,
        planned: amount("planned")?,
        ..Purse::default()
    })
}

/// What the campaign's runs have sent, as far as the daemon tells, and the run that a file of it amends.
async fn before(daemon: &Client, folder: &str, campaign: &CampaignFile) -> (Option<Before>, Option<Feed>) {
    // What comes again is sent each time, whatever was sent before.
    if campaign.every.is_some() || !is_loaded(daemon, folder).await {
        return (Some(Before::default()), None);
    }
    let asked = Asked::of(daemon);
    let feed = if campaign.is_standing() { asked.standing(folder).await } else { None };
    (asked.sent(folder, feed.as_ref().map(|feed| feed.run)).await, feed)
}

/// The daemon's templates: of every account, each as `domain` has it, with its account's name.
#[derive(Deserialize)]
struct Listed {
    items: Vec<Value>,
}

impl Listed {
    fn find(self, account: &str, campaign: &CampaignFile) -> Found {
        let wanted = &campaign.template;
        let of_account = self.items.into_iter().filter(|item| item["account"] == account);
        // A template that this version cannot read is none that it could send.
        let read = |mut item: serde_json::Value| {
            // Where nobody told what people think of it, the list says so with an empty word.
            if item["quality"] == "" {
                item.as_object_mut()?.remove("quality");
            }
            serde_json::from_value(item).ok()
        };
        let templates: Vec<Template> = of_account.filter_map(read).collect();
        let all = templates.iter().map(|t| (t.name.clone(), t.language.clone())).collect();
        let named = templates.into_iter().filter(|t| t.name == wanted.name);
        let (main, mut others): (Vec<Template>, Vec<Template>) = named.partition(|t| t.language == wanted.language);
        others.retain(|t| {
            wanted.language_column.is_some() && t.status == TemplateStatus::Approved && !t.parameters_unknown
        });
        Found { template: main.into_iter().next(), translations: others, all }
    }
}

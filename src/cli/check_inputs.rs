//! What `recado check` can find out: the configuration, and a running daemon's templates.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::num::NonZeroU32;
use std::path::Path;

use jiff::civil::Date;
use serde::Deserialize;

use super::client::{CallError, Client};
use crate::billing::card::Cards;
use crate::config::toml_file::TomlProblem;
use crate::config::{Account, Config, ConfigError, Sender};
use crate::domain::forecast::{Scene, Tier};
use crate::domain::money::Micros;
use crate::domain::problem::Problem;
use crate::domain::template::Template;
use crate::domain::tier::{KEPT, Limit, REMINDERS_AHEAD};
use crate::domain::time::UnixMs;
use crate::intake::campaign_file::CampaignFile;
use crate::preflight::{Sheet, SheetInputs};

/// The configuration that is read where none is named.
const DEFAULT_CONFIG: &str = "recado.toml";
/// What the provider grants a number to begin with, in messages per second (cloud-api.md 5).
const GRANTED: u32 = 80;

/// A file somebody wrote is wrong, in these places.
#[derive(Debug)]
pub struct Unusable(pub Vec<TomlProblem>);

/// What is known besides the folder.
pub(super) struct Known {
    config: Option<Config>,
    sender: Option<Sender>,
    template: Option<Template>,
    cards: Cards,
    vars: BTreeMap<String, String>,
    holidays: BTreeMap<String, BTreeSet<Date>>,
    /// The sender alone, within the messaging limit of the configuration.
    around: Scene,
    /// What could not be found out, and why.
    unknown: Vec<Problem>,
}

impl Known {
    pub(super) async fn gather(
        campaign: &CampaignFile,
        named: Option<&Path>,
        env: &BTreeMap<String, String>,
        now: UnixMs,
    ) -> anyhow::Result<Result<Self, Unusable>> {
        let path = named.unwrap_or(Path::new(DEFAULT_CONFIG));
        let config = match Config::load(path, env) {
            Ok(config) => Some(config),
            Err(ConfigError::Problems(problems)) => return Ok(Err(Unusable(problems))),
            Err(ConfigError::Read { source, .. }) if named.is_none() && source.kind() == io::ErrorKind::NotFound => {
                None
            }
            Err(error) => return Err(error.into()),
        };
        let mut unknown = Vec::new();
        if config.is_none() {
            unknown.push(Problem::new("no_configuration", &[("file", &path.display().to_string())]));
        }
        let sender = config.as_ref().and_then(|c| c.senders.get(&campaign.sender)).cloned();
        let template = match &sender {
            Some(sender) => ask(campaign, sender, env, &mut unknown).await?,
            None => None,
        };
        let vars = config.as_ref().map(|c| c.vars.clone()).unwrap_or_default();
        let holidays = config.as_ref().map(|c| c.holidays.clone()).unwrap_or_default();
        let around = around(config.as_ref(), sender.as_ref(), now);
        Ok(Ok(Self { config, sender, template, cards: Cards::embedded(), vars, holidays, around, unknown }))
    }

    fn account(&self) -> Option<&Account> {
        self.config.as_ref()?.accounts.get(&self.sender.as_ref()?.account)
    }

    pub(super) fn inputs<'a>(
        &'a self,
        campaign: &'a CampaignFile,
        audience: &'a Path,
        now: UnixMs,
        with_rows: bool,
    ) -> SheetInputs<'a> {
        SheetInputs {
            campaign,
            template: self.template.as_ref(),
            account: self.account(),
            sender: self.sender.as_ref(),
            cards: &self.cards,
            vars: &self.vars,
            holidays: &self.holidays,
            audience,
            now,
            throughput: throughput(self.sender.as_ref()),
            around: &self.around,
            reached: &|_| false,
            spent: Micros::default(),
            canary: self.config.as_ref().map(|c| c.canary).unwrap_or_default(),
            suppressed: &|_| false,
            already: &|_| false,
            with_rows,
        }
    }

    /// Puts on the sheet what could not be looked at.
    pub(super) fn tell(&self, sheet: &mut Sheet) {
        sheet.blockers.splice(0..0, self.unknown.iter().cloned());
        sheet.warnings.push(Problem::new("people_not_looked_at", &[]));
    }
}

fn throughput(sender: Option<&Sender>) -> u32 {
    sender.and_then(|s| s.throughput).map_or(GRANTED, NonZeroU32::get)
}

/// What is known without asking the store: how fast the sender is, and its messaging limit.
fn around(config: Option<&Config>, sender: Option<&Sender>, now: UnixMs) -> Scene {
    let mut scene = Scene::alone(now, f64::from(throughput(sender)));
    let account = config.zip(sender).and_then(|(config, sender)| config.accounts.get(&sender.account));
    let portfolio = config.zip(account).and_then(|(config, account)| config.portfolios.get(account.portfolio_name()));
    if let Some((portfolio, Limit::People(people))) = portfolio.and_then(|p| Some((p, p.tier?))) {
        let room = (people - portfolio.reserve.of(people)) as f64;
        scene.tier = Some(Tier { room, held: Vec::new(), kept: KEPT, ahead: REMINDERS_AHEAD });
    }
    scene
}

/// The template as a running daemon knows it.
async fn ask(
    campaign: &CampaignFile,
    sender: &Sender,
    env: &BTreeMap<String, String>,
    unknown: &mut Vec<Problem>,
) -> anyhow::Result<Option<Template>> {
    let client = Client::from_environment(env)?;
    match client.get::<Listed>("/api/v1/templates", &[]).await {
        Ok(listed) => return Ok(listed.find(&sender.account, campaign)),
        Err(CallError::Silent { url, .. } | CallError::Garbled { url, .. }) => {
            unknown.push(Problem::new("daemon_silent", &[("url", &url)]));
        }
        Err(CallError::Refused { message, .. }) => {
            unknown.push(Problem::new("daemon_refused", &[("why", &message)]));
        }
    }
    Ok(None)
}

/// The daemon's templates: of every account, each as `domain` has it, with its account's name.
#[derive(Deserialize)]
struct Listed {
    items: Vec<serde_json::Value>,
}

impl Listed {
    fn find(self, account: &str, campaign: &CampaignFile) -> Option<Template> {
        let wanted = &campaign.template;
        let of_account = self.items.into_iter().filter(|item| item["account"] == account);
        // A template that this version cannot read is none that it could send.
        let mut templates = of_account.filter_map(|item| serde_json::from_value::<Template>(item).ok());
        templates.find(|t| t.name == wanted.name && t.language == wanted.language)
    }
}

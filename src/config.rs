//! Configuration: `recado.toml`, read in one way, refused with file, line, column and a hint.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::domain::assign;
use crate::domain::failure::{Policy, Table as ErrorTable};
use crate::domain::hours::law::Laws;
use crate::domain::money::Currency;
use crate::domain::phone::Phone;
use crate::domain::reach::Reaches;
use crate::domain::tier::{Limit, Reserve};
use crate::domain::{breaker, canary};

pub mod access;
mod alerts;
mod chatwoot;
pub mod checks;
pub mod conversations;
mod countries;
mod errors;
mod gupshup;
pub mod law;
mod office;
mod patience;
mod provider;
mod rates;
mod retention;
mod secret;
mod sections;
pub mod thresholds;
pub mod toml_file;
pub mod webhook_key;
pub mod week;
mod zenvia;

pub use access::{Access, CloudApiAccess, ProviderKind};
pub use access::{Reactivate, Subscriptions, Through, ZenviaAccess};
pub use alerts::{AlertEmail, AlertWebhook, Alerts, MailTls};
pub use chatwoot::ChatwootInbox;
pub use conversations::Conversations;
pub use office::OfficeHours;
pub use patience::Patience;
pub use rates::RateCard;
pub use retention::{Kept, Retention};
use toml_file::TomlProblem;

/// What `recado.example.toml` has where a secret belongs.
pub(crate) const PLACEHOLDER: &str = "change-me";

/// The checked configuration. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[server]`.
    pub server: Server,
    /// `store.url`: `sqlite:FILE` (relative to the data directory) or `postgres://…`, which may hold a password.
    pub store_url: SecretString,
    /// A store on which no daemon has run for longer than this, with messages due, sends only after `recado takeover`.
    pub restore_after: Duration,
    /// `[store]`: how long PostgreSQL waits for us, and we for it.
    pub patience: Patience,
    /// The watched folder, absolute.
    pub campaigns_dir: PathBuf,
    /// An audience dropped there is taken when it has been as it is for so long, in real time.
    pub campaigns_quiet: Duration,
    /// `[vars]`: texts that expressions may use.
    pub vars: BTreeMap<String, String>,
    /// `[team.*]`.
    pub teams: BTreeMap<String, Team>,
    /// `[conversations]`: the rules that conversations go by.
    pub conversations: Conversations,
    /// `[portfolio.*]`.
    pub portfolios: BTreeMap<String, Portfolio>,
    /// `[account.*]`.
    pub accounts: BTreeMap<String, Account>,
    /// `[sender.*]`.
    pub senders: BTreeMap<String, Sender>,
    /// `[holidays]`: lists of days.
    pub holidays: BTreeMap<String, BTreeSet<Date>>,
    /// `[hours_law.*]`: hours in which the law allows marketing, by country.
    pub laws: Laws,
    /// `[countries]`: what is delivered where.
    pub reach: Reaches,
    /// `[limits]`: when runs stop by themselves, where their campaign does not say.
    pub breakers: breaker::Wanted,
    /// `[limits]`: by what canaries are judged, where their campaign does not say.
    pub canary: canary::Wanted,
    /// `[[rate_card]]`: what providers charge, beside or instead of the cards of this build.
    pub rate_cards: Vec<RateCard>,
    /// `[errors.*]`: what the operator wants done about a code of the provider. Every account's table has it already.
    pub errors: BTreeMap<i64, Policy>,
    /// `[alerts]`.
    pub alerts: Alerts,
    /// `[hours.*]`: when somebody is here to answer.
    pub office: BTreeMap<String, OfficeHours>,
    /// `[chatwoot.*]`: inboxes there in which conversations are shown and answered.
    pub chatwoot: BTreeMap<String, ChatwootInbox>,
    /// `[retention]`.
    pub retention: Retention,
}

/// `[server]`.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where pages, API and webhooks are served.
    pub listen: SocketAddr,
    /// Where providers and people reach it; http or https.
    pub public_url: Url,
    /// Everything Recado writes is below it; absolute.
    pub data_dir: PathBuf,
    /// What people call this node, where several share one store; left out: the machine's name.
    pub node: Option<String>,
    /// Proxies in front of it, whose word on where a request comes from counts.
    pub trusted_proxies: Vec<IpNet>,
    /// How many bytes an audience may have that comes by page or API.
    pub upload_limit: u64,
}

/// `[team.*]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Team {
    /// Names of users.
    pub members: Vec<String>,
    /// The `[hours.*]` in which somebody of it is here.
    pub hours: Option<String>,
    /// How its conversations find their agent.
    pub assign: assign::Policy,
}

/// `[portfolio.*]`: what shares one messaging limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Portfolio {
    /// The limit in force until the provider says otherwise; left out: none.
    pub tier: Option<Limit>,
    /// What is left for others who send through it.
    pub reserve: Reserve,
    /// People reached in the 24 h before Recado's first start.
    pub used_at_start: i64,
}

/// `[account.*]`: credentials at one provider.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name in the configuration.
    pub name: String,
    /// Whose protocol it speaks, and what that needs.
    pub access: Access,
    /// Root of the provider's API, at Meta with its version, as `https://graph.facebook.com/v26.0`.
    pub base_url: Url,
    /// The `[portfolio.*]` whose messaging limit it shares.
    pub portfolio: Option<String>,
    /// What it is billed in.
    pub currency: Currency,
    /// The clock its days are billed by.
    pub timezone: TimeZone,
    /// What is to be done about the provider's errors.
    pub errors: ErrorTable,
    /// What people see of our reading.
    pub reading: Reading,
    /// Languages of templates that WhatsApp has and Recado does not know yet.
    pub template_languages: Vec<String>,
    /// Words that each variable of a template's text wants around it before a draft is warned of; 0: none is.
    pub template_words_per_variable: u32,
}

/// What people see of our reading and writing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    /// When a message of theirs is told as read.
    pub mark: MarkRead,
    /// Whether they see that somebody writes; never where nothing is told as read.
    pub typing: bool,
}

impl Default for Reading {
    fn default() -> Self {
        Self { mark: MarkRead::Answered, typing: true }
    }
}

/// When a message of a person is told as read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MarkRead {
    /// When an agent has the conversation open.
    Opened,
    /// When an agent answers.
    #[default]
    Answered,
    /// Never.
    Never,
}

/// `[sender.*]`: one business phone number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sender {
    /// Its name in the configuration.
    pub name: String,
    /// The account it belongs to.
    pub account: String,
    /// The number's id at the provider (Meta: the phone number id; Gupshup: the number's digits).
    pub phone_number_id: String,
    /// The number.
    pub number: Phone,
    /// Messages per second at most; left out, what the provider grants.
    pub throughput: Option<NonZeroU32>,
    /// Gets conversations nobody else is named for.
    pub team: Option<String>,
    /// The `[hours.*]` in which somebody answers what is written to it, where its team has none.
    pub hours: Option<String>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is wrong, in these places.
    #[error("{}", lines(.0))]
    Problems(Vec<TomlProblem>),
}

fn lines(problems: &[TomlProblem]) -> String {
    problems.iter().map(TomlProblem::to_string).collect::<Vec<_>>().join("\n")
}

/// The environment of this process, for [`Config::load`]. Variables that are no Unicode cannot be ours.
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

impl Account {
    /// The portfolio whose messaging limit it shares; an account that names none is one of its own name.
    pub fn portfolio_name(&self) -> &str {
        self.portfolio.as_deref().unwrap_or(&self.name)
    }
}

impl Config {
    /// Reads the file at `path`, with the variables of `env` laid over it.
    pub fn load(path: &Path, env: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let fails = |source| ConfigError::Read { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(fails)?;
        let path = std::path::absolute(path).map_err(fails)?;
        let base = path.parent().unwrap_or(Path::new("/"));
        Self::parse(&text, &path.display().to_string(), base, env)
    }

    /// The teams that name a user.
    pub fn teams_of(&self, user: &str) -> Vec<String> {
        let teams = self.teams.iter().filter(|(_, team)| team.members.iter().any(|member| member == user));
        teams.map(|(name, _)| name.clone()).collect()
    }

    /// Reads `source`; `name` is what problems call it, and relative paths of `data_dir` and of secrets' files start
    /// at `base`.
    pub fn parse(source: &str, name: &str, base: &Path, env: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        toml_file::read(name, source, env, |root| sections::read(root, base, env)).map_err(ConfigError::Problems)
    }

    /// Secrets that are still the example's `change-me`, as `account.meta.access_token`, each with whether its provider
    /// is on this machine.
    pub fn placeholders(&self) -> Vec<(String, bool)> {
        let of_account = |account: &Account| {
            let (name, is_here) = (account.name.clone(), is_loopback(&account.base_url));
            let left = account.access.secrets().into_iter().filter(|(_, secret)| secret.expose_secret() == PLACEHOLDER);
            left.map(|(key, _)| (format!("account.{name}.{key}"), is_here)).collect::<Vec<_>>()
        };
        self.accounts.values().flat_map(of_account).collect()
    }

    /// Whether every provider is on this machine. Only then may the clock be scaled.
    pub fn is_loopback_only(&self) -> bool {
        self.accounts.values().all(|account| is_loopback(&account.base_url))
            && self.chatwoot.values().all(|inbox| is_loopback(&inbox.base_url))
    }
}

/// Whether it leads to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

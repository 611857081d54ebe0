//! The sections of `recado.toml`, each read in one function.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::Date;
use secrecy::SecretString;
use url::Url;

use super::alerts::{self, Alerts};
use super::provider::{self, Declared, Kinds, Taken};
use super::secret::Secrets;
use super::toml_file::{Table, Value};
use super::{
    Access, Account, Config, Patience, Portfolio, Sender, Server, Team, chatwoot, checks, conversations, countries,
    errors, is_loopback, law, office, rates, retention, thresholds, webhook_key,
};
use crate::domain::assign::Policy;
use crate::domain::failure::Policy as ErrorPolicy;
use crate::domain::hours::law::Laws;
use crate::domain::reach::Reaches;
use crate::domain::tier::{Limit, Reserve};

/// One file in the data directory: nothing else has to be installed.
const DEFAULT_STORE: &str = "sqlite:recado.db";

/// A weekend without the daemon is told from a lunch break.
const RESTORE_AFTER: Duration = Duration::from_hours(6);

/// Exports, SFTP and network shares pause for some seconds between two parts of one file.
const QUIET: Duration = Duration::from_secs(30);

/// Bytes: well over ten million rows of an audience.
const UPLOAD_LIMIT: u64 = 2_000_000_000;

/// The whole file. Everything is read before anything is given up, so that one reading finds every problem.
pub(super) fn read(root: &mut Table<'_, '_>, base: &Path, env: &BTreeMap<String, String>) -> Option<Config> {
    let secrets = Secrets::new(base, env);
    let declared = Declared::of(root);
    let server = root.need_table("server", |t| server(t, base)).flatten();
    let (store_url, restore_after, patience) = store(root, &secrets);
    let (campaigns, quiet) = root.table("campaigns", campaigns).unwrap_or_default();
    let vars = root.table("vars", vars).flatten().unwrap_or_default();
    let holidays = root.table("holidays", holidays).flatten().unwrap_or_default();
    let (laws, reach) = by_country(root, &holidays);
    let office = root.table("hours", |t| named(t, |t, name| office::read(t, name, &holidays)));
    let teams = root.table("team", |t| named(t, |t, _| team(t, &declared))).flatten().unwrap_or_default();
    let conversations = root.table("conversations", conversations::read).unwrap_or_default();
    let portfolios = root.table("portfolio", |t| named(t, |t, _| Some(portfolio(t))));
    let errors = root.table("errors", errors::read).flatten().unwrap_or_default();
    let (breakers, canary) =
        root.table("limits", |t| (thresholds::breakers(t), thresholds::canary(t))).unwrap_or_default();
    let rate_cards = root.get("rate_card").and_then(|cards| rates::read(&cards, base));
    let (accounts, senders) = accounts_and_senders(root, &declared, (&secrets, &errors));
    let mut shown = BTreeSet::new();
    let chatwoot =
        root.table("chatwoot", |t| named(t, |t, name| chatwoot::read(t, name, &secrets, (&accounts, &mut shown))));
    let is_here = accounts.values().all(|account| is_loopback(&account.base_url));
    let alerts =
        root.table("alerts", |t| alerts::alerts(t, &secrets, is_here)).unwrap_or_else(|| Some(Alerts::default()));
    let retention = root.table("retention", retention::read).unwrap_or_default();
    let server = server?;
    Some(Config {
        store_url: store_url?,
        restore_after,
        patience,
        campaigns_dir: server.data_dir.join(campaigns.unwrap_or_else(|| PathBuf::from("campaigns"))),
        campaigns_quiet: quiet.unwrap_or(QUIET),
        server,
        vars,
        teams,
        conversations,
        portfolios: portfolios.flatten().unwrap_or_default(),
        accounts,
        senders,
        holidays,
        laws,
        reach,
        breakers,
        canary,
        rate_cards: rate_cards.unwrap_or_default(),
        errors,
        alerts: alerts?,
        office: office.flatten().unwrap_or_default(),
        chatwoot: chatwoot.flatten().unwrap_or_default(),
        retention,
    })
}

/// `[store]`: its address, after how long a silence a store is looked at before it sends, and how long PostgreSQL waits.
fn store(root: &mut Table<'_, '_>, secrets: &Secrets<'_>) -> (Option<SecretString>, Duration, Patience) {
    let (mut restore_after, mut patience) = (RESTORE_AFTER, Patience::default());
    let url = root.table("store", |t| {
        if let Some(after) = t.get("restore_after").and_then(|v| v.parsed(checks::length)) {
            restore_after = after;
        }
        if let Some(span) = t.get("transaction_timeout").and_then(|v| v.parsed(Patience::span)) {
            patience.transaction = span;
        }
        if let Some(span) = t.get("lock_timeout").and_then(|v| v.parsed(Patience::span)) {
            patience.lock = span;
        }
        store_url(t, secrets)
    });
    (url.unwrap_or_else(|| Some(DEFAULT_STORE.into())), restore_after, patience)
}

/// `[campaigns]`: the watched folder, and how long a file in it must have been still.
fn campaigns(table: &mut Table<'_, '_>) -> (Option<PathBuf>, Option<Duration>) {
    let dir = table.get("dir").and_then(|v| v.text()).map(PathBuf::from);
    (dir, table.get("quiet").and_then(|v| v.parsed(checks::length)))
}

/// `[hours_law.*]` and `[countries]`: what holds in a country.
fn by_country(root: &mut Table<'_, '_>, holidays: &BTreeMap<String, BTreeSet<Date>>) -> (Laws, Reaches) {
    let laws = root.table("hours_law", |t| law::read(t, holidays)).flatten().unwrap_or_default();
    (laws, root.table("countries", countries::read).flatten().unwrap_or_default())
}

/// `[account.*]` and `[sender.*]`: what a sender needs depends on its account's provider.
fn accounts_and_senders(
    root: &mut Table<'_, '_>,
    declared: &Declared,
    (secrets, errors): (&Secrets<'_>, &BTreeMap<i64, ErrorPolicy>),
) -> (BTreeMap<String, Account>, BTreeMap<String, Sender>) {
    let mut kinds = Kinds::new();
    let accounts = root
        .table("account", |t| named(t, |t, name| provider::account(t, name, declared, (secrets, errors), &mut kinds)));
    let mut taken = Taken::default();
    let senders =
        root.table("sender", |t| named(t, |t, name| provider::sender(t, name, (declared, &kinds), &mut taken)));
    let (mut accounts, senders) = (accounts.flatten().unwrap_or_default(), senders.flatten().unwrap_or_default());
    name_senders(&mut accounts, &senders);
    (accounts, senders)
}

/// Templates at Zenvia belong to a sender: its account knows its senders.
fn name_senders(accounts: &mut BTreeMap<String, Account>, senders: &BTreeMap<String, Sender>) {
    for account in accounts.values_mut() {
        if let Access::Zenvia(access) = &mut account.access {
            let of = senders.values().filter(|sender| sender.account == account.name);
            access.senders = of.map(|sender| sender.phone_number_id.clone()).collect();
        }
    }
}

/// `[team.*]`, `[account.*]` and the like: tables whose names the operator chooses.
fn named<'f, 's, T>(
    table: &mut Table<'f, 's>,
    mut build: impl FnMut(&mut Table<'f, 's>, &str) -> Option<T>,
) -> Option<BTreeMap<String, T>> {
    let read = table.entries().into_iter().map(|value| {
        if !checks::is_name(value.key()) {
            value.refuse_key("must be a name of lower-case letters, digits and _");
        }
        Some((value.key().to_owned(), value.table(|t| build(t, value.key())).flatten()?))
    });
    read.collect::<Vec<_>>().into_iter().collect()
}

/// A text, or a whole number as one.
fn word(value: &Value<'_, '_>) -> Option<String> {
    if value.is_number() { Some(value.integer()?.to_string()) } else { Some(value.text()?.to_owned()) }
}

fn portfolio(table: &mut Table<'_, '_>) -> Portfolio {
    let tier = table.get("tier").and_then(|v| {
        let tier = Limit::parse(&word(&v)?);
        if tier.is_none() {
            v.refuse("must be a number of people, as 250 or \"2K\", or \"UNLIMITED\"");
        }
        tier
    });
    let reserve = table.get("reserve").and_then(|v| {
        let reserve = Reserve::parse(&word(&v)?);
        if reserve.is_none() {
            v.refuse("must be a share, as \"10%\", or a number of people");
        }
        reserve
    });
    let used = table.get("used_at_start").and_then(|v| {
        let used = v.integer()?;
        if used < 0 {
            v.refuse("must be a number of people, 0 or more");
        }
        Some(used)
    });
    Portfolio { tier, reserve: reserve.unwrap_or_default(), used_at_start: used.unwrap_or_default() }
}

fn server(table: &mut Table<'_, '_>, base: &Path) -> Option<Server> {
    let listen = table.need("listen").and_then(|v| {
        v.parsed(|text| text.parse::<SocketAddr>().map_err(|_| "must be an address and a port, as \"127.0.0.1:8080\""))
    });
    let public_url = table.need("public_url").and_then(|v| web_address(&v));
    let data_dir = table.need("data_dir").and_then(|v| v.text()).map(|dir| base.join(dir));
    let node = table.get("node").map_or(Some(None), |v| v.parsed(node_name).map(Some));
    let proxies = table.get("trusted_proxies").map_or(Some(Vec::new()), |v| v.list(webhook_key::net));
    let upload_limit = table.get("upload_limit").map_or(Some(UPLOAD_LIMIT), |v| v.parsed(checks::bytes));
    Some(Server {
        listen: listen?,
        public_url: public_url?,
        data_dir: data_dir?,
        node: node?,
        trusted_proxies: proxies?,
        upload_limit: upload_limit?,
    })
}

/// A name that stands in sentences, figures and commands as it is.
fn node_name(text: &str) -> Result<String, &'static str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_name = (1..=40).contains(&text.len()) && text.chars().all(fits);
    is_name.then(|| text.to_owned()).ok_or("must be at most 40 letters, digits, -, _ and .")
}

/// An http or https address without query.
pub(super) fn web_address(value: &Value<'_, '_>) -> Option<Url> {
    let text = value.text()?;
    let fits = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    };
    let url = Url::parse(text).ok().filter(fits);
    if url.is_none() {
        value.refuse("must be an address as \"https://example.org\", without user name, ? and #");
    }
    url
}

fn store_url(table: &mut Table<'_, '_>, secrets: &Secrets<'_>) -> Option<SecretString> {
    let is_store = |url: &str| match url.strip_prefix("sqlite:") {
        Some(file) => !file.is_empty(),
        None => url.starts_with("postgres://") || url.starts_with("postgresql://"),
    };
    secrets.need(table, "url", "url_file", |url| {
        is_store(url).then_some(()).ok_or("must be \"sqlite:FILE\" or \"postgres://…\"")
    })
}

fn vars(table: &mut Table<'_, '_>) -> Option<BTreeMap<String, String>> {
    let read = table.entries().into_iter().map(|value| {
        if !checks::is_name(value.key()) {
            value.refuse_key("must be a name of lower-case letters, digits and _");
        }
        Some((value.key().to_owned(), value.text()?.to_owned()))
    });
    read.collect::<Vec<_>>().into_iter().collect()
}

fn holidays(table: &mut Table<'_, '_>) -> Option<BTreeMap<String, BTreeSet<Date>>> {
    let read = table.entries().into_iter().map(|value| {
        if !checks::is_list_name(value.key()) {
            value.refuse_key("must be a name of letters, digits and _, as \"AR\"");
        }
        Some((value.key().to_owned(), checks::dates(&value)?))
    });
    read.collect::<Vec<_>>().into_iter().collect()
}

fn team(table: &mut Table<'_, '_>, declared: &Declared) -> Option<Team> {
    let hours = provider::hours(table, declared);
    let members = table.need("members").and_then(|v| v.texts());
    let assign = table.get("assign").and_then(|v| v.choice(&Policy::ALL.map(|policy| (policy.as_str(), policy))));
    Some(Team { members: members?, assign: assign.unwrap_or_default(), hours })
}

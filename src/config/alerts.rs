//! `[alerts]`: who is told when something stands still, and how.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::Mailbox;
use secrecy::SecretString;
use url::{Host, Url};

use super::secret::Secrets;
use super::toml_file::{Table, Value};
use super::{checks, is_loopback};
use crate::locale::Language;

/// What passes within this is not told.
const LASTING: Duration = Duration::from_secs(30);

/// What should have begun, or moved, this long ago and has not is late.
const LATE: Duration = Duration::from_mins(5);

/// Sooner, whatever takes its usual time would be told.
const LEAST_LATE: Duration = Duration::from_mins(1);

/// With less than this free, somebody is told.
const DISK_FREE: u64 = 1_000_000_000;

/// Before this name a secret's bytes stand in base64 (Standard Webhooks).
const SECRET_PREFIX: &str = "whsec_";

/// `[alerts]`.
#[derive(Clone, Debug)]
pub struct Alerts {
    /// Language of what is told.
    pub language: Language,
    /// `for`: what passes within this is not told.
    pub lasting: Duration,
    /// What should have begun, or moved, this long ago and has not is told as late; what began this late is too.
    pub late: Duration,
    /// With fewer bytes free in the data directory, somebody is told.
    pub disk_free: u64,
    /// A POST.
    pub webhook: Option<AlertWebhook>,
    /// A mail.
    pub email: Option<AlertEmail>,
    /// A program with its arguments.
    pub command: Option<Vec<String>>,
}

impl Default for Alerts {
    fn default() -> Self {
        let (webhook, email, command) = (None, None, None);
        let (lasting, late, disk_free) = (LASTING, LATE, DISK_FREE);
        Self { language: Language::En, lasting, late, disk_free, webhook, email, command }
    }
}

/// Where alerts are posted. `Debug` shows the host alone: addresses of such services are secrets.
#[derive(Clone)]
pub struct AlertWebhook {
    /// https, or on this machine.
    pub url: Url,
    /// What the POST is signed with: bytes.
    pub secret: SecretString,
}

impl fmt::Debug for AlertWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertWebhook").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl AlertWebhook {
    /// The bytes of a secret as it is written.
    pub fn key(secret: &str) -> Option<Vec<u8>> {
        let key = STANDARD.decode(secret.strip_prefix(SECRET_PREFIX)?).ok()?;
        (24..=64).contains(&key.len()).then_some(key)
    }
}

/// Whom alerts are mailed to, and through which server.
#[derive(Clone, Debug)]
pub struct AlertEmail {
    /// Receivers, at least one.
    pub to: Vec<Mailbox>,
    /// Sender.
    pub from: Mailbox,
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is kept secret.
    pub tls: MailTls,
    /// User and password.
    pub login: Option<(String, SecretString)>,
}

/// How the way to a mail server is kept secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MailTls {
    /// From the first byte (`smtps`).
    Always,
    /// By STARTTLS, or nothing is sent: a password travels.
    Required,
    /// By STARTTLS where the server offers it.
    Offered,
    /// Not at all: the server is on this machine.
    None,
}

/// The section. `is_here`: every account's provider is on this machine; then the webhook may be on it too.
pub(super) fn alerts(table: &mut Table<'_, '_>, secrets: &Secrets<'_>, is_here: bool) -> Option<Alerts> {
    let words = Language::ALL.map(|language| (language.as_str(), language));
    let language = table.get("language").map_or(Some(Language::En), |v| v.choice(&words));
    let lasting = table.get("for").map_or(Some(LASTING), |v| v.parsed(checks::length));
    let late = table.get("late").map_or(Some(LATE), |v| v.parsed(late));
    let disk_free = table.get("disk_free").map_or(Some(DISK_FREE), |v| v.parsed(checks::bytes));
    let webhook = webhook(table, secrets, is_here);
    let email = table.get("email").map(|v| v.table(|t| email(t, secrets)).flatten());
    let command = table.get("command").map(|v| command(&v));
    let (webhook, email, command) = (all_or_none(webhook)?, all_or_none(email)?, all_or_none(command)?);
    let (language, lasting, late, disk_free) = (language?, lasting?, late?, disk_free?);
    Some(Alerts { language, lasting, late, disk_free, webhook, email, command })
}

fn late(text: &str) -> Result<Duration, &'static str> {
    let late = checks::length(text)?;
    if late < LEAST_LATE { Err("must be at least 1m") } else { Ok(late) }
}

/// `None`: it is there and wrong.
#[expect(clippy::option_option, reason = "absent, wrong and right are three things")]
fn all_or_none<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(read) => read.map(Some),
    }
}

#[expect(clippy::option_option, reason = "absent, wrong and right are three things")]
fn webhook(table: &mut Table<'_, '_>, secrets: &Secrets<'_>, is_here: bool) -> Option<Option<AlertWebhook>> {
    let Some(url) = table.get("webhook") else {
        for key in ["webhook_secret", "webhook_secret_file"] {
            if let Some(value) = table.get(key) {
                value.refuse_key("does nothing without \"webhook\"");
            }
        }
        return None;
    };
    let secret = secrets.need(table, "webhook_secret", "webhook_secret_file", |secret| {
        let wrong = "must be \"whsec_\" and 24 to 64 bytes in base64, as Standard Webhooks has it";
        AlertWebhook::key(secret).map(drop).ok_or(wrong)
    });
    let value = url;
    let url = value.parsed(address);
    if url.as_ref().is_some_and(is_loopback) && !is_here {
        let wrong = "is on this machine: that is for trying out, where the base_url of every account is on it too";
        value.refuse(wrong);
    }
    Some(url.zip(secret).map(|(url, secret)| AlertWebhook { url, secret }))
}

fn address(text: &str) -> Result<Url, &'static str> {
    let fits = |url: &Url| {
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
        is_safe && url.has_host() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none()
    };
    let wrong = "must be an https address, without user name and #";
    Url::parse(text).ok().filter(fits).ok_or(wrong)
}

fn email(table: &mut Table<'_, '_>, secrets: &Secrets<'_>) -> Option<AlertEmail> {
    let to = table.need("to").and_then(|v| {
        let to = v.list(mailbox)?;
        if to.is_empty() {
            v.refuse("is empty");
        }
        Some(to)
    });
    let from = table.need("from").and_then(|v| v.parsed(mailbox));
    let server = table.need("smtp").and_then(|v| v.parsed(server));
    let user = table.get("user").map(|v| v.text().map(str::to_owned));
    let login = match user {
        None => Some(None),
        Some(user) => {
            let password = secrets.need(table, "password", "password_file", |_| Ok(()));
            user.zip(password).map(Some)
        }
    };
    let (server, login) = (server?, login?);
    let tls = match (server.implicit, server.here, login.is_some()) {
        (true, ..) => MailTls::Always,
        (false, true, _) => MailTls::None,
        (false, false, true) => MailTls::Required,
        (false, false, false) => MailTls::Offered,
    };
    Some(AlertEmail { to: to?, from: from?, host: server.host, port: server.port, tls, login })
}

fn mailbox(text: &str) -> Result<Mailbox, &'static str> {
    text.parse().map_err(|_| "must be a mail address, as \"ops@example.org\" or \"Recado <recado@example.org>\"")
}

struct Server {
    host: String,
    port: u16,
    implicit: bool,
    here: bool,
}

fn server(text: &str) -> Result<Server, &'static str> {
    let wrong = "must be a mail server, as \"smtps://mail.example.org\" or \"smtp://localhost:25\"";
    let url = Url::parse(text).map_err(|_| wrong)?;
    let (implicit, usual) = match url.scheme() {
        "smtps" => (true, 465),
        "smtp" => (false, 25),
        _ => return Err(wrong),
    };
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let (Some(host), true, true) = (url.host_str(), bare, url.username().is_empty()) else { return Err(wrong) };
    let host = host.trim_matches(['[', ']']).to_owned();
    // Hosts of other schemes than the web's are not read as addresses by the crate.
    let here = Host::parse(&host).is_ok_and(|host| match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => name == "localhost",
    }) || host == "::1";
    Ok(Server { port: url.port().unwrap_or(usual), host, implicit, here })
}

fn command(value: &Value<'_, '_>) -> Option<Vec<String>> {
    let words = value.texts()?;
    if words.first().is_none_or(|program| !program.starts_with('/')) {
        value.refuse("must be a list that begins with a program's whole path, as [\"/usr/local/bin/page-me\"]");
        return None;
    }
    Some(words)
}

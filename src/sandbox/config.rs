//! What a sandbox is told when it starts.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use url::{Host, Url};

use super::people::People;
use super::review::Review;
use super::zenvia::ZenviaSettings;

/// Settings of a sandbox.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Where webhooks go, unless an account has subscribed another address.
    pub webhook: LoopbackUrl,
    /// Signs the webhooks.
    pub app_secret: SecretString,
    /// Sent in the handshake.
    pub verify_token: SecretString,
    /// Messages per second granted to numbers that are not configured.
    pub throughput: NonZeroU32,
    /// Tier granted to accounts that are not configured.
    pub tier: Tier,
    /// Any template name is approved, with unknown parameters.
    pub any_template: bool,
    /// Real time every answer takes.
    pub latency: Duration,
    /// Seed of everything that happens by chance.
    pub seed: u64,
    /// What people do, those of the scripted numbers aside.
    pub people: People,
    /// What is held for review.
    pub review: Review,
    /// How webhooks travel.
    pub delivery: Delivery,
    /// What of Gupshup's surface can be set.
    pub gupshup: GupshupSettings,
    /// Whose webhooks go to [`SandboxConfig::webhook`]; every surface is there whatever it is.
    pub provider: SandboxProvider,
    /// The only accounts, numbers and tokens that exist; empty: any exists once used.
    pub accounts: Vec<SandboxAccount>,
    /// How Zenvia's surface behaves.
    pub zenvia: ZenviaSettings,
}

impl SandboxConfig {
    /// The defaults: 80 messages per second, no tier, lifelike people.
    pub fn new(webhook: LoopbackUrl, app_secret: SecretString, verify_token: SecretString) -> Self {
        Self {
            webhook,
            app_secret,
            verify_token,
            throughput: NonZeroU32::new(80).expect("80 is not 0"),
            tier: Tier::Unlimited,
            any_template: false,
            latency: Duration::ZERO,
            seed: 1,
            people: People::lifelike(),
            review: Review::default(),
            delivery: Delivery::default(),
            gupshup: GupshupSettings::default(),
            provider: SandboxProvider::CloudApi,
            accounts: Vec::new(),
            zenvia: ZenviaSettings::default(),
        }
    }
}

/// A provider the sandbox plays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SandboxProvider {
    /// Meta's Cloud API.
    CloudApi,
    /// Gupshup's form API.
    Gupshup,
    /// Zenvia's API v2.
    Zenvia,
}

impl SandboxProvider {
    /// Every one, by the word of the command line.
    pub const WORDS: [(&'static str, Self); 3] =
        [("cloud_api", Self::CloudApi), ("gupshup", Self::Gupshup), ("zenvia", Self::Zenvia)];
}

impl FromStr for SandboxProvider {
    type Err = SandboxError;
    fn from_str(text: &str) -> Result<Self, SandboxError> {
        let found = Self::WORDS.into_iter().find(|(word, _)| *word == text);
        found.map(|(_, provider)| provider).ok_or(SandboxError::Provider)
    }
}

/// Gupshup's surface.
#[derive(Clone, Debug)]
pub struct GupshupSettings {
    /// Shape of message events: 2 or 3.
    pub version: u8,
    /// A header of every webhook, with its value.
    pub header: Option<(String, SecretString)>,
    /// What is in the wallet, in millionths of a dollar; `None`: it is never empty.
    pub wallet: Option<i64>,
}

impl Default for GupshupSettings {
    fn default() -> Self {
        Self { version: 2, header: None, wallet: None }
    }
}

/// An account that exists.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SandboxAccount {
    /// WABA id.
    pub id: String,
    /// Access tokens that may use it.
    pub tokens: Vec<String>,
    /// Accounts of one portfolio share a tier; left out: a portfolio of its own.
    pub portfolio: Option<String>,
    /// Its tier; left out: the sandbox's.
    pub tier: Option<Tier>,
    /// Billing currency (ISO 4217); left out: USD.
    pub currency: Option<String>,
    /// Its phone numbers.
    #[serde(default, rename = "number")]
    pub numbers: Vec<SandboxNumber>,
}

/// A phone number that exists.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SandboxNumber {
    /// Phone number id.
    pub id: String,
    /// The number, as `+54 9 11 5555-0100`.
    pub number: String,
    /// Verified name; left out: a made-up one.
    pub name: Option<String>,
    /// Messages per second; left out: the sandbox's.
    pub throughput: Option<NonZeroU32>,
}

/// How webhooks travel: at least once, in no order, many at a time.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delivery {
    /// Most updates in one POST.
    pub batch: usize,
    /// Share of updates that come twice.
    pub duplicates: f64,
    /// Share of updates that are held back a moment, so that later ones overtake them.
    pub late: f64,
    /// Share of sends whose first status comes before the answer to the send.
    pub early: f64,
    /// Share of Gupshup's events that name a message by WhatsApp's id alone, as late ones do.
    pub missing_ids: f64,
    /// Nothing becomes of a message and nothing is ever told of it: for measuring sends alone.
    pub off: bool,
}

impl Default for Delivery {
    fn default() -> Self {
        Self { batch: 50, duplicates: 0.02, late: 0.03, early: 0.01, missing_ids: 0.0, off: false }
    }
}

/// Unique people a portfolio may reach outside a window in a rolling 24 h.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tier {
    /// No limit.
    Unlimited,
    /// This many.
    People(u32),
}

impl Tier {
    /// As Meta's `whatsapp_business_manager_messaging_limit`: `TIER_250`, `TIER_2K`, `TIER_UNLIMITED`.
    pub(super) fn on_the_wire(self) -> String {
        match self {
            Self::Unlimited => "TIER_UNLIMITED".to_owned(),
            Self::People(n) if n >= 1000 && n.is_multiple_of(1000) => format!("TIER_{}K", n / 1000),
            Self::People(n) => format!("TIER_{n}"),
        }
    }
}

impl FromStr for Tier {
    type Err = SandboxError;
    fn from_str(text: &str) -> Result<Self, SandboxError> {
        if text.eq_ignore_ascii_case("unlimited") {
            return Ok(Self::Unlimited);
        }
        let (digits, factor) = match text.strip_suffix(['k', 'K']) {
            Some(digits) => (digits, 1000),
            None => (text, 1),
        };
        let count = digits.parse::<u32>().ok().and_then(|n| n.checked_mul(factor)).filter(|n| *n > 0);
        count.map(Self::People).ok_or_else(|| SandboxError::Tier(text.to_owned()))
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlimited => f.write_str("unlimited"),
            Self::People(n) => write!(f, "{n}"),
        }
    }
}

impl<'de> Deserialize<'de> for Tier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An `http` address on this machine: the only kind a sandbox posts to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoopbackUrl(Url);

impl LoopbackUrl {
    /// The address.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl TryFrom<Url> for LoopbackUrl {
    type Error = SandboxError;
    fn try_from(mut url: Url) -> Result<Self, SandboxError> {
        let is_here = url.host().is_some_and(|host| is_loopback(&host));
        if url.scheme() != "http" || !is_here {
            return Err(SandboxError::NotLoopback);
        }
        if url.domain().is_some() {
            url.set_ip_host(IpAddr::V4(Ipv4Addr::LOCALHOST)).map_err(|()| SandboxError::NotLoopback)?;
        }
        Ok(Self(url))
    }
}

impl FromStr for LoopbackUrl {
    type Err = SandboxError;
    fn from_str(text: &str) -> Result<Self, SandboxError> {
        Url::parse(text).map_err(SandboxError::Url)?.try_into()
    }
}

/// Whether `host` is this machine: 127.0.0.0/8, `::1` or `localhost` (which is never looked up).
pub(super) fn is_loopback<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(name) => name.as_ref().eq_ignore_ascii_case("localhost"),
        Host::Ipv4(ip) => IpAddr::V4(*ip).is_loopback(),
        Host::Ipv6(ip) => IpAddr::V6(*ip).is_loopback(),
    }
}

/// Settings a sandbox does not take.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Neither `unlimited` nor a number.
    #[error("a tier is `unlimited` or a number of people (250, 2K), not `{0}`")]
    Tier(String),
    /// Not one that the sandbox plays.
    #[error("the sandbox plays cloud_api, gupshup and zenvia")]
    Provider,
    /// Webhooks would leave the machine.
    #[error("the sandbox posts webhooks to http addresses of this machine only (127.0.0.1, ::1, localhost)")]
    NotLoopback,
    /// Not an address.
    #[error("not a URL")]
    Url(#[source] url::ParseError),
}

#[cfg(test)]
mod tests {
    use super::{LoopbackUrl, Tier};

    #[test]
    fn webhooks_go_to_this_machine_only() {
        for good in
            ["http://127.0.0.1:8080/webhooks/meta", "http://localhost/x", "http://[::1]:1/", "http://127.9.9.9/"]
        {
            assert!(good.parse::<LoopbackUrl>().is_ok(), "{good}");
        }
        for bad in ["http://10.0.0.1/", "https://127.0.0.1/", "http://localhost.evil.example/", "http://0.0.0.0/", "x"]
        {
            assert!(bad.parse::<LoopbackUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_tier_is_unlimited_or_a_number() {
        assert_eq!("unlimited".parse::<Tier>().expect("a tier"), Tier::Unlimited);
        assert_eq!("2K".parse::<Tier>().expect("a tier").on_the_wire(), "TIER_2K");
        assert_eq!("250".parse::<Tier>().expect("a tier").on_the_wire(), "TIER_250");
        for bad in ["0", "-1", "many", "99999999K"] {
            assert!(bad.parse::<Tier>().is_err(), "{bad}");
        }
    }
}

//! The ways by which somebody is told: a signed POST, a mail, a program.

use std::time::Duration;

use serde_json::json;

use super::words::{Detail, Phase};
use super::{command, email, webhook};
use crate::clock::Clock;
use crate::config::{Alerts as AlertsConfig, Config};
use crate::domain::alert::AlertKind;
use crate::domain::time::UnixMs;
use crate::provider::outside::{Outside, OutsideError};

/// Longest time one way may take.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// A way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Way {
    /// A POST, signed by Standard Webhooks.
    Webhook,
    /// A mail.
    Email,
    /// A program.
    Command,
}

impl Way {
    /// The word in database, API and command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Email => "email",
            Self::Command => "command",
        }
    }
}

/// One message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// The same at every try, so that whoever gets it twice can tell.
    pub id: String,
    /// What it is about.
    pub kind: AlertKind,
    /// The condition's key.
    pub key: String,
    /// Whether it has begun or is over.
    pub phase: Phase,
    /// Plain words.
    pub text: String,
    /// The page to look at.
    pub url: String,
    /// Since when.
    pub began_at: UnixMs,
    /// Until when.
    pub ended_at: Option<UnixMs>,
}

impl Notice {
    /// As JSON, in the form that Standard Webhooks gives events.
    pub fn json(&self) -> String {
        let at = self.ended_at.unwrap_or(self.began_at);
        json!({
            "type": format!("alert.{}", self.phase.as_str()),
            "timestamp": at.to_string(),
            "data": {
                "id": self.id,
                "kind": self.kind,
                "key": self.key,
                "message": self.text,
                "url": self.url,
                "began_at": self.began_at,
                "ended_at": self.ended_at,
            }
        })
        .to_string()
    }
}

/// Why somebody was not told. Holds no address, no secret and no text of a peer.
#[derive(Debug, thiserror::Error)]
pub enum Untold {
    /// The way is not configured.
    #[error("not configured")]
    NotConfigured,
    /// The POST was not made, or got no answer.
    #[error("{0}")]
    Outside(#[from] OutsideError),
    /// It was answered with something else than success.
    #[error("answered with status {0}")]
    Status(u16),
    /// The secret cannot sign.
    #[error("the webhook's secret cannot sign")]
    Secret,
    /// The mail cannot be written.
    #[error("the mail cannot be written")]
    Mail(#[source] lettre::error::Error),
    /// The mail server refused it or was not reached.
    #[error("{}", email::reason(.0))]
    Smtp(#[source] lettre::transport::smtp::Error),
    /// The program cannot be started, or its input cannot be written.
    #[error("the program cannot be run: {}", .0.kind())]
    Program(#[source] std::io::Error),
    /// It ended badly.
    #[error("the program ended with {0}")]
    Ended(std::process::ExitStatus),
    /// It took too long.
    #[error("it took longer than {} s", TIMEOUT.as_secs())]
    Late,
}

/// The configured ways.
#[derive(Clone, Debug)]
pub struct Ways {
    config: AlertsConfig,
    public_url: url::Url,
    outside: Outside,
    /// Signatures carry real time: their receivers refuse old ones.
    real: Clock,
}

impl Ways {
    /// The ways of `config`. Where every provider is on this machine, what is told may stay on it too.
    pub fn new(config: &Config) -> Self {
        let outside = Outside::of(config.is_loopback_only());
        let (alerts, public_url) = (config.alerts.clone(), config.server.public_url.clone());
        Self { config: alerts, public_url, outside, real: Clock::real() }
    }

    /// Every configured way.
    pub fn all(&self) -> Vec<Way> {
        let config = &self.config;
        let ways = [
            (Way::Webhook, config.webhook.is_some()),
            (Way::Email, config.email.is_some()),
            (Way::Command, config.command.is_some()),
        ];
        ways.into_iter().filter(|(_, is_there)| *is_there).map(|(way, _)| way).collect()
    }

    /// The message of one phase of a condition.
    pub(super) fn notice(&self, id: String, of: Of<'_>, phase: Phase, detail: &Detail) -> Notice {
        let mut url = self.public_url.clone();
        url.set_path(&format!("{}{}", url.path().trim_end_matches('/'), detail.path));
        Notice {
            id,
            kind: of.kind,
            key: of.key.to_owned(),
            phase,
            text: detail.sentence(self.config.language, of.kind, phase),
            url: url.to_string(),
            began_at: of.began_at,
            ended_at: of.ended_at,
        }
    }

    /// A message that says it is a trial.
    pub fn trial(&self, at: UnixMs) -> Notice {
        let of = Of { kind: AlertKind::Trial, key: "trial", began_at: at, ended_at: None };
        let id = format!("trial.{:032x}", rand::random::<u128>());
        self.notice(id, of, Phase::Began, &Detail::new("/holds", &[]))
    }

    /// Tells by one way, once.
    pub async fn tell(&self, way: Way, notice: &Notice) -> Result<(), Untold> {
        let missing = || Untold::NotConfigured;
        match way {
            Way::Webhook => {
                let webhook = self.config.webhook.as_ref().ok_or_else(missing)?;
                webhook::tell(webhook, self.outside, notice, self.real.now()).await
            }
            Way::Email => email::tell(self.config.email.as_ref().ok_or_else(missing)?, notice).await,
            Way::Command => command::tell(self.config.command.as_ref().ok_or_else(missing)?, notice).await,
        }
    }

    pub(super) const fn config(&self) -> &AlertsConfig {
        &self.config
    }
}

/// Which condition a message is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Of<'a> {
    pub kind: AlertKind,
    pub key: &'a str,
    pub began_at: UnixMs,
    pub ended_at: Option<UnixMs>,
}

//! Providers: the wire formats, classified at the edge.
//!
//! An enum, not a trait: the set is closed and named in the configuration. Nothing above sees a provider's JSON.

pub mod chatwoot;
mod cloud_api;
mod gupshup;
mod http;
mod identity;
mod loose;
pub mod media;
pub mod outside;
pub mod probe;
pub mod quota;
mod referral;
mod refusal;
mod request;
pub mod sample;
mod subscription;
mod told;
mod zenvia;

use std::time::Duration;

pub use cloud_api::CloudApi;
pub use gupshup::Gupshup;
pub use quota::QuotaState;
pub use request::{Body, FileAt, SendRequest, Upload};
pub use sample::Sample;
pub use subscription::{Subscription, SubscriptionState};
pub use told::{Listed, TemplateAnswer, TemplateDone};
pub use zenvia::Zenvia;

use media::{Download, MediaError, Place};
use outside::Outside;

use crate::config::{Access, Account};
use crate::domain::answer::Answer;
use crate::domain::event::{Media, WebhookEvent};
use crate::domain::money::{Currency, Micros};
use crate::domain::template::Template;
use crate::domain::template::draft::Draft;

/// Longest time a request takes, from the first byte to the last of the answer, connecting included.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(15);

/// What a provider's call or webhook reports when something is wrong that the caller did not expect.
/// No variant holds a person's data.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The HTTP client cannot be built: no certificate authorities on this machine, most likely.
    #[error("the client for the provider cannot be built")]
    Client(#[source] reqwest::Error),
    /// The access token holds characters that no header can carry.
    #[error("the access token of account {account} is not one line of plain characters")]
    Token {
        /// The account.
        account: String,
    },
    /// `base_url` cannot carry a path, as `mailto:`.
    #[error("the base_url of account {account} is not an http(s) address")]
    BaseUrl {
        /// The account.
        account: String,
    },
    /// No answer.
    #[error("the provider cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The provider said no.
    #[error("the provider refused: code {code}, HTTP {status}, trace {trace}")]
    Refused {
        /// Its code.
        code: i64,
        /// The HTTP status.
        status: u16,
        /// Its name for the request, to quote when asking it for help; empty when it gave none.
        trace: String,
    },
    /// The provider's quota is used up: it is not even asked.
    #[error("the provider takes no such calls for {minutes} minutes more")]
    Later {
        /// Minutes until it does; at least 1.
        minutes: u64,
    },
    /// The answer or webhook is not what the provider documents.
    #[error("the provider's {what} cannot be read")]
    Unreadable {
        /// Which.
        what: &'static str,
    },
}

/// An account's way to its provider. Cloning shares the connections.
#[derive(Clone, Debug)]
pub enum Provider {
    /// Meta's Cloud API.
    CloudApi(CloudApi),
    /// Gupshup's form API.
    Gupshup(Gupshup),
    /// Zenvia's API v2.
    Zenvia(Zenvia),
}

/// What the provider tells of a sender.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SenderStatus {
    /// Messages per second it is granted; `None`: the provider's word is not known.
    pub throughput: Option<u32>,
    /// Meta's `status`: `CONNECTED`, `FLAGGED`, `RESTRICTED`, `BANNED`, …; empty when not told.
    pub status: String,
    /// Meta's `quality_rating`: `GREEN`, `YELLOW`, `RED`, `NA`, `UNKNOWN`; empty when not told.
    pub quality: String,
    /// Messaging limit of its portfolio, as `2K` or `UNLIMITED`.
    pub tier: Option<String>,
    /// The number as the provider writes it; empty when not told.
    pub display_number: String,
}

/// A prepaid wallet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wallet {
    /// Of the amounts.
    pub currency: Currency,
    /// What is in it; below zero when the overdraft is used.
    pub balance: Micros,
    /// How far below zero it may go; not negative.
    pub overdraft: Micros,
}

impl Provider {
    /// The provider of `account`. Opens no connection yet.
    pub fn connect(account: &Account) -> Result<Self, ProviderError> {
        match &account.access {
            Access::CloudApi(access) => CloudApi::connect(account, access).map(Self::CloudApi),
            Access::Zenvia(access) => Zenvia::connect(account, access).map(Self::Zenvia),
            Access::Gupshup(access) => Gupshup::connect(account, access).map(Self::Gupshup),
        }
    }

    /// Sends one message, once. Returns within [`SEND_TIMEOUT`].
    pub async fn send(&self, request: &SendRequest<'_>) -> Answer {
        match self {
            Self::CloudApi(api) => api.send(request).await,
            Self::Zenvia(api) => api.send(request).await,
            Self::Gupshup(api) => api.send(request).await,
        }
    }

    /// Every template of the account.
    pub async fn templates(&self) -> Result<Vec<Template>, ProviderError> {
        match self {
            Self::CloudApi(api) => api.templates().await,
            Self::Zenvia(api) => api.templates().await,
            Self::Gupshup(api) => api.templates().await,
        }
    }

    /// The template of that name and language; `None`: the account has none.
    pub async fn template(&self, name: &str, language: &str) -> Result<Option<Template>, ProviderError> {
        match self {
            Self::CloudApi(api) => api.template(name, language).await,
            Self::Zenvia(api) => api.template(name, language).await,
            Self::Gupshup(api) => api.template(name, language).await,
        }
    }

    /// Every template of the account, with what the provider says of each besides.
    pub async fn catalogue(&self) -> Result<Vec<Listed>, ProviderError> {
        match self {
            Self::CloudApi(api) => api.catalogue().await,
            Self::Zenvia(api) => api.catalogue().await,
            Self::Gupshup(api) => api.catalogue().await,
        }
    }

    /// Whether templates are written, changed and deleted by programs; otherwise in the provider's own console alone.
    pub fn writes_templates(&self) -> bool {
        match self {
            Self::CloudApi(api) => api.writes_templates(),
            Self::Zenvia(_) | Self::Gupshup(_) => true,
        }
    }

    /// What `draft` is that templates cannot be at this provider, as a problem's code; `None`: nothing.
    pub fn unfit(&self, draft: &Draft) -> Option<&'static str> {
        match self {
            Self::CloudApi(api) => (!api.writes_templates()).then_some("template_not_offered"),
            Self::Zenvia(_) => Zenvia::unfit(draft),
            Self::Gupshup(_) => Gupshup::unfit(draft),
        }
    }

    /// Asks the provider to approve a new template.
    pub async fn create_template(&self, draft: &Draft) -> Result<TemplateAnswer, ProviderError> {
        match self {
            Self::CloudApi(api) => api.create_template(draft).await,
            Self::Zenvia(api) => api.create_template(draft).await,
            Self::Gupshup(api) => api.create_template(draft).await,
        }
    }

    /// Asks the provider to take `draft` in place of what `template` says.
    pub async fn edit_template(&self, template: &Template, draft: &Draft) -> Result<TemplateAnswer, ProviderError> {
        match self {
            Self::CloudApi(api) => api.edit_template(template, draft).await,
            Self::Zenvia(api) => api.edit_template(template, draft).await,
            Self::Gupshup(api) => api.edit_template(template, draft).await,
        }
    }

    /// Deletes a template, in its language alone.
    pub async fn delete_template(&self, template: &Template) -> Result<TemplateAnswer, ProviderError> {
        match self {
            Self::CloudApi(api) => api.delete_template(template).await,
            Self::Zenvia(api) => api.delete_template(template).await,
            Self::Gupshup(api) => api.delete_template(template).await,
        }
    }

    /// Asks the provider to let a paused template go on.
    pub async fn unpause_template(&self, template: &Template) -> Result<TemplateAnswer, ProviderError> {
        match self {
            Self::CloudApi(api) => api.unpause_template(template).await,
            Self::Gupshup(_) | Self::Zenvia(_) => Ok(TemplateAnswer::Unfit { code: "template_no_unpause" }),
        }
    }

    /// Has the provider take over from WhatsApp what was changed there, where it keeps a list of its own and takes such a
    /// wish. Reading the list tells what came of it.
    pub async fn refresh_templates(&self) -> Result<(), ProviderError> {
        match self {
            Self::Gupshup(api) => api.sync().await,
            Self::CloudApi(_) | Self::Zenvia(_) => Ok(()),
        }
    }

    /// Gives the provider the sample that a header of pictures, videos or documents is reviewed with. Done: its name there.
    pub async fn upload_sample(&self, sample: Sample) -> Result<TemplateAnswer, ProviderError> {
        match self {
            Self::CloudApi(api) => api.upload_sample(sample).await,
            Self::Gupshup(api) => api.upload_sample(sample).await,
            // Its samples are links.
            Self::Zenvia(_) => Ok(TemplateAnswer::Unfit { code: "template_zenvia_sample" }),
        }
    }

    /// How much of the account's quota of calls is used, as far as the provider tells; `None`: it never does.
    pub fn quota(&self) -> Option<QuotaState> {
        match self {
            Self::CloudApi(api) => api.quota(),
            Self::Gupshup(_) | Self::Zenvia(_) => None,
        }
    }

    /// The template of that name in every language the account has it in.
    pub async fn translations(&self, name: &str) -> Result<Vec<Template>, ProviderError> {
        if let Self::CloudApi(api) = self {
            return api.translations(name).await;
        }
        // The others tell all or nothing.
        Ok(self.templates().await?.into_iter().filter(|t| t.name == name).collect())
    }

    /// How a sender stands.
    pub async fn sender_status(&self, sender_ref: &str) -> Result<SenderStatus, ProviderError> {
        match self {
            Self::CloudApi(api) => api.sender_status(sender_ref).await,
            Self::Zenvia(api) => api.sender_status(sender_ref).await,
            Self::Gupshup(api) => api.sender_status().await,
        }
    }

    /// Begins to fetch an attachment of at most `most` bytes that a person sent. Gupshup and Zenvia tell where it lies
    /// (gupshup-zenvia.md 1.7, 2.5), for anybody to read; Meta is asked.
    pub async fn media(&self, told: &Media, outside: Outside, most: u64) -> Result<Download, MediaError> {
        match self {
            Self::CloudApi(api) => api.media(&told.id, outside, most).await,
            Self::Zenvia(_) | Self::Gupshup(_) => Place::open(&told.id)?.fetch(outside, most).await,
        }
    }

    /// Marks a person's message as read, and shows that somebody writes; `None`: nothing documents how.
    pub async fn mark_read(&self, sender_ref: &str, id: &str, typing: bool) -> Option<Result<(), ProviderError>> {
        match self {
            Self::CloudApi(api) => Some(api.mark_read(sender_ref, id, typing).await),
            Self::Gupshup(api) => api.mark_read(id).await,
            Self::Zenvia(_) => None,
        }
    }

    /// Whether files are uploaded and named by their id; otherwise the provider fetches them from a link.
    pub const fn takes_uploads(&self) -> bool {
        matches!(self, Self::CloudApi(_))
    }

    /// Uploads a file for `sender_ref`; its id there, which holds for 30 days. `None`: this provider fetches files.
    pub async fn upload(&self, sender_ref: &str, upload: Upload) -> Option<Result<String, ProviderError>> {
        match self {
            Self::CloudApi(api) => Some(api.upload_file(sender_ref, upload).await),
            Self::Zenvia(_) | Self::Gupshup(_) => None,
        }
    }

    /// What is left of the account's money at the provider; `None`: the provider keeps no wallet.
    pub async fn wallet(&self) -> Option<Result<Wallet, ProviderError>> {
        match self {
            Self::CloudApi(_) | Self::Zenvia(_) => None,
            Self::Gupshup(api) => Some(api.wallet().await),
        }
    }

    /// What to answer to the webhook handshake: the challenge, verbatim, as plain text; `None`: 403.
    pub fn handshake(&self, mode: &str, token: &str, challenge: &str) -> Option<String> {
        match self {
            Self::CloudApi(api) => api.handshake(mode, token, challenge),
            Self::Zenvia(_) | Self::Gupshup(_) => None,
        }
    }

    /// Whether the provider signed `body`; compared in constant time over the raw bytes.
    pub fn is_authentic(&self, signature_header: Option<&str>, body: &[u8]) -> bool {
        match self {
            Self::CloudApi(api) => api.is_authentic(signature_header, body),
            // Nothing is signed: what proves a webhook is its address.
            Self::Zenvia(_) | Self::Gupshup(_) => false,
        }
    }

    /// The events of a webhook body, in its order. An element that cannot be read becomes
    /// [`WebhookEvent::Unhandled`] and loses no other. An event without a readable time is at the time of its entry,
    /// or at `UnixMs(0)` where that is missing too.
    ///
    /// # Errors
    /// The body is not JSON at all.
    pub fn read_webhook(&self, body: &[u8]) -> Result<Vec<WebhookEvent>, ProviderError> {
        match self {
            Self::CloudApi(_) => CloudApi::read_webhook(body),
            Self::Zenvia(_) => Zenvia::read_webhook(body),
            Self::Gupshup(api) => api.read_webhook(body),
        }
    }
}

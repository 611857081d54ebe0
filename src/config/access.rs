//! What an account needs to speak to its provider.

use secrecy::SecretString;
use url::Url;

use super::webhook_key::WebhookKey;
pub use super::zenvia::{Reactivate, Subscriptions, ZenviaAccess};
use crate::domain::failure::Dialect;
use crate::domain::money::Micros;

/// A provider whose protocol Recado speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProviderKind {
    /// Meta's WhatsApp Cloud API.
    CloudApi,
    /// Gupshup's form API.
    Gupshup,
    /// Zenvia's API v2.
    Zenvia,
}

impl ProviderKind {
    /// Every one, by its word.
    pub const WORDS: [(&'static str, Self); 3] =
        [("cloud_api", Self::CloudApi), ("gupshup", Self::Gupshup), ("zenvia", Self::Zenvia)];

    /// The word in `recado.toml`.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.into_iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }

    /// Whose error table its accounts go by.
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::CloudApi => Dialect::CloudApi,
            Self::Gupshup => Dialect::Gupshup,
            Self::Zenvia => Dialect::Zenvia,
        }
    }

    /// Whether its receipts name a message by our own callback data.
    pub const fn names_messages(self) -> bool {
        match self {
            Self::CloudApi | Self::Zenvia => true,
            Self::Gupshup => false,
        }
    }

    /// Whether it goes on telling a receipt for days, so that one which never comes proves something. Zenvia gives an event up
    /// after 30 tries, a quarter of an hour (zenvia-openapi-spec, tag Webhooks); Gupshup does not say.
    pub const fn repeats_for_days(self) -> bool {
        match self {
            Self::CloudApi => true,
            Self::Gupshup | Self::Zenvia => false,
        }
    }
}

/// What an account needs to speak to its provider, by the protocol.
#[derive(Clone, Debug)]
pub enum Access {
    /// Meta's WhatsApp Cloud API.
    CloudApi(CloudApiAccess),
    /// Gupshup's form API.
    Gupshup(Box<GupshupAccess>),
    /// Zenvia's API v2.
    Zenvia(ZenviaAccess),
}

impl Access {
    /// Whose protocol it is.
    pub const fn kind(&self) -> ProviderKind {
        match self {
            Self::CloudApi(_) => ProviderKind::CloudApi,
            Self::Gupshup(_) => ProviderKind::Gupshup,
            Self::Zenvia(_) => ProviderKind::Zenvia,
        }
    }

    /// Whether the provider calls this account `reference`.
    pub fn is_called(&self, reference: &str) -> bool {
        match self {
            Self::CloudApi(access) => !reference.is_empty() && access.waba_id == reference,
            Self::Gupshup(access) => access.is_called(reference),
            // Its webhooks name no account.
            Self::Zenvia(_) => false,
        }
    }

    /// Messages per second that the contract grants, where the provider never tells them.
    pub const fn granted(&self) -> Option<u32> {
        match self {
            Self::CloudApi(_) => None,
            Self::Gupshup(access) => Some(access.wire.requests_per_second),
            Self::Zenvia(access) => Some(access.throughput.get()),
        }
    }

    /// How webhooks prove themselves, where the provider signs nothing.
    pub const fn webhook_key(&self) -> Option<&WebhookKey> {
        match self {
            Self::CloudApi(access) => access.webhook.as_ref(),
            Self::Gupshup(access) => Some(&access.webhook),
            Self::Zenvia(access) => Some(&access.webhook),
        }
    }

    /// What stays in a prepaid wallet, and what the provider takes for a message beside WhatsApp's price; `None`: the
    /// provider keeps no wallet.
    pub const fn wallet_terms(&self) -> Option<(Micros, Micros)> {
        match self {
            Self::CloudApi(_) | Self::Zenvia(_) => None,
            Self::Gupshup(access) => Some((access.wallet_low, access.fee)),
        }
    }

    /// Every secret with its key in the account's table.
    pub fn secrets(&self) -> Vec<(&'static str, &SecretString)> {
        match self {
            Self::CloudApi(access) => {
                let mut all = vec![
                    ("access_token", &access.access_token),
                    ("app_secret", &access.app_secret),
                    ("verify_token", &access.verify_token),
                ];
                all.extend(access.webhook.iter().flat_map(WebhookKey::secrets));
                all
            }
            Self::Gupshup(access) => {
                let mut all = vec![("webhook_secret", &access.webhook.secret)];
                all.extend(access.webhook.header.iter().map(|(_, value)| ("webhook_header_secret", value)));
                all.push(match &access.credentials {
                    GupshupCredentials::ApiKey(key) => ("api_key", key),
                    GupshupCredentials::AppToken(token) => ("app_token", token),
                    GupshupCredentials::Partner { client_secret, .. } => ("partner.client_secret", client_secret),
                });
                all
            }
            Self::Zenvia(access) => access.secrets(),
        }
    }
}

/// By which way Meta's Cloud API is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Through {
    /// At Meta.
    #[default]
    Meta,
    /// At 360dialog, which passes bodies, answers and webhooks on as they are (gupshup-zenvia.md 3).
    Dialog360,
}

/// Access to Meta's Cloud API.
#[derive(Clone, Debug)]
pub struct CloudApiAccess {
    /// By which way.
    pub through: Through,
    /// The WhatsApp Business Account's id; may be empty at 360dialog.
    pub waba_id: String,
    /// The app that samples of templates are uploaded to; `None`: none are.
    pub app_id: Option<String>,
    /// Bearer token; at 360dialog the number's key.
    pub access_token: SecretString,
    /// Signs webhooks.
    pub app_secret: SecretString,
    /// Shown by the provider at the webhook's handshake.
    pub verify_token: SecretString,
    /// Whether marketing templates go by Meta's endpoint for them alone (cloud-api.md 1.6).
    pub marketing_messages: bool,
    /// How webhooks prove themselves that Meta's signature does not reach us with: at 360dialog.
    pub webhook: Option<WebhookKey>,
}

/// Access to one app at Gupshup.
#[derive(Clone, Debug)]
pub struct GupshupAccess {
    /// The app's name, exactly as Gupshup has it: `src.name` of every send.
    pub app: String,
    /// The app's id.
    pub app_id: String,
    /// What proves that a request is ours.
    pub credentials: GupshupCredentials,
    /// How its webhooks prove themselves.
    pub webhook: WebhookKey,
    /// In which shape messages and their receipts are taken; `None`: both.
    pub webhook_version: Option<EventVersion>,
    /// With no more than this left in the wallet, nothing is sent.
    pub wallet_low: Micros,
    /// What Gupshup takes for each message in either direction, beside WhatsApp's own price.
    pub fee: Micros,
    /// What Gupshup's documentation leaves open.
    pub wire: GupshupWire,
}

impl GupshupAccess {
    /// Events name the app by its name or its id, in the same field.
    pub fn is_called(&self, reference: &str) -> bool {
        self.app_id.eq_ignore_ascii_case(reference) || self.app == reference
    }
}

/// What proves to Gupshup that a request is ours (gupshup-zenvia.md 1.1).
#[derive(Clone, Debug)]
pub enum GupshupCredentials {
    /// Self-serve: the account's or app's key, in the header `apikey`.
    ApiKey(SecretString),
    /// Partner: an app token without expiry (`sk_…`).
    AppToken(SecretString),
    /// Partner: app tokens are fetched, expire and are fetched anew.
    Partner {
        /// The partner's id, for universal tokens; `None`: by the older login.
        id: Option<String>,
        /// Who signs in.
        email: String,
        /// Their client secret.
        client_secret: SecretString,
        /// Where tokens are fetched.
        url: Url,
    },
}

impl GupshupCredentials {
    /// Whether requests go to the partner surface.
    pub const fn is_partner(&self) -> bool {
        !matches!(self, Self::ApiKey(_))
    }
}

/// The two shapes of Gupshup's message events (gupshup-zenvia.md 1.7, 1.8).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventVersion {
    /// Gupshup's own envelope.
    V2,
    /// Meta's envelope with `gs_app_id`.
    V3,
}

/// What Gupshup's documentation leaves open or contradicts itself on; paths are below `base_url`, with `{app_id}` and,
/// for templates, `{page}`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GupshupWire {
    /// Where templates are sent.
    pub template_path: String,
    /// Whether templates go in Meta's own form, which Gupshup hands on as it is; partners alone may.
    pub passthrough: bool,
    /// Where texts within the window are sent.
    pub message_path: String,
    /// Where the app's templates are listed.
    pub templates_path: String,
    /// Where a template is deleted, with `{name}` and `{id}` of it.
    pub delete_path: String,
    /// Where samples of templates' headers are uploaded.
    pub upload_path: String,
    /// Where the wallet is read.
    pub wallet_path: String,
    /// Where a person's message `{id}` is marked as read; `None`: nowhere.
    pub read_path: Option<String>,
    /// Where the app's templates are taken over from WhatsApp; `None`: nowhere.
    pub sync_path: Option<String>,
    /// How long a fetched token is used at most before another is fetched.
    pub token_life: std::time::Duration,
    /// How long WhatsApp keeps an undelivered message of a utility template, where that was set at Meta: Gupshup's list
    /// does not tell. `None`: WhatsApp's usual 30 days.
    pub utility_life: Option<std::time::Duration>,
    /// Requests in a second that the provider grants the app.
    pub requests_per_second: u32,
}

impl GupshupWire {
    /// As documented for the self-serve or the partner surface (gupshup-zenvia.md 1.2, 1.3, 1.9, 1.10).
    pub fn documented(is_partner: bool) -> Self {
        let path = |self_serve: &str, partner: &str| (if is_partner { partner } else { self_serve }).to_owned();
        Self {
            template_path: path("/wa/api/v1/template/msg", "/partner/app/{app_id}/template/msg"),
            passthrough: false,
            message_path: path("/wa/api/v1/msg", "/partner/app/{app_id}/msg"),
            templates_path: path("/wa/app/{app_id}/template", "/partner/app/{app_id}/templates"),
            // The self-serve surface deletes every language of a name.
            delete_path: path("/wa/app/{app_id}/template/{name}", "/partner/app/{app_id}/template/{name}/{id}"),
            upload_path: path("/wa/{app_id}/wa/media/v2", "/partner/app/{app_id}/upload/media"),
            wallet_path: path("/sm/api/v2/wallet/balance", "/partner/app/{app_id}/wallet/balance"),
            // Documented for the one surface alone, each.
            read_path: (!is_partner).then(|| "/wa/app/{app_id}/msg/{id}/read".to_owned()),
            sync_path: is_partner.then(|| "/partner/app/{app_id}/template/sync".to_owned()),
            // Tokens live 24 hours at most.
            token_life: std::time::Duration::from_hours(22),
            utility_life: None,
            requests_per_second: 10,
        }
    }
}

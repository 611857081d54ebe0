//! `[account.*]` with `provider = "gupshup"`.

use secrecy::SecretString;
use url::Url;

use super::access::{EventVersion, GupshupAccess, GupshupCredentials, GupshupWire};
use super::secret::Secrets;
use super::toml_file::{Table, Value};
use super::webhook_key::{self, Published};
use super::{checks, provider};
use crate::domain::money::{Currency, Micros};

/// Where Gupshup's webhooks come from (gupshup-zenvia.md 1.6, as of October 2026).
const PUBLISHED: Published = Published {
    word: "gupshup",
    addresses: &[
        "34.202.224.208",
        "52.66.99.126",
        "15.206.217.7",
        "13.126.35.181",
        "3.6.228.131",
        "13.232.173.180",
        "13.127.57.130",
        "13.234.143.231",
        "3.7.115.196",
        "13.232.49.3",
        "18.193.1.225",
        "3.68.131.220",
        "63.176.209.228",
        "63.183.31.123",
    ],
};

/// Below this Gupshup itself writes a mail (gupshup-zenvia.md 1.12).
const WALLET_LOW: Micros = Micros(5_000_000);

/// Gupshup's own price of a message in either direction (gupshup-zenvia.md 1.12).
const FEE: Micros = Micros(1_000);

/// The part of an account that only Gupshup has.
pub(super) fn access(
    table: &mut Table<'_, '_>,
    (base_url, currency): (Option<&Url>, Option<Currency>),
    secrets: &Secrets<'_>,
) -> Option<GupshupAccess> {
    let app = table.need("app").and_then(|v| v.parsed(|text| plain(text, 128)));
    let app_id = table.need("app_id").and_then(|v| v.parsed(id));
    let credentials = credentials(table, base_url, secrets);
    let webhook = webhook_key::read(table, secrets, &PUBLISHED);
    let versions = [("2", EventVersion::V2), ("3", EventVersion::V3)];
    let webhook_version = all_or_none(table.get("webhook_version").map(|v| v.choice(&versions)));
    let wallet_low = table.get("wallet_low").map_or(Some(WALLET_LOW), |v| amount(&v, currency));
    let fee = table.get("fee").map_or(Some(FEE), |v| amount(&v, currency));
    let is_partner = credentials.as_ref().is_some_and(GupshupCredentials::is_partner);
    let wire =
        table.table("wire", |t| wire(t, is_partner)).unwrap_or_else(|| Some(GupshupWire::documented(is_partner)));
    Some(GupshupAccess {
        app: app?,
        app_id: app_id?,
        credentials: credentials?,
        webhook: webhook?,
        webhook_version: webhook_version?,
        wallet_low: wallet_low?,
        fee: fee?,
        wire: wire?,
    })
}

/// `None`: it is there and wrong.
#[expect(clippy::option_option, reason = "absent, wrong and right are three things")]
fn all_or_none<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    read.map_or(Some(None), |read| read.map(Some))
}

/// Exactly one of the three ways to prove who we are.
fn credentials(table: &mut Table<'_, '_>, base_url: Option<&Url>, secrets: &Secrets<'_>) -> Option<GupshupCredentials> {
    let key = table.get("api_key").or(table.get("api_key_file"));
    let token = table.get("app_token").or(table.get("app_token_file"));
    let partner = table.get("partner");
    let all = [key.as_ref(), token.as_ref(), partner.as_ref()];
    if let Some(second) = all.into_iter().flatten().nth(1) {
        second.refuse_key("is too much: give one of \"api_key\", \"app_token\" and [partner]");
        return None;
    }
    let header = provider::header_value;
    if let Some(partner) = partner {
        return partner.table(|t| partner_access(t, base_url, secrets)).flatten();
    }
    if token.is_some() {
        return secrets.need(table, "app_token", "app_token_file", header).map(GupshupCredentials::AppToken);
    }
    secrets.need(table, "api_key", "api_key_file", header).map(GupshupCredentials::ApiKey)
}

/// `[account.*.partner]`: tokens that are fetched.
fn partner_access(
    table: &mut Table<'_, '_>,
    base_url: Option<&Url>,
    secrets: &Secrets<'_>,
) -> Option<GupshupCredentials> {
    let id = all_or_none(table.get("id").map(|v| v.parsed(id)));
    let email = table.need("email").and_then(|v| v.parsed(|text| plain(text, 256)));
    let client_secret: Option<SecretString> = secrets.need(table, "client_secret", "client_secret_file", |_| Ok(()));
    let url = table.get("url").map_or_else(|| base_url.cloned(), |v| provider::provider_address(&v));
    Some(GupshupCredentials::Partner { id: id?, email: email?, client_secret: client_secret?, url: url? })
}

/// `[account.*.wire]`: what the documentation leaves open.
fn wire(table: &mut Table<'_, '_>, is_partner: bool) -> Option<GupshupWire> {
    let documented = GupshupWire::documented(is_partner);
    let passthrough = table.get("passthrough").map_or(Some(false), |v| passthrough(&v, is_partner));
    let mut path = |key, usual: &String| table.get(key).map_or_else(|| Some(usual.clone()), |v| v.parsed(self::path));
    let template_path = path("template_path", &documented.template_path);
    let message_path = path("message_path", &documented.message_path);
    let templates_path = path("templates_path", &documented.templates_path);
    let delete_path = path("delete_path", &documented.delete_path);
    let upload_path = path("upload_path", &documented.upload_path);
    let wallet_path = path("wallet_path", &documented.wallet_path);
    let read_path = table.get("read_path").map_or(Some(documented.read_path), |v| v.parsed(message_path_of).map(Some));
    let sync_path = table.get("sync_path").map_or(Some(documented.sync_path), |v| v.parsed(self::path).map(Some));
    let token_life = table.get("token_life").map_or(Some(documented.token_life), |v| v.parsed(checks::length));
    let utility_life = all_or_none(table.get("utility_life").map(|v| v.parsed(checks::length)));
    let rate = table.get("requests_per_second").map_or(Some(documented.requests_per_second), |v| rate(&v));
    Some(GupshupWire {
        template_path: template_path?,
        passthrough: passthrough?,
        message_path: message_path?,
        templates_path: templates_path?,
        delete_path: delete_path?,
        upload_path: upload_path?,
        wallet_path: wallet_path?,
        read_path: read_path?,
        sync_path: sync_path?,
        token_life: token_life?,
        utility_life: utility_life?,
        requests_per_second: rate?,
    })
}

/// Partners alone may: the self-serve surface has no such path.
fn passthrough(value: &Value<'_, '_>, is_partner: bool) -> Option<bool> {
    let passes = value.flag()?;
    if passes && !is_partner {
        value.refuse("is of the partner surface: give app_token or [partner] in place of api_key");
        return None;
    }
    Some(passes)
}

fn rate(value: &Value<'_, '_>) -> Option<u32> {
    let rate = u32::try_from(value.integer()?).ok().filter(|n| (1..=1_000).contains(n));
    if rate.is_none() {
        value.refuse("must be 1 to 1000 requests a second");
    }
    rate
}

fn path(text: &str) -> Result<String, &'static str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "/-_.{}".contains(c);
    let whole = text.starts_with('/') && text.chars().all(fits) && !text.contains("..");
    whole.then(|| text.to_owned()).ok_or("must be a path below base_url, as \"/wa/api/v1/template/msg\"")
}

/// The path of one message: it says where the message's id stands.
fn message_path_of(text: &str) -> Result<String, &'static str> {
    let wrong = "must be a path below base_url with {id} in it, as \"/partner/app/{app_id}/msg/{id}/read\"";
    path(text).ok().filter(|path| path.split('/').any(|part| part == "{id}")).ok_or(wrong)
}

/// An id of the provider. It is part of paths.
fn id(text: &str) -> Result<String, &'static str> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let whole = text.len() <= 64 && text.bytes().all(fits);
    whole.then(|| text.to_owned()).ok_or("must be an id of letters, digits and -, as Gupshup shows it")
}

fn plain(text: &str, longest: usize) -> Result<String, String> {
    let fits = text.chars().count() <= longest && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned()).ok_or_else(|| format!("must be one line of at most {longest} characters"))
}

/// An amount in the account's currency, as `"5 USD"`.
fn amount(value: &Value<'_, '_>, currency: Option<Currency>) -> Option<Micros> {
    let wrong = "must be an amount with its currency, as \"5 USD\"";
    let (amount, code) = value.parsed(|text| {
        let (amount, code) = text.trim().split_once(' ').ok_or(wrong)?;
        let amount = Micros::parse(amount).filter(|m| m.0 >= 0).ok_or(wrong)?;
        Ok::<_, &str>((amount, Currency::parse(code.trim()).map_err(|_| wrong)?))
    })?;
    if currency.is_some_and(|currency| currency != code) {
        value.refuse("is not in the account's currency");
        return None;
    }
    Some(amount)
}

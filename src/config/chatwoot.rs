//! `[chatwoot.*]`: an inbox at Chatwoot in which the conversations of an account are shown and answered.

use std::collections::{BTreeMap, BTreeSet};

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use url::Url;

use super::Account;
use super::secret::Secrets;
use super::sections::web_address;
use super::toml_file::{Table, Value};
use crate::domain::time::UnixMs;
use crate::locale::Language;

/// A secret in an address is guessed by nobody from this length on.
const SHORTEST: usize = 24;

/// A signature older than this, or from so far ahead, is another's (seconds).
const FRESH: u64 = 300;

/// `[chatwoot.*]`. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct ChatwootInbox {
    /// Its name in the configuration.
    pub name: String,
    /// Root of the installation, as `https://chatwoot.example.org`.
    pub base_url: Url,
    /// Number of the account there.
    pub account_id: i64,
    /// Number of the inbox there, which is an API channel.
    pub inbox_id: i64,
    /// Access token of a user there who sees that inbox.
    pub api_token: SecretString,
    /// The last part of the webhook's address.
    pub webhook_secret: SecretString,
    /// What Chatwoot signs webhooks with, where it does.
    pub signing_secret: Option<SecretString>,
    /// Whose conversations are shown there: an account of ours.
    pub account: String,
    /// Language of the sentences that are written there.
    pub language: Language,
}

impl ChatwootInbox {
    /// Whether a webhook with this last part of its address, this signature and this time is Chatwoot's.
    pub fn opens(&self, secret: &str, signed: Option<(&str, &str)>, body: &[u8], now: UnixMs) -> bool {
        let ours = self.webhook_secret.expose_secret().as_bytes();
        let in_address = bool::from(ours.ct_eq(secret.as_bytes()));
        let Some(key) = &self.signing_secret else { return in_address };
        let Some((timestamp, signature)) = signed else { return false };
        let Ok(at) = timestamp.parse::<i64>() else { return false };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()) else { return false };
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        let expected = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        let is_fresh = now.0.div_euclid(1_000).abs_diff(at) <= FRESH;
        in_address && is_fresh && bool::from(expected.as_bytes().ct_eq(signature.as_bytes()))
    }
}

/// One of the tables.
pub(super) fn read(
    table: &mut Table<'_, '_>,
    name: &str,
    secrets: &Secrets<'_>,
    (accounts, taken): (&BTreeMap<String, Account>, &mut BTreeSet<String>),
) -> Option<ChatwootInbox> {
    let base_url = table.need("base_url").and_then(|v| web_address(&v));
    let account_id = table.need("account_id").and_then(|v| number(&v));
    let inbox_id = table.need("inbox_id").and_then(|v| number(&v));
    let api_token = secrets.need(table, "api_token", "api_token_file", |_| Ok(()));
    let webhook_secret = secrets.need(table, "webhook_secret", "webhook_secret_file", |secret| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let wrong = "must be at least 24 letters, digits, - or _: it stands in an address";
        (secret.len() >= SHORTEST && secret.bytes().all(fits)).then_some(()).ok_or(wrong)
    });
    let signing_secret = secrets.may(table, "signing_secret", "signing_secret_file", |_| Ok(()));
    let account = table.need("account").and_then(|v| {
        let account = v.text()?.to_owned();
        if !accounts.contains_key(&account) {
            v.refuse_for("names no account of [account]", &account, accounts.keys().map(String::as_str));
        } else if !taken.insert(account.clone()) {
            v.refuse("is shown in another inbox already");
        }
        Some(account)
    });
    let words = Language::ALL.map(|language| (language.as_str(), language));
    let language = table.get("language").map_or(Some(Language::En), |v| v.choice(&words));
    Some(ChatwootInbox {
        name: name.to_owned(),
        base_url: base_url?,
        account_id: account_id?,
        inbox_id: inbox_id?,
        api_token: api_token?,
        webhook_secret: webhook_secret?,
        signing_secret: signing_secret?,
        account: account?,
        language: language?,
    })
}

fn number(value: &Value<'_, '_>) -> Option<i64> {
    let number = value.integer()?;
    if number < 1 {
        value.refuse("must be the number that stands in Chatwoot's addresses");
        return None;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inbox(signing: Option<&str>) -> ChatwootInbox {
        ChatwootInbox {
            name: "clinic".to_owned(),
            base_url: "http://127.0.0.1:1".parse().unwrap(),
            account_id: 1,
            inbox_id: 2,
            api_token: "t".into(),
            webhook_secret: "a_secret_of_some_length_0".into(),
            signing_secret: signing.map(Into::into),
            account: "meta".to_owned(),
            language: Language::En,
        }
    }

    #[test]
    fn the_secret_of_the_address_and_where_there_is_one_the_signature_open() {
        let (body, now) = (b"{}".as_slice(), UnixMs(1_700_000_000_000));
        let plain = inbox(None);
        assert!(plain.opens("a_secret_of_some_length_0", None, body, now));
        assert!(!plain.opens("another_secret_of_a_length", None, body, now));
        let signed = inbox(Some("key"));
        let mut mac = Hmac::<Sha256>::new_from_slice(b"key").unwrap();
        mac.update(b"1700000000.{}");
        let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        let opens =
            |at: &str, body: &[u8], now| signed.opens("a_secret_of_some_length_0", Some((at, &signature)), body, now);
        assert!(opens("1700000000", body, now));
        assert!(!opens("1700000001", body, now) && !opens("1700000000", b"[]", now), "it signs time and body");
        assert!(!opens("1700000000", body, UnixMs(now.0 + 301_000)), "an old one is another's");
        assert!(!signed.opens("a_secret_of_some_length_0", None, body, now));
    }
}

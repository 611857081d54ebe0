//! How webhooks of a provider that signs nothing prove themselves: a secret in their address, a header of our choice,
//! and the addresses they come from.

use std::net::IpAddr;

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::secret::Secrets;
use super::toml_file::Table;

/// The header that carries `webhook_header_secret` where `webhook_header` names none.
const HEADER: &str = "x-recado-webhook";

/// A secret in an address is guessed by nobody from this length on.
const SHORTEST: usize = 24;

/// What a webhook must bring. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct WebhookKey {
    /// The last part of its address.
    pub secret: SecretString,
    /// A header with its value.
    pub header: Option<(String, SecretString)>,
    /// Where it may come from; empty: from anywhere.
    pub addresses: Vec<IpNet>,
}

impl WebhookKey {
    /// Every secret with its key in the account's table.
    pub(super) fn secrets(&self) -> Vec<(&'static str, &SecretString)> {
        let mut all = vec![("webhook_secret", &self.secret)];
        all.extend(self.header.iter().map(|(_, value)| ("webhook_header_secret", value)));
        all
    }

    /// What says that a webhook with this last part of its address, headers (asked for by name) and origin is not the
    /// provider's: `secret`, `header` or `address`; `None`: it is. Secrets are compared in constant time, all of them
    /// whatever the first says.
    pub fn missing<'a>(
        &self,
        secret: &str,
        header: impl FnOnce(&str) -> Option<&'a str>,
        from: Option<IpAddr>,
    ) -> Option<&'static str> {
        let same = |ours: &SecretString, given: &str| ours.expose_secret().as_bytes().ct_eq(given.as_bytes());
        let known = bool::from(same(&self.secret, secret));
        let given = self.header.as_ref().map(|(name, value)| same(value, header(name).unwrap_or_default()));
        let named = given.is_none_or(bool::from);
        let near = self.addresses.is_empty() || from.is_some_and(|from| is_in(&self.addresses, from));
        match (known, named, near) {
            (true, true, true) => None,
            (false, ..) => Some("secret"),
            (_, false, _) => Some("header"),
            (.., false) => Some("address"),
        }
    }
}

/// Whether `address` is in one of `nets`; an IPv4 address in IPv6's clothes counts as what it is.
pub fn is_in(nets: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    nets.iter().any(|net| net.contains(&address))
}

/// An address or a block of them, as `10.0.0.0/8`.
pub(super) fn net(text: &str) -> Result<IpNet, &'static str> {
    let alone = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>().or_else(|_| alone()).map_err(|_| "must be addresses, as \"34.202.224.208\" or \"10.0.0.0/8\"")
}

/// What `webhook_addresses` may say in one word: the addresses that a provider publishes.
pub(super) struct Published {
    /// The word.
    pub(super) word: &'static str,
    /// The addresses.
    pub(super) addresses: &'static [&'static str],
}

/// `webhook_secret`, `webhook_header`, `webhook_header_secret` and `webhook_addresses` of an account. The header may be
/// left out only where a list of addresses stands in for it: not every surface of a provider sends headers.
pub(super) fn read(table: &mut Table<'_, '_>, secrets: &Secrets<'_>, published: &Published) -> Option<WebhookKey> {
    let secret = secrets.need(table, "webhook_secret", "webhook_secret_file", |secret| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let wrong = "must be at least 24 letters, digits, - or _: it stands in an address";
        let example = secret == super::PLACEHOLDER;
        (example || (secret.len() >= SHORTEST && secret.bytes().all(fits))).then_some(()).ok_or(wrong)
    });
    let addresses = table.get("webhook_addresses").map(|v| {
        let nets = v.list(|text| {
            if text == published.word {
                return Ok(published.addresses.iter().filter_map(|a| net(a).ok()).collect());
            }
            net(text).map(|net| vec![net])
        })?;
        if nets.is_empty() {
            v.refuse("is empty: leave it out to take webhooks from anywhere");
        }
        Some(nets.concat())
    });
    let name = table.get("webhook_header").map(|v| v.parsed(header_name));
    let has_value = ["webhook_header_secret", "webhook_header_secret_file"].map(|key| table.get(key).is_some());
    let header = if has_value.contains(&true) || name.is_some() || addresses.is_none() {
        let value = secrets.need(table, "webhook_header_secret", "webhook_header_secret_file", header_value);
        let name = name.unwrap_or_else(|| Some(HEADER.to_owned()));
        Some(name.zip(value))
    } else {
        None
    };
    let header = match header {
        Some(header) => Some(header?),
        None => None,
    };
    Some(WebhookKey { secret: secret?, header, addresses: addresses.unwrap_or(Some(Vec::new()))? })
}

fn header_name(text: &str) -> Result<String, &'static str> {
    let fits = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    fits.then(|| text.to_ascii_lowercase()).ok_or("must be the name of a header, as \"x-recado-webhook\"")
}

fn header_value(text: &str) -> Result<(), &'static str> {
    let fits = text.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    fits.then_some(()).ok_or("holds a character that no header has")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a-secret-that-nobody-guesses";

    fn missing(key: &WebhookKey, secret: &str, header: Option<&str>, from: Option<&str>) -> Option<&'static str> {
        key.missing(secret, |name| header.filter(|_| name == HEADER), from.map(|from| from.parse().unwrap()))
    }

    #[test]
    fn everything_that_is_asked_for_has_to_be_right() {
        let header = Some((HEADER.to_owned(), "value".into()));
        let key = WebhookKey { secret: SECRET.into(), header, addresses: vec![net("34.202.224.208").unwrap()] };
        let (value, from) = (Some("value"), Some("34.202.224.208"));
        assert_eq!(missing(&key, SECRET, value, from), None);
        assert_eq!(missing(&key, SECRET, value, Some("::ffff:34.202.224.208")), None);
        assert_eq!(missing(&key, "a-secret-that-nobody-guessed", value, from), Some("secret"));
        assert_eq!(missing(&key, "", value, from), Some("secret"));
        assert_eq!(missing(&key, SECRET, Some("other"), from), Some("header"));
        assert_eq!(missing(&key, SECRET, None, from), Some("header"));
        assert_eq!(missing(&key, SECRET, value, Some("34.202.224.209")), Some("address"));
        assert_eq!(missing(&key, SECRET, value, None), Some("address"));
        let key = WebhookKey { header: None, addresses: Vec::new(), ..key };
        assert_eq!(missing(&key, SECRET, None, None), None);
    }
}

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
    /// Whether a webhook with this last part of its address, headers (asked for by name) and origin is the provider's.
    /// Secrets are compared in constant time, all of them whatever the first says.
    pub fn opens<'a>(&self, secret: &str, header: impl FnOnce(&str) -> Option<&'a str>, from: Option<IpAddr>) -> bool {
        let same = |ours: &SecretString, given: &str| ours.expose_secret().as_bytes().ct_eq(given.as_bytes());
        let mut fits = same(&self.secret, secret);
        if let Some((name, value)) = &self.header {
            fits &= same(value, header(name).unwrap_or_default());
        }
        let near = self.addresses.is_empty() || from.is_some_and(|from| is_in(&self.addresses, from));
        bool::from(fits) && near
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

    fn opens(key: &WebhookKey, secret: &str, header: Option<&str>, from: Option<&str>) -> bool {
        key.opens(secret, |name| header.filter(|_| name == HEADER), from.map(|from| from.parse().unwrap()))
    }

    #[test]
    fn everything_that_is_asked_for_has_to_be_right() {
        let header = Some((HEADER.to_owned(), "value".into()));
        let key = WebhookKey { secret: SECRET.into(), header, addresses: vec![net("34.202.224.208").unwrap()] };
        let (value, from) = (Some("value"), Some("34.202.224.208"));
        assert!(opens(&key, SECRET, value, from));
        assert!(opens(&key, SECRET, value, Some("::ffff:34.202.224.208")));
        assert!(!opens(&key, "a-secret-that-nobody-guessed", value, from));
        assert!(!opens(&key, "", value, from));
        assert!(!opens(&key, SECRET, Some("other"), from));
        assert!(!opens(&key, SECRET, None, from));
        assert!(!opens(&key, SECRET, value, Some("34.202.224.209")));
        assert!(!opens(&key, SECRET, value, None));
        let key = WebhookKey { header: None, addresses: Vec::new(), ..key };
        assert!(opens(&key, SECRET, None, None));
    }
}

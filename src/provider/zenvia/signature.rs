//! The signature of requests made with a signature token (gupshup-zenvia.md 2.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::fmt::rfc2822::DateTimePrinter;
use md5::{Digest, Md5};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use url::Url;

use crate::domain::time::UnixMs;

/// What is signed, besides the address.
pub(super) struct Signed<'a> {
    pub method: &'a str,
    pub body: &'a [u8],
    /// Empty without a body.
    pub content_type: &'a str,
    /// The `Date` header.
    pub date: &'a str,
}

impl Signed<'_> {
    /// The value of `X-API-Signature` for a request to `address`: six lines under HMAC-SHA256, in base64.
    pub fn by(&self, secret: &SecretString, address: &Url) -> String {
        let digest = if self.body.is_empty() { String::new() } else { hex::encode(Md5::digest(self.body)) };
        let host = address.host_str().unwrap_or_default();
        let path = match address.query() {
            Some(query) => format!("{}?{query}", address.path()),
            None => address.path().to_owned(),
        };
        let lines = [self.method, &digest, self.content_type, self.date, host, &path].join("\n");
        let key = secret.expose_secret().as_bytes();
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
        mac.update(lines.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }
}

/// An instant as the `Date` header has it: `Sun, 12 Feb 2023 07:40:32 GMT`.
pub(super) fn date(at: UnixMs) -> String {
    let instant = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    DateTimePrinter::new().timestamp_to_rfc9110_string(&instant).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reckoned with openssl: `printf 'POST\n…' | openssl dgst -sha256 -hmac s3cret -binary | base64`.
    #[test]
    fn the_six_lines_are_signed() {
        let date = date(UnixMs(1_676_187_632_000));
        assert_eq!(date, "Sun, 12 Feb 2023 07:40:32 GMT");
        let signed = Signed { method: "POST", body: b"{}", content_type: "application/json", date: &date };
        let address = Url::parse("https://api.zenvia.com/v2/channels/whatsapp/messages").unwrap();
        assert_eq!(signed.by(&"s3cret".into(), &address), "E939tJ1PBbjX54O8xAwPCmRXFMJCRZ/jB6wGdO94DpQ=");
        let asked = Signed { method: "GET", body: b"", content_type: "", date: &date };
        let address = Url::parse("https://api.zenvia.com/v2/templates?channel=WHATSAPP&page=1").unwrap();
        assert_eq!(asked.by(&"s3cret".into(), &address), "bXZnKUlRmRPRjMeZiuNy9ODjdKrjEjg02uuwn6CZQw4=");
    }
}

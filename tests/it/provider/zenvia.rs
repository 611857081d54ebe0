//! The adapter of Zenvia: by table, from JSON, over the wire.

mod answers;
mod drafts;
mod sends;
mod subscriptions;
mod templates;
mod webhooks;

use std::collections::BTreeMap;
use std::path::PathBuf;

use recado::config::Config;
use recado::domain::callback::{CallbackData, Instance};
use recado::domain::id::MessageId;
use recado::domain::recipient::Recipient;
use recado::provider::{Body, Provider, SendRequest, Zenvia};
use serde::de::DeserializeOwned;

const SENDER: &str = "5511900000001";
const TOKEN: &str = "invented-token";

/// `[account.zenvia]` at `base_url`, as an operator writes it.
fn account(base_url: &str, more: &str) -> recado::config::Account {
    let source = format!(
        r#"
[server]
listen     = "127.0.0.1:0"
public_url = "https://recado.example.org"
data_dir   = "."
[account.zenvia]
provider              = "zenvia"
base_url              = "{base_url}"
currency              = "BRL"
timezone              = "America/Sao_Paulo"
api_token             = "{TOKEN}"
webhook_secret        = "0123456789abcdef01234567"
webhook_header_secret = "header-secret"
{more}
[sender.mao]
account = "zenvia"
number  = "+5511900000001"
"#
    );
    let config = Config::parse(&source, "recado.toml", &PathBuf::from("/"), &BTreeMap::default());
    config.expect("a configuration").accounts["zenvia"].clone()
}

pub fn provider(base_url: &str) -> Provider {
    Provider::connect(&account(base_url, "")).expect("an account")
}

fn zenvia(base_url: &str, more: &str) -> Zenvia {
    match Provider::connect(&account(base_url, more)).expect("an account") {
        Provider::Zenvia(zenvia) => zenvia,
        other => panic!("{other:?}"),
    }
}

fn fixtures(of: &str) -> PathBuf {
    PathBuf::from("tests/fixtures/zenvia").join(of)
}

fn fixture<T: DeserializeOwned>(path: &str) -> T {
    let text = std::fs::read_to_string(fixtures(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn person() -> Recipient {
    Recipient::parse("5511988887777").expect("a number")
}

fn callback() -> CallbackData {
    CallbackData { instance: Instance::parse("h8k2mm").expect("a name"), message: MessageId(42), attempt: 1 }
}

fn hello(to: &Recipient) -> SendRequest<'_> {
    SendRequest { sender_ref: SENDER, to, callback: callback(), body: Body::Text { body: "Oi", quoted: None } }
}

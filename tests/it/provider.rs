//! Tests of `provider`: by table, from recorded JSON, over the wire against the real adapter.

mod answer;
mod code;
mod code_template;
mod connection;
mod dialog360;
mod free;
mod gupshup;
mod marketing;
mod sandbox;
mod send;
mod sender;
mod signature;
mod special;
mod template;
mod webhook;
mod writing;
mod zenvia;

use std::path::PathBuf;

use recado::config::{Access, Account, CloudApiAccess};
use recado::domain::callback::{CallbackData, Instance};
use recado::domain::id::MessageId;
use recado::domain::money::Currency;
use recado::domain::recipient::Recipient;
use recado::provider::{Body, Provider, SendRequest};

const SENDER: &str = "106540352242922";
const WABA: &str = "102290129340398";

fn account(base_url: &str) -> Account {
    Account {
        name: "meta".to_owned(),
        access: Access::CloudApi(CloudApiAccess {
            app_id: Some("9001".to_owned()),
            through: recado::config::Through::Meta,
            webhook: None,
            marketing_messages: false,
            waba_id: WABA.to_owned(),
            access_token: "EAAinventedtoken".into(),
            app_secret: "test_app_secret".into(),
            verify_token: "test_verify_token".into(),
        }),
        base_url: base_url.parse().expect("an address"),
        portfolio: None,
        currency: Currency::parse("USD").expect("three letters"),
        timezone: jiff::tz::TimeZone::UTC,
        errors: recado::domain::failure::Table::default(),
        reading: recado::config::Reading::default(),
        template_languages: Vec::new(),
        template_words_per_variable: 2,
    }
}

/// What an account at Meta has.
fn cloud_api(account: &mut Account) -> &mut CloudApiAccess {
    let Access::CloudApi(access) = &mut account.access else { panic!("another provider") };
    access
}

fn provider(base_url: &str) -> Provider {
    Provider::connect(&account(base_url)).expect("an account")
}

fn fixtures(of: &str) -> PathBuf {
    PathBuf::from("tests/fixtures/cloud_api").join(of)
}

fn fixture(path: &str) -> String {
    std::fs::read_to_string(fixtures(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn person() -> Recipient {
    Recipient::parse("5491155550123").expect("a number")
}

fn callback() -> CallbackData {
    CallbackData { instance: Instance::parse("h8k2mm").expect("a name"), message: MessageId(42), attempt: 1 }
}

/// A free text: the smallest thing to send.
fn hello(to: &Recipient) -> SendRequest<'_> {
    SendRequest { sender_ref: SENDER, to, callback: callback(), body: Body::Text { body: "Hola", quoted: None } }
}

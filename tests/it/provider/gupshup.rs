//! Gupshup's adapter: by table, from JSON, over the wire.

mod credentials;
mod events;
mod sandbox;
mod standing;
mod templates;
mod wire;

use recado::config::access::{EventVersion, GupshupAccess, GupshupCredentials, GupshupWire};
use recado::config::webhook_key::WebhookKey;
use recado::config::{Access, Account};
use recado::domain::failure::{Dialect, Table};
use recado::domain::money::{Currency, Micros};
use recado::provider::Provider;

const APP: &str = "SaludCenter";
const APP_ID: &str = "5f1b7a0e-2c1d-4f59-9d0b-6a2f8c7e4d31";
const NUMBER: &str = "5491155550100";

fn key() -> GupshupCredentials {
    GupshupCredentials::ApiKey("invented-key".into())
}

fn account(base_url: &str, credentials: GupshupCredentials, version: Option<EventVersion>) -> Account {
    let wire = GupshupWire::documented(credentials.is_partner());
    Account {
        name: "gupshup".to_owned(),
        access: Access::Gupshup(Box::new(GupshupAccess {
            app: APP.to_owned(),
            app_id: APP_ID.to_owned(),
            credentials,
            webhook: WebhookKey { secret: "a-secret-that-nobody-guesses".into(), header: None, addresses: Vec::new() },
            webhook_version: version,
            wallet_low: Micros(5_000_000),
            fee: Micros(1_000),
            wire,
        })),
        base_url: base_url.parse().expect("an address"),
        portfolio: None,
        currency: Currency::parse("USD").expect("three letters"),
        timezone: jiff::tz::TimeZone::UTC,
        errors: Table::new(Dialect::Gupshup, std::collections::BTreeMap::new()),
        reading: recado::config::Reading::default(),
        template_languages: Vec::new(),
        template_words_per_variable: 2,
    }
}

pub fn provider(base_url: &str) -> Provider {
    Provider::connect(&account(base_url, key(), None)).expect("an account")
}

fn fixture(path: &str) -> String {
    let path = format!("tests/fixtures/gupshup/{path}");
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn table(path: &str) -> Vec<serde_json::Value> {
    serde_json::from_str(&fixture(path)).expect("a list")
}

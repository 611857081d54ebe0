//! `[account.*]` and `[sender.*]`.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use secrecy::SecretString;
use url::Url;

use super::access::Through;
use super::secret::Secrets;
use super::toml_file::{Table, Value};
use super::webhook_key::{self, Published};
use super::{
    Access, Account, CloudApiAccess, MarkRead, ProviderKind, Reading, Sender, checks, gupshup, is_loopback, sections,
    zenvia,
};
use crate::domain::failure::{Policy, Table as ErrorTable};
use crate::domain::money::Currency;
use crate::domain::phone::Phone;
use crate::domain::template::rules::words;

/// More words for a variable than any text has.
const MOST_WORDS: u32 = 20;

/// Names that the file declares, whether or not what they name is right: a wrong account is one problem, not one more
/// for each of its senders.
pub(super) struct Declared {
    teams: Vec<String>,
    portfolios: Vec<String>,
    accounts: Vec<String>,
    office: Vec<String>,
}

impl Declared {
    pub(super) fn of(root: &Table<'_, '_>) -> Self {
        Self {
            teams: root.names("team"),
            portfolios: root.names("portfolio"),
            accounts: root.names("account"),
            office: root.names("hours"),
        }
    }
}

/// Whose protocol each account speaks, whether or not the rest of it is right.
pub(super) type Kinds = BTreeMap<String, ProviderKind>;

/// The name of something declared in `[<section>.*]`.
fn reference(value: &Value<'_, '_>, section: &str, declared: &[String]) -> Option<String> {
    let name = value.text()?;
    if declared.iter().any(|d| d == name) {
        return Some(name.to_owned());
    }
    let message = format!("names \"{name}\", but there is no [{section}.{name}]");
    value.refuse_for(&message, name, declared.iter().map(String::as_str));
    None
}

/// The `[hours.*]` that a team or a sender names.
pub(super) fn hours(table: &mut Table<'_, '_>, declared: &Declared) -> Option<String> {
    table.get("hours").and_then(|v| reference(&v, "hours", &declared.office))
}

/// `[account.*]`.
pub(super) fn account(
    table: &mut Table<'_, '_>,
    name: &str,
    declared: &Declared,
    (secrets, errors): (&Secrets<'_>, &BTreeMap<i64, Policy>),
    kinds: &mut Kinds,
) -> Option<Account> {
    let provider = table.need("provider").and_then(|v| provider(&v));
    kinds.extend(provider.map(|kind| (name.to_owned(), kind)));
    let base_url = table.need("base_url").and_then(|v| provider_address(&v));
    let portfolio = table.get("portfolio").and_then(|v| reference(&v, "portfolio", &declared.portfolios));
    let currency = table.need("currency").and_then(|v| v.parsed(currency));
    let timezone = table.need("timezone").and_then(|v| checks::timezone(&v));
    let marks = [("opened", MarkRead::Opened), ("answered", MarkRead::Answered), ("never", MarkRead::Never)];
    let usual = Reading::default();
    let mark = table.get("mark_read").map_or(Some(usual.mark), |v| v.choice(&marks));
    let typing = table.get("show_typing").map_or(Some(usual.typing), |v| v.flag());
    let languages = table.get("template_languages").map_or(Some(Vec::new()), |v| v.list(language));
    let words = table.get("template_words_per_variable").map_or(Some(words::USUAL), |v| words_per_variable(&v));
    let access = match provider {
        Some(ProviderKind::Gupshup) => gupshup::access(table, (base_url.as_ref(), currency), secrets)
            .map(|access| Access::Gupshup(Box::new(access))),
        Some(ProviderKind::Zenvia) => zenvia::access(table, secrets).map(Access::Zenvia),
        // Of an account whose provider is wrong the rest is read as the most usual one's.
        Some(ProviderKind::CloudApi) | None => cloud_api(table, secrets).map(Access::CloudApi),
    };
    Some(Account {
        name: name.to_owned(),
        errors: ErrorTable::new(provider?.dialect(), errors.clone()),
        access: access?,
        base_url: base_url?,
        portfolio,
        currency: currency?,
        timezone: timezone?,
        reading: Reading { mark: mark?, typing: typing? },
        template_languages: languages?,
        template_words_per_variable: words?,
    })
}

fn words_per_variable(value: &Value<'_, '_>) -> Option<u32> {
    let words = u32::try_from(value.integer()?).ok().filter(|words| *words <= MOST_WORDS);
    if words.is_none() {
        value.refuse("must be a number of words, 0 (no warning) to 20");
    }
    words
}

fn cloud_api(table: &mut Table<'_, '_>, secrets: &Secrets<'_>) -> Option<CloudApiAccess> {
    let words = [("meta", Through::Meta), ("360dialog", Through::Dialog360)];
    let through = table.get("through").map_or(Some(Through::Meta), |v| v.choice(&words));
    if through == Some(Through::Dialog360) {
        return dialog360(table, secrets);
    }
    let waba_id = table.need("waba_id").and_then(|v| digits(&v));
    let app_id = table.get("app_id").map(|v| digits(&v));
    let access_token = secrets.need(table, "access_token", "access_token_file", header_value);
    let app_secret = secrets.need(table, "app_secret", "app_secret_file", |_| Ok(()));
    let verify_token = secrets.need(table, "verify_token", "verify_token_file", |_| Ok(()));
    let marketing_messages = table.get("marketing_messages").map_or(Some(false), |v| v.flag());
    Some(CloudApiAccess {
        through: through?,
        waba_id: waba_id?,
        app_id: app_id.map_or(Some(None), |read| read.map(Some))?,
        access_token: access_token?,
        app_secret: app_secret?,
        verify_token: verify_token?,
        webhook: None,
        marketing_messages: marketing_messages?,
    })
}

/// 360dialog publishes no addresses.
const DIALOG360: Published = Published { word: "360dialog", addresses: &[] };

/// The Cloud API by way of 360dialog: a key for each number, and webhooks that carry no signature of Meta's.
fn dialog360(table: &mut Table<'_, '_>, secrets: &Secrets<'_>) -> Option<CloudApiAccess> {
    let waba_id = table.get("waba_id").map_or(Some(String::new()), |v| digits(&v));
    let access_token = secrets.need(table, "access_token", "access_token_file", header_value);
    let webhook = webhook_key::read(table, secrets, &DIALOG360);
    Some(CloudApiAccess {
        through: Through::Dialog360,
        waba_id: waba_id?,
        app_id: None,
        access_token: access_token?,
        app_secret: SecretString::from(""),
        verify_token: SecretString::from(""),
        webhook: Some(webhook?),
        marketing_messages: false,
    })
}

/// Tokens travel to it: in the clear only on this machine.
pub(super) fn provider_address(value: &Value<'_, '_>) -> Option<Url> {
    let url = sections::web_address(value)?;
    if url.scheme() == "https" || is_loopback(&url) {
        return Some(url);
    }
    value.refuse("must begin with https://: http is for a provider on this machine only");
    None
}

fn provider(value: &Value<'_, '_>) -> Option<ProviderKind> {
    value.choice(&ProviderKind::WORDS)
}

/// A language code as WhatsApp writes them, whether Recado knows it or not.
fn language(code: &str) -> Result<String, &'static str> {
    let mut parts = code.split('_');
    let first = parts.next().is_some_and(|p| (2..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_lowercase()));
    let rest = parts.all(|p| (2..=4).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
    (first && rest).then(|| code.to_owned()).ok_or("must be language codes, as [\"pt_AO\"]")
}

pub(super) fn currency(code: &str) -> Result<Currency, String> {
    Currency::parse(code).map_err(|_| "must be three capital letters, as \"USD\"".to_owned())
}

/// An id of the provider. It is part of paths, so nothing but digits.
fn digits(value: &Value<'_, '_>) -> Option<String> {
    let id = value.text()?;
    if id.len() <= 32 && id.bytes().all(|b| b.is_ascii_digit()) {
        return Some(id.to_owned());
    }
    value.refuse("must be an id of digits, in quotes");
    None
}

/// A token travels in an HTTP header.
pub(super) fn header_value(token: &str) -> Result<(), &'static str> {
    let fits = token.bytes().all(|b| b.is_ascii_graphic());
    fits.then_some(()).ok_or("holds a character that no token has (a space or a line break?)")
}

/// What the senders already read have taken.
#[derive(Default)]
pub(super) struct Taken {
    ids: BTreeSet<String>,
    numbers: BTreeSet<Phone>,
    apps: BTreeSet<String>,
}

/// `[sender.*]`.
pub(super) fn sender(
    table: &mut Table<'_, '_>,
    name: &str,
    (declared, kinds): (&Declared, &Kinds),
    taken: &mut Taken,
) -> Option<Sender> {
    let account = table.need("account");
    let kind = account.as_ref().and_then(Value::raw_text).and_then(|name| kinds.get(name)).copied();
    let account = account.and_then(|v| {
        let account = reference(&v, "account", &declared.accounts)?;
        if kind == Some(ProviderKind::Gupshup) && !taken.apps.insert(account.clone()) {
            v.refuse("has a sender already: an app at Gupshup has one number");
        }
        Some(account)
    });
    let number = table.need("number").and_then(|v| {
        let number = v.parsed(international)?;
        if !taken.numbers.insert(number.clone()) {
            v.refuse("belongs to another sender already");
        }
        Some(number)
    });
    let id = match kind {
        Some(ProviderKind::Gupshup) => number.as_ref().map(|number| number.digits().to_owned()),
        Some(ProviderKind::Zenvia) => match table.get("sender_id") {
            Some(id) => id.parsed(zenvia::sender_id),
            None => number.as_ref().map(|number| number.digits().to_owned()),
        },
        Some(ProviderKind::CloudApi) | None => table.need("phone_number_id").and_then(|v| {
            let id = digits(&v)?;
            if !taken.ids.insert(id.clone()) {
                v.refuse("belongs to another sender already");
            }
            Some(id)
        }),
    };
    let throughput = table.get("throughput").and_then(|v| throughput(&v));
    let team = table.get("team").and_then(|v| reference(&v, "team", &declared.teams));
    let hours = hours(table, declared);
    let name = name.to_owned();
    Some(Sender { name, account: account?, phone_number_id: id?, number: number?, throughput, team, hours })
}

fn international(text: &str) -> Result<Phone, &'static str> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).collect();
    let phone = digits.strip_prefix('+').and_then(Phone::from_international);
    phone.ok_or("must be a number in international form, as \"+5491155550100\"")
}

/// Meta grants at most 1,000 messages a second.
fn throughput(value: &Value<'_, '_>) -> Option<NonZeroU32> {
    let number = u32::try_from(value.integer()?).ok().filter(|n| *n <= 1000).and_then(NonZeroU32::new);
    if number.is_none() {
        value.refuse("must be 1 to 1000 messages per second");
    }
    number
}

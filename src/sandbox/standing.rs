//! How accounts and numbers stand: an account that is restricted, switched off, locked or not paid for, countries it may
//! not write to, its tier, and numbers that are flagged. Changed on demand; the webhook tells as Meta does.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::DATE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Sandbox;
use super::config::Tier;
use super::control::{Wrong, read};
use super::hook::{News, Update};
use super::refusal::Refusal;
use super::world::World;
use crate::clock::Clock;
use crate::domain::time::UnixMs;

/// How long a restriction lasts that says nothing else, in hours of the sandbox's clock.
const RESTRICTED_FOR: u64 = 24;

/// Whether an account may send.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    /// It may.
    #[default]
    Ok,
    /// It may not begin conversations: templates are refused with 368.
    Restricted,
    /// It is switched off for good: everything is refused with 368.
    Disabled,
    /// Everything is refused with 131031. No webhook tells.
    Locked,
    /// Everything is refused with 131042. No webhook tells.
    Unpaid,
    /// It is warned; nothing is refused.
    Violation,
}

/// How an account stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Standing {
    word: Word,
    until: Option<UnixMs>,
    /// Country codes that nothing is sent to (130497).
    closed: Vec<String>,
}

impl Standing {
    /// Whether a send to `wa_id` is let through.
    pub fn check(&self, is_template: bool, wa_id: &str, now: UnixMs) -> Result<(), Refusal> {
        if self.closed.iter().any(|code| wa_id.starts_with(code)) {
            return Err(Refusal::new(130_497, "Business account is restricted from messaging users in this country."));
        }
        let is_over = self.until.is_some_and(|until| until <= now);
        match self.word {
            _ if is_over => Ok(()),
            Word::Ok | Word::Violation => Ok(()),
            Word::Restricted if !is_template => Ok(()),
            Word::Restricted | Word::Disabled => {
                Err(Refusal::new(368, "The account has been blocked for breaking the rules."))
            }
            Word::Locked => Err(Refusal::new(131_031, "The account has been locked.")),
            Word::Unpaid => Err(Refusal::new(131_042, "There is an issue with the payment method of the account.")),
        }
    }
}

/// What happens to an account.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountWish {
    /// Its id; left out: every account known.
    account: Option<String>,
    standing: Option<Word>,
    hours: Option<u64>,
    tier: Option<Tier>,
    /// Country codes, as `55`.
    closed: Option<Vec<String>>,
}

/// How the endpoint for marketing messages behaves.
#[derive(Clone, Copy, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Marketing {
    /// Marketing is refused on `/messages`.
    only_there: bool,
    /// Templates are still being copied to it.
    syncing: bool,
    /// They never were.
    unavailable: bool,
}

impl Marketing {
    /// Whether a template of `category` may go by the endpoint it came by.
    pub fn check(self, category: &str, is_there: bool) -> Result<(), Refusal> {
        let is_marketing = category.eq_ignore_ascii_case("marketing");
        match is_there {
            false if is_marketing && self.only_there => {
                Err(Refusal::new(131_063, "Marketing templates are sent through the Marketing Messages API."))
            }
            true if !is_marketing => Err(Refusal::new(134_100, "Only marketing templates are sent here.")),
            true if self.syncing => Err(Refusal::new(134_101, "The template is still being copied.")),
            true if self.unavailable => Err(Refusal::new(134_102, "The template is not available here.")),
            _ => Ok(()),
        }
    }
}

/// `POST /_sandbox/marketing`: how the endpoint for marketing messages behaves from now on.
pub(super) async fn set_marketing(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    match read::<Marketing>(&body) {
        Ok(wish) => {
            sandbox.world().marketing = wish;
            Json(json!({"success": true})).into_response()
        }
        Err(wrong) => wrong.into_response(),
    }
}

/// `GET /_sandbox/read`: which messages of people were marked as read, and with which somebody was seen writing.
pub(super) async fn marked(State(sandbox): State<Sandbox>) -> Response {
    let world = sandbox.world();
    let all: Vec<Value> = world.marked.iter().map(|(id, typing)| json!({"id": id, "typing": typing})).collect();
    Json(json!({"data": all})).into_response()
}

/// `POST /_sandbox/account`: restricts, switches off, locks or frees an account; changes its tier; closes countries.
pub(super) async fn set_account(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    let wish: AccountWish = match read(&body) {
        Ok(wish) => wish,
        Err(wrong) => return wrong.into_response(),
    };
    let (real, now) = (Instant::now(), sandbox.0.clock.now());
    let mut world = sandbox.world();
    let accounts = world.registry.accounts().into_iter();
    let accounts: Vec<String> = accounts.filter(|id| wish.account.as_ref().is_none_or(|wanted| wanted == id)).collect();
    if accounts.is_empty() {
        return Wrong("no such account; it exists once used".to_owned()).into_response();
    }
    for account in &accounts {
        world.set_standing(account, &wish, real, now);
    }
    drop(world);
    sandbox.0.wake.notify_one();
    Json(json!({ "accounts": accounts })).into_response()
}

/// What happens to a number.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NumberWish {
    /// Its id or its digits.
    number: String,
    status: Option<String>,
    quality: Option<String>,
    throughput: Option<std::num::NonZeroU32>,
    /// Its templates are refused with 131048, or no more. No webhook tells.
    spam: Option<bool>,
}

/// How far the time that the sandbox tells is off.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Skew {
    /// Seconds that it is ahead; below zero, behind. 0: it is right.
    ahead: i64,
}

/// `POST /_sandbox/clock`: answers carry another `Date` from now on. Nothing else goes by it.
pub(super) async fn set_clock(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    match read::<Skew>(&body) {
        Ok(Skew { ahead }) => {
            sandbox.world().ahead = ahead;
            Json(json!({ "ahead": ahead })).into_response()
        }
        Err(wrong) => wrong.into_response(),
    }
}

/// The time that an answer tells, where it is not the right one.
pub(super) async fn tell_time(State(sandbox): State<Sandbox>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let ahead = sandbox.world().ahead;
    if ahead != 0 {
        let told = UnixMs(Clock::real().now().0.saturating_add(ahead.saturating_mul(1_000)));
        let told = told.in_zone(&TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = HeaderValue::from_str(&told) {
            response.headers_mut().insert(DATE, date);
        }
    }
    response
}

/// `POST /_sandbox/number`: flags, bans or connects a number; changes its quality, its throughput, or whether it is taken for
/// spam.
pub(super) async fn set_number(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    let wish: NumberWish = match read(&body) {
        Ok(wish) => wish,
        Err(wrong) => return wrong.into_response(),
    };
    let mut world = sandbox.world();
    let Some(id) = world.registry.find_number(&wish.number) else {
        return Wrong("no such number; it exists once used".to_owned()).into_response();
    };
    world.set_number(&id, &wish, Instant::now());
    drop(world);
    sandbox.0.wake.notify_one();
    Json(json!({ "number": id })).into_response()
}

impl World {
    /// Why a template of `sender` is refused, if too many people have blocked it.
    pub(super) fn check_spam(&self, sender: &str) -> Result<(), Refusal> {
        let is_spam = self.registry.known_number(sender).is_some_and(|number| number.spam);
        let refused = || Refusal::new(131_048, "Spam rate limit hit: too many messages of this number were blocked.");
        if is_spam { Err(refused()) } else { Ok(()) }
    }

    fn set_standing(&mut self, account: &str, wish: &AccountWish, real: Instant, now: UnixMs) {
        if let Some(word) = wish.standing {
            let hours = wish.hours.unwrap_or(RESTRICTED_FOR);
            let until = (word == Word::Restricted).then(|| now.plus(Duration::from_hours(hours)));
            let standing = self.registry.standing_mut(account);
            (standing.word, standing.until) = (word, until);
            if let Some(value) = told(word, until) {
                self.tell_account(account, "account_update", value, real);
            }
        }
        if let Some(closed) = &wish.closed {
            self.registry.standing_mut(account).closed.clone_from(closed);
        }
        if let Some(tier) = wish.tier {
            self.registry.set_tier(account, tier);
            let value = json!({"max_daily_conversations_per_business": tier.on_the_wire(),
                "max_phone_numbers_per_business": 20, "max_phone_numbers_per_waba": 25});
            self.tell_account(account, "business_capability_update", value, real);
        }
    }

    fn set_number(&mut self, id: &str, wish: &NumberWish, real: Instant) {
        let account = self.registry.account_of(id);
        let tier = self.registry.tier_of(&account).1;
        let Some(number) = self.registry.known_number_mut(id) else { return };
        if let Some(status) = &wish.status {
            status.clone_into(&mut number.status);
        }
        if let Some(quality) = &wish.quality {
            quality.clone_into(&mut number.quality);
        }
        if let Some(throughput) = wish.throughput {
            number.throughput = throughput;
        }
        if let Some(spam) = wish.spam {
            number.spam = spam;
        }
        let event = match (wish.throughput, number.status.as_str()) {
            (Some(_), _) => "THROUGHPUT_UPGRADE",
            (None, "CONNECTED") => "UNFLAGGED",
            (None, _) => "FLAGGED",
        };
        let value = json!({"display_phone_number": number.digits, "event": event,
            "max_daily_conversations_per_business": tier.on_the_wire()});
        if wish.throughput.is_some() {
            self.forget_bucket(id);
        }
        self.tell_account(&account, "phone_number_quality_update", value, real);
    }

    fn tell_account(&mut self, account: &str, field: &'static str, value: Value, real: Instant) {
        self.emit(Update { account: account.to_owned(), news: News::Field { field, value } }, real);
    }
}

fn told(word: Word, until: Option<UnixMs>) -> Option<Value> {
    match word {
        Word::Ok => Some(json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}})),
        Word::Restricted => {
            let until = until.map(|until| until.0.div_euclid(1_000));
            let info = json!([{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": until}]);
            Some(json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": info}))
        }
        Word::Disabled => Some(json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}})),
        Word::Violation => Some(json!({"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "SPAM"}})),
        Word::Locked | Word::Unpaid => None,
    }
}

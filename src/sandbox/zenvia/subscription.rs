//! Subscriptions, and the rules by which they degrade and are switched off (gupshup-zenvia.md 2.4).

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::api::Wrong;
use super::{new_id, time};
use crate::domain::time::UnixMs;
use crate::sandbox::Sandbox;
use crate::sandbox::config::LoopbackUrl;
use crate::sandbox::template_shape::text;

/// Subscriptions of one event and channel.
const MOST: usize = 2;

/// Fails in a row after which it is degraded.
const DEGRADED_FROM: u32 = 10;
/// Fails in a row after which nothing is posted any more.
const INACTIVE_FROM: u32 = 500;
/// Successes in a row that bring back one that is degraded.
const WELL_AGAIN: u32 = 50;
/// A time-out counts as so many fails.
const TIMEOUT_FAILS: u32 = 10;
/// Counters begin anew so long after the first of them moved.
const COUNTED_FOR: Duration = Duration::from_hours(8);

/// How a subscription stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    Active,
    Degraded,
    Inactive,
}

impl Standing {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Degraded => "DEGRADED",
            Self::Inactive => "INACTIVE",
        }
    }
}

/// What became of a POST.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// A 2xx in good time.
    Taken,
    /// A 2xx of a first try, after more than a second.
    TakenSlowly,
    /// Another status, or no connection.
    Refused,
    /// No answer in time.
    TimedOut,
}

/// A subscription.
pub(super) struct Subscription {
    pub id: String,
    /// `MESSAGE` or `MESSAGE_STATUS`, or another that never has anything to tell here.
    event: String,
    /// `IN`, `OUT` or `ALL`; of messages alone.
    direction: String,
    pub url: Url,
    pub headers: BTreeMap<String, String>,
    pub standing: Standing,
    fails: u32,
    successes: u32,
    counted_since: Option<UnixMs>,
    /// As it was asked for.
    source: Value,
    created_at: UnixMs,
    updated_at: UnixMs,
}

impl Subscription {
    fn read(wish: &Value, now: UnixMs) -> Result<Self, Wrong> {
        let known = [
            "MESSAGE",
            "MESSAGE_STATUS",
            "CONVERSATION_STATUS",
            "CONVERSATION_MESSAGE",
            "SUPPORT_EXPERT_AGENT",
            "CONTACT",
        ];
        let event = text(wish, "eventType");
        if !known.contains(&event) {
            return Err(Wrong::at("$.eventType", "must be one of the event types"));
        }
        if text(&wish["criteria"], "channel") != "whatsapp" {
            return Err(Wrong::at("$.criteria.channel", "must be whatsapp here"));
        }
        let direction = match text(&wish["criteria"], "direction") {
            "" => "ALL",
            known @ ("IN" | "OUT" | "ALL") => known,
            _ => return Err(Wrong::at("$.criteria.direction", "must be IN, OUT or ALL")),
        };
        // The sandbox posts to this machine only.
        let url: LoopbackUrl = text(&wish["webhook"], "url")
            .parse()
            .map_err(|_| Wrong::at("$.webhook.url", "must be an http address on this machine"))?;
        let headers = wish["webhook"]["headers"].as_object().into_iter().flatten();
        let headers = headers.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
        Ok(Self {
            id: new_id(),
            event: event.to_owned(),
            direction: direction.to_owned(),
            url: url.url().clone(),
            headers,
            standing: if text(wish, "status") == "INACTIVE" { Standing::Inactive } else { Standing::Active },
            fails: 0,
            successes: 0,
            counted_since: None,
            source: wish.clone(),
            created_at: now,
            updated_at: now,
        })
    }

    /// As the API shows it.
    pub fn shown(&self) -> Value {
        let mut shown = self.source.clone();
        shown["id"] = self.id.as_str().into();
        shown["status"] = self.standing.as_str().into();
        shown["version"] = "v2".into();
        shown["createdAt"] = time(self.created_at, true).into();
        shown["updatedAt"] = time(self.updated_at, true).into();
        shown
    }

    /// Whether it is told of an `event` in `direction`.
    pub fn hears(&self, event: &str, direction: &str) -> bool {
        let all = event != "MESSAGE" || self.direction == "ALL";
        self.standing != Standing::Inactive && self.event == event && (all || self.direction == direction)
    }

    /// Counts what became of a POST.
    pub fn count(&mut self, outcome: Outcome, now: UnixMs) {
        if self.counted_since.is_some_and(|since| now.since(since) >= COUNTED_FOR) {
            (self.fails, self.successes, self.counted_since) = (0, 0, None);
        }
        self.counted_since.get_or_insert(now);
        let fails = match outcome {
            Outcome::Taken => 0,
            // Only of one that is active, and never enough to switch it off.
            Outcome::TakenSlowly if self.standing == Standing::Active => 1,
            Outcome::TakenSlowly => return,
            Outcome::Refused => 1,
            Outcome::TimedOut => TIMEOUT_FAILS,
        };
        if fails == 0 {
            (self.fails, self.successes) = (0, self.successes + 1);
        } else {
            (self.fails, self.successes) = (self.fails + fails, 0);
        }
        let standing = match self.standing {
            Standing::Active | Standing::Degraded if self.fails >= INACTIVE_FROM && outcome != Outcome::TakenSlowly => {
                Standing::Inactive
            }
            Standing::Active if self.fails >= DEGRADED_FROM => Standing::Degraded,
            Standing::Degraded if self.successes >= WELL_AGAIN => Standing::Active,
            same => same,
        };
        if standing != self.standing {
            (self.standing, self.successes, self.updated_at) = (standing, 0, now);
        }
    }

    fn revive(&mut self, now: UnixMs) {
        (self.standing, self.fails, self.successes) = (Standing::Active, 0, 0);
        (self.counted_since, self.updated_at) = (None, now);
    }
}

/// `GET /subscriptions`: a bare list.
pub(super) fn list(sandbox: &Sandbox) -> Value {
    sandbox.world().zenvia.subscriptions.iter().map(Subscription::shown).collect()
}

/// `POST /subscriptions`.
pub(super) fn make(sandbox: &Sandbox, wish: &Value) -> Result<Value, Wrong> {
    let made = Subscription::read(wish, sandbox.0.clock.now())?;
    let mut world = sandbox.world();
    let all = &mut world.zenvia.subscriptions;
    if all.iter().filter(|s| s.event == made.event).count() >= MOST {
        let message = "Entity already exists";
        return Err(Wrong { status: 409, code: "DUPLICATED", message, details: Vec::new() });
    }
    let shown = made.shown();
    all.push(made);
    Ok(shown)
}

/// `GET /subscriptions/{id}`.
pub(super) fn show(sandbox: &Sandbox, id: &str) -> Result<Value, Wrong> {
    let world = sandbox.world();
    world.zenvia.subscriptions.iter().find(|s| s.id == id).map(Subscription::shown).ok_or_else(Wrong::not_found)
}

/// `PATCH /subscriptions/{id}`: status and webhook.
pub(super) fn change(sandbox: &Sandbox, id: &str, wish: &Value) -> Result<Value, Wrong> {
    let (now, revives) = (sandbox.0.clock.now(), sandbox.0.config.zenvia.patch_revives);
    let mut world = sandbox.world();
    let found = world.zenvia.subscriptions.iter_mut().find(|s| s.id == id).ok_or_else(Wrong::not_found)?;
    if wish["webhook"].is_object() {
        let mut whole = found.source.clone();
        whole["webhook"] = wish["webhook"].clone();
        let read = Subscription::read(&whole, now)?;
        (found.url, found.headers, found.source) = (read.url, read.headers, read.source);
    }
    match text(wish, "status") {
        "ACTIVE" if found.standing != Standing::Inactive || revives => found.revive(now),
        "INACTIVE" => found.standing = Standing::Inactive,
        "" | "ACTIVE" => {}
        _ => return Err(Wrong::at("$.status", "must be ACTIVE or INACTIVE")),
    }
    Ok(found.shown())
}

/// `DELETE /subscriptions/{id}`.
pub(super) fn delete(sandbox: &Sandbox, id: &str) -> Result<(), Wrong> {
    let mut world = sandbox.world();
    let before = world.zenvia.subscriptions.len();
    world.zenvia.subscriptions.retain(|s| s.id != id);
    if world.zenvia.subscriptions.len() < before { Ok(()) } else { Err(Wrong::not_found()) }
}

/// One that nothing has happened to, for tests of the counters.
#[cfg(test)]
fn fresh() -> Subscription {
    let wish = serde_json::json!({"eventType": "MESSAGE", "criteria": {"channel": "whatsapp"},
        "webhook": {"url": "http://127.0.0.1:1/"}});
    Subscription::read(&wish, UnixMs(0)).ok().expect("a right wish")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(outcomes: &[(Outcome, u32)]) -> Subscription {
        let mut subscription = fresh();
        for (outcome, n) in outcomes {
            (0..*n).for_each(|_| subscription.count(*outcome, UnixMs(1)));
        }
        subscription
    }

    #[test]
    fn it_degrades_is_switched_off_and_recovers_as_documented() {
        use Outcome::{Refused, Taken, TakenSlowly, TimedOut};
        for (outcomes, standing) in [
            (vec![(Refused, 9)], Standing::Active),
            (vec![(Refused, 10)], Standing::Degraded),
            (vec![(Refused, 9), (Taken, 1), (Refused, 9)], Standing::Active),
            (vec![(TimedOut, 1)], Standing::Degraded),
            (vec![(TakenSlowly, 10)], Standing::Degraded),
            (vec![(TakenSlowly, 2_000)], Standing::Degraded),
            (vec![(TimedOut, 49)], Standing::Degraded),
            (vec![(TimedOut, 50)], Standing::Inactive),
            (vec![(Refused, 500)], Standing::Inactive),
            (vec![(TimedOut, 1), (Taken, 49)], Standing::Degraded),
            (vec![(TimedOut, 1), (Taken, 50)], Standing::Active),
            (vec![(TimedOut, 1), (Taken, 49), (Refused, 1), (Taken, 49)], Standing::Degraded),
            (vec![(TimedOut, 50), (Taken, 100)], Standing::Inactive),
        ] {
            assert_eq!(counted(&outcomes).standing, standing, "{outcomes:?}");
        }
    }

    #[test]
    fn counters_begin_anew_after_eight_hours() {
        let mut subscription = counted(&[(Outcome::Refused, 9)]);
        subscription.count(Outcome::Refused, UnixMs(1).plus(COUNTED_FOR));
        assert_eq!(subscription.standing, Standing::Active);
    }
}

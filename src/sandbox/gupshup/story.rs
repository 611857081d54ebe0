//! What becomes of a message at Gupshup: taken into its queue first, or failed before WhatsApp has heard of it.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::domain::time::UnixMs;
use crate::sandbox::agenda::Due;
use crate::sandbox::hook::{News, Update};
use crate::sandbox::ledger::{Deed, Message, Wait};
use crate::sandbox::world::{Event, World};

/// A number that is not on WhatsApp: Gupshup's own code, told before WhatsApp's.
const NOT_ON_WHATSAPP: (i64, i64) = (131_026, 1_002);

/// Time of the sandbox's clock between two checks of the connection.
const CHECK_EVERY: Duration = Duration::from_hours(6);

impl World {
    /// Books a message; `doomed`: it fails with that code and WhatsApp never hears of it.
    pub fn begin_at_gupshup(
        &mut self,
        message: Message,
        doomed: Option<i64>,
        is_early: bool,
        (real, now): (Instant, UnixMs),
    ) {
        let (seed, hurried) = (message.wamid.clone(), self.people.hurried);
        let mut dice = super::super::dice::Dice::of(self.seed, &[&seed[seed.len().saturating_sub(12)..], "gupshup"]);
        let soon = |dice: &mut super::super::dice::Dice| {
            Wait::Real(if hurried { dice.span(5, 40) } else { dice.span(100, 1_500) })
        };
        self.begin_as(message, is_early, (real, now), |story| {
            let scripted = matches!(story.front(), Some((_, Deed::Failed(code))) if *code == NOT_ON_WHATSAPP.0);
            let doomed = doomed.or_else(|| scripted.then_some(NOT_ON_WHATSAPP.1));
            match doomed {
                Some(code) => *story = VecDeque::from([(soon(&mut dice), Deed::Failed(code))]),
                None => story.push_front((soon(&mut dice), Deed::Enqueued)),
            }
        });
    }

    /// The app's receiver is looked after from its first use on.
    pub fn first_check(&mut self, app: &str, now: UnixMs) {
        if self.gupshup.begin_checks() {
            self.agenda.add(Due::Clock(now.plus(CHECK_EVERY)), Event::Check(app.to_owned()));
        }
    }

    /// Gupshup asks whether anybody still listens.
    pub fn check(&mut self, app: &str, real: Instant, now: UnixMs) {
        let value = json!({"type": "connectivity-check", "initiator": "gupshup"});
        self.emit(Update { account: app.to_owned(), news: News::Field { field: "platform-event", value } }, real);
        self.agenda.add(Due::Clock(now.plus(CHECK_EVERY)), Event::Check(app.to_owned()));
    }
}

//! What Zenvia tells of messages (gupshup-zenvia.md 2.5).

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{new_id, time};
use crate::domain::time::UnixMs;
use crate::sandbox::inbound::{Letter, Sends};
use crate::sandbox::ledger::Progress;
use crate::sandbox::phone;
use crate::sandbox::refusal::title;
use crate::sandbox::world::World;

/// Codes with which WhatsApp turns a message away before it is on its way.
const REJECTED: [i64; 10] = [470, 131_047, 131_048, 131_056, 132_000, 132_001, 132_012, 132_015, 132_016, 131_009];

impl World {
    /// Tells how far the send at `place` has come.
    pub fn tell_zenvia(&mut self, place: usize, progress: Progress, real: Instant, now: UnixMs) {
        let Some(message) = self.ledger.get_mut(place) else { return };
        message.progress = progress;
        let code = match progress {
            Progress::Sent | Progress::Accepted => "SENT",
            Progress::Delivered => "DELIVERED",
            Progress::Read => "READ",
            Progress::Failed(_) => "NOT_DELIVERED",
        };
        if matches!(progress, Progress::Delivered | Progress::Read) && !message.was_priced {
            message.was_priced = true;
            let (account, wa_id, counts) = (message.account.clone(), message.wa_id.clone(), message.counts_in_tier);
            let portfolio = self.registry.tier_of(&account).0;
            if let Some(reached) = self.reached.get_mut(&portfolio).filter(|_| counts) {
                reached.delivered(&wa_id, now);
            }
        }
        self.emit_status(place, code, None, real, now);
    }

    /// Tells that the send at `place` failed.
    pub fn tell_zenvia_failure(&mut self, place: usize, code: i64, real: Instant, now: UnixMs) {
        self.ledger.fail(place, code);
        let Some(message) = self.ledger.get(place) else { return };
        let (account, wa_id, counts) = (message.account.clone(), message.wa_id.clone(), message.counts_in_tier);
        let portfolio = self.registry.tier_of(&account).0;
        if let Some(reached) = self.reached.get_mut(&portfolio).filter(|_| counts) {
            reached.failed(&wa_id);
        }
        let word = if REJECTED.contains(&code) { "REJECTED" } else { "NOT_DELIVERED" };
        let says_nothing = self.dice.chance(self.zenvia.settings.no_causes);
        let causes = (!says_nothing)
            .then(|| json!([{"channelErrorCode": code.to_string(), "reason": title(code), "details": title(code)}]));
        self.emit_status(place, word, causes, real, now);
    }

    fn emit_status(&mut self, place: usize, code: &str, causes: Option<Value>, real: Instant, now: UnixMs) {
        let is_old = self.dice.chance(self.zenvia.settings.old_shape);
        let Some(message) = self.ledger.get(place) else { return };
        let mut status = json!({"timestamp": time(now, false), "code": code, "description": description(code)});
        if let Some(causes) = causes {
            status["causes"] = causes;
        }
        let mut event = json!({
            "id": new_id(), "timestamp": time(now, !is_old), "type": "MESSAGE_STATUS", "channel": "whatsapp",
            "messageId": message.wamid, "contentIndex": 0, "messageStatus": status,
        });
        if !is_old {
            event["message"] = json!({
                "id": message.wamid, "contentIndex": 0, "direction": "OUT", "from": message.sender, "to": message.to,
            });
            if let Some(reference) = &message.callback {
                event["message"]["externalId"] = reference.as_str().into();
            }
        }
        self.emit_event("MESSAGE_STATUS", "", &event, real);
    }

    /// Tells of a send that was taken, to whoever wants to hear of those.
    pub fn echo_zenvia(&mut self, taken: &Value, real: Instant, now: UnixMs) {
        let event = json!({
            "id": new_id(), "timestamp": time(now, true), "type": "MESSAGE", "channel": "whatsapp", "direction": "OUT",
            "message": taken,
        });
        self.emit_event("MESSAGE", "OUT", &event, real);
    }

    /// A person's message to a sender of Zenvia's, with `id`.
    pub fn receive_zenvia(&mut self, letter: &Letter<'_>, id: &str, real: Instant, now: UnixMs) {
        let content = match &letter.sends {
            Sends::Text(text) => json!({"type": "text", "text": text}),
            Sends::Button { text, payload } => json!({"type": "text", "text": text, "payload": payload}),
            Sends::File(file) => {
                let media = self.keep_sent(file, id, now);
                let mut content = json!({
                    "type": "file", "fileUrl": self.open_address(&media), "fileMimeType": file.mime_type,
                    "status": "ACCEPTED",
                });
                for (key, value) in [("fileName", &file.filename), ("fileCaption", &file.caption)] {
                    if let Some(value) = value {
                        content[key] = value.as_str().into();
                    }
                }
                content
            }
            Sends::Place { latitude, longitude, name } => {
                json!({"type": "location", "longitude": longitude, "latitude": latitude, "name": name})
            }
        };
        let name = phone::name(letter.from);
        let mut message = json!({
            "id": id, "from": letter.from, "to": letter.to, "direction": "IN", "channel": "whatsapp",
            "contents": [content], "visitor": {"name": name, "firstName": name, "lastName": ""},
            "timestamp": time(now, false),
        });
        if let Some(quoted) = letter.quoted {
            message["idRef"] = quoted.into();
        }
        let event = json!({
            "id": new_id(), "timestamp": time(now, true), "type": "MESSAGE", "channel": "whatsapp", "direction": "IN",
            "message": message,
        });
        self.emit_event("MESSAGE", "IN", &event, real);
    }
}

fn description(code: &str) -> &'static str {
    match code {
        "SENT" => "The message was received by the provider",
        "DELIVERED" => "The message was delivered",
        "READ" => "The message was read",
        "REJECTED" => "The message could not be handed to the provider",
        _ => "The provider was unable to deliver the message",
    }
}

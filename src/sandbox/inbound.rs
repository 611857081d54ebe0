//! Messages from people.

mod file;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::hook::{News, Update, contact};
use super::phone;
use super::world::World;
use crate::domain::time::UnixMs;

pub(super) use file::File;

/// What a person sends.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Sends {
    /// Text.
    Text(String),
    /// A tap on a quick-reply button.
    Button { text: String, payload: String },
    /// A picture, a sound, a film, a document, a sticker.
    File(File),
    /// A place.
    Place { latitude: f64, longitude: f64, name: String },
}

/// Who writes to which number, and which message they answer.
pub(super) struct Letter<'a> {
    /// The person's WhatsApp id.
    pub from: &'a str,
    /// Phone number id.
    pub to: &'a str,
    /// Id of the message quoted.
    pub quoted: Option<&'a str>,
    /// What they send.
    pub sends: Sends,
    /// They show a user name in place of their number.
    pub is_hidden: bool,
}

impl World {
    /// A person's message arrives: it counts in the throughput, opens the window and goes to the webhook. Its id.
    pub fn receive(&mut self, letter: &Letter<'_>, real: Instant, now: UnixMs) -> String {
        if self.zenvia.has(letter.to) {
            let id = self.ledger.new_wamid(letter.from);
            self.heard(letter, real, now);
            self.receive_zenvia(letter, &id, real, now);
            return id;
        }
        let id = self.ledger.new_wamid(letter.from);
        let number = self.registry.known_number(letter.to).map(|n| n.digits.clone()).unwrap_or_default();
        let mut message = json!({
            "from": letter.from,
            "from_user_id": phone::user_id(letter.from),
            "id": id,
            "timestamp": now.0.div_euclid(1000).to_string(),
        });
        let mut shown = contact(letter.from);
        self.users.insert(phone::user_id(letter.from), letter.from.to_owned());
        if letter.is_hidden {
            for (object, key) in [(&mut message, "from"), (&mut shown, "wa_id")] {
                if let Some(object) = object.as_object_mut() {
                    object.remove(key);
                }
            }
        }
        if let Some(quoted) = letter.quoted {
            message["context"] = json!({"from": number, "id": quoted});
        }
        self.write_content(&mut message, &letter.sends, &id, now);
        self.heard(letter, real, now);
        self.inbound.insert(id.clone());
        let news = News::Message { sender: letter.to.to_owned(), message, contact: shown };
        self.emit(Update { account: self.registry.account_of(letter.to), news }, real);
        id
    }

    /// What every message from a person does, whatever the provider.
    fn heard(&mut self, letter: &Letter<'_>, real: Instant, now: UnixMs) {
        if let Some(bucket) = self.bucket(letter.to, real) {
            bucket.count_inbound(real);
        }
        self.open_window((letter.to.to_owned(), letter.from.to_owned()), now);
    }

    fn write_content(&mut self, message: &mut Value, sends: &Sends, id: &str, now: UnixMs) {
        match sends {
            Sends::Text(body) => {
                message["type"] = "text".into();
                message["text"] = json!({ "body": body });
            }
            Sends::Button { text, payload } => {
                message["type"] = "button".into();
                message["button"] = json!({"payload": payload, "text": text});
            }
            Sends::File(file) => {
                let media = self.keep_sent(file, id, now);
                message["type"] = file.kind.into();
                message[file.kind] = self.media_content(file, &media, now);
            }
            Sends::Place { latitude, longitude, name } => {
                message["type"] = "location".into();
                message["location"] = json!({"latitude": latitude, "longitude": longitude, "name": name});
            }
        }
    }

    /// A person stops marketing in the app: Meta tells, and fails what comes after.
    pub fn stop_marketing(&mut self, from: &str, to: &str, real: Instant, now: UnixMs) {
        let account = self.registry.account_of(to);
        self.stopped.insert((account.clone(), from.to_owned()));
        if self.zenvia.has(to) {
            // Zenvia tells nobody of it: the next promotion fails.
            return;
        }
        let preference = json!({
            "wa_id": from, "user_id": phone::user_id(from), "category": "marketing_messages", "value": "stop",
            "detail": "User requested to stop marketing messages", "timestamp": now.0.div_euclid(1000),
        });
        let news = News::Preference { sender: to.to_owned(), preference, contact: contact(from) };
        self.emit(Update { account, news }, real);
    }
}

//! Updates, and the bodies they travel in.

use serde_json::{Value, json};

use super::phone;
use super::registry::Registry;
use super::signature::escape;

/// One update.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Update {
    /// WABA id.
    pub account: String,
    /// What it says.
    pub news: News,
}

/// What an update says.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum News {
    /// About a message of number `sender`.
    Status { sender: String, status: Value, contact: Option<Value> },
    /// A message from a person.
    Message { sender: String, message: Value, contact: Value },
    /// A person's wish about marketing.
    Preference { sender: String, preference: Value, contact: Value },
    /// About the account or one of its templates.
    Field { field: &'static str, value: Value },
}

/// The person as updates show them.
pub(super) fn contact(wa_id: &str) -> Value {
    json!({"profile": {"name": phone::name(wa_id)}, "wa_id": wa_id, "user_id": phone::user_id(wa_id)})
}

/// The body of a POST with `updates`: one entry per account, one change per number and kind, characters escaped.
pub(super) fn body(updates: Vec<Update>, registry: &Registry, now_s: i64) -> Vec<u8> {
    let mut entries: Vec<Entry> = Vec::new();
    for Update { account, news } in updates {
        let at = entries.iter().position(|e| e.account == account).unwrap_or_else(|| {
            entries.push(Entry { account, changes: Vec::new() });
            entries.len() - 1
        });
        entries[at].add(news);
    }
    let entries: Vec<Value> = entries.into_iter().map(|entry| entry.written(registry, now_s)).collect();
    escape(&json!({"object": "whatsapp_business_account", "entry": entries}).to_string()).into_bytes()
}

struct Entry {
    account: String,
    changes: Vec<Change>,
}

struct Change {
    /// `None`: `items` holds one whole value.
    sender: Option<String>,
    field: &'static str,
    list: &'static str,
    items: Vec<Value>,
    contacts: Vec<Value>,
}

impl Entry {
    fn add(&mut self, news: News) {
        let (sender, field, list, item, contact) = match news {
            News::Field { field, value } => {
                self.changes.push(Change { sender: None, field, list: "", items: vec![value], contacts: Vec::new() });
                return;
            }
            News::Status { sender, status, contact } => (sender, "messages", "statuses", status, contact),
            News::Message { sender, message, contact } => (sender, "messages", "messages", message, Some(contact)),
            News::Preference { sender, preference, contact } => {
                (sender, "user_preferences", "user_preferences", preference, Some(contact))
            }
        };
        let same = |c: &&mut Change| c.sender.as_ref() == Some(&sender) && c.list == list;
        if let Some(change) = self.changes.iter_mut().find(same) {
            change.items.push(item);
            change.contacts.extend(contact.filter(|c| !change.contacts.contains(c)));
        } else {
            let contacts = contact.into_iter().collect();
            self.changes.push(Change { sender: Some(sender), field, list, items: vec![item], contacts });
        }
    }

    fn written(self, registry: &Registry, now_s: i64) -> Value {
        let is_about_account = self.changes.iter().any(|c| c.sender.is_none());
        let changes: Vec<Value> = self.changes.into_iter().map(|change| change.written(registry)).collect();
        let mut entry = json!({"id": self.account, "changes": changes});
        if is_about_account {
            entry["time"] = now_s.into();
        }
        entry
    }
}

impl Change {
    fn written(self, registry: &Registry) -> Value {
        let Some(sender) = self.sender else {
            return json!({"field": self.field, "value": self.items.into_iter().next()});
        };
        let display = registry.known_number(&sender).map(|n| n.digits.clone()).unwrap_or_default();
        let mut value = json!({
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": display, "phone_number_id": sender},
        });
        if !self.contacts.is_empty() {
            value["contacts"] = self.contacts.into();
        }
        value[self.list] = self.items.into();
        json!({"field": self.field, "value": value})
    }
}

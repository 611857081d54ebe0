//! Telling a phone from a business-scoped user id, wherever Meta puts either.

use serde_json::Value;

use super::loose;
use crate::domain::event::Identity;

/// Sorts `text` by its form: `AR.1349…` is a BSUID even in a field for numbers (seen in the wild), digits are a
/// WhatsApp id, anything else (a group's id) is nobody.
pub(super) fn note(person: &mut Identity, text: Option<String>) {
    let Some(text) = text else { return };
    let id = text.trim().trim_start_matches('+');
    if is_bsuid(id) {
        person.bsuid.get_or_insert_with(|| id.to_owned());
    } else if (5..=20).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit()) {
        person.wa_id.get_or_insert_with(|| id.to_owned());
    }
}

/// Two capital letters and a dot, then something.
fn is_bsuid(id: &str) -> bool {
    matches!(id.as_bytes(), [a, b, b'.', _, ..] if a.is_ascii_uppercase() && b.is_ascii_uppercase())
}

/// Adds what the `contacts` of the same webhook tell of `person`: name, user name, the other id.
/// A contact is theirs when one of its ids is; a single contact without a contradicting id is, too.
pub(super) fn complete(person: &mut Identity, contacts: &[Value]) {
    let theirs = contacts
        .iter()
        .map(of_contact)
        .find(|c| (c.bsuid.is_some() && c.bsuid == person.bsuid) || (c.wa_id.is_some() && c.wa_id == person.wa_id));
    let contact = match (theirs, contacts) {
        (Some(contact), _) => contact,
        (None, [only]) => of_contact(only),
        _ => return,
    };
    let contradicts = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
    // Two forms of one number (Brazil, Mexico, Argentina) differ while the BSUID is the same.
    let is_same_bsuid = contact.bsuid.is_some() && contact.bsuid == person.bsuid;
    if contradicts(&contact.bsuid, &person.bsuid) || (contradicts(&contact.wa_id, &person.wa_id) && !is_same_bsuid) {
        return;
    }
    person.wa_id = person.wa_id.take().or(contact.wa_id);
    person.bsuid = person.bsuid.take().or(contact.bsuid);
    person.name = contact.name;
    person.username = contact.username;
}

fn of_contact(contact: &Value) -> Identity {
    let mut person = Identity::default();
    note(&mut person, loose::text(contact, "user_id"));
    note(&mut person, loose::text(contact, "wa_id"));
    if let Some(profile) = contact.get("profile") {
        person.name = loose::some_text(profile, "name");
        person.username = loose::some_text(profile, "username");
    }
    person
}

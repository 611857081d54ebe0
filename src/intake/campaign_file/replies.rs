//! `[replies]`: what answers do.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::toml_file::{Table, Value};
use crate::domain::outcome::is_word;

use super::general::labelled;
use super::{Labelled, times};

/// How long after a message a reply without a quote still belongs to it.
const CLOSE_AFTER: Duration = Duration::from_hours(48);

/// What replies do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replies {
    /// Who gets conversations: `agent:NAME`, `team:NAME`, `bot:NAME` or `starter`; none, the sender's default team.
    pub route: Labelled,
    /// How long a message waits for its reply.
    pub close_after: Duration,
    /// What quick-reply buttons do, by label, in the order of the file.
    pub buttons: Vec<ButtonReply>,
    /// Outcome and the words that mean it when typed, in the order of the file.
    pub typed: Vec<(String, Vec<String>)>,
    /// Words that mean "no more", besides the built-in ones.
    pub opt_out: Vec<String>,
}

impl Default for Replies {
    fn default() -> Self {
        Self {
            route: Labelled::None,
            close_after: CLOSE_AFTER,
            buttons: Vec::new(),
            typed: Vec::new(),
            opt_out: Vec::new(),
        }
    }
}

/// What a quick-reply button does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ButtonReply {
    /// The button's text in the template.
    pub label: String,
    /// Outcome it records.
    pub outcome: Option<String>,
    /// What is answered by itself.
    pub answer: Option<String>,
    /// Whether the exchange ends there.
    pub close: bool,
}

/// Whether `text` is `agent:NAME`, `team:NAME`, `bot:NAME` or `starter`.
pub fn is_route(text: &str) -> bool {
    let named = |rest: &str| !rest.is_empty() && rest.trim() == rest;
    text == "starter"
        || text.split_once(':').is_some_and(|(who, name)| matches!(who, "agent" | "team" | "bot") && named(name))
}

/// `[replies]`.
pub(super) fn read(table: &mut Table<'_, '_>) -> Replies {
    let defaults = Replies::default();
    let close_after = table.get("close_after").and_then(|v| v.parsed(times::length));
    Replies {
        route: table.get("route").map_or(Labelled::None, |v| route(&v)),
        close_after: close_after.unwrap_or(defaults.close_after),
        buttons: table.table("buttons", buttons).flatten().unwrap_or_default(),
        typed: table.table("typed", typed).unwrap_or_default(),
        opt_out: table.get("opt_out").and_then(|v| v.texts()).unwrap_or_default(),
    }
}

fn route(value: &Value<'_, '_>) -> Labelled {
    let route = labelled(value);
    if let Labelled::Fixed(text) = &route
        && !is_route(text)
    {
        value.refuse("must be \"agent:NAME\", \"team:NAME\", \"bot:NAME\" or \"starter\"");
    }
    route
}

fn buttons(table: &mut Table<'_, '_>) -> Option<Vec<ButtonReply>> {
    let read = table.entries().into_iter().map(|value| {
        let label = value.key().to_owned();
        value.table(|t| {
            let outcome = t.get("outcome").and_then(|v| outcome(&v));
            let answer = t.get("answer").and_then(|v| answer(&v));
            let close = t.get("close").and_then(|v| v.flag()).unwrap_or(false);
            if outcome.is_none() && answer.is_none() {
                t.refuse(&format!("the button \"{label}\" needs an outcome or an answer"));
            }
            ButtonReply { label, outcome, answer, close }
        })
    });
    read.collect::<Vec<_>>().into_iter().collect()
}

fn outcome(value: &Value<'_, '_>) -> Option<String> {
    let word = value.text()?;
    if is_word(word) {
        return Some(word.to_owned());
    }
    value.refuse("must be an outcome in lower-case letters, digits and _, as \"confirmed\"");
    None
}

/// WhatsApp takes texts of at most 4,096 characters.
fn answer(value: &Value<'_, '_>) -> Option<String> {
    let text = value.text()?;
    if text.chars().count() > 4096 {
        value.refuse("is longer than 4096 characters");
        return None;
    }
    Some(text.to_owned())
}

fn typed(table: &mut Table<'_, '_>) -> Vec<(String, Vec<String>)> {
    let mut meaning: BTreeMap<String, String> = BTreeMap::new();
    let mut all = Vec::new();
    for value in table.entries() {
        if !is_word(value.key()) {
            value.refuse_key("must be an outcome in lower-case letters, digits and _, as \"confirmed\"");
        }
        let words = value.texts().unwrap_or_default();
        for word in &words {
            let other = meaning.insert(word.to_lowercase(), value.key().to_owned());
            if let Some(other) = other.filter(|other| other != value.key()) {
                value.refuse(&format!("holds \"{word}\", which means \"{other}\" already"));
            }
        }
        all.push((value.key().to_owned(), words));
    }
    all
}

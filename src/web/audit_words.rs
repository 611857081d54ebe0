//! What the record of deeds says, in the reader's language. Subjects and details are kept as plain words and numbers:
//! `conversation 5`, `3 messages`, `by answering`; several of them behind commas. What has no sentence stands as it is.

use crate::locale::{say, sentences};
use crate::store::audit::Line;

use super::page::Page;

/// Words that a detail of these deeds may be, by where their sentences are.
const WORDS: [(&str, &str); 6] = [
    ("conversation.outcome", "web.outcome."),
    ("hold.place", "web.hold_cause."),
    ("user.availability", "web.presence."),
    ("user.add", "web.role."),
    ("user.role", "web.role."),
    ("token.add", "web.role."),
];

/// What a deed was done to.
pub fn subject(p: &Page, line: &Line) -> String {
    all(p, &line.action, &line.subject)
}

/// What more there is to say of it.
pub fn detail(p: &Page, line: &Line) -> String {
    all(p, &line.action, &line.detail)
}

fn all(p: &Page, action: &str, text: &str) -> String {
    let of = |separator: &str, text: &str| text.split(separator).map(|piece| one(p, action, piece)).collect::<Vec<_>>();
    text.split("; ").map(|part| of(", ", part).join(", ")).collect::<Vec<_>>().join("; ")
}

fn one(p: &Page, action: &str, piece: &str) -> String {
    let known = |key: &str| sentences(p.language).contains_key(key);
    let phrase = format!("web.audit.phrase.{}", key(piece));
    if known(&phrase) {
        return p.t(&phrase);
    }
    // A cause may have its code behind it.
    let (word, code) = piece.split_once(' ').unwrap_or((piece, ""));
    let named = WORDS.iter().filter(|(of, _)| *of == action).map(|(_, place)| format!("{place}{word}"));
    if let Some(found) = named.into_iter().find(|key| known(key)) {
        return format!("{} {code}", p.t(&found)).trim_end().to_owned();
    }
    if let Some((n, what)) = piece.split_once(' ')
        && n.bytes().all(|b| b.is_ascii_digit())
    {
        let found = format!("web.audit.counted.{}", key(what));
        return if known(&found) { say(p.language, &found, &[("n", n)]) } else { piece.to_owned() };
    }
    // The longest beginning that has a sentence: `run started by ana` before `run 5`.
    let ends = piece.match_indices(' ').map(|(at, _)| at).collect::<Vec<_>>();
    for at in ends.into_iter().rev() {
        let (noun, what) = (key(&piece[..at]), &piece[at + 1..]);
        let found = format!("web.audit.of.{noun}");
        if known(&found) {
            let word = format!("web.ticket.{noun}.{what}");
            let what = if known(&word) { p.t(&word).to_lowercase() } else { what.to_owned() };
            return p.say(&found, &[("what", &what)]);
        }
    }
    piece.to_owned()
}

/// The words as the last part of a sentence's key.
fn key(words: &str) -> String {
    words.trim_end_matches(':').replace(' ', "_")
}

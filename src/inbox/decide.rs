//! What a reply does: an outcome, an automatic answer, an opt-out, or a person of ours who reads it.

use super::attribution::Attribution;
use super::words::{self, OptOut};
use crate::domain::event::ReplyContent;
use crate::domain::kind::CampaignKind;
pub use crate::domain::outcome::OPT_OUT;
use crate::intake::campaign_file::{ButtonReply, Replies};

/// What every reminder can be answered with, and what is asked for by hand.
const USUAL: [&str; 2] = ["confirmed", "cancelled"];

/// The outcomes that an agent chooses from for a message of a campaign; `None`: one sent by hand. An opt-out is no word to
/// set: it goes on the do-not-send list.
pub fn offered(campaign: Option<(CampaignKind, &Replies)>) -> Vec<String> {
    let usual = campaign.is_none_or(|(kind, _)| kind == CampaignKind::Reminder);
    let usual = USUAL.into_iter().filter(|_| usual);
    let rules = campaign.map(|(_, rules)| rules);
    let buttons = rules.iter().flat_map(|r| r.buttons.iter().filter_map(|b| b.outcome.as_deref()));
    let typed = rules.iter().flat_map(|r| r.typed.iter().map(|(outcome, _)| outcome.as_str()));
    let mut all: Vec<String> = Vec::new();
    for word in buttons.chain(typed).chain(usual).filter(|word| *word != OPT_OUT) {
        if !all.iter().any(|known| known == word) {
            all.push(word.to_owned());
        }
    }
    all
}

/// What is to be done about a reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// It says what it means: the outcome is kept and the answer sent.
    Settled {
        /// What it decided.
        outcome: Option<String>,
        /// What is answered.
        answer: Option<String>,
        /// Whether the exchange ends there. Else a person of ours goes on: nobody has said anything to the person yet.
        closes: bool,
    },
    /// The person wants no more marketing; that is confirmed to them.
    OptOut {
        /// The language of the words, where they tell.
        told: OptOut,
        /// The campaign's own answer, in place of the usual confirmation.
        answer: Option<String>,
    },
    /// The person wants promotions again; that is confirmed to them.
    OptIn {
        /// The language of the words, where they tell.
        told: OptOut,
    },
    /// It may be a wish for no more promotions: they are held until a person of ours has read it.
    AskToStop,
    /// A person of ours reads it.
    Ask {
        /// What is answered meanwhile.
        answer: Option<String>,
    },
    /// It is kept and shown, and asks for nothing: a reaction, a deletion.
    Noted,
}

impl Decision {
    /// Whether a person of ours reads it.
    pub const fn asks(&self) -> bool {
        matches!(self, Self::Ask { .. } | Self::AskToStop | Self::Settled { closes: false, .. })
    }
}

/// Decides. `rules` are the campaign's of the one message the reply answers; `opt_out` are the words of all campaigns
/// it may answer.
pub fn decide(
    content: &ReplyContent,
    attribution: &Attribution,
    rules: Option<&Replies>,
    opt_out: &[&str],
) -> Decision {
    if let Some(beside) = typed_beside(content) {
        return by_wish(content, beside, opt_out);
    }
    let Some(text) = words_of(content) else { return unspoken(content) };
    let tapped = matches!(content, ReplyContent::Button { .. } | ReplyContent::Choice { .. });
    let rules = rules.filter(|_| attribution.message().is_some());
    let button = rules.and_then(|r| r.buttons.iter().find(|b| words::same(&b.label, text)));
    // The campaign's word on its own button counts before the built-in words; a typed wish to hear no more counts
    // before everything.
    if let Some(button) = button.filter(|_| tapped) {
        return by_button(button);
    }
    if let Some(told) = words::opt_out(text, opt_out.iter().copied()) {
        return Decision::OptOut { told, answer: None };
    }
    if let Some(button) = button {
        return by_button(button);
    }
    match rules.and_then(|r| typed(r, text)) {
        Some(settled) => settled,
        None if is_typed(content) && words::may_opt_out(text, opt_out.iter().copied()) => Decision::AskToStop,
        None => unspoken(content),
    }
}

/// What stands under a picture and what a message was edited into is typed too; beyond the wish to hear no more, somebody looks
/// at it.
fn typed_beside(content: &ReplyContent) -> Option<&str> {
    match content {
        ReplyContent::Media(media) => media.caption.as_deref(),
        ReplyContent::Other { what, summary } if what == "edit" => summary.as_deref(),
        _ => None,
    }
}

fn by_wish(content: &ReplyContent, beside: &str, opt_out: &[&str]) -> Decision {
    match words::opt_out(beside, opt_out.iter().copied()) {
        Some(told) => Decision::OptOut { told, answer: None },
        None if words::may_opt_out(beside, opt_out.iter().copied()) => Decision::AskToStop,
        None => unspoken(content),
    }
}

const fn is_typed(content: &ReplyContent) -> bool {
    matches!(content, ReplyContent::Text { .. })
}

/// Whether a reply asks for promotions again, where its person gets none. Only typed words do: a button of that label
/// means what its campaign says.
pub fn opts_in(content: &ReplyContent) -> Option<OptOut> {
    match content {
        ReplyContent::Text { body } => words::opt_in(body),
        _ => None,
    }
}

fn by_button(button: &ButtonReply) -> Decision {
    let answer = button.answer.clone();
    match &button.outcome {
        Some(outcome) if outcome == OPT_OUT => Decision::OptOut { told: OptOut { language: None }, answer },
        Some(outcome) => Decision::Settled { outcome: Some(outcome.clone()), answer, closes: settles(button) },
        None if button.close => Decision::Settled { outcome: None, answer, closes: true },
        None => Decision::Ask { answer },
    }
}

/// Whether an outcome ends the exchange: its campaign says so, or has told the person something.
const fn settles(button: &ButtonReply) -> bool {
    button.close || button.answer.is_some()
}

/// Words that mean an outcome get the answer of the button that means the same, and end what it ends. Where no button means
/// it, a person of ours goes on.
fn typed(rules: &Replies, text: &str) -> Option<Decision> {
    let (outcome, _) = rules.typed.iter().find(|(_, all)| all.iter().any(|word| words::same(word, text)))?;
    if outcome == OPT_OUT {
        return Some(Decision::OptOut { told: OptOut { language: None }, answer: None });
    }
    let button = rules.buttons.iter().find(|b| b.outcome.as_ref() == Some(outcome));
    let (answer, closes) = (button.and_then(|b| b.answer.clone()), button.is_some_and(settles));
    Some(Decision::Settled { outcome: Some(outcome.clone()), answer, closes })
}

/// What a reply says in words or in a sign.
fn words_of(content: &ReplyContent) -> Option<&str> {
    match content {
        ReplyContent::Text { body } => Some(body),
        ReplyContent::Button { text, .. } => Some(text),
        ReplyContent::Choice { title, .. } => Some(title),
        ReplyContent::Reaction { emoji, .. } => emoji.as_deref(),
        ReplyContent::Media(_) | ReplyContent::Location { .. } | ReplyContent::Other { .. } => None,
    }
}

/// A reply whose words mean nothing to a campaign, or that has none.
fn unspoken(content: &ReplyContent) -> Decision {
    match content {
        ReplyContent::Reaction { .. } => Decision::Noted,
        ReplyContent::Other { what, .. } if what == "revoke" => Decision::Noted,
        _ => Decision::Ask { answer: None },
    }
}

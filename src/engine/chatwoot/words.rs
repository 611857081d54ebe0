//! What is written there of what is here.

use crate::domain::message::MessageState;
use crate::inbox::label;
use crate::locale::{Language, failure, say};
use crate::store::conversation::{Bubble, Shown, Ticks};

/// The word there of how a message of ours stands; `None`: nothing there says it.
pub(super) const fn status(state: MessageState) -> Option<&'static str> {
    match state {
        MessageState::Queued
        | MessageState::Claimed
        | MessageState::Accepted
        | MessageState::InReview
        | MessageState::InDoubt => None,
        MessageState::Sent => Some("sent"),
        MessageState::Delivered => Some("delivered"),
        MessageState::Read => Some("read"),
        MessageState::Failed
        | MessageState::Excluded
        | MessageState::Expired
        | MessageState::Undelivered
        | MessageState::Cancelled => Some("failed"),
    }
}

/// Why a message did not arrive.
pub(super) fn why(language: Language, ticks: &Ticks) -> String {
    match ticks.failure_code {
        Some(code) if ticks.state == MessageState::Failed => failure(language, code),
        _ => say(language, &format!("chatwoot.{}", ticks.state.as_str()), &[]),
    }
}

/// The text of a line: what the person wrote, or what they received; of a campaign's message with its title.
pub(super) fn text(language: Language, line: &Bubble, campaign: Option<&str>) -> String {
    match &line.shown {
        Shown::Text { body } => body.clone(),
        Shown::Reply { content } => {
            let said = label::line(language, content);
            match &line.referral {
                Some(from) => {
                    let title = [("title", from.title().unwrap_or_default())];
                    format!("{}\n\n{said}", say(language, "chatwoot.came_by", &title))
                }
                None => said,
            }
        }
        Shown::Template { text } | Shown::Free { text, .. } => {
            let title = campaign.filter(|_| line.author.is_empty() && matches!(line.shown, Shown::Template { .. }));
            let title = title.map(|title| say(language, "chatwoot.campaign", &[("title", title)]));
            let buttons = text.buttons.iter().map(|button| format!("[{}]", button.text)).collect::<Vec<_>>().join(" ");
            let offer = text.offer.as_ref().map(|offer| offer.text.as_str());
            let parts = [title.as_deref(), text.header.as_deref(), offer, Some(&text.body), text.footer.as_deref()];
            let cards = text.cards.iter().map(|card| card.body.as_str());
            parts
                .into_iter()
                .flatten()
                .chain([buttons.as_str()])
                .chain(cards)
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join("\n\n")
        }
    }
}

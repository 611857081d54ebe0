//! A thread's lines as bubbles: the exact text a person received, what they wrote, what we answered.

use crate::domain::event::ReplyContent;
use crate::domain::fill::{Content, Rendered};
use crate::domain::id::MessageId;
use crate::domain::message::MessageState as S;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::UnixMs;
use crate::inbox::label;
use crate::store::entry::{Direction, Line};
use crate::store::message::LEFT;

use super::page::Page;
use super::row_words;

/// One bubble.
pub struct Bubble {
    /// `in`, `out` or `note`.
    pub side: &'static str,
    /// Who speaks: the campaign, the agent; empty for the person.
    pub from: String,
    /// The words.
    pub text: Rendered,
    /// True when it is media or a place, shown by its label.
    pub media: bool,
    /// When.
    pub at: UnixMs,
    /// `✓✓` with its meaning.
    pub tick: Option<Tick>,
    /// What went wrong, in words.
    pub problem: Option<String>,
    /// The message, where nobody knows whether it left: a person says.
    pub doubt: Option<MessageId>,
}

/// How far our message came.
pub struct Tick {
    /// The signs.
    pub sign: &'static str,
    /// True for read.
    pub read: bool,
    /// The same in words.
    pub words: String,
}

/// The bubble of a line. `campaign` names where a message without author comes from.
pub fn of(p: &Page, line: &Line, campaign: &str) -> Bubble {
    match line.direction {
        Direction::Out => out(p, line, campaign),
        Direction::In | Direction::Note => written(p, line),
    }
}

fn written(p: &Page, line: &Line) -> Bubble {
    let content: Option<ReplyContent> = serde_json::from_str(&line.content).ok();
    let media =
        !matches!(content, Some(ReplyContent::Text { .. } | ReplyContent::Button { .. } | ReplyContent::Choice { .. }));
    let body = content.map_or_else(String::new, |c| label::line(p.language, &c));
    let (side, from) = match line.direction {
        Direction::Note => ("note", p.say("web.thread.note_by", &[("who", &line.author)])),
        _ => ("in", line.author.clone()),
    };
    Bubble {
        side,
        from,
        text: Rendered { body, ..Rendered::default() },
        media: media && side == "in",
        at: line.at,
        tick: None,
        problem: None,
        doubt: None,
    }
}

fn out(p: &Page, line: &Line, campaign: &str) -> Bubble {
    let content: Option<Content> = line.message_content.as_deref().and_then(|json| serde_json::from_str(json).ok());
    let from = match (&content, line.author.is_empty()) {
        _ if line.test_of.is_some() => p.say("web.test.from", &[("who", &line.author)]),
        (Some(Content::Template { .. }), true) => p.say("web.thread.from_campaign", &[("campaign", campaign)]),
        (_, true) => p.t("web.thread.automatic"),
        (_, false) => line.author.clone(),
    };
    Bubble {
        side: "out",
        from,
        text: content.and_then(|c| c.rendered(|| snapshot(line))).unwrap_or_default(),
        media: false,
        at: line.sent_at.unwrap_or(line.at),
        tick: line.state.and_then(|s| tick(p, s)),
        problem: line.state.and_then(|s| problem(p, s, line)),
        doubt: line.message_id.filter(|_| line.state == Some(S::InDoubt)),
    }
}

/// The run's template, for a message that carries none of its own.
fn snapshot(line: &Line) -> Option<Snapshot> {
    serde_json::from_str(line.template.as_deref()?).ok()
}

fn tick(p: &Page, state: S) -> Option<Tick> {
    let sign = match state {
        S::Queued | S::Claimed => "◷",
        S::Accepted | S::InReview | S::Sent => "✓",
        S::Delivered | S::Read => "✓✓",
        S::Failed | S::Excluded | S::Expired | S::Undelivered | S::Cancelled | S::InDoubt => return None,
    };
    Some(Tick { sign, read: state == S::Read, words: p.t(&format!("web.state.{}", state.as_str())) })
}

fn problem(p: &Page, state: S, line: &Line) -> Option<String> {
    match state {
        S::Failed => Some(p.say("web.message.failed", &[("why", &row_words::failure(p, line.failure_code))])),
        S::Excluded => {
            Some(p.say("web.message.not_sent", &[("why", &row_words::reason(p, line.end_reason.as_deref()))]))
        }
        S::Expired | S::Undelivered | S::InDoubt => Some(p.t(&format!("web.message.{}", state.as_str()))),
        S::Cancelled if line.end_reason.as_deref() == Some(LEFT) => Some(p.t("web.message.left_in_doubt")),
        S::Cancelled => Some(row_words::cancelled(p, line.cancelled_by.as_deref())),
        _ => None,
    }
}

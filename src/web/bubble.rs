//! A thread's lines as bubbles: the exact text a person received, what they wrote, what we answered.

use crate::domain::event::{EchoApp, MediaKind, Referral, ReplyContent};
use crate::domain::fill::{Content, Rendered};
use crate::domain::id::{EntryId, MessageId};
use crate::domain::media::{MediaState, is_read};
use crate::domain::message::MessageState as S;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::UnixMs;
use crate::inbox::label;
use crate::store::conversation::{Conversation, Panel};
use crate::store::entry::{self, Direction, Line};
use crate::store::media::{self, Attachment};
use crate::store::message::LEFT;

use super::conversation::campaign_label;
use super::error::WebError;
use super::page::Page;
use super::row_words;
use super::state::WebState;
use super::words;

/// Letters of what is quoted.
const QUOTED: usize = 160;

/// One bubble.
#[derive(Clone)]
pub struct Bubble {
    /// The line it shows.
    pub id: EntryId,
    /// `in`, `out` or `note`.
    pub side: &'static str,
    /// Who speaks: the campaign, the agent; empty for the person.
    pub from: String,
    /// What they did, where it is more than writing: `Tapped a button`.
    pub did: Option<String>,
    /// The ad or post that led them to write.
    pub referral: Option<CameBy>,
    /// What it quotes.
    pub quote: Option<Quote>,
    /// The words.
    pub text: Rendered,
    /// True when it is media or a place, shown by its label.
    pub media: bool,
    /// What came or went with it.
    pub file: Option<File>,
    /// Where a place is, as an address that maps open.
    pub place: Option<String>,
    /// When.
    pub at: UnixMs,
    /// `✓✓` with its meaning.
    pub tick: Option<Tick>,
    /// What went wrong, in words.
    pub problem: Option<String>,
    /// The message, where nobody knows whether it left: a person says.
    pub doubt: Option<MessageId>,
    /// Whether an answer can quote it: the provider has a name for it.
    pub can_be_quoted: bool,
}

impl Bubble {
    /// As something that quotes it shows it.
    pub fn as_quote(&self) -> Quote {
        let attachment = if self.media || self.file.is_some() { "📎 " } else { "" };
        let text = match &self.file {
            Some(file) => excerpt(&format!("{} {} {}", file.what, file.name, self.text.body)),
            None => excerpt(&self.text.body),
        };
        Quote {
            id: self.id,
            href: format!("#e{}", self.id),
            who: self.from.clone(),
            text: format!("{attachment}{text}"),
        }
    }
}

/// The ad or post that led a person to write.
#[derive(Clone)]
pub struct CameBy {
    /// What it was and says.
    pub words: String,
    /// Where it can be seen.
    pub href: Option<String>,
}

/// What is quoted, in short.
#[derive(Clone)]
pub struct Quote {
    /// The line.
    pub id: EntryId,
    /// Where it is.
    pub href: String,
    /// Whose words; empty for the person's.
    pub who: String,
    /// How it begins.
    pub text: String,
}

/// An attachment as the page shows it.
#[derive(Clone)]
pub struct File {
    /// How: `image`, `audio`, `video`, `document` in a frame, `file` to be opened, or `none`: it is not here.
    pub shown: &'static str,
    /// Where it is.
    pub href: String,
    /// What it is, in words.
    pub what: String,
    /// Its name; empty where it has none.
    pub name: String,
    /// How large it is.
    pub size: String,
    /// Why it is not here.
    pub why: Option<String>,
}

/// How far our message came.
#[derive(Clone)]
pub struct Tick {
    /// The signs.
    pub sign: &'static str,
    /// True for read.
    pub read: bool,
    /// The same in words.
    pub words: String,
}

/// The thread of a conversation.
pub async fn thread(state: &WebState, p: &Page, c: &Conversation, panel: &Panel) -> Result<Vec<Bubble>, WebError> {
    let lines = entry::lines(state.store(), c.id).await?;
    let (here, elsewhere) = entry::quotes(&lines);
    let mut bubbles: Vec<Bubble> = lines.iter().map(|line| of(p, line, panel)).collect();
    for at in 0..bubbles.len() {
        let Some(quoted) = here.get(&bubbles[at].id) else { continue };
        bubbles[at].quote = bubbles.iter().find(|b| b.id == *quoted).map(Bubble::as_quote);
    }
    for attachment in media::of_conversation(state.store(), c.id).await? {
        let of = lines.iter().position(|line| match attachment.entry_id {
            Some(entry) => line.id == entry,
            None => line.direction == Direction::Out && !line.is_echo() && line.message_id == attachment.message_id,
        });
        if let Some(at) = of {
            bubbles[at].file = Some(file(p, &attachment));
            bubbles[at].text = Rendered { body: caption(&lines[at]).unwrap_or_default(), ..Rendered::default() };
        }
    }
    // The person's earlier conversations; what was never here (an ad, another phone's) is not shown.
    for (id, quoted) in elsewhere {
        let Some(line) = entry::quoted(state.store(), c.id, &quoted).await? else { continue };
        let mut quote = of(p, &line, panel).as_quote();
        if line.conversation_id != c.id {
            quote.href = format!("/conversations/{}{}", line.conversation_id, quote.href);
        }
        if let Some(bubble) = bubbles.iter_mut().find(|b| b.id == id) {
            bubble.quote = Some(quote);
        }
    }
    Ok(bubbles)
}

/// The words that came with an attachment.
fn caption(line: &Line) -> Option<String> {
    if line.direction == Direction::Out && !line.is_echo() {
        return match serde_json::from_str(line.message_content.as_deref()?).ok()? {
            Content::Free { free, .. } => free.attached()?.caption.clone(),
            Content::Template { .. } | Content::Text { .. } => None,
        };
    }
    match serde_json::from_str(&line.content).ok()? {
        ReplyContent::Media(media) => media.caption,
        _ => None,
    }
}

fn file(p: &Page, of: &Attachment) -> File {
    let shown = match (of.state, of.kind) {
        (MediaState::Here, MediaKind::Image | MediaKind::Sticker) if of.mime_type.starts_with("image/") => "image",
        (MediaState::Here, MediaKind::Audio | MediaKind::Voice) if of.mime_type.starts_with("audio/") => "audio",
        (MediaState::Here, MediaKind::Video) if of.mime_type.starts_with("video/") => "video",
        (MediaState::Here, _) if is_read(&of.mime_type) => "document",
        (MediaState::Here, _) => "file",
        _ => "none",
    };
    let why = match of.state {
        MediaState::Here => None,
        MediaState::Waiting => Some(p.t("web.attachment.waiting")),
        MediaState::Gone => Some(p.t("web.attachment.gone")),
        MediaState::Refused => Some(p.word(&format!("web.attachment.{}", of.reason), &of.reason)),
    };
    File {
        shown,
        href: format!("/media/{}", of.id),
        what: p.t(label::media_key(of.kind)),
        name: of.filename.clone(),
        size: of.size.map_or_else(String::new, |bytes| words::size(p.language, bytes)),
        why,
    }
}

fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= QUOTED { line } else { line.chars().take(QUOTED).chain(['…']).collect() }
}

/// The bubble of a line.
fn of(p: &Page, line: &Line, panel: &Panel) -> Bubble {
    match line.direction {
        Direction::Out if !line.is_echo() => out(p, line, panel),
        Direction::In | Direction::Out | Direction::Note => written(p, line),
    }
}

fn written(p: &Page, line: &Line) -> Bubble {
    let content: Option<ReplyContent> = serde_json::from_str(&line.content).ok();
    let did = match &content {
        Some(ReplyContent::Button { .. }) => Some(p.t("web.thread.tapped")),
        Some(ReplyContent::Choice { .. }) => Some(p.t("web.thread.chose")),
        _ => None,
    };
    let place = match &content {
        Some(ReplyContent::Location { latitude, longitude, .. }) => Some(format!("{latitude},{longitude}")),
        _ => None,
    };
    let media = matches!(content, Some(ReplyContent::Media(_) | ReplyContent::Location { .. }));
    let body = content.map_or_else(String::new, |c| label::line(p.language, &c));
    let (side, from) = match line.direction {
        Direction::Note => ("note", p.say("web.thread.note_by", &[("who", &line.author)])),
        Direction::Out => ("out", elsewhere(p, &line.author).unwrap_or_else(|| line.author.clone())),
        Direction::In => ("in", line.author.clone()),
    };
    Bubble {
        id: line.id,
        side,
        from,
        did,
        referral: line.came_by().map(|told| came_by(p, &told)),
        quote: None,
        text: Rendered { body, ..Rendered::default() },
        media: media && side != "note",
        file: None,
        place,
        at: line.at,
        tick: None,
        problem: None,
        doubt: None,
        can_be_quoted: side != "note" && line.called().is_some(),
    }
}

/// Where the house wrote it, if not here, in words.
pub fn elsewhere(p: &Page, author: &str) -> Option<String> {
    Some(p.t(match EchoApp::of_author(author)? {
        EchoApp::Phone => "web.thread.phone_app",
        EchoApp::Other => "web.thread.other_system",
    }))
}

fn came_by(p: &Page, told: &Referral) -> CameBy {
    let key = if told.kind == "post" { "web.thread.came_by_post" } else { "web.thread.came_by_ad" };
    let words = match told.title() {
        Some(title) => format!("{}: {title}", p.t(key)),
        None => p.t(key),
    };
    CameBy { words, href: told.link().map(str::to_owned) }
}

fn out(p: &Page, line: &Line, panel: &Panel) -> Bubble {
    let content: Option<Content> = line.message_content.as_deref().and_then(|json| serde_json::from_str(json).ok());
    let from = match (&content, line.author.is_empty()) {
        _ if line.test_of.is_some() => p.say("web.test.from", &[("who", &line.author)]),
        (Some(Content::Template { .. }), true) => {
            let title = line.campaign_title.as_deref().or(panel.campaign_title.as_deref());
            p.say("web.thread.from_campaign", &[("campaign", &campaign_label(p, title, line.row_no))])
        }
        (Some(Content::Template { .. }), false) => p.say("web.thread.template_by", &[("who", &line.author)]),
        (_, true) => p.t("web.thread.automatic"),
        (_, false) => line.author.clone(),
    };
    Bubble {
        id: line.id,
        side: "out",
        from,
        did: None,
        referral: None,
        quote: None,
        text: content.and_then(|c| c.rendered(|| snapshot(line))).unwrap_or_default(),
        media: false,
        file: None,
        place: None,
        at: line.sent_at.unwrap_or(line.at),
        tick: line.state.and_then(|s| tick(p, s)),
        problem: line.state.and_then(|s| problem(p, s, line)),
        doubt: line.message_id.filter(|_| line.state == Some(S::InDoubt)),
        can_be_quoted: line.called().is_some() && line.state.is_some_and(|s| tick(p, s).is_some()),
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

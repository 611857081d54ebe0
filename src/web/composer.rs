//! Where answers are written: the window's banner, the text so far, what it quotes, canned answers and templates at hand.

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::domain::free::fits;
use crate::domain::id::EntryId;
use crate::domain::media::OPAQUE;
use crate::domain::role::Right;
use crate::domain::template::TemplateStatus;
use crate::domain::time::UnixMs;
use crate::engine::Seen;
use crate::engine::canned::FilledCanned;
use crate::store::conversation::{Conversation, ConversationState, Panel};
use crate::store::secret::Secret;
use crate::store::{template, user};

use super::actor::Actor;
use super::away;
use super::bubble::{Bubble, Quote};
use super::canned;
use super::error::WebError;
use super::form::Form;
use super::holds;
use super::page::Page;
use super::state::WebState;
use super::words;

/// WhatsApp takes no longer text.
pub const LONGEST: usize = 4_096;

/// A text part of a form is no longer than this many bytes.
const LONGEST_PART: usize = 64 * 1024;

/// What is in the composer before anybody types: from the address, or from an answer that was refused.
#[derive(Default, Clone)]
pub struct Begun {
    /// The text.
    pub text: String,
    /// The line it quotes.
    pub quote: Option<EntryId>,
    /// The canned answers it was made from.
    pub canned: Vec<i64>,
    /// What stood in the way.
    pub problems: Vec<String>,
    /// The last line that its author had seen when a colleague answered first.
    pub overtaken: Option<i64>,
    /// The last line that whoever closed or decided had seen when more came in.
    pub since: Option<i64>,
}

/// The same from an address: without JavaScript links put these things there.
#[derive(Deserialize, Default)]
pub struct BegunAsked {
    canned: Option<i64>,
    quote: Option<i64>,
    since: Option<i64>,
}

impl From<BegunAsked> for Begun {
    fn from(asked: BegunAsked) -> Self {
        let canned = asked.canned.into_iter().collect();
        Self { quote: asked.quote.map(EntryId), canned, since: asked.since, ..Self::default() }
    }
}

/// A template to pick by `/`.
pub struct Shelf {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// How its text begins.
    pub excerpt: String,
}

/// What the composer shows.
pub struct Composer {
    /// Whether an answer can be written now.
    pub can: bool,
    /// A colleague has it. What was written before that may be sent, and comes back with what they wrote.
    pub taken: bool,
    /// How long, or why not.
    pub banner: String,
    /// What stands still, so that an answer stays in line.
    pub stopped: Vec<String>,
    /// When the window ends, while an answer can be written.
    pub until: Option<UnixMs>,
    /// The text so far.
    pub text: String,
    /// What it quotes.
    pub quote: Option<Quote>,
    /// The canned answers it was made from.
    pub used: Vec<i64>,
    /// What stood in the way.
    pub problems: Vec<String>,
    /// Canned answers, filled for this conversation.
    pub canned: Vec<FilledCanned>,
    /// Templates to pick.
    pub templates: Vec<Shelf>,
    /// Whether a template can be sent: there is a number, and whoever looks may.
    pub may_send: bool,
    /// Ends of files that can be sent with the most bytes of each, as `jpg:5242880 …`.
    pub files: String,
    /// Makes the form, sent again, say what became of it the first time.
    pub once: String,
    /// Characters of an answer.
    pub longest: usize,
}

impl Composer {
    /// Of a conversation whose thread shows `bubbles`.
    pub async fn of(
        (state, actor, p): (&WebState, &Actor, &Page),
        (c, panel): (&Conversation, &Panel),
        bubbles: &[Bubble],
        begun: Begun,
    ) -> Result<Self, WebError> {
        let (agent, teams) = canned::teams_in(state, actor, c.team.as_deref()).await?;
        let canned = state.engine.canned_in(c.id, (&agent, &teams), p.language).await?;
        let why_not = why_not(state, actor, p, c).await?;
        let open = c.window_until.filter(|_| why_not.is_none());
        let mut text = begun.text;
        if text.is_empty() {
            let chosen = canned.iter().filter(|canned| begun.canned.contains(&canned.id));
            text = chosen.map(|canned| canned.text.as_str()).collect::<Vec<_>>().join("\n");
        }
        let quoted = begun.quote.and_then(|id| bubbles.iter().find(|b| b.id == id && b.can_be_quoted));
        let may_send = actor.may(Right::SendByHand) && panel.phone.is_some();
        Ok(Self {
            can: open.is_some(),
            taken: why_not.is_some() && c.assignee.is_some() && c.bot.is_none() && is_open(c, p),
            banner: away::beside(state, p, c, why_not.unwrap_or_else(|| window(p, c.window_until))),
            stopped: holds::stopped(state, p, &c.sender).await?,
            until: open,
            text,
            quote: quoted.map(Bubble::as_quote),
            used: begun.canned,
            problems: begun.problems,
            templates: if may_send { shelf(state, &c.account).await? } else { Vec::new() },
            canned,
            may_send,
            files: files(state, &c.account),
            once: Secret::draw("").shown,
            longest: LONGEST,
        })
    }

    /// The ids of the canned answers used, as the form carries them.
    pub fn used(&self) -> String {
        self.used.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }
}

/// The window's sentence with a place for the time, for the browser to count down.
pub fn counting(p: &Page) -> String {
    p.say("web.window.open", &[("t", "{t}")])
}

/// `You can write for 3 h 20 min`, that the window is closed, or that the person has not written yet.
pub fn window(p: &Page, until: Option<UnixMs>) -> String {
    match until.filter(|until| *until > p.now) {
        Some(until) => p.say("web.window.open", &[("t", &words::duration(p.language, until.since(p.now)))]),
        None if until.is_none() => p.t("web.window.never"),
        None => p.t("web.window.closed"),
    }
}

/// The same in one word for a list: `3 h 20 min` left, or only templates.
pub fn window_short(p: &Page, until: Option<UnixMs>) -> String {
    match until.filter(|until| *until > p.now) {
        Some(until) => p.say("web.window.left", &[("t", &words::duration(p.language, until.since(p.now)))]),
        None => p.t("web.window.templates"),
    }
}

fn is_open(c: &Conversation, p: &Page) -> bool {
    c.state == ConversationState::Open && c.window_until.is_some_and(|until| until > p.now)
}

/// Why `actor` cannot write now, in words; `None` when they can.
async fn why_not(state: &WebState, actor: &Actor, p: &Page, c: &Conversation) -> Result<Option<String>, WebError> {
    if c.state == ConversationState::Closed {
        return Ok(Some(p.t("web.thread.is_closed")));
    }
    if c.window_until.is_none_or(|until| until <= p.now) {
        return Ok(Some(window(p, c.window_until)));
    }
    if let Some(bot) = &c.bot {
        return Ok(Some(p.say("web.handover.bot_has_it", &[("bot", bot)])));
    }
    if let Some(owner) = c.assignee.filter(|owner| Some(*owner) != actor.user) {
        let name = user::by_id(state.store(), owner).await?.map_or_else(String::new, |u| u.name);
        return Ok(Some(p.say("web.thread.is_others", &[("who", &name)])));
    }
    Ok(None)
}

/// What browsers call the types of files that have no end of a name to go by; all others are documents.
const TYPES: [(&str, &str); 11] = [
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("webp", "image/webp"),
    ("ogg", "audio/ogg"),
    ("aac", "audio/aac"),
    ("amr", "audio/amr"),
    ("mp3", "audio/mpeg"),
    ("m4a", "audio/mp4"),
    ("mp4", "video/mp4"),
    ("3gp", "video/3gpp"),
];

/// Ends of documents' names.
const DOCUMENTS: [&str; 9] = ["pdf", "txt", "csv", "doc", "docx", "xls", "xlsx", "ppt", "pptx"];

/// What an account's provider takes.
fn files(state: &WebState, account: &str) -> String {
    let Some(account) = state.config().accounts.get(account) else { return String::new() };
    let through = account.access.kind().dialect();
    let documents = DOCUMENTS.map(|end| (end, if end == "pdf" { "application/pdf" } else { OPAQUE }));
    let most =
        |(end, mime): (&str, &str)| Some(format!("{end}:{}", fits(mime, &format!("x.{end}"), false, through)?.most));
    TYPES.into_iter().chain(documents).filter_map(most).collect::<Vec<_>>().join(" ")
}

async fn shelf(state: &WebState, account: &str) -> Result<Vec<Shelf>, WebError> {
    let mut templates = template::list(state.store(), account).await?;
    templates.retain(|t| t.status == TemplateStatus::Approved);
    let shelf = |t: crate::domain::template::Template| Shelf {
        excerpt: super::gallery::excerpt(&t.body),
        name: t.name,
        language: t.language,
    };
    Ok(templates.into_iter().map(shelf).collect())
}

/// What an agent answers, as a page or a program sends it.
#[derive(Default, Debug, Clone)]
pub struct NewAnswer {
    /// The text.
    pub text: String,
    /// The line of the thread that it quotes.
    pub quote: Option<EntryId>,
    /// The canned answers it was made from: their places must be filled.
    pub canned: Vec<i64>,
    /// What whoever answers had before their eyes.
    pub seen: Seen,
    /// What goes with it.
    pub file: Option<BroughtFile>,
    /// The form's own key; empty: it has none.
    pub once: String,
}

impl NewAnswer {
    /// Everything that makes it another answer.
    pub fn request(&self) -> String {
        let file = self.file.as_ref().map(|file| (&file.name, Sha256::digest(&file.bytes)));
        format!("{:?}", (&self.text, self.quote, &self.canned, self.seen, file))
    }
}

/// A file that somebody brings.
#[derive(Clone, Debug)]
pub struct BroughtFile {
    /// What it is called.
    pub name: String,
    /// Its bytes.
    pub bytes: Bytes,
}

#[derive(Deserialize, Default)]
struct AnswerForm {
    #[serde(default)]
    text: String,
    #[serde(default)]
    quote: String,
    #[serde(default)]
    canned: String,
    #[serde(default)]
    seen: String,
    #[serde(default)]
    anyway: String,
    #[serde(default)]
    once: String,
}

impl From<AnswerForm> for NewAnswer {
    fn from(form: AnswerForm) -> Self {
        Self {
            // Browsers send two characters for the end of a line.
            text: form.text.replace("\r\n", "\n"),
            quote: form.quote.trim().parse().ok().map(EntryId),
            canned: form.canned.split_whitespace().filter_map(|id| id.parse().ok()).collect(),
            seen: Seen { last: form.seen.trim().parse().ok().map(EntryId), anyway: !form.anyway.is_empty() },
            once: form.once,
            file: None,
        }
    }
}

impl FromRequest<WebState> for NewAnswer {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &WebState) -> Result<Self, WebError> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("multipart/form-data") {
            let form = Form::<AnswerForm>::from_request(request, state).await;
            return form.map(|Form(form)| form.into());
        }
        let mut parts = Multipart::from_request(request, state).await.map_err(WebError::cut_off)?;
        let (mut form, mut file) = (AnswerForm::default(), None);
        while let Some(field) = parts.next_field().await.map_err(WebError::cut_off)? {
            let name = field.name().unwrap_or_default().to_owned();
            let called = field.file_name().unwrap_or_default().to_owned();
            let bytes = field.bytes().await.map_err(WebError::cut_off)?;
            if name == "file" {
                // A browser sends an empty one where none was chosen.
                file = (!called.is_empty()).then_some(BroughtFile { name: called, bytes });
                continue;
            }
            let into = match name.as_str() {
                "text" => &mut form.text,
                "quote" => &mut form.quote,
                "canned" => &mut form.canned,
                "seen" => &mut form.seen,
                "anyway" => &mut form.anyway,
                "once" => &mut form.once,
                _ => continue,
            };
            if bytes.len() > LONGEST_PART {
                return Err(WebError::TooLarge);
            }
            *into = String::from_utf8(bytes.into()).map_err(|_| WebError::Bad("not_utf8"))?;
        }
        Ok(Self { file, ..form.into() })
    }
}

//! What every page has: language, navigation, who is signed in, how times and numbers are written.

use std::borrow::Borrow;
use std::convert::Infallible;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::Html;
use jiff::tz::TimeZone;

use crate::domain::money::Micros;
use crate::domain::role::Right;
use crate::domain::time::UnixMs;
use crate::locale::{self, Language};
use crate::store::conversation::{self, News};
use crate::store::secret::Secret;
use crate::store::user;

use super::actor::{self, Actor};
use super::asset::{ADDRESSES, Addresses};
use super::error::WebError;
use super::state::WebState;
use super::words;

/// The frame of a page. Handlers take it as an argument and put it into their template as `p`.
pub struct Page {
    /// Language of every sentence.
    pub language: Language,
    /// Who is signed in.
    pub actor: Option<Actor>,
    /// The time the page is made, on the daemon's clock.
    pub now: UnixMs,
    /// Whose clock its times are on.
    pub zone: TimeZone,
    /// Addresses of style sheet, script and icon.
    pub assets: &'static Addresses,
    path: String,
    flash: Option<String>,
    upload_limit: u64,
    news: Option<Unread>,
}

/// What whoever converses has not read, as every page tells it.
#[derive(Clone, Copy, Debug)]
pub struct Unread {
    /// How much, and the newest line of it.
    pub news: News,
    /// Whether a sound is made when more comes.
    pub sound: bool,
}

/// An entry of the navigation.
pub struct NavItem {
    /// Where it leads.
    pub href: &'static str,
    /// Its words.
    pub label: String,
    /// `page` when we are there.
    pub current: bool,
}

/// Address, last part of the locale key, right it takes.
const NAVIGATION: [(&str, &str, Right); 15] = [
    ("/campaigns", "campaigns", Right::ReadCampaigns),
    ("/conversations", "conversations", Right::Converse),
    ("/tickets", "tickets", Right::Converse),
    ("/canned-answers", "canned", Right::WriteCanned),
    ("/send", "send", Right::SendByHand),
    ("/templates", "templates", Right::ReadCampaigns),
    ("/costs", "costs", Right::ReadCosts),
    ("/holds", "holds", Right::ReadCampaigns),
    ("/doubt", "doubt", Right::ReadPeople),
    ("/people", "people", Right::ReadPeople),
    ("/suppressions", "suppressions", Right::Suppress),
    ("/doctor", "doctor", Right::ReadAudit),
    ("/audit", "audit", Right::ReadAudit),
    ("/outgoing", "outgoing", Right::TellOthers),
    ("/users", "users", Right::ManageUsers),
];

impl FromRequestParts<WebState> for Page {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Infallible> {
        let actor = parts.extensions.get::<Actor>().cloned();
        let language = actor::language(actor.as_ref(), &parts.headers);
        let mut page = Self::new(state, actor, language, parts.uri.path());
        page.flash = flash(language, parts.uri.query().unwrap_or_default());
        page.read_news(state).await;
        Ok(page)
    }
}

/// What just happened, from `?done=<word>&n=<count>` of the address a form led to.
fn flash(language: Language, query: &str) -> Option<String> {
    let value =
        |key: &str| url::form_urlencoded::parse(query.as_bytes()).find(|(k, _)| k == key).map(|(_, v)| v.into_owned());
    let done = value("done")?;
    let key = format!("web.done.{done}");
    let n = value("n").filter(|n| n.bytes().all(|b| b.is_ascii_digit())).unwrap_or_default();
    locale::sentences(language).contains_key(&key).then(|| locale::say(language, &key, &[("n", &n)]))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass what they show by reference")]
impl Page {
    /// A page's frame outside of a handler.
    pub fn new(state: &WebState, actor: Option<Actor>, language: Language, path: &str) -> Self {
        Self {
            language,
            actor,
            now: state.now(),
            zone: state.zone(),
            assets: &ADDRESSES,
            path: path.to_owned(),
            flash: None,
            upload_limit: state.config().server.upload_limit,
            news: None,
        }
    }

    /// Reads what whoever is signed in has not read: again where a handler marks something as read. A page is shown without
    /// it when the store does not say.
    pub async fn read_news(&mut self, state: &WebState) {
        let reader = self.actor.as_ref().filter(|a| a.may(Right::Converse)).and_then(|a| a.user);
        let Some(reader) = reader else { return };
        let store = state.store();
        let told = tokio::join!(conversation::news(store, reader), user::sound(store, reader));
        if let (Ok(news), Ok(sound)) = told {
            self.news = Some(Unread { news, sound });
        }
    }

    /// What whoever converses has not read.
    pub fn news(&self) -> Option<&Unread> {
        self.news.as_ref()
    }

    /// The sentence of `key`.
    pub fn t(&self, key: &str) -> String {
        locale::say(self.language, key, &[])
    }

    /// The sentence of `key` with its placeholders filled.
    pub fn say(&self, key: &str, args: &[(&str, &str)]) -> String {
        locale::say(self.language, key, args)
    }

    /// The sentence of `key` with its one placeholder `n`.
    pub fn n(&self, key: &str, n: impl Borrow<i64>) -> String {
        locale::say(self.language, key, &[("n", &self.number(n))])
    }

    /// The sentence of `key`, which is made from a word of data; a word that has none stands for itself.
    pub fn word(&self, key: &str, word: &str) -> String {
        if locale::sentences(self.language).contains_key(key) { self.t(key) } else { word.to_owned() }
    }

    /// A header as it is shown: of one that is no text the kind (`[image]`) in words.
    pub fn header(&self, shown: &str) -> String {
        let Some((kind, rest)) = shown.strip_prefix('[').and_then(|shown| shown.split_once(']')) else {
            return shown.to_owned();
        };
        format!("[{}]{rest}", self.word(&format!("web.template_header.{kind}"), kind))
    }

    /// Shows times on the clock of an account, where there is one of that name.
    pub fn go_by_clock_of(&mut self, state: &WebState, account: &str) {
        if let Some(account) = state.config().accounts.get(account) {
            self.zone = account.timezone.clone();
        }
    }

    /// Whether who is signed in has a right.
    pub fn may(&self, right: &Right) -> bool {
        self.actor.as_ref().is_some_and(|a| a.may(*right))
    }

    /// How many bytes a file may have that is sent from here.
    pub fn most(&self) -> u64 {
        self.upload_limit
    }

    /// What is said of a larger one.
    pub fn too_large(&self) -> String {
        self.say("reading.large", &[("limit", &super::words::bytes_short(self.upload_limit))])
    }

    /// The token of the session's forms.
    pub fn csrf(&self) -> &str {
        self.actor.as_ref().and_then(|a| a.csrf.as_deref()).unwrap_or_default()
    }

    /// A key for a form that does its work once.
    pub fn once() -> String {
        Secret::draw("").shown
    }

    /// `en`, `es`, `pt`.
    pub fn lang(&self) -> &'static str {
        self.language.as_str()
    }

    /// What just happened, if the page follows a form.
    pub fn flash(&self) -> Option<&str> {
        self.flash.as_deref()
    }

    /// Where we are, to come back to.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Name of who is signed in.
    pub fn user_name(&self) -> &str {
        self.actor.as_ref().map_or("", |a| a.name.as_str())
    }

    /// What who is signed in is.
    pub fn role(&self) -> String {
        self.actor.as_ref().map_or_else(String::new, |a| self.t(&format!("web.role.{}", a.role.as_str())))
    }

    /// The entries that the role may open.
    pub fn nav(&self) -> Vec<NavItem> {
        let Some(actor) = &self.actor else { return Vec::new() };
        NAVIGATION
            .iter()
            .filter(|(_, _, right)| actor.may(*right))
            .map(|(href, key, _)| NavItem {
                href,
                label: self.t(&format!("web.nav.{key}")),
                current: self.path.starts_with(href)
                    || (*key == "campaigns" && ["/runs", "/drafts"].iter().any(|under| self.path.starts_with(under)))
                    || (*key == "templates"
                        && ["/template-drafts", "/variables"].iter().any(|p| self.path.starts_with(p))),
            })
            .collect()
    }

    /// `in 3 hours · Tue 24 Nov, 14:30 (Buenos Aires)` as a `<time>`; both parts are plain words.
    pub fn time(&self, at: &UnixMs) -> String {
        format!(
            "<time datetime=\"{at}\"><span class=\"rel\">{}</span> <span class=\"abs\">{}</span></time>",
            words::relative(self.language, *at, self.now),
            self.clock_time(at)
        )
    }

    /// `Tue 24 Nov, 14:30 (Buenos Aires)`.
    pub fn clock_time(&self, at: &UnixMs) -> String {
        words::absolute(self.language, *at, &self.zone, self.now)
    }

    /// `14:30` of today, `Tue 24 Nov, 14:30` of another day.
    pub fn hour(&self, at: &UnixMs) -> String {
        words::hour(self.language, *at, &self.zone, self.now)
    }

    /// `Buenos Aires`: whose clock times are on.
    pub fn place(&self) -> String {
        words::place(&self.zone)
    }

    /// `3 hours ago`, `in 5 minutes`.
    pub fn relative(&self, at: &UnixMs) -> String {
        words::relative(self.language, *at, self.now)
    }

    /// `28 h`: how long it has been going on.
    pub fn lasting(&self, since: &UnixMs) -> String {
        words::duration(self.language, self.now.since(*since))
    }

    /// `12,400` or `12.400`.
    pub fn number(&self, n: impl Borrow<i64>) -> String {
        words::number(self.language, *n.borrow())
    }

    /// What stands in the way of a campaign, as it was noted with it.
    pub fn noted(&self, stored: &str) -> String {
        locale::page_noted(self.language, stored)
    }

    /// `USD 12.40`, in the language's own separators.
    pub fn money(&self, amount: &Micros, currency: &str) -> String {
        words::money(self.language, *amount, currency)
    }
}

/// A template as an answer.
pub fn html(template: &impl Template) -> Result<Html<String>, WebError> {
    Ok(Html(template.render()?))
}

/// Cuts lines, of which one more was asked for than `page` shows; the last one that stays, when more follow.
pub fn cut<T>(lines: &mut Vec<T>, page: i64) -> Option<&T> {
    let page = usize::try_from(page).unwrap_or(usize::MAX);
    let more = lines.len() > page;
    lines.truncate(page);
    lines.last().filter(|_| more)
}

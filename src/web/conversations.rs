//! The list of conversations: mine, nobody's, my team's, all; of these those that can be answered, unless others are
//! asked for. Whoever waits longest comes first.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Html;
use serde::Deserialize;

use crate::domain::event::ReplyContent;
use crate::domain::id::ConversationId;
use crate::domain::time::UnixMs;
use crate::inbox::label;
use crate::locale::Language;
use crate::store::conversation::{self, ConversationFilter, ConversationLine, Cursor, Show, View};

use super::actor::Actor;
use super::error::WebError;
use super::page::{Page, cut, html};
use super::state::WebState;

/// Conversations on one page: a desk's whole day, so that who can still be answered is seen beside who waits longest.
const PAGE: i64 = 100;
/// A tab counts to here; more is `99+`.
const COUNTED: i64 = 100;

#[derive(Template)]
#[template(path = "conversations.html")]
struct ConversationsPage {
    p: Page,
    tabs: Vec<Tab>,
    shows: Vec<Tab>,
    lines: Vec<ConversationLine>,
    next: Option<String>,
}

/// A choice with its count.
pub struct Tab {
    word: &'static str,
    href: String,
    label: String,
    count: Option<String>,
    current: bool,
}

/// Whose conversations.
const VIEWS: [&str; 4] = ["mine", "unassigned", "team", "all"];
/// Which of them; the first is what an agent begins with.
const SHOWS: [&str; 4] = ["answerable", "passed", "open", "closed"];

/// Which view and page.
#[derive(Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    pub(super) view: String,
    #[serde(default)]
    pub(super) show: String,
    pub(super) key: Option<i64>,
    pub(super) after: Option<i64>,
}

impl Asked {
    /// As a query for `actor`; a program has no conversations of its own.
    pub fn filter(&self, state: &WebState, actor: &Actor, limit: i64) -> ConversationFilter {
        let after = self.key.zip(self.after).map(|(key, id)| Cursor { key, id: ConversationId(id) });
        let show = show_of(&self.show, state.now());
        ConversationFilter { view: view(state, actor, &self.view), show, after, limit }
    }
}

fn view(state: &WebState, actor: &Actor, word: &str) -> View {
    match (word, actor.user) {
        ("unassigned", _) => View::Unassigned(Vec::new()),
        ("team", _) => View::Team(teams(state, actor)),
        ("all", _) | (_, None) => View::All,
        (_, Some(user)) => View::Mine(user),
    }
}

fn show_of(word: &str, now: UnixMs) -> Show {
    match word {
        "passed" => Show::Passed(now),
        "open" => Show::Open,
        "closed" => Show::Closed,
        _ => Show::Answerable(now),
    }
}

/// The teams that name this user.
fn teams(state: &WebState, actor: &Actor) -> Vec<String> {
    let teams = state.config().teams.iter();
    teams.filter(|(_, team)| team.members.contains(&actor.name)).map(|(name, _)| name.clone()).collect()
}

/// The person's last words in one line.
pub fn last_words(language: Language, line: &ConversationLine) -> String {
    let content = line.last_reply.as_deref().and_then(|json| serde_json::from_str::<ReplyContent>(json).ok());
    content.map_or_else(String::new, |c| label::line(language, &c))
}

/// The page.
pub async fn show(
    State(state): State<WebState>,
    actor: Actor,
    p: Page,
    Query(mut asked): Query<Asked>,
) -> Result<Html<String>, WebError> {
    let known = |words: [&'static str; 4], asked: &str| words.into_iter().find(|w| *w == asked).unwrap_or(words[0]);
    let (view, show) = (known(VIEWS, &asked.view), known(SHOWS, &asked.show));
    (asked.view, asked.show) = (view.to_owned(), show.to_owned());
    let mut tabs = Vec::new();
    for word in VIEWS {
        tabs.push(tab(&state, &actor, &p, (word, show), word == view).await?);
    }
    let mut shows = Vec::new();
    for word in SHOWS {
        let tab = tab(&state, &actor, &p, (view, word), word == show).await?;
        shows.push(Tab { word, label: p.t(&format!("web.conversations.show.{word}")), ..tab });
    }
    let mut lines = conversation::list(state.store(), &asked.filter(&state, &actor, PAGE + 1)).await?;
    let next = cut(&mut lines, PAGE)
        .map(|l| format!("?view={view}&show={show}&key={}&after={}", l.cursor().key, l.cursor().id));
    html(&ConversationsPage { p, tabs, shows, lines, next })
}

/// The tab of a view, counted among what is shown.
async fn tab(
    state: &WebState,
    actor: &Actor,
    p: &Page,
    (word, show): (&'static str, &'static str),
    current: bool,
) -> Result<Tab, WebError> {
    let count = match show_of(show, p.now) {
        // Closed ones only ever grow.
        Show::Closed => None,
        show => {
            let n = conversation::count(state.store(), &view(state, actor, word), show, COUNTED).await?;
            Some(if n == COUNTED { format!("{}+", COUNTED - 1) } else { n.to_string() })
        }
    };
    let label = p.t(&format!("web.conversations.{word}"));
    Ok(Tab { word, href: format!("?view={word}&show={show}"), label, count, current })
}

//! The list of conversations: mine, nobody's, my team's, all; whoever waits longest comes first.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Html;
use serde::Deserialize;

use crate::domain::event::ReplyContent;
use crate::domain::id::ConversationId;
use crate::inbox::label;
use crate::locale::Language;
use crate::store::conversation::{self, ConversationFilter, ConversationLine, Cursor, View};

use super::actor::Actor;
use super::error::WebError;
use super::page::{Page, html};
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
    lines: Vec<ConversationLine>,
    next: Option<String>,
}

/// A view with its count.
pub struct Tab {
    word: &'static str,
    label: String,
    count: Option<String>,
    current: bool,
}

/// Which view and page.
#[derive(Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    pub(super) view: String,
    pub(super) key: Option<i64>,
    pub(super) after: Option<i64>,
}

impl Asked {
    /// As a query for `actor`; a program has no conversations of its own.
    pub fn filter(&self, state: &WebState, actor: &Actor, limit: i64) -> ConversationFilter {
        let after = self.key.zip(self.after).map(|(key, id)| Cursor { key, id: ConversationId(id) });
        ConversationFilter { view: view(state, actor, &self.view), after, limit }
    }
}

fn view(state: &WebState, actor: &Actor, word: &str) -> View {
    match (word, actor.user) {
        ("unassigned", _) => View::Unassigned(Vec::new()),
        ("team", _) => View::Team(teams(state, actor)),
        ("closed", _) => View::Closed,
        ("all", _) | (_, None) => View::All,
        (_, Some(user)) => View::Mine(user),
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
    if asked.view.is_empty() {
        "mine".clone_into(&mut asked.view);
    }
    let tabs = tabs(&state, &actor, &p, &asked.view).await?;
    let mut lines = conversation::list(state.store(), &asked.filter(&state, &actor, PAGE + 1)).await?;
    let more = lines.len() as i64 > PAGE;
    lines.truncate(PAGE as usize);
    let next = if more { lines.last() } else { None }
        .map(|l| format!("?view={}&key={}&after={}", asked.view, l.cursor().key, l.cursor().id));
    html(&ConversationsPage { p, tabs, lines, next })
}

async fn tabs(state: &WebState, actor: &Actor, p: &Page, current: &str) -> Result<Vec<Tab>, WebError> {
    let mut tabs = Vec::new();
    for word in ["mine", "unassigned", "team", "all", "closed"] {
        let count = if word == "closed" {
            None
        } else {
            let filter = ConversationFilter { view: view(state, actor, word), after: None, limit: COUNTED };
            let n = conversation::list(state.store(), &filter).await?.len() as i64;
            Some(if n == COUNTED { format!("{}+", COUNTED - 1) } else { n.to_string() })
        };
        let label = p.t(&format!("web.conversations.{word}"));
        tabs.push(Tab { word, label, count, current: word == current });
    }
    Ok(tabs)
}

//! The first column: the lists with their counts, the search, the lines.

use std::collections::BTreeMap;

use crate::domain::event::ReplyContent;
use crate::domain::id::{CampaignId, ConversationId, RunId};
use crate::inbox::label;
use crate::locale::Language;
use crate::store::conversation::{self, ConversationLine, Counts, Show};
use crate::store::presence::{self, Availability};
use crate::store::{campaign, run, user};
use crate::web::actor::Actor;
use crate::web::error::WebError;
use crate::web::page::{Page, cut};
use crate::web::state::WebState;

use super::asked::{ANY, Asked, SHOWS, VIEWS, sought, teams};

/// Conversations loaded at once; the column loads on as it is scrolled.
pub const PAGE: i64 = 50;

/// Keys of the inbox, and what each does (`web.keys.<word>`).
pub const KEYS: [(&[&str], &str); 10] = [
    (&["j", "↓"], "down"),
    (&["k", "↑"], "up"),
    (&["Enter"], "open"),
    (&["s"], "search"),
    (&["/"], "slash"),
    (&["r"], "answer"),
    (&["n"], "note"),
    (&["c"], "claim"),
    (&["e"], "close"),
    (&["Esc"], "leave"),
];

/// A choice, perhaps with its count.
pub struct Tab {
    /// As in addresses.
    pub word: &'static str,
    /// The query that leads there.
    pub href: String,
    /// Its words.
    pub label: String,
    /// How many; closed ones are not counted.
    pub count: Option<i64>,
    /// Whether it is the one shown.
    pub current: bool,
}

/// A line of the list.
pub struct Line {
    /// The conversation.
    pub talk: ConversationLine,
    /// The person's last words.
    pub words: String,
    /// Colleagues who look at it.
    pub others: Vec<String>,
}

/// The column.
pub struct Lists {
    /// What is asked for.
    pub asked: Asked,
    /// Mine, nobody's, my teams', all.
    pub tabs: Vec<Tab>,
    /// What can be done with them.
    pub shows: Vec<Tab>,
    /// Campaigns to narrow by.
    pub campaigns: Vec<(CampaignId, String)>,
    /// Title of the campaign whose run's answers are shown, where only those are.
    pub of_run: Option<String>,
    /// Teams to narrow by.
    pub teams: Vec<String>,
    /// This page of it.
    pub lines: Vec<Line>,
    /// The query of the next page.
    pub next: Option<String>,
    /// Whether a sound is made when something comes in.
    pub sound: bool,
    /// Whether who reads takes conversations.
    pub state: Availability,
    /// The conversation shown beside it.
    pub current: Option<ConversationId>,
}

impl Lists {
    /// Whether anything narrows it beside the list and the state.
    pub fn is_narrowed(&self) -> bool {
        !self.asked.campaign.is_empty()
            || !self.asked.run.is_empty()
            || !self.asked.team.is_empty()
            || self.asked.unread == "1"
    }

    /// Why there is nothing to see.
    pub fn nothing(&self) -> &'static str {
        if self.asked.q.is_empty() { "web.conversations.none" } else { "web.inbox.not_found" }
    }

    /// Whether a campaign is the one it is narrowed to.
    pub fn is_campaign(&self, id: CampaignId) -> bool {
        self.asked.campaign == id.to_string()
    }

    /// Whether a team is the one it is narrowed to.
    pub fn is_team(&self, name: &str) -> bool {
        self.asked.team == name
    }

    /// Whether a conversation is the one shown.
    pub fn is_current(&self, id: ConversationId) -> bool {
        self.current == Some(id)
    }

    /// Their state, as a sentence's key.
    pub const fn state_key(&self) -> &'static str {
        match self.state {
            Availability::Available => "web.presence.available",
            Availability::Away => "web.presence.away",
        }
    }

    /// Whether who reads is in the state of that word.
    pub fn is_state(&self, word: &str) -> bool {
        self.state.as_str() == word
    }

    /// Reads the column for `actor`.
    pub async fn of(
        state: &WebState,
        actor: &Actor,
        p: &Page,
        (asked, current): (Asked, Option<ConversationId>),
    ) -> Result<Self, WebError> {
        let asked = asked.settled();
        let store = state.store();
        let narrow = asked.narrow();
        let mine = (actor.user, teams(state, actor));
        let counts = match asked.show(p.now) {
            Some(Show::Closed) => None,
            show => Some(conversation::counts(store, (mine.0, &mine.1), show.unwrap_or(Show::Open), &narrow).await?),
        };
        let (lines, next) = lines(state, actor, &asked).await?;
        let me = actor.user.unwrap_or_default();
        let here = presence::of(store, me).await?;
        Ok(Self {
            tabs: VIEWS.iter().map(|word| tab(p, &asked, word, counts)).collect(),
            shows: shows(p, &asked),
            campaigns: conversation::campaigns(store, narrow.campaign).await?,
            of_run: title_of(state, narrow.run).await?,
            teams: state.config().teams.keys().cloned().collect(),
            lines: with_others(state, actor, p, lines).await?,
            next,
            sound: user::sound(store, me).await?,
            state: here.map_or(Availability::Available, |here| here.state),
            current,
            asked,
        })
    }
}

/// Title of the campaign of a run.
async fn title_of(state: &WebState, run: Option<RunId>) -> Result<Option<String>, WebError> {
    let Some(id) = run else { return Ok(None) };
    let Some(run) = run::get(state.store(), id).await? else { return Ok(Some(String::new())) };
    Ok(campaign::get(state.store(), run.campaign_id).await?.map(|campaign| campaign.title))
}

/// A page of the list or of the search, and the query of the next.
async fn lines(
    state: &WebState,
    actor: &Actor,
    asked: &Asked,
) -> Result<(Vec<ConversationLine>, Option<String>), WebError> {
    let store = state.store();
    if !asked.q.is_empty() {
        let Some(sought) = sought(&state.engine, &asked.q) else { return Ok((Vec::new(), None)) };
        let filter = asked.filter(state, actor, PAGE);
        let found = conversation::search(store, &sought, (&filter, asked.show(state.now())), asked.place()).await?;
        return Ok((found.lines, found.next.map(|place| asked.with("from", &place.word()))));
    }
    let mut lines = conversation::list(store, &asked.filter(state, actor, PAGE + 1)).await?;
    let next = cut(&mut lines, PAGE).map(|l| asked.with("from", &format!("{}.{}", l.cursor().key, l.cursor().id)));
    Ok((lines, next))
}

async fn with_others(
    state: &WebState,
    actor: &Actor,
    p: &Page,
    lines: Vec<ConversationLine>,
) -> Result<Vec<Line>, WebError> {
    let mut looking: BTreeMap<ConversationId, Vec<String>> = BTreeMap::new();
    for other in presence::onlookers(state.store(), p.now).await? {
        if let Some(at) = other.conversation_id.filter(|_| Some(other.user_id) != actor.user) {
            looking.entry(at).or_default().push(other.name);
        }
    }
    let lines = lines.into_iter().map(|line| Line {
        words: last_words(p.language, &line),
        others: looking.remove(&line.id).unwrap_or_default(),
        talk: line,
    });
    Ok(lines.collect())
}

fn tab(p: &Page, asked: &Asked, word: &'static str, counts: Option<Counts>) -> Tab {
    let count = counts.map(|counts| match word {
        "mine" => counts.mine,
        "unassigned" => counts.unassigned,
        "team" => counts.team,
        _ => counts.all,
    });
    let one = Asked { from: String::new(), ..asked.clone() };
    // What a search finds in each list nobody counts.
    let count = count.filter(|_| asked.q.is_empty());
    let label = p.t(&format!("web.conversations.{word}"));
    Tab { word, href: one.with("view", word), label, count, current: asked.view == word }
}

fn shows(p: &Page, asked: &Asked) -> Vec<Tab> {
    let one = Asked { from: String::new(), ..asked.clone() };
    let words = SHOWS.iter().chain((!asked.q.is_empty()).then_some(&ANY));
    let tab = |word: &&'static str| Tab {
        word,
        href: one.with("show", word),
        label: p.t(&format!("web.conversations.show.{word}")),
        count: None,
        current: asked.show == *word,
    };
    words.map(tab).collect()
}

/// The person's last words in one line.
pub fn last_words(language: Language, line: &ConversationLine) -> String {
    let content = line.last_reply.as_deref().and_then(|json| serde_json::from_str::<ReplyContent>(json).ok());
    content.map_or_else(String::new, |c| label::line(language, &c))
}

//! What part of the inbox is asked for, in the address; a cookie keeps the last choice, so that an answer given does not
//! throw an agent back to another list.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};

use crate::domain::id::{CampaignId, ConversationId, RunId};
use crate::domain::time::UnixMs;
use crate::engine::Engine;
use crate::intake::phone_number;
use crate::store::conversation::{ConversationFilter, Cursor, Narrow, Place, Show, Sought, View};
use crate::web::actor::Actor;
use crate::web::state::WebState;

/// Digits of a number by which it is searched.
const SHORTEST_NUMBER: usize = 4;

/// Whose conversations.
pub const VIEWS: [&str; 4] = ["mine", "unassigned", "team", "all"];
/// Which of them; the first is what an agent begins with.
pub const SHOWS: [&str; 5] = ["answerable", "passed", "open", "bots", "closed"];
/// Of a search only: open and closed ones.
pub const ANY: &str = "any";
/// Characters of a search.
const LONGEST: usize = 200;
const COOKIE: &str = "recado_list";

/// Which part.
#[derive(Default, Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// One of [`VIEWS`].
    pub view: String,
    /// One of [`SHOWS`], or [`ANY`].
    pub show: String,
    /// Id of a campaign.
    pub campaign: String,
    /// Id of a run: only what answers it and is to be read.
    pub run: String,
    /// Name of a team.
    pub team: String,
    /// `1`: only what was not read.
    pub unread: String,
    /// What is searched for.
    pub q: String,
    /// Where a page begins.
    pub from: String,
}

impl FromRequestParts<WebState> for Asked {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &WebState) -> Result<Self, Infallible> {
        let given = Self::read(parts.uri.query().unwrap_or_default());
        if given != Self::default() {
            return Ok(given);
        }
        let kept = CookieJar::from_headers(&parts.headers).get(COOKIE).map(|cookie| Self::read(cookie.value()));
        Ok(kept.unwrap_or_default())
    }
}

impl Asked {
    fn read(query: &str) -> Self {
        let mut asked = Self::default();
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let part = match &*key {
                "view" => &mut asked.view,
                "show" => &mut asked.show,
                "campaign" => &mut asked.campaign,
                "run" => &mut asked.run,
                "team" => &mut asked.team,
                "unread" => &mut asked.unread,
                "q" => &mut asked.q,
                "from" => &mut asked.from,
                _ => continue,
            };
            *part = value.into_owned();
        }
        asked
    }

    /// Only words that are known, and a search that is not too long.
    pub fn settled(mut self) -> Self {
        self.q = self.q.trim().chars().take(LONGEST).collect();
        if !self.q.is_empty() {
            // A search is among all.
            self.run.clear();
        }
        if !VIEWS.contains(&self.view.as_str()) {
            VIEWS[if self.q.is_empty() { 0 } else { 3 }].clone_into(&mut self.view);
        }
        let any = self.show == ANY || !SHOWS.contains(&self.show.as_str());
        if any && !self.q.is_empty() {
            ANY.clone_into(&mut self.show);
        } else if any {
            SHOWS[0].clone_into(&mut self.show);
        }
        self
    }

    /// The same as the query of an address, with one part changed.
    pub fn with(&self, key: &str, value: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (k, v) in self.parts() {
            let v = if k == key { value } else { v };
            if !v.is_empty() {
                query.append_pair(k, v);
            }
        }
        query.finish()
    }

    /// The same as the query of an address, from its beginning.
    pub fn query(&self) -> String {
        self.with("from", "")
    }

    fn parts(&self) -> [(&'static str, &str); 8] {
        [
            ("view", &self.view),
            ("show", &self.show),
            ("campaign", &self.campaign),
            ("run", &self.run),
            ("team", &self.team),
            ("unread", &self.unread),
            ("q", &self.q),
            ("from", &self.from),
        ]
    }

    /// Keeps the choice for the next page, without what was searched for.
    pub fn cookie(&self, secure: bool) -> Cookie<'static> {
        let kept = Self { q: String::new(), ..self.clone() }.settled().query();
        Cookie::build((COOKIE, kept))
            .path("/conversations")
            .http_only(true)
            .secure(secure)
            .same_site(SameSite::Lax)
            .into()
    }

    /// What the list is narrowed to.
    pub fn narrow(&self) -> Narrow {
        Narrow {
            campaign: self.campaign.parse().ok().map(CampaignId),
            run: self.run.parse().ok().map(RunId),
            team: Some(self.team.clone()).filter(|team| !team.is_empty()),
            unread: self.unread == "1",
        }
    }

    /// As a query for `actor`; a program has no conversations of its own.
    pub fn filter(&self, state: &WebState, actor: &Actor, limit: i64) -> ConversationFilter {
        let show = self.show(state.now()).unwrap_or(Show::Open);
        ConversationFilter {
            narrow: self.narrow(),
            reader: actor.user,
            after: cursor(&self.from),
            ..ConversationFilter::of(view(state, actor, &self.view), show, limit)
        }
    }

    /// Which of them; `None`: open and closed ones.
    pub fn show(&self, now: UnixMs) -> Option<Show> {
        match self.show.as_str() {
            ANY => None,
            "passed" => Some(Show::Passed(now)),
            "open" => Some(Show::Open),
            "bots" => Some(Show::Bots),
            "closed" => Some(Show::Closed),
            _ => Some(Show::Current(now)),
        }
    }

    /// Where a page of a search begins.
    pub fn place(&self) -> Option<Place> {
        Place::parse(&self.from)
    }
}

/// Place and id, as `KEY.ID`.
fn cursor(text: &str) -> Option<Cursor> {
    let (key, id) = text.split_once('.')?;
    Some(Cursor { key: key.parse().ok()?, id: ConversationId(id.parse().ok()?) })
}

fn view(state: &WebState, actor: &Actor, word: &str) -> View {
    match (word, actor.user) {
        ("unassigned", _) => View::Unassigned(Vec::new()),
        ("team", _) => View::Team(teams(state, actor)),
        ("all", _) | (_, None) => View::All,
        (_, Some(user)) => View::Mine(user),
    }
}

/// The teams that name this user.
pub fn teams(state: &WebState, actor: &Actor) -> Vec<String> {
    let teams = state.config().teams.iter();
    teams.filter(|(_, team)| team.members.contains(&actor.name)).map(|(name, _)| name.clone()).collect()
}

/// What is searched for: words, and the digits of every way of writing a number that was typed.
pub fn sought(engine: &Engine, typed: &str) -> Option<Sought> {
    Sought::of(typed, numbers(engine, typed))
}

/// The digits of every way of writing a number, or its end, that was typed; none: it is no number.
pub fn numbers(engine: &Engine, typed: &str) -> Vec<String> {
    let is_number = |c: char| {
        c.is_ascii_digit() || c.is_whitespace() || "+-()./".contains(c) || ('\u{2010}'..='\u{2015}').contains(&c)
    };
    if !typed.chars().all(is_number) {
        return Vec::new();
    }
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    let mut numbers = vec![digits.trim_start_matches('0').to_owned()];
    for (name, sender) in &engine.config.senders {
        if sender.number.digits().starts_with("54") {
            numbers.extend(phone_number::line_behind_15(&digits).map(str::to_owned));
        }
        let Ok(phone) = engine.international(name, typed) else { continue };
        numbers.extend(phone.variants().iter().map(|phone| phone.digits().to_owned()));
    }
    numbers.sort_unstable();
    numbers.dedup();
    numbers.retain(|digits| digits.len() >= SHORTEST_NUMBER);
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_looks_everywhere_unless_told_where() {
        let asked = Asked { q: " ana ".to_owned(), ..Asked::default() }.settled();
        assert_eq!((asked.view.as_str(), asked.show.as_str(), asked.q.as_str()), ("all", "any", "ana"));
        let asked =
            Asked { q: "ana".to_owned(), view: "mine".to_owned(), show: "closed".to_owned(), ..Asked::default() };
        assert_eq!(asked.clone().settled(), asked);
        let asked = Asked { view: "?".to_owned(), show: "any".to_owned(), ..Asked::default() }.settled();
        assert_eq!((asked.view.as_str(), asked.show.as_str()), ("mine", "answerable"));
    }

    #[test]
    fn what_was_searched_for_is_kept_in_no_cookie() {
        let asked = Asked { q: "ana".to_owned(), view: "all".to_owned(), ..Asked::default() }.settled();
        assert_eq!(asked.cookie(false).value(), "view=all&show=answerable");
        assert_eq!(asked.with("unread", "1"), "view=all&show=any&unread=1&q=ana");
    }
}

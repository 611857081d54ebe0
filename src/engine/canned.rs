//! Canned answers: kept when they can be read, and filled with what is known of a conversation.

use std::collections::{BTreeMap, BTreeSet};

use super::template::mapping::evaluate;
use super::{Engine, EngineError};
use crate::domain::canned::{self, LONGEST_TEXT, Piece};
use crate::domain::free::is_blank;
use crate::domain::id::ConversationId;
use crate::domain::problem::Problem;
use crate::intake::columns::nearest;
use crate::intake::expression::{Expression, Style};
use crate::locale::{Language, say};
use crate::store::canned::{self as kept, Canned, NewCanned};
use crate::store::conversation;

/// What the person is called in canned answers.
pub const NAME: &str = "name";

/// What the agent who answers is called in them.
pub const AGENT: &str = "agent";

/// So many letters tell which bracket is meant.
const BEGINNING: usize = 30;

/// A canned answer to keep, as typed.
#[derive(Clone, Copy, Debug)]
pub struct CannedDraft<'a> {
    /// The team that has it; empty: everybody.
    pub team: &'a str,
    /// What agents type after `/`.
    pub code: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// A canned answer in a conversation.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct FilledCanned {
    /// Its id.
    pub id: i64,
    /// What agents type after `/`.
    pub code: String,
    /// The team that has it; empty: everybody.
    pub team: String,
    /// Its text with everything that is known.
    pub text: String,
    /// What the agent has to fill, as it stands in the text: `[…]` without the brackets.
    pub blanks: Vec<String>,
}

impl Engine {
    /// Keeps a canned answer, a new one or `id`. Its number, or what stands in the way.
    pub async fn save_canned(
        &self,
        id: Option<i64>,
        draft: CannedDraft<'_>,
        by: &str,
    ) -> Result<Result<i64, Vec<Problem>>, EngineError> {
        let mut problems = Vec::new();
        if !draft.team.is_empty() && !self.config.teams.contains_key(draft.team) {
            problems.push(Problem::new("canned_team", &[("field", "team"), ("team", draft.team)]));
        }
        let code = canned::code(draft.code);
        if code.is_none() {
            let longest = canned::LONGEST_CODE.to_string();
            problems.push(Problem::new("canned_code", &[("field", "code"), ("limit", &longest)]));
        }
        let text = draft.text.trim().replace("\r\n", "\n");
        problems.extend(self.unreadable(&text).await?);
        let (Some(code), true) = (code, problems.is_empty()) else { return Ok(Err(problems)) };
        let new = NewCanned { team: draft.team, code: &code, text: &text, at: self.clock.now(), by };
        let saved = match id {
            None => kept::add(&self.store, new).await?,
            Some(id) if kept::get(&self.store, id).await?.is_none() => {
                return Err(EngineError::Unknown { what: "canned answer" });
            }
            Some(id) => kept::change(&self.store, id, new).await?.then_some(id),
        };
        Ok(saved.ok_or_else(|| vec![Problem::new("canned_taken", &[("field", "code"), ("code", &code)])]))
    }

    /// What is wrong with the text of a canned answer.
    async fn unreadable(&self, text: &str) -> Result<Vec<Problem>, EngineError> {
        if is_blank(text) || text.chars().count() > LONGEST_TEXT || text.contains('\0') {
            let limit = LONGEST_TEXT.to_string();
            return Ok(vec![Problem::new("canned_text", &[("field", "text"), ("limit", &limit)])]);
        }
        if let Some(open) = canned::unclosed(text) {
            let begins: String = open.chars().take(BEGINNING).collect();
            return Ok(vec![Problem::new("canned_unclosed", &[("field", "text"), ("words", &begins)])]);
        }
        let vars = self.vars().await?;
        let known: Vec<&str> = [NAME, AGENT].into_iter().chain(vars.keys().map(String::as_str)).collect();
        let mut problems = Vec::new();
        for piece in canned::pieces(text) {
            let Piece::Text(words) = piece else { continue };
            match Expression::names(words, Style::En) {
                Err(why) => problems.push(Problem::new("canned_expression", &[("field", "text"), ("why", &why)])),
                Ok(names) => problems.extend(names.iter().filter(|n| !known.contains(&n.as_str())).map(|name| {
                    let meant = nearest(name, known.iter().copied());
                    match meant {
                        Some(meant) => {
                            let args = [("field", "text"), ("name", name), ("meant", meant)];
                            Problem::new("canned_name_meant", &args)
                        }
                        None => Problem::new("canned_name", &[("field", "text"), ("name", name)]),
                    }
                })),
            }
        }
        Ok(problems)
    }

    /// The canned answers that `agent`, who is in `teams`, can use in a conversation, filled for it. Where two have one
    /// code, the team's own comes before everybody's.
    pub async fn canned_in(
        &self,
        id: ConversationId,
        (agent, teams): (&str, &[String]),
        language: Language,
    ) -> Result<Vec<FilledCanned>, EngineError> {
        let panel = conversation::panel(&self.store, id).await?;
        let panel = panel.ok_or(EngineError::Unknown { what: "conversation" })?;
        let mut known = self.vars().await?;
        let missing = say(language, "canned.name_blank", &[]);
        let name = Some(panel.name.trim().to_owned()).filter(|name| !name.is_empty());
        known.insert(NAME.to_owned(), name.clone().unwrap_or_else(|| format!("[{missing}]")));
        known.insert(AGENT.to_owned(), agent.to_owned());
        let mut seen = BTreeSet::new();
        let mut all = kept::all(&self.store).await?;
        all.retain(|c| c.team.is_empty() || teams.contains(&c.team));
        all.sort_by(|a, b| (&a.code, a.team.is_empty(), &a.team).cmp(&(&b.code, b.team.is_empty(), &b.team)));
        all.retain(|c| seen.insert(c.code.clone()));
        let to_fill = name.is_none().then_some(missing.as_str());
        Ok(all.into_iter().map(|c| filled(c, &known, Style::of_tag(language.as_str()), to_fill)).collect())
    }
}

/// A canned answer with everything in `known` filled in.
fn filled(canned: Canned, known: &BTreeMap<String, String>, style: Style, to_fill: Option<&str>) -> FilledCanned {
    let mut text = String::with_capacity(canned.text.len());
    for piece in canned::pieces(&canned.text) {
        match piece {
            // What cannot be evaluated any more, because a variable was removed, is the agent's to mend.
            Piece::Text(words) => {
                text.push_str(&evaluate(words, &canned.code, style, known).unwrap_or_else(|| words.to_owned()));
            }
            Piece::Blank(label) => {
                text.push('[');
                text.push_str(label);
                text.push(']');
            }
        }
    }
    let own = |label: &&str| {
        let same = |other: &str| other.to_lowercase() == label.to_lowercase();
        canned::blanks(&canned.text).into_iter().any(same) || to_fill.is_some_and(same)
    };
    let blanks = canned::blanks(&text).into_iter().filter(own).map(str::to_owned).collect();
    FilledCanned { id: canned.id, code: canned.code, team: canned.team, blanks, text }
}

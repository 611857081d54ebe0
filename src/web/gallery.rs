//! The gallery of approved templates: searched, picked, filled, looked at as the person will see it, with what it costs
//! and how long the conversation waits for an answer. The page of one message and every conversation show the same one.

use std::time::Duration;

use serde::Deserialize;

use crate::domain::id::{ConversationId, TicketId};
use crate::domain::template::parts::Takes;
use crate::domain::template::{Header, Template, TemplateStatus};
use crate::engine::{HandLook, HandSend};
use crate::intake::expression::first_name;
use crate::locale;
use crate::store::secret::Secret;
use crate::store::template;
use crate::store::template::own::{self, Own};

use super::by_hand::minutes;
use super::error::WebError;
use super::holds;
use super::page::Page;
use super::state::WebState;
use super::words;

/// Waits to choose from, in minutes.
const WAITS: [u64; 8] = [60, 4 * 60, 12 * 60, 24 * 60, 48 * 60, 72 * 60, 7 * 24 * 60, 30 * 24 * 60];

/// Letters of a template's text in the list.
const EXCERPT: usize = 90;

/// What the form holds so far, or what is sent.
#[derive(Deserialize, Default, Clone)]
pub struct Asked {
    /// From which sender.
    #[serde(default)]
    pub(super) sender: String,
    /// `name|language`.
    #[serde(default)]
    template: String,
    /// The number as typed.
    #[serde(default)]
    pub(super) to: String,
    /// Who pays.
    #[serde(default)]
    pub(super) cost_centre: String,
    /// The form's own key.
    #[serde(default)]
    pub(super) once: String,
    /// Names of the values, in the order of `value`.
    #[serde(default)]
    name: Vec<String>,
    #[serde(default)]
    value: Vec<String>,
    /// The ticket that the conversation belongs to from then on.
    #[serde(default)]
    pub(super) ticket: Option<i64>,
    /// Minutes to wait for an answer; empty: as for every conversation.
    #[serde(default)]
    wait: String,
    /// Part of a name or text that is searched for.
    #[serde(default)]
    pub(super) q: String,
    /// `look`, or empty to send.
    #[serde(default, rename = "do")]
    act: String,
}

impl Asked {
    fn values(&self) -> Vec<(String, String)> {
        self.name.iter().cloned().zip(self.value.iter().map(|v| v.trim().to_owned())).collect()
    }

    fn key(&self) -> (&str, &str) {
        self.template.split_once('|').unwrap_or((&self.template, ""))
    }

    /// Whether it is only looked at.
    pub(super) fn looks(&self) -> bool {
        self.act == "look"
    }

    /// What is to be sent.
    pub(super) fn send(&self) -> HandSend {
        let (name, language) = self.key();
        HandSend {
            sender: self.sender.clone(),
            to: self.to.trim().to_owned(),
            template: name.to_owned(),
            language: language.to_owned(),
            values: self.values(),
            cost_centre: self.cost_centre.trim().to_owned(),
            ticket: self.ticket.map(TicketId),
            // What is no number is too short a wait, and refused as one.
            wait: Some(self.wait.trim()).filter(|w| !w.is_empty()).map(|w| minutes(w.parse().unwrap_or(0))),
        }
    }
}

/// One value the template takes.
pub struct Field {
    /// By which the engine knows it.
    pub name: String,
    /// Its words.
    pub label: String,
    /// What is in it.
    pub value: String,
    /// The template's usual value fills it where nothing is written.
    pub by_itself: bool,
}

/// A template to pick.
pub struct Pick {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// What it is billed as.
    pub category: &'static str,
    /// How its text begins.
    pub excerpt: String,
    /// Where it is picked.
    pub href: String,
    /// It is the one chosen.
    pub is_chosen: bool,
}

/// A wait to choose.
pub struct Wait {
    /// Minutes.
    pub minutes: String,
    /// In words.
    pub label: String,
    /// It is the one chosen.
    pub is_chosen: bool,
}

/// What the gallery shows.
pub struct Gallery {
    /// Where its forms go.
    pub action: String,
    /// The conversation it is for; none: a number is asked for.
    pub conversation: Option<ConversationId>,
    /// What stands still, so that a message stays in line.
    pub stopped: Vec<String>,
    /// Senders to choose from.
    pub senders: Vec<String>,
    /// Templates that were found.
    pub picks: Vec<Pick>,
    /// There is none at all.
    pub is_empty: bool,
    /// The template chosen.
    pub chosen: Option<Template>,
    /// What it takes.
    pub fields: Vec<Field>,
    /// Values known here, to choose from.
    pub known: Vec<String>,
    /// How long to wait.
    pub waits: Vec<Wait>,
    /// What would become of it.
    pub look: HandLook,
    /// What it costs, in words.
    pub price: Option<String>,
    /// What was asked.
    pub asked: Asked,
    /// What the number becomes, or why it is none.
    pub number: String,
    /// What stands in the way of what was just sent.
    pub problems: Vec<String>,
    /// What would stand in the way.
    pub against: Vec<String>,
    /// Makes the form, sent again, say what became of it the first time.
    pub once: String,
}

impl Gallery {
    /// For what was asked; `problems` are those of what was just sent.
    pub(super) async fn of(
        state: &WebState,
        p: &Page,
        asked: Asked,
        conversation: Option<ConversationId>,
        problems: Vec<String>,
    ) -> Result<Self, WebError> {
        let account = state.config().senders.get(&asked.sender).map_or("", |s| s.account.as_str());
        let mut templates = template::list(state.store(), account).await?;
        templates.retain(|t| t.status == TemplateStatus::Approved);
        let (name, language) = asked.key();
        let chosen = templates.iter().find(|t| t.name == name && t.language == language).cloned();
        let own = own::get(state.store(), account, name, language).await?;
        let look = match &chosen {
            Some(_) => state.engine.look_by_hand(&asked.send()).await?.unwrap_or_default(),
            None => HandLook::default(),
        };
        let action = conversation.map_or_else(|| "/send".to_owned(), |id| format!("/conversations/{id}/templates"));
        let number = match (&look.to, asked.to.is_empty()) {
            (Some(to), false) => p.say("web.send.goes_to", &[("number", to)]),
            _ => String::new(),
        };
        Ok(Self {
            conversation,
            stopped: holds::stopped(state, p, &asked.sender).await?,
            senders: state.config().senders.keys().cloned().collect(),
            picks: picks(&templates, &asked, &action),
            is_empty: templates.is_empty(),
            fields: chosen.as_ref().map(|t| fields(p, t, &own, &look.values)).unwrap_or_default(),
            known: known(state, p, &look).await?,
            waits: waits(p, &asked.wait, state.config().conversations.close_after),
            price: look.price.map(|price| p.money(&price, &look.currency)),
            against: look.problems.iter().map(|problem| locale::problem(p.language, problem)).collect(),
            once: Secret::draw("").shown,
            chosen,
            look,
            action,
            number,
            problems,
            asked,
        })
    }

    /// The category of the chosen template in the locales' word.
    pub fn category(&self) -> String {
        self.chosen.as_ref().map_or_else(String::new, |t| format!("web.category.{}", t.category.as_str()))
    }
}

fn picks(templates: &[Template], asked: &Asked, action: &str) -> Vec<Pick> {
    let search = asked.q.trim().to_lowercase();
    let found = |t: &&Template| t.name.contains(&search) || t.body.to_lowercase().contains(&search);
    let href = |t: &Template| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("template", &format!("{}|{}", t.name, t.language));
        let kept = [("sender", &asked.sender), ("to", &asked.to)].into_iter().filter(|_| action == "/send");
        if let Some(ticket) = asked.ticket {
            query.append_pair("ticket", &ticket.to_string());
        }
        for (name, value) in kept.chain([("q", &asked.q)]).filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        format!("{action}?{}", query.finish())
    };
    let pick = |t: &Template| Pick {
        href: href(t),
        name: t.name.clone(),
        language: t.language.clone(),
        category: t.category.as_str(),
        excerpt: excerpt(&t.body),
        is_chosen: asked.key() == (t.name.as_str(), t.language.as_str()),
    };
    templates.iter().filter(found).map(pick).collect()
}

/// The beginning of a text in one line.
pub(super) fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= EXCERPT { line } else { line.chars().take(EXCERPT).chain(['…']).collect() }
}

/// The person's name, whoever is signed in, and every variable: what is often typed into a parameter.
async fn known(state: &WebState, p: &Page, look: &HandLook) -> Result<Vec<String>, WebError> {
    let mut known: Vec<String> = look.name.iter().cloned().collect();
    known.extend(look.name.as_deref().map(first_name));
    known.push(p.user_name().to_owned());
    known.extend(state.engine.vars().await?.into_values());
    let mut seen = std::collections::BTreeSet::new();
    known.retain(|value| !value.is_empty() && seen.insert(value.clone()));
    Ok(known)
}

fn waits(p: &Page, asked: &str, usual: Duration) -> Vec<Wait> {
    let usual = words::duration(p.language, usual);
    let label = p.say("web.gallery.wait_usual", &[("t", &usual)]);
    let mut waits = vec![Wait { minutes: String::new(), label, is_chosen: asked.is_empty() }];
    let mut offered = WAITS.to_vec();
    offered.extend(asked.parse::<u64>().ok().filter(|asked| !WAITS.contains(asked)));
    waits.extend(offered.into_iter().map(|n| Wait {
        minutes: n.to_string(),
        label: words::duration(p.language, minutes(n)),
        is_chosen: asked == n.to_string(),
    }));
    waits
}

/// Header, body and buttons, each by the name that the engine knows it by.
fn fields(p: &Page, template: &Template, own: &Own, given: &[(String, String)]) -> Vec<Field> {
    let field = |name: String, label: String| {
        let value = given.iter().find(|(n, _)| *n == name).map_or_else(String::new, |(_, v)| v.clone());
        let by_itself = own.mapping.contains_key(&name);
        Field { name, label, value, by_itself }
    };
    let mut fields = Vec::new();
    match &template.header {
        Some(Header::Text { .. }) if template.header_parameters().is_empty() => {}
        Some(Header::Text { .. }) => fields.push(field("header".to_owned(), p.t("web.send.header"))),
        Some(Header::Image | Header::Video | Header::Document | Header::Gif) => {
            fields.push(field("header".to_owned(), p.t("web.send.header_link")));
        }
        Some(Header::Location | Header::Product) | None => {}
    }
    for name in template.body_parameters() {
        let label = format!("{{{{{name}}}}}");
        fields.push(field(name, label));
    }
    for (i, button) in template.buttons.iter().enumerate() {
        if button.takes() != Takes::Nothing {
            fields.push(field(format!("button.{i}"), p.say("web.send.button", &[("button", button.text())])));
        }
    }
    fields.extend(template.slots().iter().map(|slot| field(slot.to_string(), words::slot(p.language, slot))));
    fields
}

//! The fields that are chosen from: what each offers, and what of it the campaign file says.

use std::collections::BTreeSet;

use super::view::{Choice, FilePlace, Known, Place, Reply, Select, language, slot_path, takes};
use crate::domain::kind::CampaignKind;
use crate::domain::template::parts::Card;
use crate::domain::template::slot::{CardSlot, Slot};
use crate::domain::template::{Button, Header, ParameterFormat, parameters};
use crate::intake::columns::fold;
use crate::intake::definition::Definition;
use crate::intake::expression::WHEN;
use crate::intake::variable::{FORMS, Variable};
use crate::web::page::Page;
use crate::web::words;

/// Days whose hours are asked for where the file does not say others.
pub const OFFERED_DAYS: [&str; 3] = ["mon-fri", "sat", "sun"];

/// What a tapped button can decide, of those that screens have words for.
const OUTCOMES: [&str; 4] = ["confirmed", "cancelled", "not_now", "opted_out"];

/// The choice of what the file says and no field can.
pub(super) const OWN: &str = "=";

/// How often one person may get something, as it is offered.
const FREQUENCIES: [&str; 4] =
    ["1 promotion per day", "1 promotion per week", "1 message per day", "2 messages per week"];

/// Characters of the text shown around a parameter.
const AROUND: usize = 24;

pub(super) fn choice(value: &str, label: &str, chosen: &str) -> Choice {
    Choice { value: value.to_owned(), label: label.to_owned(), chosen: value == chosen }
}

/// What the fields are made from.
pub(super) struct Form<'a> {
    pub(super) p: &'a Page,
    pub(super) file: &'a Definition,
    pub(super) known: &'a Known,
    pub(super) header: &'a [String],
}

impl Form<'_> {
    pub(super) fn kinds(&self) -> Vec<Choice> {
        let chosen = self.file.text(&["kind"]);
        let all = [CampaignKind::Reminder, CampaignKind::Promotion, CampaignKind::ResumeContact];
        all.into_iter().map(|k| choice(k.as_str(), &self.p.t(&format!("web.kind.{}", k.as_str())), &chosen)).collect()
    }

    /// Names to choose from, with what the file says though nobody knows it.
    pub(super) fn named(&self, path: &[&str], names: &[String]) -> Vec<Choice> {
        let chosen = self.file.text(path);
        let mut all: Vec<Choice> = names.iter().map(|name| choice(name, name, &chosen)).collect();
        if !chosen.is_empty() && all.iter().all(|c| !c.chosen) {
            all.push(choice(&chosen, &chosen, &chosen));
        }
        all
    }

    pub(super) fn templates(&self) -> Vec<Choice> {
        let chosen = (self.file.text(&["template", "name"]), language(self.file));
        let said = |name: &str, language: &str| (format!("{name}|{language}"), format!("{name} ({language})"));
        let (value, label) = said(&chosen.0, &chosen.1);
        let chosen = if chosen.0.is_empty() { String::new() } else { value.clone() };
        let mut all = vec![choice("", &self.p.t("draft.choose_template"), &chosen)];
        for template in &self.known.templates {
            let (value, label) = said(&template.name, &template.language);
            all.push(choice(&value, &label, &chosen));
        }
        if all.iter().all(|c| !c.chosen) {
            all.push(choice(&value, &label, &chosen));
        }
        all
    }

    /// Columns with their place, what a campaign file calls them, and what people do: of two of one name the second is
    /// `Teléfono 2`, with its cell in the row that is looked at.
    fn columns(&self) -> impl Iterator<Item = (usize, String, String)> {
        let named = self.header.iter().enumerate().filter(|(_, h)| !h.trim().is_empty());
        named.map(|(place, header)| {
            let same = |other: &&String| fold(other) == fold(header);
            if self.header.iter().filter(same).count() < 2 {
                return (place, header.clone(), header.clone());
            }
            let no = self.header[..=place].iter().filter(same).count();
            let example = self.known.cells.get(place).map(|cell| cut(cell)).unwrap_or_default();
            let label =
                if example.is_empty() { format!("{header} ({no})") } else { format!("{header} ({no}) · {example}") };
            (place, format!("{header} {no}"), label)
        })
    }

    /// A column to choose, by its header.
    pub(super) fn column(&self, name: &str, label: &str, chosen: &str) -> Select {
        let mut choices = vec![choice("", "—", chosen)];
        choices.extend(self.columns().map(|(_, value, label)| choice(&value, &label, chosen)));
        if choices.iter().all(|c| !c.chosen) {
            choices.push(choice(chosen, chosen, chosen));
        }
        Select { name: name.to_owned(), label: self.p.t(label), choices }
    }

    /// What the columns are; where the file does not say, what was recognised is named.
    pub(super) fn roles(&self) -> Vec<Select> {
        let found = self.known.facts.as_ref().map_or(&[][..], |facts| &facts.columns);
        let mut all = Vec::new();
        let when = self.file.text(&["columns", "when"]);
        let (when, when2) = when.split_once(" + ").unwrap_or((&when, ""));
        for role in ["phone", "name", "when", "when2", "id", "timezone", "consent", "refusal"] {
            let several = self.file.texts(&["columns", role]);
            let chosen = match role {
                "when" => when.to_owned(),
                "when2" => when2.to_owned(),
                _ if !several.is_empty() => OWN.to_owned(),
                role => self.file.text(&["columns", role]),
            };
            let mut select = self.column(&format!("col.{role}"), &format!("draft.role.{role}"), &chosen);
            if let Some(own) = select.choices.iter_mut().find(|choice| choice.value == OWN) {
                let all = if role == "phone" { "draft.own_phones" } else { "draft.own_columns" };
                own.label = self.p.say(all, &[("columns", &several.join(", "))]);
            }
            let recognised = found.iter().find(|(found, _)| found == role).filter(|_| chosen.is_empty());
            if let Some((_, header)) = recognised {
                select.choices[0].label = self.p.say("draft.recognised", &[("column", header)]);
            }
            all.push(select);
        }
        all
    }

    pub(super) fn places(&self) -> Vec<Place> {
        let Some(template) = self.known.template.as_ref().filter(|t| !t.parameters_unknown) else { return Vec::new() };
        let mut all = Vec::new();
        if let Some(Header::Text { text }) = &template.header {
            for name in parameters(text) {
                if template.format == ParameterFormat::Positional {
                    let source = self.file.text(&["template", "header"]);
                    let shown = format!("{{{{{name}}}}}");
                    all.push(self.place("head.text".to_owned(), around(text, &name), shown, &source));
                    continue;
                }
                all.push(self.variable(&name, text));
            }
        }
        for name in template.body_parameters() {
            all.push(self.variable(&name, &template.body));
        }
        for (i, button) in template.buttons.iter().enumerate().filter(|(_, button)| takes(button)) {
            let takes = button.takes();
            let source = self.file.text(&["template", "buttons", &i.to_string(), takes.key()]);
            let label = self.p.say("draft.button_value", &[("label", button.text())]);
            let mut place = self.place(format!("btn.{i}"), (label, String::new()), String::new(), &source);
            place.open &= takes.is_needed();
            all.push(place);
        }
        for slot in template.slots() {
            let path = slot_path(template, &slot);
            let source = self.file.text(&path.iter().map(String::as_str).collect::<Vec<_>>());
            let label = words::slot(self.p.language, &slot);
            all.push(self.place(format!("slot.{slot}"), (label, String::new()), String::new(), &source));
        }
        all
    }

    fn variable(&self, name: &str, text: &str) -> Place {
        let source = self.file.text(&["variables", name]);
        // Nothing is chosen yet: a column of the parameter's own name is what was meant.
        let meant = if source.is_empty() && self.names().any(|(folded, _)| folded == fold(name)) {
            format!("{{{{ {} }}}}", fold(name))
        } else {
            source.clone()
        };
        let mut place = self.place(format!("var.{name}"), around(text, name), format!("{{{{{name}}}}}"), &meant);
        place.open = source.is_empty();
        place
    }

    /// Columns by the name that expressions know them by, with their header.
    fn names(&self) -> impl Iterator<Item = (String, &String)> {
        let mut seen = BTreeSet::new();
        let named = self.header.iter().map(|header| (fold(header), header)).filter(|(name, _)| !name.is_empty());
        named.filter(move |(name, _)| seen.insert(name.clone()))
    }

    fn place(&self, field: String, around: (String, String), name: String, source: &str) -> Place {
        let chosen = Variable::read(source);
        let column = if chosen.column.is_empty() && !chosen.own.is_empty() { OWN } else { &chosen.column };
        let mut columns = vec![choice("", &self.p.t("draft.choose_column"), column)];
        for (name, header) in self.names() {
            let example = self.header.iter().position(|h| h == header).and_then(|i| self.known.cells.get(i));
            let label = example.filter(|e| !e.trim().is_empty()).map(|e| format!("{header} · {}", cut(e)));
            columns.push(choice(&name, &label.unwrap_or_else(|| header.clone()), column));
        }
        columns.push(choice(WHEN, &self.p.t("draft.when_value"), column));
        columns.push(choice(OWN, &self.p.t("draft.own_value"), column));
        if columns.iter().all(|c| !c.chosen) {
            columns.push(choice(column, column, column));
        }
        let mut forms = vec![choice("", &self.p.t("draft.form.as_is"), &chosen.form)];
        forms.extend(FORMS.iter().map(|form| choice(form, &self.p.t(&format!("draft.form.{form}")), &chosen.form)));
        let open = chosen.is_open();
        Place { field, around, name, columns, forms, otherwise: chosen.otherwise, own: chosen.own, open }
    }

    /// The link of a header's media.
    pub(super) fn head(&self) -> Option<(String, Select)> {
        let kind = match self.known.template.as_ref()?.header.as_ref()? {
            Header::Image => "image",
            Header::Video => "video",
            Header::Document => "document",
            Header::Gif => "gif",
            Header::Text { .. } | Header::Location | Header::Product => return None,
        };
        let path = ["template", kind];
        let label = format!("draft.head.{kind}");
        Some((self.file.text(&path), self.column("head.column", &label, &self.file.column(&path))))
    }

    /// Where the template shows files: its header, and its cards.
    pub(super) fn files(&self) -> Vec<FilePlace> {
        let Some(template) = &self.known.template else { return Vec::new() };
        let named =
            |text: String| if text.contains("{{") || text.starts_with("https://") { String::new() } else { text };
        let head = self.head().map(|(link, select)| FilePlace {
            query: String::new(),
            label: select.label,
            name: named(link),
        });
        let shows = |card: &&Card| matches!(card.header, Some(Header::Image | Header::Video));
        let cards = template.cards.iter().enumerate().filter(|(_, card)| shows(card)).map(|(no, _)| {
            let path = slot_path(template, &Slot::Card(no, CardSlot::Header));
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            FilePlace {
                query: format!("?card={no}"),
                label: self.p.say("draft.head.card", &[("no", &(no + 1).to_string())]),
                name: named(self.file.text(&path)),
            }
        });
        head.into_iter().chain(cards).collect()
    }

    pub(super) fn send(&self) -> Vec<Choice> {
        let has = |key: &str| self.file.has(&["schedule", key]);
        let offset = self.file.text(&["schedule", "send"]);
        let chosen = match offset.rsplit(' ').next() {
            Some("before") => "before",
            Some("after") => "after",
            _ if has("every") => "every",
            _ if has("at") => "at",
            _ => "now",
        };
        let offered = ["now", "at", "before", "after"].into_iter().chain(has("every").then_some("every"));
        offered.map(|mode| choice(mode, &self.p.t(&format!("draft.send.{mode}")), chosen)).collect()
    }

    pub(super) fn hours(&self) -> Vec<(String, String, String)> {
        let section = ["schedule", "hours"];
        let said = self.file.keys(&section).into_iter().filter(|key| !matches!(key.as_str(), "outside" | "holidays"));
        let mut days: Vec<String> = said.collect();
        if days.is_empty() {
            days.extend(OFFERED_DAYS.map(str::to_owned));
        } else {
            let missing = OFFERED_DAYS[1..].iter().filter(|day| !days.iter().any(|said| said == *day));
            days.extend(
                missing.filter(|_| days.iter().any(|d| d == "mon-fri")).map(|d| (*d).to_owned()).collect::<Vec<_>>(),
            );
        }
        let label = |day: &str| self.p.word(&format!("draft.day.{day}"), day);
        days.into_iter()
            .map(|day| {
                let text = self.file.text(&["schedule", "hours", &day]);
                (day.clone(), label(&day), text)
            })
            .collect()
    }

    pub(super) fn holidays(&self) -> Select {
        let path = ["schedule", "hours", "holidays"];
        let chosen = self.file.text(&path);
        let is_list = self.file.has(&path) && chosen.is_empty();
        let shown = if is_list { OWN } else { &chosen };
        let mut choices = vec![choice("", &self.p.t("draft.no_holidays"), shown)];
        choices.extend(self.known.holidays.iter().map(|name| choice(name, name, shown)));
        if is_list {
            choices.push(choice(OWN, &self.p.t("draft.own_holidays"), shown));
        } else if choices.iter().all(|c| !c.chosen) {
            choices.push(choice(&chosen, &chosen, shown));
        }
        Select { name: "holidays".to_owned(), label: self.p.t("draft.holidays"), choices }
    }

    pub(super) fn outside(&self) -> Select {
        let chosen = self.file.text(&["schedule", "hours", "outside"]);
        let offered = ["", "earlier", "later"];
        let choices = offered.map(|word| {
            let key = if word.is_empty() { "usual" } else { word };
            choice(word, &self.p.t(&format!("draft.outside.{key}")), &chosen)
        });
        Select { name: "outside".to_owned(), label: self.p.t("draft.outside.label"), choices: choices.into() }
    }

    pub(super) fn routes(&self) -> Select {
        let path = ["replies", "route"];
        let column = self.file.column(&path);
        let chosen = if column.is_empty() { self.file.text(&path) } else { format!("column:{column}") };
        let mut choices = vec![choice("", &self.p.t("draft.route.usual"), &chosen)];
        choices.push(choice("starter", &self.p.t("draft.route.starter"), &chosen));
        let said = |key: &str, name: &str| self.p.say(key, &[("name", name)]);
        let teams = self.known.teams.iter().map(|n| (format!("team:{n}"), said("draft.route.team", n)));
        let users = self.known.users.iter().map(|n| (format!("agent:{n}"), said("draft.route.agent", n)));
        let named = self.header.iter().filter(|h| !h.trim().is_empty());
        let columns = named.map(|h| (format!("column:{h}"), said("draft.route.column", h)));
        choices.extend(teams.chain(users).chain(columns).map(|(value, label)| choice(&value, &label, &chosen)));
        if choices.iter().all(|c| !c.chosen) {
            choices.push(choice(&chosen, &chosen, &chosen));
        }
        Select { name: "route".to_owned(), label: self.p.t("draft.route.label"), choices }
    }

    pub(super) fn replies(&self) -> Vec<Reply> {
        let buttons = self.known.template.iter().flat_map(|t| &t.buttons);
        let labels = buttons.filter_map(|button| match button {
            Button::QuickReply { text } => Some(text),
            _ => None,
        });
        labels.enumerate().map(|(no, label)| self.reply(no, label)).collect()
    }

    fn reply(&self, no: usize, label: &str) -> Reply {
        let place = |key| ["replies", "buttons", label, key];
        let chosen = self.file.text(&place("outcome"));
        let mut outcomes = vec![choice("", &self.p.t("draft.no_outcome"), &chosen)];
        outcomes.extend(OUTCOMES.iter().map(|word| choice(word, &self.p.t(&format!("web.outcome.{word}")), &chosen)));
        if outcomes.iter().all(|c| !c.chosen) {
            outcomes.push(choice(&chosen, &chosen, &chosen));
        }
        let (answer, close) = (self.file.text(&place("answer")), self.file.flag(&place("close")));
        Reply { no, label: label.to_owned(), outcomes, answer, close }
    }

    pub(super) fn at_most(&self) -> Select {
        let chosen = self.file.text(&["limits", "at_most"]);
        let mut choices = vec![choice("", &self.p.t("draft.at_most.none"), &chosen)];
        for offered in FREQUENCIES {
            let key = format!("draft.at_most.{}", offered.replace(' ', "_"));
            choices.push(choice(offered, &self.p.t(&key), &chosen));
        }
        if choices.iter().all(|c| !c.chosen) {
            choices.push(choice(&chosen, &chosen, &chosen));
        }
        Select { name: "at_most".to_owned(), label: self.p.t("draft.at_most.label"), choices }
    }

    /// What becomes of people who got the same file with another campaign.
    pub(super) fn sent_elsewhere(&self) -> Select {
        let chosen = self.file.text(&["limits", "sent_elsewhere"]);
        let offered = [("", "ask"), ("leave them out", "leave_out"), ("send anyway", "send")];
        let choices =
            offered.map(|(value, word)| choice(value, &self.p.t(&format!("draft.elsewhere.{word}")), &chosen));
        Select { name: "sent_elsewhere".to_owned(), label: self.p.t("draft.elsewhere.label"), choices: choices.into() }
    }
}

/// The words around a parameter in its text.
fn around(text: &str, name: &str) -> (String, String) {
    let flat = text.replace('\n', " ");
    for (at, _) in flat.match_indices("{{") {
        let Some(end) = flat[at..].find("}}").map(|end| at + end + 2) else { continue };
        if flat[at + 2..end - 2].trim() == name {
            // Up to the parameters beside it, and no further than is read at a glance.
            let before = flat[..at].rsplit("}}").next().unwrap_or_default();
            let after = flat[end..].split("{{").next().unwrap_or_default();
            let before: Vec<char> = before.chars().rev().take(AROUND).collect();
            return (before.into_iter().rev().collect(), after.chars().take(AROUND).collect());
        }
    }
    (String::new(), String::new())
}

/// A cell's beginning.
fn cut(text: &str) -> String {
    let text = text.trim();
    if text.chars().count() <= AROUND { text.to_owned() } else { text.chars().take(AROUND).chain(['…']).collect() }
}

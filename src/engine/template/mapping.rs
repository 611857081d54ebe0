//! The default mapping of a template: what a campaign, or a message by hand, puts into its variables where nothing else is
//! said; and what it makes of a sample.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Time;
use minijinja::value::Value as RowValue;

use crate::domain::fill::{ButtonFill, Fill, HeaderFill, Rendered, Value};
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::domain::template::parts::Takes;
use crate::domain::template::slot::{self, Slot};
use crate::domain::template::{Button, Template, header_example};
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError};
use crate::intake::campaign_file::{ButtonUse, CampaignFile};
use crate::intake::columns::{CLIENT_NAME, CLIENT_PHONE};
use crate::intake::content::{self, Given};
use crate::intake::expression::{Expression, Place, RowValues, Style, WHEN, When};
use crate::store::template::own::{self, Own};
use crate::store::{person, template, variable};

/// A group's name is shorter.
const LONGEST_GROUP: usize = 40;

/// More groups than these are no help.
const MOST_GROUPS: usize = 20;

/// The name that a sample greets.
const SAMPLE_NAME: &str = "Ana Paz";

/// The number that a sample goes to.
const SAMPLE_PHONE: &str = "5491155550123";

/// What stands before the number of a button in a mapping.
const BUTTON: &str = "button.";

impl Engine {
    /// Texts that expressions may use: the custom variables, and over them `[vars]` of the configuration.
    pub async fn vars(&self) -> Result<BTreeMap<String, String>, EngineError> {
        let mut vars = variable::values(&self.store).await?;
        vars.extend(self.config.vars.iter().map(|(name, text)| (name.clone(), text.clone())));
        Ok(vars)
    }

    /// Sets what is our own of a template: its groups, and the default mapping. What stands in the way.
    pub async fn set_own(
        &self,
        (account, name, language): (&str, &str, &str),
        groups: &[String],
        mapping: &BTreeMap<String, String>,
    ) -> Result<Vec<Problem>, EngineError> {
        let known = template::get(&self.store, account, name, language).await?;
        let known = known.ok_or(EngineError::Unknown { what: "template" })?;
        let groups: BTreeSet<String> = groups.iter().map(|g| g.trim().to_owned()).filter(|g| !g.is_empty()).collect();
        let mut problems = Vec::new();
        if groups.len() > MOST_GROUPS || groups.iter().any(|g| g.chars().count() > LONGEST_GROUP || g.contains('\0')) {
            problems.push(Problem::new("template_groups", &[("field", "groups")]));
        }
        let takes = takes(&known);
        let mapping: BTreeMap<String, String> =
            mapping.iter().filter(|(_, text)| !text.trim().is_empty()).map(|(k, v)| (k.clone(), v.clone())).collect();
        for (entry, source) in &mapping {
            let field = format!("mapping.{entry}");
            if takes.contains(entry) {
                problems.extend(not_readable(source, entry, &field, language));
            } else {
                problems.push(Problem::new("template_mapping_extra", &[("field", &field), ("name", entry)]));
            }
        }
        if problems.is_empty() {
            let own = Own { groups: groups.into_iter().collect(), mapping };
            own::save(&self.store, (account, name, language), &own, self.clock.now()).await?;
            self.tell(crate::domain::change::Change::Templates);
        }
        Ok(problems)
    }

    /// What a person would read, with the default mapping applied to a made-up row; variables without one have the example
    /// that the provider approved. What has neither, and columns, stand in marks.
    pub async fn template_sample(&self, template: &Template, own: &Own) -> Result<Rendered, EngineError> {
        let vars = self.vars().await?;
        Ok(sample(template, &own.mapping, &vars, self.clock.now()))
    }

    /// The values of a message by hand: those given, and for the others what the default mapping makes of the person. An
    /// expression that greets somebody by name is refused where the name is not known and it says nothing instead of one, as
    /// a campaign leaves such a row out; one that needs a file's columns gives nothing.
    pub(in crate::engine) async fn values_by_hand(
        &self,
        (account, template): (&str, &Template),
        to: Option<&Phone>,
        given: &[(String, String)],
    ) -> Result<Result<Vec<(String, String)>, Problem>, EngineError> {
        let own = own::get(&self.store, account, &template.name, &template.language).await?;
        let mut values: Vec<(String, String)> = given.to_vec();
        if own.mapping.is_empty() {
            return Ok(Ok(values));
        }
        let mut known = self.vars().await?;
        if let Some(to) = to {
            known.insert(CLIENT_PHONE.to_owned(), to.digits().to_owned());
            // Who has no name has an empty one, as a row has: what the expression says then is judged as for a campaign's.
            let name = person::name_of(&self.store, to).await?.unwrap_or_default();
            known.insert(CLIENT_NAME.to_owned(), name);
        }
        let header = template.header_parameters();
        let style = Style::of_tag(&template.language);
        for (entry, source) in &own.mapping {
            let field = if header.contains(entry) { "header" } else { entry };
            let is_given = |name: &str| values.iter().any(|(n, text)| n == name && !text.trim().is_empty());
            if is_given(field) || !takes(template).contains(entry) {
                continue;
            }
            let own = (source.as_str(), entry.as_str(), style);
            let Some((expression, row)) = prepare(own, &known) else { continue };
            match content::given(&expression, &row) {
                Ok(Given::Nameless) => {
                    return Ok(Err(Problem::new("client_unknown", &[("field", "to"), ("name", entry)])));
                }
                Ok(Given::Text { text, .. }) => {
                    values.retain(|(name, _)| name != field);
                    values.push((field.to_owned(), text));
                }
                Ok(Given::Empty) | Err(_) => {}
            }
        }
        Ok(Ok(values))
    }

    /// The campaign's file with the default mapping of its template where it says nothing.
    pub(in crate::engine) async fn with_mapping(
        &self,
        account: &str,
        file: &mut CampaignFile,
        template: Option<&Template>,
    ) -> Result<BTreeMap<String, String>, EngineError> {
        let Some(template) = template else { return Ok(BTreeMap::new()) };
        let own = own::get(&self.store, account, &template.name, &template.language).await?;
        apply(file, template, &own.mapping);
        Ok(own.mapping)
    }
}

/// Puts `mapping` into `file` where that says nothing of what `template` takes.
pub(in crate::engine) fn apply(file: &mut CampaignFile, template: &Template, mapping: &BTreeMap<String, String>) {
    let takes = takes(template);
    for (entry, source) in mapping.iter().filter(|(entry, _)| takes.contains(*entry)) {
        match entry.strip_prefix(BUTTON).and_then(|no| no.parse::<i64>().ok()) {
            Some(no) if !file.template.buttons.iter().any(|(index, _)| *index == no) => {
                let takes = template.buttons.get(no as usize).map_or(Takes::Url, Button::takes);
                file.template.buttons.push((no, ButtonUse::of(takes, source.clone())));
            }
            None if Slot::parse(entry).is_some() => {
                let slot = Slot::parse(entry).filter(|slot| file.template.slots.iter().all(|(given, _)| given != slot));
                file.template.slots.extend(slot.map(|slot| (slot, source.clone())));
            }
            None if !file.variables.iter().any(|(name, _)| name == entry) => {
                file.variables.push((entry.clone(), source.clone()));
            }
            Some(_) | None => {}
        }
    }
}

/// What a mapping may speak of: the variables of header and body, and the buttons that take a value.
pub fn takes(template: &Template) -> Vec<String> {
    let mut takes = template.header_parameters();
    takes.extend(template.body_parameters().into_iter().filter(|name| !takes.contains(name)).collect::<Vec<_>>());
    for (i, button) in template.buttons.iter().enumerate() {
        if button.takes() != Takes::Nothing {
            takes.push(format!("{BUTTON}{i}"));
        }
    }
    takes.extend(template.slots().iter().map(ToString::to_string));
    takes
}

fn not_readable(source: &str, entry: &str, field: &str, language: &str) -> Option<Problem> {
    let names = Expression::names(source, Style::of_tag(language));
    let why = names.err()?;
    Some(Problem::new("template_mapping", &[("field", field), ("name", entry), ("why", &why)]))
}

/// What an expression makes of texts alone; `None` where it speaks of anything else.
pub(in crate::engine) fn evaluate(
    source: &str,
    entry: &str,
    style: Style,
    texts: &BTreeMap<String, String>,
) -> Option<String> {
    let (expression, row) = prepare((source, entry, style), texts)?;
    expression.text(&row).ok()
}

/// An expression and the row of texts that it is used with; `None` where it speaks of anything else.
fn prepare(
    (source, entry, style): (&str, &str, Style),
    texts: &BTreeMap<String, String>,
) -> Option<(Expression, RowValue)> {
    let known: BTreeSet<&str> = texts.keys().map(String::as_str).collect();
    let compiled = Expression::compile(source, &Place::of("variables", entry, None), style, &known).ok()?;
    let values = RowValues {
        cells: Vec::new(),
        columns: Arc::default(),
        vars: Arc::new(texts.clone()),
        when: None,
        client: None,
        numbers: Vec::new(),
    };
    Some((compiled, RowValue::from_object(values)))
}

/// What an entry gives for a made-up row; its mark where it has no expression or that fails.
fn value(entry: &str, source: Option<&String>, row: &Row<'_>) -> String {
    let mark = || format!("‹{entry}›");
    let Some(source) = source else { return mark() };
    let Ok(names) = Expression::names(source, row.style) else { return mark() };
    let own = |name: &&String| !row.vars.contains_key(*name) && name.as_str() != WHEN;
    let columns: Vec<String> = names.iter().filter(own).cloned().collect();
    let cell = |name: &String| match name.as_str() {
        CLIENT_NAME => SAMPLE_NAME.to_owned(),
        CLIENT_PHONE => SAMPLE_PHONE.to_owned(),
        other => format!("‹{other}›"),
    };
    let values = RowValues {
        cells: columns.iter().map(cell).collect(),
        columns: Arc::new(columns.iter().enumerate().map(|(i, name)| (name.clone(), i)).collect()),
        vars: Arc::new(row.vars.clone()),
        when: Some(row.when),
        client: None,
        numbers: Vec::new(),
    };
    let known: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let compiled = Expression::compile(source, &Place::of("variables", entry, None), row.style, &known);
    let text = compiled.ok().and_then(|e| e.text(&RowValue::from_object(values)).ok());
    text.filter(|text| !text.trim().is_empty()).unwrap_or_else(mark)
}

/// What a made-up row has.
struct Row<'a> {
    vars: &'a BTreeMap<String, String>,
    style: Style,
    when: When,
}

fn sample(
    template: &Template,
    mapping: &BTreeMap<String, String>,
    vars: &BTreeMap<String, String>,
    now: UnixMs,
) -> Rendered {
    let style = Style::of_tag(&template.language);
    let tomorrow = now.in_zone(&jiff::tz::TimeZone::UTC).date().tomorrow().unwrap_or_default();
    let local = tomorrow.to_datetime(Time::constant(14, 30, 0, 0));
    let row = Row { vars, style, when: When { local, has_time: true, style } };
    let example = |name: &str| template.examples.iter().find(|(of, _)| of == name).map(|(_, text)| text.clone());
    let told = |entry: &str, name: &str| match mapping.get(entry) {
        Some(source) => value(entry, Some(source), &row),
        None => example(name).unwrap_or_else(|| value(entry, None, &row)),
    };
    let of = |entry: &str| told(entry, entry);
    let header = template.header_parameters().into_iter().next();
    let header = header.map(|name| HeaderFill::Text(Value { text: told(&name, &header_example(&name)), name }));
    let body = template.body_parameters().into_iter().map(|name| Value { text: of(&name), name }).collect();
    let taken = takes(template);
    let buttons = (0..template.buttons.len()).map(|i| (i, format!("{BUTTON}{i}"))).filter(|(_, b)| taken.contains(b));
    let buttons = buttons.map(|(i, entry)| ButtonFill { index: i as i64, text: of(&entry) }).collect();
    let mut fill = Fill { header, body, buttons, ..Fill::default() };
    let slots = template.slots().into_iter().map(|slot| (slot.clone(), of(&slot.to_string())));
    // What is no place, no moment or no list of products stays as the template has it.
    let utc = jiff::tz::TimeZone::UTC;
    let fits = |one: &(Slot, String)| slot::put(&mut Fill::default(), vec![one.clone()], (&utc, &[])).is_ok();
    let fitting: Vec<(Slot, String)> = slots.filter(fits).collect();
    drop(slot::put(&mut fill, fitting, (&utc, &[])));
    template.render(&fill)
}

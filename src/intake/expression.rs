//! Expressions of campaign files: text with `{{ … }}` in it. Expressions only – no statements, loops or macros – over
//! the row's columns, the configuration's `vars` and `when`, through an allow-list of filters, with fuel and length
//! capped. What an expression names is known when the file is opened, not when row 5,000 is reached.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, Value};

use crate::domain::problem::Problem;

use super::columns::{CLIENT_NAME, fold, nearest};
use super::consent::Consent;

mod amount;
mod calendar;
mod currency;
mod filters;
mod nameless;
mod names;
mod operands;
mod pieces;

pub use calendar::{Style, When};
pub use names::first_name;

/// The row's date and time, as expressions call it.
pub const WHEN: &str = "when";
/// Longest expression that is read, in bytes.
const LONGEST_SOURCE: usize = 4096;
/// Longest value, in characters; what Meta takes is shorter and checked where it is known.
const LONGEST_VALUE: usize = 4096;

/// Where an expression stands in its campaign file, as problems say it.
#[derive(Clone, Debug)]
pub struct Place {
    /// The locales' key of the words for it.
    key: &'static str,
    entry: String,
    line: String,
    column: String,
}

impl Place {
    /// The entry `entry` of `section` (`variables`, `template.buttons` or `columns`), which stands at `at`.
    pub fn of(section: &str, entry: &str, at: Option<(usize, usize)>) -> Self {
        let (line, column) = at.unwrap_or_default();
        let key = match section {
            "variables" => "place.variable",
            "template.buttons" => "place.button",
            "template" => "place.template",
            _ => "place.column",
        };
        Self { key, entry: entry.to_owned(), line: line.to_string(), column: column.to_string() }
    }

    /// The problem of a name that is taken for true in every row where something stands in it.
    pub fn takes_for_true(&self, name: &str) -> Problem {
        self.problem("bare_name", &[("name", name)])
    }

    /// The problem `code` with this place.
    fn problem(&self, code: &str, more: &[(&str, &str)]) -> Problem {
        let place = [("place_key", self.key), ("entry", &self.entry), ("line", &self.line), ("column", &self.column)];
        Problem::new(code, &[&place, more].concat())
    }
}

/// A compiled expression.
pub struct Expression {
    pieces: Vec<Piece>,
    /// Names it uses.
    names: BTreeSet<String>,
}

enum Piece {
    Text(String),
    Code(minijinja::Expression<'static, 'static>),
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expression").field("names", &self.names).finish_non_exhaustive()
    }
}

/// An expression failed on a row: a value was not what a filter needs, or the result is too long.
#[derive(Clone, PartialEq, Eq, Debug, Default, thiserror::Error)]
#[error("an expression failed on this row")]
pub struct Failed {
    /// What a filter had against which value: the word of a detail (`no_amount`) and the value.
    pub refused: Option<(String, String)>,
}

impl From<minijinja::Error> for Failed {
    fn from(error: minijinja::Error) -> Self {
        Self { refused: filters::why(&error) }
    }
}

impl Expression {
    /// Compiles `source`; `place` is where it stands, `known` the names it may use.
    pub fn compile(source: &str, place: &Place, style: Style, known: &BTreeSet<&str>) -> Result<Self, Vec<Problem>> {
        let bad = |why: &str| vec![place.problem("bad_expression", &[("why", why)])];
        if source.len() > LONGEST_SOURCE {
            return Err(bad("too long"));
        }
        let split = pieces::split(source).map_err(|why| bad(why.as_str()))?;
        let mut expression = Self { pieces: Vec::new(), names: BTreeSet::new() };
        let mut problems = Vec::new();
        for piece in split {
            match piece {
                pieces::Piece::Text(text) => expression.pieces.push(Piece::Text(text.to_owned())),
                pieces::Piece::Code(code) => {
                    problems.extend(unknown_filters(code, place));
                    let compared = operands::text_for_number(code);
                    problems.extend(compared.map(|text| place.problem("text_for_number", &[("text", &text)])));
                    let ordered = operands::letter_by_letter(code);
                    problems.extend(ordered.map(|(text, other)| {
                        let code = if text == WHEN { "when_order" } else { "text_order" };
                        place.problem(code, &[("text", &text), ("other", other)])
                    }));
                    match filters::environment(style).compile_expression_owned(code.to_owned()) {
                        Ok(compiled) => {
                            expression.names.extend(compiled.undeclared_variables(true));
                            expression.pieces.push(Piece::Code(compiled));
                        }
                        Err(e) => problems.extend(bad(e.detail().unwrap_or("syntax"))),
                    }
                }
            }
        }
        let is_known = |name: &str| known.contains(name) || known.contains(fold(name).as_str());
        problems.extend(expression.names.iter().filter(|n| !is_known(n)).map(|name| {
            match nearest(name, known.iter().copied()) {
                Some(meant) => place.problem("unknown_name_meant", &[("name", name), ("meant", meant)]),
                None => place.problem("unknown_name", &[("name", name)]),
            }
        }));
        if problems.is_empty() { Ok(expression) } else { Err(problems) }
    }

    /// The names that `source` uses, or why it is no expression. What they stand for is not asked: that depends on the
    /// file it is used with.
    pub fn names(source: &str, style: Style) -> Result<BTreeSet<String>, String> {
        if source.len() > LONGEST_SOURCE {
            return Err("too long".to_owned());
        }
        let mut names = BTreeSet::new();
        for piece in pieces::split(source).map_err(|why| why.as_str().to_owned())? {
            let pieces::Piece::Code(code) = piece else { continue };
            if let Some(name) =
                pieces::filters(code).into_iter().find(|f| !f.is_empty() && !filters::FILTERS.contains(f))
            {
                return Err(format!("| {name}"));
            }
            let compiled = filters::environment(style).compile_expression_owned(code.to_owned());
            names.extend(compiled.map_err(|e| e.detail().unwrap_or("syntax").to_owned())?.undeclared_variables(false));
        }
        Ok(names)
    }

    /// Compiles a condition: one `{{ … }}` and nothing beside it.
    pub fn condition(source: &str, place: &Place, style: Style, known: &BTreeSet<&str>) -> Result<Self, Vec<Problem>> {
        let compiled = Self::compile(source.trim(), place, style, known)?;
        match pieces::split(source.trim()).as_deref() {
            Ok([pieces::Piece::Code(code)]) => match operands::bare(code) {
                Some(name) => Err(vec![place.takes_for_true(name)]),
                None => Ok(compiled),
            },
            _ => Err(vec![place.problem("condition_form", &[])]),
        }
    }

    /// Whether it uses a name.
    pub fn uses(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Its text for a row: nothing where it greets by a name that is not known, and says nothing instead of one.
    pub fn text(&self, row: &Value) -> Result<String, Failed> {
        let text = self.written(row)?;
        let marked = self.uses(CLIENT_NAME).then(|| nameless::marked(row)).flatten();
        let has_gap = marked.and_then(|row| self.written(&row).ok()).is_some_and(|m| nameless::has_gap(&text, &m));
        Ok(if has_gap { String::new() } else { text })
    }

    /// Its text, as the pieces give it.
    fn written(&self, row: &Value) -> Result<String, Failed> {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Code(code) => {
                    let value = code.eval(row.clone())?;
                    if value.is_undefined() {
                        return Err(Failed::default());
                    }
                    match value.as_str() {
                        Some(text) => out.push_str(text),
                        None => out.push_str(&value.to_string()),
                    }
                }
            }
            // Four bytes are the most a character takes.
            if out.len() > LONGEST_VALUE * 4 {
                return Err(Failed::default());
            }
        }
        if out.chars().count() > LONGEST_VALUE { Err(Failed::default()) } else { Ok(out) }
    }

    /// Whether the condition holds for a row. A cell is a yes or a no by its words, as a consent is.
    pub fn holds(&self, row: &Value) -> Result<bool, Failed> {
        let [Piece::Code(code)] = self.pieces.as_slice() else { return Err(Failed::default()) };
        let value = code.eval(row.clone())?;
        let number = value.downcast_object_ref::<amount::Exact>().map(|number| number.0.as_str());
        let Some(text) = value.as_str().or(number) else { return Ok(value.is_true()) };
        match Consent::read(text) {
            Consent::Given => Ok(true),
            Consent::Refused | Consent::Unsaid => Ok(false),
            Consent::Dash | Consent::Unclear => {
                Err(Failed { refused: Some(("no_yes_or_no".to_owned(), text.to_owned())) })
            }
        }
    }
}

/// Names used by a source, without compiling it for real: what columns an expression speaks of is asked before the
/// columns are known.
pub fn speaks_of(source: &str, name: &str) -> bool {
    let Ok(split) = pieces::split(source) else { return false };
    split.into_iter().any(|piece| match piece {
        pieces::Piece::Text(_) => false,
        pieces::Piece::Code(code) => {
            filters::environment(Style::En).compile_expression_owned(code.to_owned()).is_ok_and(|compiled| {
                compiled.undeclared_variables(false).iter().any(|used| used == name || fold(used) == name)
            })
        }
    })
}

/// Names that `source`, a value that is sent, takes for true because something stands in them, and says something else by.
pub fn taken_for_true(source: &str) -> Vec<String> {
    let split = pieces::split(source).unwrap_or_default().into_iter();
    let names = split.flat_map(|piece| match piece {
        pieces::Piece::Text(_) => Vec::new(),
        pieces::Piece::Code(code) => operands::deciding(code),
    });
    names.map(str::to_owned).collect()
}

fn unknown_filters(code: &str, place: &Place) -> Vec<Problem> {
    let unknown = pieces::filters(code).into_iter().filter(|name| !name.is_empty() && !filters::FILTERS.contains(name));
    unknown
        .map(|name| {
            let Some(meant) = nearest(name, filters::FILTERS) else {
                let all = filters::FILTERS.join(", ");
                return place.problem("unknown_filter", &[("name", name), ("filters", &all)]);
            };
            place.problem("unknown_filter_meant", &[("name", name), ("meant", meant)])
        })
        .collect()
}

/// What the expressions of one row see: `when`, then the row's columns, then the configuration's vars.
#[derive(Debug)]
pub struct RowValues {
    /// Cells in the order of the header.
    pub cells: Vec<String>,
    /// Places of the columns by folded name.
    pub columns: Arc<BTreeMap<String, usize>>,
    /// The configuration's vars.
    pub vars: Arc<BTreeMap<String, String>>,
    /// The row's date and time.
    pub when: Option<When>,
    /// What its person is called, for a row that does not say it.
    pub client: Option<String>,
    /// Places of numbers that a text would not tell the value of; see [`super::audience::Lines::numbers`].
    pub numbers: Vec<usize>,
}

impl RowValues {
    /// A column by its name, or by its title with accents and capitals.
    fn place(&self, key: &str) -> Option<usize> {
        self.columns.get(key).or_else(|| self.columns.get(&fold(key))).copied()
    }
}

impl Object for RowValues {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        if key == WHEN
            && let Some(when) = self.when
        {
            return Some(Value::from_object(when));
        }
        if key == CLIENT_NAME
            && let Some(name) = &self.client
            && self.place(key).and_then(|place| self.cells.get(place)).is_none_or(|cell| cell.trim().is_empty())
        {
            return Some(Value::from(name.as_str()));
        }
        if !self.columns.contains_key(key)
            && let Some(text) = self.vars.get(key)
        {
            return Some(Value::from(text.as_str()));
        }
        let place = self.place(key)?;
        let cell = self.cells.get(place)?;
        Some(if self.numbers.contains(&place) {
            Value::from_object(amount::Exact(cell.clone()))
        } else {
            Value::from(cell.as_str())
        })
    }
}

//! Strict TOML: everything a file says is asked for by name, and what nobody asked for is refused. Both `recado.toml`
//! and `campaign.toml` are read with it, and all problems of a file are found in one reading.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use toml::de::{DeTable, Error as SyntaxError};

mod hint;
mod overlay;
mod table;
mod value;

pub use hint::nearest;
pub use table::Table;
pub use value::Value;

/// Something wrong in a file, where it is, and what was perhaps meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TomlProblem {
    /// The file as the reader knows it, or `environment NAME` for a value that came from there.
    pub file: String,
    /// From 1; 0 for a value from the environment.
    pub line: usize,
    /// In characters, from 1; 0 for a value from the environment.
    pub column: usize,
    /// A plain sentence without the final stop.
    pub message: String,
    /// What was perhaps meant, as `did you mean "language"?`.
    pub hint: Option<String>,
}

/// `campaign.toml:12:3: unknown key "langage"; did you mean "language"?`
impl fmt::Display for TomlProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.message)?;
        self.hint.iter().try_for_each(|hint| write!(f, "; {hint}"))
    }
}

impl std::error::Error for TomlProblem {}

/// The file being read. A position is a byte of the text, or, from the end of the text on, one of the variables.
#[derive(Debug)]
struct Source<'s> {
    name: &'s str,
    text: &'s str,
    variables: Vec<&'s str>,
    problems: RefCell<Vec<(usize, TomlProblem)>>,
    /// Section and key of everything asked for, so that a key in the wrong section is told the right one.
    known: RefCell<BTreeSet<(String, &'static str)>>,
    unknown: RefCell<Vec<Unknown>>,
}

/// A key nobody asked for.
#[derive(Debug)]
struct Unknown {
    at: usize,
    section: String,
    key: String,
}

/// Reads `text` with `build`, which gives `None` when something it needs is wrong. The variables of `environment` whose
/// names are `RECADO_<SECTION>__<KEY>` replace or add keys.
///
/// # Errors
/// Everything that is wrong, in the order of the file: syntax alone if the file is not TOML, else every unknown,
/// missing, repeated, mistyped or refused key.
pub fn read<T>(
    name: &str,
    text: &str,
    environment: &BTreeMap<String, String>,
    build: impl FnOnce(&mut Table<'_, '_>) -> Option<T>,
) -> Result<T, Vec<TomlProblem>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut source = Source::new(name, text);
    for error in &errors {
        source.refuse(error.span().map_or(0, |s| s.start), &plain(error), None);
    }
    // A repeated key leaves the rest readable; after any other error of syntax everything else would be guesswork.
    if errors.iter().any(|e| !is_repeated_key(e)) {
        return Err(source.into_problems());
    }
    let mut root = root.into_inner();
    overlay::lay_over(&mut root, &mut source, environment);
    let mut table = Table::root(&source, &root);
    let contents = build(&mut table);
    table.finish();
    source.refuse_unknown();
    let problems = source.into_problems();
    match contents {
        Some(contents) if problems.is_empty() => Ok(contents),
        None if problems.is_empty() => unreachable!("{name}: what gives nothing has said why"),
        _ => Err(problems),
    }
}

fn belongs(section: &str) -> String {
    if section.is_empty() {
        "it belongs at the top, above every [section]".to_owned()
    } else {
        format!("it belongs in [{section}]")
    }
}

fn is_repeated_key(error: &SyntaxError) -> bool {
    error.message().starts_with("duplicate key")
}

fn plain(error: &SyntaxError) -> String {
    if is_repeated_key(error) {
        return "this key is already there further up".to_owned();
    }
    format!("this is not TOML: {}", error.message())
}

/// ` in [section]`; nothing for the top of the file.
fn inside(section: &str) -> String {
    if section.is_empty() { String::new() } else { format!(" in [{section}]") }
}

impl<'s> Source<'s> {
    fn new(name: &'s str, text: &'s str) -> Self {
        Self {
            name,
            text,
            variables: Vec::new(),
            problems: RefCell::default(),
            known: RefCell::default(),
            unknown: RefCell::default(),
        }
    }

    /// Refuses the keys nobody asked for, once it is known what could have been asked for.
    fn refuse_unknown(&self) {
        let known = self.known.borrow();
        for Unknown { at, section, key } in self.unknown.take() {
            let here = known.iter().filter(|(s, _)| *s == section).map(|(_, k)| *k);
            let elsewhere = || known.iter().find(|(_, k)| *k == key).map(|(s, _)| belongs(s));
            let hint = hint::did_you_mean(&key, here).or_else(elsewhere);
            self.refuse(at, &format!("unknown key \"{key}\"{}", inside(&section)), hint);
        }
    }

    fn refuse(&self, at: usize, message: &str, hint: Option<String>) {
        let (file, line, column) = self.place(at);
        let problem = TomlProblem { file, line, column, message: message.to_owned(), hint };
        self.problems.borrow_mut().push((at, problem));
    }

    /// Where a position is, for people.
    fn place(&self, at: usize) -> (String, usize, usize) {
        if let Some(variable) = self.variable(at) {
            return (format!("environment {variable}"), 0, 0);
        }
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |n| n + 1);
        let line = before.matches('\n').count() + 1;
        (self.name.to_owned(), line, before[line_start..].chars().count() + 1)
    }

    fn variable(&self, at: usize) -> Option<&str> {
        at.checked_sub(self.text.len() + 1).and_then(|i| self.variables.get(i).copied())
    }

    fn into_problems(self) -> Vec<TomlProblem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|(at, _)| *at);
        problems.into_iter().map(|(_, problem)| problem).collect()
    }
}

//! What screens, sheets and automatic answers say, in three languages. Keys live in `locales/<language>/<area>.toml`;
//! a test demands the same keys and placeholders in every language.
//!
//! A sentence with a count in it has two forms, `key = { one = "…", other = "…" }`; the argument `n` chooses.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::domain::failure::{Failure, known, sentence_key};
use crate::domain::problem::Problem;

/// A language of the screens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Spanish.
    Es,
    /// Portuguese.
    Pt,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::En, Self::Es, Self::Pt];

    /// `en`, `es` or `pt`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
            Self::Pt => "pt",
        }
    }

    /// From a tag such as `es`, `es_AR` or `pt-BR`; anything else is English.
    pub fn of_tag(tag: &str) -> Self {
        match tag.get(..2) {
            Some("es") => Self::Es,
            Some("pt") => Self::Pt,
            _ => Self::En,
        }
    }
}

/// A sentence with its `{placeholders}`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sentence {
    /// Always the same.
    Plain(String),
    /// With a count in it. English, Spanish and Portuguese alike have a form for one and a form for all else, none
    /// included.
    Counted {
        /// When `n` is 1.
        one: String,
        /// For every other `n`.
        other: String,
    },
}

impl Sentence {
    /// The form for `n`, as it will be shown.
    fn of(&self, n: Option<&str>) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Counted { one, .. } if n == Some("1") => one,
            Self::Counted { other, .. } => other,
        }
    }

    /// Every form.
    pub fn forms(&self) -> Vec<&str> {
        match self {
            Self::Plain(text) => vec![text],
            Self::Counted { one, other } => vec![one, other],
        }
    }
}

/// The files of a language: one line an area.
macro_rules! areas {
    ($language:literal) => {
        areas!($language:
            "audit",
            "billing",
            "desk",
            "doctor",
            "draft",
            "elsewhere",
            "engine",
            "failure",
            "feed",
            "feed",
            "inbox",
            "intake",
            "mapping",
            "page",
            "person",
            "preflight",
            "recognised",
            "repeat",
            "template",
            "thread",
            "web",
        )
    };
    ($language:literal: $($area:literal,)*) => {
        [$((concat!($language, "/", $area), include_str!(concat!("../locales/", $language, "/", $area, ".toml")))),*]
    };
}

static EN: LazyLock<BTreeMap<String, Sentence>> = LazyLock::new(|| read(&areas!("en")));
static ES: LazyLock<BTreeMap<String, Sentence>> = LazyLock::new(|| read(&areas!("es")));
static PT: LazyLock<BTreeMap<String, Sentence>> = LazyLock::new(|| read(&areas!("pt")));

fn read(files: &[(&str, &str)]) -> BTreeMap<String, Sentence> {
    let mut all = BTreeMap::new();
    for (file, text) in files {
        let table: toml::Table =
            toml::from_str(text).unwrap_or_else(|e| unreachable!("{file} is parsed by a test: {e}"));
        flatten("", &table, &mut all);
    }
    all
}

fn flatten(prefix: &str, table: &toml::Table, into: &mut BTreeMap<String, Sentence>) {
    for (key, value) in table {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::String(text) => drop(into.insert(key, Sentence::Plain(text.clone()))),
            toml::Value::Table(inner) if let Some(counted) = counted(inner) => drop(into.insert(key, counted)),
            toml::Value::Table(inner) => flatten(&key, inner, into),
            other => unreachable!("{key} is not a text but {}: the test of the locales refuses it", other.type_str()),
        }
    }
}

/// The two forms, where a table is that and not an area's part.
fn counted(table: &toml::Table) -> Option<Sentence> {
    let form = |name| Some(table.get(name)?.as_str()?.to_owned());
    let (one, other) = (form("one")?, form("other")?);
    (table.len() == 2).then_some(Sentence::Counted { one, other })
}

/// Every key and its sentence in `language`.
pub fn sentences(language: Language) -> &'static BTreeMap<String, Sentence> {
    match language {
        Language::En => &EN,
        Language::Es => &ES,
        Language::Pt => &PT,
    }
}

/// The sentence of `key` with its `{placeholders}` filled; the argument `n` chooses the form of a counted one. Keys in code are checked by a test; a key made at run time
/// (a provider's code) that has no sentence gives the key itself.
pub fn say(language: Language, key: &str, args: &[(&str, &str)]) -> String {
    let Some(sentence) = sentences(language).get(key) else { return key.to_owned() };
    let mut rest = sentence.of(args.iter().find(|(name, _)| *name == "n").map(|(_, n)| *n));
    let mut out = String::with_capacity(rest.len());
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}') else { break };
        let name = &rest[open + 1..open + close];
        out.push_str(&rest[..open]);
        match args.iter().find(|(n, _)| *n == name) {
            Some((_, value)) => out.push_str(value),
            None => out.push_str(&rest[open..=open + close]),
        }
        rest = &rest[open + close + 1..];
    }
    out.push_str(rest);
    out
}

/// The argument that holds a provider's code; the sentence shows its words as `{why}`.
const FAILURE: &str = "failure";

/// An argument so named is the key of another sentence, which takes the same arguments: `place_key` is shown as `{place}`.
const KEY: &str = "_key";

/// What the arguments that are keys of other sentences say, by the names under which a sentence shows them.
pub fn spoken<'a>(language: Language, args: &[(&'a str, &str)]) -> Vec<(&'a str, String)> {
    let keys = args.iter().filter_map(|(name, key)| Some((name.strip_suffix(KEY)?, *key)));
    keys.map(|(name, key)| (name, say(language, key, args))).collect()
}

/// The sentence of a blocker, of a warning, or of what stopped a run: `problem.<code>`.
pub fn problem(language: Language, problem: &Problem) -> String {
    let mut args: Vec<(&str, &str)> = problem.args.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let code = args.iter().find(|(name, _)| *name == FAILURE).and_then(|(_, code)| code.parse().ok());
    let why = code.map(|code| say(language, &sentence_key(code), &[]));
    args.extend(why.iter().map(|why| ("why", why.as_str())));
    let spoken = spoken(language, &args);
    args.extend(spoken.iter().map(|(name, words)| (*name, words.as_str())));
    say(language, &format!("problem.{}", problem.code), &args)
}

/// The same as a page says it: by its own fields where the sentence speaks of the campaign file's keys
/// (`page.problem.<code>`).
pub fn page_problem(language: Language, of: &Problem) -> String {
    if let Some((_, detail)) = of.args.iter().find(|(name, _)| of.code == "campaign_file" && name == "detail") {
        let said = without_place(detail);
        return of_field(language, said).unwrap_or_else(|| said.to_owned());
    }
    let of = &Problem { code: of.code.clone(), args: of.args.iter().map(|arg| place_of_page(language, arg)).collect() };
    let key = format!("page.problem.{}", of.code);
    if !sentences(language).contains_key(&key) {
        return problem(language, of);
    }
    let role = of.args.iter().find(|(name, _)| name == "role").map(|(_, role)| format!("draft.role.{role}"));
    let role = role.map(|key| say(language, &key, &[]));
    let others = of.args.iter().filter(|(name, _)| name != "role").map(|(k, v)| (k.as_str(), v.as_str()));
    let mut args: Vec<(&str, &str)> = others.chain(role.iter().map(|role| ("role", role.as_str()))).collect();
    let spoken = spoken(language, &args);
    args.extend(spoken.iter().map(|(name, words)| (*name, words.as_str())));
    say(language, &key, &args)
}

/// What a field of the page takes, where a sentence about a campaign file says what its key must be (`page.key.<key>`).
fn of_field(language: Language, said: &str) -> Option<String> {
    let (key, _) = said.strip_prefix('"')?.split_once("\" must be ")?;
    let is_day = key.split('-').all(|day| DAYS.contains(&day));
    let words = format!("page.key.{}", if is_day { "hours" } else { key });
    sentences(language).contains_key(&words).then(|| say(language, &words, &[]))
}

/// Keys of days.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A key that says where in the campaign file something stands, as the key that says it of a page (`page.place.<word>`).
fn place_of_page(language: Language, (name, value): &(String, String)) -> (String, String) {
    let of_page = format!("page.{value}");
    let is_place = name.ends_with(KEY) && sentences(language).contains_key(&of_page);
    (name.clone(), if is_place { of_page } else { value.clone() })
}

/// A sentence about a campaign file without `campaign.toml:6:8: `, which says nothing to whoever never sees the file.
fn without_place(detail: &str) -> &str {
    let is_place = |place: &str| {
        let mut parts = place.rsplitn(3, ':');
        let is_number =
            |part: Option<&str>| part.is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
        is_number(parts.next())
            && is_number(parts.next())
            && parts.next().is_some_and(|file| file.rsplit_once('.').is_some_and(|(_, kind)| kind == "toml"))
    };
    detail.split_once(": ").filter(|(place, _)| is_place(place)).map_or(detail, |(_, said)| said)
}

/// Why a message failed with the provider's `code`: the code's own sentence, else its class's, else that Recado does not
/// know the code, or that the provider gave none.
pub fn failure(language: Language, code: i64) -> String {
    match known(code) {
        Some(_) => say(language, &sentence_key(code), &[]),
        None if code == Failure::NO_CODE => say(language, &sentence_key(code), &[]),
        None => say(language, "web.failure_unknown", &[("code", &code.to_string())]),
    }
}

/// What stands in the way of a campaign as it was noted with it, one sentence a line; what was noted as a sentence stands
/// as it is.
pub fn noted(language: Language, stored: &str) -> String {
    each_noted(stored, |one| problem(language, one))
}

/// The same as a page says it.
pub fn page_noted(language: Language, stored: &str) -> String {
    each_noted(stored, |one| page_problem(language, one))
}

fn each_noted(stored: &str, say: impl Fn(&Problem) -> String) -> String {
    match serde_json::from_str::<Vec<Problem>>(stored) {
        Ok(all) => all.iter().map(say).collect::<Vec<_>>().join("\n"),
        Err(_) => stored.to_owned(),
    }
}

/// Several, one after the other.
pub fn problems(language: Language, problems: &[Problem]) -> String {
    problems.iter().map(|one| problem(language, one)).collect::<Vec<_>>().join(" ")
}

//! What alerts say.

use serde::{Deserialize, Serialize};

use crate::domain::alert::AlertKind;
use crate::engine::scope;
use crate::engine::waiting::Why;
use crate::locale::{self, Language};
use crate::store::hold::HoldScope;

/// Which of the two messages of an alert.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// The condition has begun.
    Began,
    /// It is over.
    Ended,
}

impl Phase {
    /// The word in messages and locales.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Ended => "ended",
        }
    }
}

/// What the sentences of an alert need.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Detail {
    /// Values of placeholders.
    pub args: Vec<(String, String)>,
    /// The reason, where another part of Recado has words for it.
    pub why: Option<Why>,
    /// The page to look at, below the public address.
    pub path: String,
}

impl Detail {
    pub(super) fn new(path: &str, args: &[(&str, &str)]) -> Self {
        let args = args.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self { args, why: None, path: path.to_owned() }
    }

    /// From the store; what another version of Recado has written says less.
    pub fn read(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }

    /// The sentence.
    pub fn sentence(&self, language: Language, kind: AlertKind, phase: Phase) -> String {
        // What was noted with a campaign is problems.
        let noted = |(name, value): &(String, String)| {
            let is_noted = name == "problem";
            if is_noted { locale::noted(language, value) } else { value.clone() }
        };
        let values: Vec<String> = self.args.iter().map(noted).collect();
        let names = self.args.iter().map(|(name, _)| name.as_str());
        let mut args: Vec<(&str, &str)> = names.zip(values.iter().map(String::as_str)).collect();
        let why = self.why.as_ref().map(|why| why.sentence(language));
        let given = |name: &str| args.iter().find(|(k, _)| *k == name).map(|(_, v)| *v);
        let held = given("scope").and_then(HoldScope::parse);
        let what = held.map(|held| scope::named(language, held, given("name").unwrap_or_default()));
        let notice = given("notice").map(|word| {
            locale::say(language, &format!("notice.{word}"), &[("said", given("said").unwrap_or_default())])
        });
        if let Some(why) = notice.as_deref().or(why.as_deref()) {
            args.push(("why", why));
        }
        let spoken = locale::spoken(language, &args);
        args.extend(spoken.iter().map(|(name, words)| (*name, words.as_str())));
        if let Some(what) = &what {
            args.push(("what", what));
        }
        // What nobody has a reason for says none.
        args.push(("why", ""));
        locale::say(language, &format!("alert.{}.{}", phase.as_str(), kind.as_str()), &args)
    }
}

//! What alerts say.

use serde::{Deserialize, Serialize};

use crate::domain::alert::AlertKind;
use crate::engine::waiting::Why;
use crate::locale::{self, Language};

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
        let mut args: Vec<(&str, &str)> = self.args.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let why = self.why.as_ref().map(|why| why.sentence(language)).unwrap_or_default();
        let given = |name: &str| args.iter().find(|(k, _)| *k == name).map(|(_, v)| *v);
        let what = given("scope").map(|scope| {
            let words = locale::say(language, &format!("web.hold_scope.{scope}"), &[]);
            format!("{words} {}", given("name").unwrap_or_default()).trim_end().to_owned()
        });
        let notice = given("notice").map(|word| {
            locale::say(language, &format!("notice.{word}"), &[("said", given("said").unwrap_or_default())])
        });
        args.push(("why", notice.as_deref().unwrap_or(&why)));
        if let Some(what) = &what {
            args.push(("what", what));
        }
        locale::say(language, &format!("alert.{}.{}", phase.as_str(), kind.as_str()), &args)
    }
}

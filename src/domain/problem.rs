//! What stands in the way (blockers) or is worth a look (warnings), as a code with figures; `locale` turns it into words.

use serde::{Deserialize, Serialize};

/// Each of what can be chosen.
const OPTION: &str = "option";

/// A blocker or a warning.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// Stable word, as `unknown_column`; the sentence is the locales' key `problem.<code>`.
    pub code: String,
    /// Values of the sentence's placeholders.
    pub args: Vec<(String, String)>,
}

impl Problem {
    /// A problem with its figures.
    pub fn new(code: &str, args: &[(&str, &str)]) -> Self {
        Self { code: code.to_owned(), args: args.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect() }
    }

    /// The same with what can be chosen, each by itself: a sentence lists them in one text, which nobody can take apart.
    #[must_use]
    pub fn offering(mut self, options: &[String]) -> Self {
        self.args.extend(options.iter().map(|option| (OPTION.to_owned(), option.clone())));
        self
    }

    /// What can be chosen.
    pub fn options(&self) -> impl Iterator<Item = &str> {
        self.args.iter().filter(|(name, _)| name == OPTION).map(|(_, option)| option.as_str())
    }
}

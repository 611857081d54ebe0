//! What a provider says of templates, and to commands about them.

use crate::domain::template::{Category, Template, TemplateStatus};

/// A template with what the provider says of it besides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// The template.
    pub template: Template,
    /// Why it was refused, in the provider's word; empty when it was not, or when nothing is told.
    pub reason: String,
    /// `green`, `yellow`, `red`; empty when not told or not known yet.
    pub quality: String,
}

/// What the provider says to a command about a template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TemplateAnswer {
    /// It is done.
    Done(TemplateDone),
    /// The provider said no.
    Refused {
        /// Its code, the finer one where there are two.
        code: i64,
        /// Its words. About the template, never about a person.
        said: String,
    },
    /// This provider's templates cannot be so; the locales' key is `problem.<code>`.
    Unfit {
        /// Which rule of it.
        code: &'static str,
    },
    /// Too many calls: not now.
    Later {
        /// Minutes until it takes calls again; 0 when not told.
        minutes: u64,
    },
    /// This provider's API has no such command: it is done in the provider's own console.
    NotOffered,
}

/// What the provider made of a template.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TemplateDone {
    /// Its id at the provider; empty when not told.
    pub provider_id: String,
    /// How it stands now, where that is told.
    pub status: Option<TemplateStatus>,
    /// What it is billed as, which may not be what was asked for.
    pub category: Option<Category>,
}

//! What the provider tells of templates and accounts.

use serde::{Deserialize, Serialize};

use crate::domain::template::{Category, TemplateStatus};
use crate::domain::time::UnixMs;

/// What the provider tells of a template.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TemplateNews {
    /// Its name.
    pub name: String,
    /// Its language, as `es_AR`.
    pub language: String,
    /// How it stands now.
    pub status: TemplateStatus,
    /// When that was so.
    pub at: UnixMs,
}

/// What the provider tells of a template beside its status; what it does not tell stays as it was.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TemplateNote {
    /// Its name.
    pub name: String,
    /// Its language, as `es_AR`.
    pub language: String,
    /// Why it was refused, in the provider's word; empty: it is not.
    pub reason: Option<String>,
    /// What the provider advises then.
    pub advice: Option<String>,
    /// `green`, `yellow`, `red`; empty: nobody knows yet.
    pub quality: Option<String>,
    /// Its text is another one now, and is to be read again.
    pub text_changed: bool,
    /// When that was so.
    pub at: UnixMs,
}

/// What the provider tells of what a template is billed as.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CategoryNews {
    /// Its name.
    pub name: String,
    /// Its language, as `es_AR`.
    pub language: String,
    /// What it is billed as from then on.
    pub category: Category,
    /// True: it will be (in a day). False: it is.
    pub is_announced: bool,
    /// When that was so, or was said.
    pub at: UnixMs,
}

/// What the provider tells of an account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountNews {
    /// The provider's id of the account (Meta: WABA id).
    pub account_ref: String,
    /// The provider's name of the field.
    pub field: String,
    /// What happened, in the provider's word.
    pub event: String,
    /// More, in the provider's words. Names no person.
    pub detail: String,
    /// The number it is about, digits; empty: the whole account.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub number: String,
    /// What it does to sending.
    pub effect: AccountEffect,
    /// When that was so.
    pub at: UnixMs,
}

/// What news of an account do to sending.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountEffect {
    /// Nothing: it is worth knowing.
    None,
    /// What is granted has changed: it is to be asked for anew.
    Limits,
    /// No templates may be sent, until then if that is said.
    Restricted {
        /// When it ends.
        until: Option<UnixMs>,
    },
    /// No utility templates may be sent, until then if that is said.
    UtilityRestricted {
        /// When it ends.
        until: Option<UnixMs>,
    },
    /// The account is switched off, or is ours no more.
    Disabled,
    /// There is no such account any more.
    Deleted,
    /// What was restricted or switched off is allowed again.
    Reinstated,
    /// The account's review refused it: nothing may be sent until another review approves it.
    ReviewRefused,
    /// The account's review approved it. It says nothing of restrictions and bans.
    ReviewApproved,
    /// An error that belongs to no message: what its code calls for.
    Failed {
        /// The provider's code.
        code: i64,
    },
}

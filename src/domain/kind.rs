//! Kinds of campaign and the priority that follows from them.

use serde::{Deserialize, Serialize};

/// What a campaign is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum CampaignKind {
    /// An appointment or due-date reminder.
    Reminder,
    /// Taking up a contact that went quiet.
    ResumeContact,
    /// Marketing.
    Promotion,
}

impl CampaignKind {
    /// The word in files, database, API and exports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reminder => "reminder",
            Self::ResumeContact => "resume_contact",
            Self::Promotion => "promotion",
        }
    }

    /// The priority of its messages.
    pub const fn priority(self) -> Priority {
        match self {
            Self::Reminder => Priority::REMINDER,
            Self::ResumeContact => Priority::RESUME_CONTACT,
            Self::Promotion => Priority::PROMOTION,
        }
    }
}

/// Who goes first on a sender; the smaller number wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent, no_pg_array)]
pub struct Priority(pub i64);

impl Priority {
    /// Agents' answers and templates sent by hand: a person is waiting.
    pub const AGENT: Self = Self(0);
    /// Reminders.
    pub const REMINDER: Self = Self(1);
    /// Resumed contacts.
    pub const RESUME_CONTACT: Self = Self(2);
    /// Promotions.
    pub const PROMOTION: Self = Self(3);
    /// All of them, first to last.
    pub const ALL: [Self; 4] = [Self::AGENT, Self::REMINDER, Self::RESUME_CONTACT, Self::PROMOTION];
}

//! Subscriptions that make a provider tell us something.

/// A subscription.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscription {
    /// The provider's id; empty for one that is missing.
    pub id: String,
    /// What it tells, in the provider's word.
    pub event: String,
    /// How it stands.
    pub state: SubscriptionState,
}

/// How a subscription stands.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionState {
    /// It tells.
    Active,
    /// It tells, and has failed too often of late.
    Degraded,
    /// It tells nothing any more.
    Inactive,
    /// There is none.
    Missing,
}

impl SubscriptionState {
    /// The word in settings, API and locales.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Degraded => "degraded",
            Self::Inactive => "inactive",
            Self::Missing => "missing",
        }
    }
}

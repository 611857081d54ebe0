//! Alerts: what is told once when a condition begins and once when it ends. Pure; whoever tells is elsewhere.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::id::AlertId;
use super::time::UnixMs;

/// What a condition is about. Its sentences are the locales' keys `alert.began.<word>` and `alert.ended.<word>`.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum AlertKind {
    /// A hold is in force.
    Hold,
    /// Recado itself has paused a run.
    RunPaused,
    /// A campaign's files are refused.
    CampaignRefused,
    /// A campaign that starts by itself has not.
    StartLate,
    /// A new file of a run that goes on waits for a person.
    FileWaits,
    /// A file that was taken up by itself has other ids than the one before.
    IdsRewritten,
    /// A started run's rows are not read.
    PlanLate,
    /// Messages are due and none leaves, with no gate that says why.
    QueueStill,
    /// Messages are accepted and no receipt comes.
    WebhookSilent,
    /// Webhooks come in and none proves to be the provider's.
    WebhookRefused,
    /// The provider's subscription to our webhook has failed too often, or is switched off.
    WebhookAiling,
    /// Little room is left on a disk.
    DiskLow,
    /// None is.
    DiskFull,
    /// Messages wait for a person to say whether they are sent again.
    Doubts,
    /// Whom we tell by webhook has taken nothing for days, and is told nothing any more.
    EndpointOff,
    /// What happens in conversations cannot be told to Chatwoot.
    ChatwootSilent,
    /// The provider told something of an account or a number that somebody should know.
    AccountNews,
    /// Nothing is heard of a node that shares the store.
    NodeSilent,
    /// A trial by a person.
    Trial,
}

impl AlertKind {
    /// Every kind that has a condition.
    pub const ALL: [Self; 18] = [
        Self::Hold,
        Self::RunPaused,
        Self::CampaignRefused,
        Self::StartLate,
        Self::FileWaits,
        Self::IdsRewritten,
        Self::PlanLate,
        Self::QueueStill,
        Self::WebhookSilent,
        Self::WebhookRefused,
        Self::WebhookAiling,
        Self::DiskLow,
        Self::DiskFull,
        Self::Doubts,
        Self::EndpointOff,
        Self::ChatwootSilent,
        Self::AccountNews,
        Self::NodeSilent,
    ];

    /// The word in database, API, metrics and locales.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::RunPaused => "run_paused",
            Self::CampaignRefused => "campaign_refused",
            Self::StartLate => "start_late",
            Self::FileWaits => "file_waits",
            Self::IdsRewritten => "ids_rewritten",
            Self::PlanLate => "plan_late",
            Self::QueueStill => "queue_still",
            Self::WebhookSilent => "webhook_silent",
            Self::WebhookRefused => "webhook_refused",
            Self::WebhookAiling => "webhook_ailing",
            Self::DiskLow => "disk_low",
            Self::DiskFull => "disk_full",
            Self::Doubts => "doubts",
            Self::EndpointOff => "endpoint_off",
            Self::ChatwootSilent => "chatwoot_silent",
            Self::AccountNews => "account_news",
            Self::NodeSilent => "node_silent",
            Self::Trial => "trial",
        }
    }
}

/// An alert that has not ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Open<'a> {
    /// Its id.
    pub id: AlertId,
    /// Its condition's key.
    pub key: &'a str,
    /// When the condition was first found.
    pub began_at: UnixMs,
    /// When it had lasted long enough to be told.
    pub told_at: Option<UnixMs>,
    /// Since when it is not found any more.
    pub gone_at: Option<UnixMs>,
}

/// What follows from a look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step<'a> {
    /// A condition is new.
    Begin(&'a str),
    /// It has lasted long enough to be told.
    Tell(AlertId),
    /// It was told and is not found: perhaps it is over.
    Gone(AlertId),
    /// It is found again before it was over.
    Back(AlertId),
    /// It is over.
    End(AlertId),
    /// It passed before it was told: nobody hears of it.
    Forget(AlertId),
}

/// Compares the conditions `found` at `now` with the alerts `open`. A condition begins, and is over, when that has lasted
/// for `lasting`: one that comes and goes is told at most once until it rests.
pub fn diff<'a>(found: &[&'a str], open: &[Open<'a>], lasting: Duration, now: UnixMs) -> Vec<Step<'a>> {
    let long_enough = |since: UnixMs| now.since(since) >= lasting;
    let of_open = |alert: &Open<'a>| match (found.contains(&alert.key), alert.told_at, alert.gone_at) {
        (true, _, Some(_)) => Some(Step::Back(alert.id)),
        (true, None, None) if long_enough(alert.began_at) => Some(Step::Tell(alert.id)),
        (true, _, None) => None,
        (false, None, _) => Some(Step::Forget(alert.id)),
        (false, Some(_), None) => Some(Step::Gone(alert.id)),
        (false, Some(_), Some(gone)) => long_enough(gone).then_some(Step::End(alert.id)),
    };
    let mut steps: Vec<Step<'a>> = open.iter().filter_map(of_open).collect();
    for key in found {
        let is_known = open.iter().any(|alert| alert.key == *key);
        if !is_known && !steps.contains(&Step::Begin(key)) {
            steps.push(Step::Begin(key));
        }
    }
    steps
}

#[cfg(test)]
mod tests;

//! What concerns one number: the number itself, how it stands, its quality, throughput, messaging limit and holds.

use super::{Finding, SenderReport, Verdict, account};
use crate::config::{Account, Sender};
use crate::engine::tier;
use crate::engine::{Engine, EngineError};
use crate::provider::SenderStatus;
use crate::store::hold::{Hold, HoldCause, HoldScope};

/// From this share of the messaging limit on it is worth a look, in hundredths.
const NEARLY_FULL: i64 = 90;

pub(super) async fn examine(
    engine: &Engine,
    account: &Account,
    sender: &Sender,
    holds: &[Hold],
) -> Result<SenderReport, EngineError> {
    let mut granted = None;
    let mut findings = match engine.providers.get(&account.name) {
        Some(provider) => match provider.sender_status(&sender.phone_number_id).await {
            Ok(status) => {
                granted.clone_from(&status.tier);
                told(sender, &status)
            }
            Err(cause) => vec![account::refusal(account, &cause)],
        },
        None => Vec::new(),
    };
    findings.push(limit(engine, account, granted.as_deref()).await?);
    let ours: Vec<&Hold> =
        holds.iter().filter(|hold| hold.scope == HoldScope::Sender && hold.scope_key == sender.name).collect();
    if ours.iter().any(|hold| matches!(hold.cause, HoldCause::Restricted | HoldCause::Flagged)) {
        // An event has told how it stands; the hold says it.
        findings.retain(|finding| finding.code != "standing_unknown");
    }
    findings.extend(ours.into_iter().map(account::of_hold));
    Ok(SenderReport { sender: sender.name.clone(), number: sender.number.with_plus(), findings })
}

/// What the provider tells of the number.
fn told(sender: &Sender, status: &SenderStatus) -> Vec<Finding> {
    vec![number(sender, status), standing(status), quality(status), throughput(sender, status)]
}

fn number(sender: &Sender, status: &SenderStatus) -> Finding {
    let digits: String = status.display_number.chars().filter(char::is_ascii_digit).collect();
    let ours = sender.number.with_plus();
    if digits.is_empty() {
        return Finding::new("number", Verdict::Unknown, "number_unknown", &[]);
    }
    if digits == sender.number.digits() {
        return Finding::new("number", Verdict::Good, "number_good", &[("number", &ours)]);
    }
    let args = [("told", status.display_number.as_str()), ("number", ours.as_str()), ("sender", sender.name.as_str())];
    Finding::new("number", Verdict::Bad, "number_other", &args)
}

fn standing(status: &SenderStatus) -> Finding {
    match status.status.to_ascii_uppercase().as_str() {
        "" => Finding::new("standing", Verdict::Unknown, "standing_unknown", &[]),
        "CONNECTED" => Finding::new("standing", Verdict::Good, "standing_good", &[]),
        other => Finding::new("standing", Verdict::Bad, "standing_bad", &[("status", other)]),
    }
}

fn quality(status: &SenderStatus) -> Finding {
    let (verdict, code) = match status.quality.to_ascii_uppercase().as_str() {
        "GREEN" | "HIGH" => (Verdict::Good, "quality_green"),
        "YELLOW" | "MEDIUM" => (Verdict::Poor, "quality_yellow"),
        "RED" | "LOW" => (Verdict::Bad, "quality_red"),
        _ => (Verdict::Unknown, "quality_unknown"),
    };
    Finding::new("quality", verdict, code, &[])
}

fn throughput(sender: &Sender, status: &SenderStatus) -> Finding {
    let configured = sender.throughput.map(std::num::NonZeroU32::get);
    let Some(granted) = status.throughput else {
        return Finding::new("throughput", Verdict::Unknown, "throughput_unknown", &[]);
    };
    let used = configured.map_or(granted, |configured| configured.min(granted)).to_string();
    let (granted_text, wanted) = (granted.to_string(), configured.unwrap_or(granted).to_string());
    let args = [("granted", granted_text.as_str()), ("used", used.as_str()), ("wanted", wanted.as_str())];
    if configured.is_some_and(|configured| configured > granted) {
        return Finding::new("throughput", Verdict::Poor, "throughput_above", &args);
    }
    Finding::new("throughput", Verdict::Good, "throughput_good", &args)
}

/// The messaging limit of the sender's portfolio and how much of it is used.
/// Where no daemon has kept it yet, as the provider has just `granted` it.
async fn limit(engine: &Engine, account: &Account, granted: Option<&str>) -> Result<Finding, EngineError> {
    let name = account.portfolio_name();
    let Some(standing) = tier::standing(engine, name).await? else {
        return Ok(match granted {
            Some("UNLIMITED") => Finding::new("tier", Verdict::Good, "tier_unlimited", &[]),
            Some(limit) => Finding::new("tier", Verdict::Good, "tier_granted", &[("limit", limit)]),
            None => Finding::new("tier", Verdict::Unknown, "tier_unknown", &[]),
        });
    };
    let Some(limit) = standing.limit else {
        return Ok(Finding::new("tier", Verdict::Good, "tier_unlimited", &[]));
    };
    let (taken, most) = (standing.taken.to_string(), limit.to_string());
    let args = [("taken", taken.as_str()), ("limit", most.as_str()), ("portfolio", name)];
    let nearly = standing.taken.saturating_mul(100) >= limit.saturating_mul(NEARLY_FULL);
    Ok(if nearly {
        Finding::new("tier", Verdict::Poor, "tier_full", &args)
    } else {
        Finding::new("tier", Verdict::Good, "tier_good", &args)
    })
}

//! What concerns a whole account: credentials, clock, money, webhook, templates, holds.

use std::time::Duration;

use secrecy::ExposeSecret;
use url::Url;

use super::{Finding, Verdict, webhook};
use crate::clock::Clock;
use crate::config::{Access, Account, PLACEHOLDER, is_loopback};
use crate::domain::template::{TemplateStatus, edit};
use crate::engine::{Engine, EngineError, waiting};
use crate::provider::{Provider, ProviderError, probe};
use crate::store::hold::{Hold, HoldScope};
use crate::store::notice;

/// A clock that is off by more is worth a look: signatures and receipts carry times.
const OFF: Duration = Duration::from_secs(5);

/// By more, signed requests are refused (Zenvia takes three minutes) and times on screens mislead.
const WRONG: Duration = Duration::from_mins(1);

/// News that only tell what has become better, or other.
const GOOD_NEWS: [&str; 6] =
    ["name_approved", "marketing_terms", "volume_tier", "auth_international", "username", "location"];

/// Templates told one by one; the rest is counted.
const MOST_TOLD: usize = 20;

pub(super) async fn findings(engine: &Engine, account: &Account, holds: &[Hold]) -> Result<Vec<Finding>, EngineError> {
    let provider = engine.providers.get(&account.name);
    let (credentials, clock, webhook, templates, wallet) = futures::join!(
        credentials(engine, account, provider),
        clock(account),
        webhook::findings(engine, account, provider),
        templates(provider),
        wallet(account, provider)
    );
    let are_good = credentials.iter().all(|found| found.verdict == Verdict::Good);
    let mut found = credentials;
    found.push(clock);
    found.push(currency(engine, account));
    found.extend(wallet);
    found.extend(webhook?);
    found.extend(templates.unwrap_or_else(|cause| vec![unlisted(account, &cause, are_good)]));
    found.extend(usage(provider));
    found.extend(held(account, holds));
    found.extend(told(engine, account).await);
    Ok(found)
}

/// What the provider told of the account by itself, while it stands.
async fn told(engine: &Engine, account: &Account) -> Vec<Finding> {
    let Ok(open) = notice::open(&engine.store, engine.clock.now()).await else { return Vec::new() };
    let ours = open.into_iter().filter(|notice| notice.account == account.name);
    ours.map(|notice| {
        let is_good = GOOD_NEWS.contains(&notice.word.as_str());
        let verdict = if is_good { Verdict::Good } else { Verdict::Poor };
        let (what, advice) = (format!("notice.{}", notice.word), format!("notice_do.{}", notice.word));
        let args = [("why_key", what.as_str()), ("advice_key", &advice), ("said", &notice.detail)];
        let number = if notice.number.is_empty() { String::new() } else { format!("+{}: ", notice.number) };
        Finding::new("news", verdict, "told", &[&args[..], &[("number", &number)]].concat())
    })
    .collect()
}

/// How much of the provider's quota of calls is used, as its answers to these very questions told.
fn usage(provider: Option<&Provider>) -> Option<Finding> {
    let quota = provider?.quota()?;
    let (percent, minutes) = (quota.percent.to_string(), quota.wait_minutes.to_string());
    let args = [("percent", percent.as_str()), ("minutes", minutes.as_str())];
    Some(match (quota.wait_minutes, quota.percent) {
        (0, 80..) => Finding::new("usage", Verdict::Poor, "usage_high", &args),
        (0, _) => Finding::new("usage", Verdict::Good, "usage_good", &args),
        _ => Finding::new("usage", Verdict::Poor, "usage_over", &args),
    })
}

async fn credentials(engine: &Engine, account: &Account, provider: Option<&Provider>) -> Vec<Finding> {
    let examples = account.access.secrets().into_iter().filter(|(_, secret)| secret.expose_secret() == PLACEHOLDER);
    let mut found: Vec<Finding> = examples
        .map(|(key, _)| {
            let key = format!("account.{}.{key}", account.name);
            Finding::new("credentials", Verdict::Bad, "credentials_placeholder", &[("key", &key)])
        })
        .collect();
    let sender = engine.config.senders.values().find(|sender| sender.account == account.name);
    let (Some(provider), Some(sender)) = (provider, sender) else {
        found.push(Finding::new("credentials", Verdict::Poor, "credentials_no_sender", &[("account", &account.name)]));
        return found;
    };
    found.push(match provider.sender_status(&sender.phone_number_id).await {
        Ok(_) => Finding::new("credentials", Verdict::Good, "credentials_good", &[]),
        Err(cause) => refusal(account, &cause),
    });
    found
}

/// Why the provider did not answer as it should.
pub(super) fn refusal(account: &Account, cause: &ProviderError) -> Finding {
    let host = account.base_url.host_str().unwrap_or_default();
    match cause {
        ProviderError::Refused { code, status, .. } => {
            let (code, status) = (code.to_string(), status.to_string());
            let args = [("code", code.as_str()), ("status", status.as_str()), ("account", account.name.as_str())];
            Finding::new("credentials", Verdict::Bad, "credentials_refused", &args)
        }
        ProviderError::Later { minutes } => {
            let minutes = minutes.to_string();
            Finding::new("usage", Verdict::Poor, "usage_over", &[("minutes", &minutes)])
        }
        ProviderError::Unreachable(_) => unreached(&account.base_url),
        _ => Finding::new("credentials", Verdict::Bad, "credentials_unread", &[("host", host)]),
    }
}

/// Nobody answers at `base_url`: on this machine nothing listens there, elsewhere something on the way may not let us through.
fn unreached(base_url: &Url) -> Finding {
    let (scheme, host) = (base_url.scheme(), base_url.host_str().unwrap_or_default());
    let port = base_url.port_or_known_default().map(|port| port.to_string()).unwrap_or_default();
    let code = if is_loopback(base_url) { "credentials_unreachable_here" } else { "credentials_unreachable" };
    let args = [("scheme", scheme), ("host", host), ("port", &port)];
    Finding::new("credentials", Verdict::Bad, code, &args)
}

/// Our clock against the provider's `Date`, both real.
async fn clock(account: &Account) -> Finding {
    let before = Clock::real().now();
    let told = probe::ask(&account.base_url).await.ok().and_then(|answered| answered.date);
    let after = Clock::real().now();
    let Some(told) = told else { return Finding::new("clock", Verdict::Unknown, "clock_unknown", &[]) };
    // The header tells whole seconds: what lies within that second and the answer's way is no difference.
    let (earliest, latest) = (told.0, told.0 + 999);
    let (off, code) = if after.0 < earliest {
        (earliest - after.0, "clock_behind")
    } else {
        ((before.0 - latest).max(0), "clock_ahead")
    };
    let seconds = (off / 1_000).to_string();
    let off = Duration::from_millis(off.unsigned_abs());
    let args = [("seconds", seconds.as_str())];
    if off >= WRONG {
        Finding::new("clock", Verdict::Bad, code, &args)
    } else if off >= OFF {
        Finding::new("clock", Verdict::Poor, code, &args)
    } else {
        Finding::new("clock", Verdict::Good, "clock_good", &[])
    }
}

fn currency(engine: &Engine, account: &Account) -> Finding {
    let args = [("currency", account.currency.as_str())];
    if engine.cards.has(account.currency) {
        Finding::new("currency", Verdict::Good, "currency_good", &args)
    } else {
        Finding::new("currency", Verdict::Bad, "currency_no_card", &args)
    }
}

/// What is left in the wallet, where the provider keeps one.
async fn wallet(account: &Account, provider: Option<&Provider>) -> Option<Finding> {
    let low = match &account.access {
        Access::Gupshup(access) => access.wallet_low,
        Access::CloudApi(_) | Access::Zenvia(_) => return None,
    };
    let Ok(wallet) = provider?.wallet().await? else {
        return Some(Finding::new("wallet", Verdict::Poor, "wallet_unread", &[]));
    };
    let (left, low_text) = (wallet.balance.to_string(), low.to_string());
    let args = [("left", left.as_str()), ("low", low_text.as_str()), ("currency", wallet.currency.as_str())];
    let is_empty = wallet.balance.plus(wallet.overdraft).0 <= 0;
    Some(if is_empty {
        Finding::new("wallet", Verdict::Bad, "wallet_empty", &args)
    } else if wallet.balance < low {
        Finding::new("wallet", Verdict::Poor, "wallet_low", &args)
    } else {
        Finding::new("wallet", Verdict::Good, "wallet_good", &args)
    })
}

/// Meta's code for an id that the token opens nothing with (cloud-api.md 2).
const NO_SUCH_NODE: i64 = 100;

/// Why the templates could not be read, where the credentials `are_good` for everything else.
fn unlisted(account: &Account, cause: &ProviderError, are_good: bool) -> Finding {
    let finding = |code, args: &[(&str, &str)]| Finding::new("templates", Verdict::Poor, code, args);
    let named = ("account", account.name.as_str());
    match cause {
        // The key is good and the number is there: what it does not open is the account that the configuration names.
        ProviderError::Refused { code: NO_SUCH_NODE, .. } if matches!(account.access, Access::CloudApi(_)) => {
            Finding::new("templates", Verdict::Bad, "templates_account", &[named])
        }
        _ if !are_good => finding("templates_unread", &[]),
        ProviderError::Refused { code, status, .. } => {
            let key = match &account.access {
                Access::CloudApi(_) => "waba_id",
                Access::Gupshup(_) => "app_id",
                Access::Zenvia(_) => "api_token",
            };
            let (code, status) = (code.to_string(), status.to_string());
            finding("templates_refused", &[named, ("key", key), ("code", &code), ("status", &status)])
        }
        ProviderError::Later { minutes } => finding("templates_later", &[("minutes", &minutes.to_string())]),
        ProviderError::Unreachable(_) => finding("templates_unreached", &[]),
        _ => finding("templates_garbled", &[]),
    }
}

/// Templates that cannot be sent, each with what the provider says.
async fn templates(provider: Option<&Provider>) -> Result<Vec<Finding>, ProviderError> {
    let Some(provider) = provider else { return Ok(Vec::new()) };
    let all = provider.catalogue().await?;
    let sendable = all.iter().filter(|t| t.template.status == TemplateStatus::Approved).count();
    let n = sendable.to_string();
    let mut found = if all.is_empty() {
        vec![Finding::new("templates", Verdict::Poor, "templates_none", &[])]
    } else {
        let (verdict, code) = match sendable {
            0 => (Verdict::Poor, "templates_unsendable"),
            _ => (Verdict::Good, "templates_sendable"),
        };
        vec![Finding::new("templates", verdict, code, &[("n", &n)])]
    };
    let stopped: Vec<Finding> = all
        .iter()
        .filter_map(|listed| {
            let (template, reason) = (&listed.template, format!(" {}", listed.reason));
            let (verdict, code, more) = match &template.status {
                TemplateStatus::Approved => return None,
                TemplateStatus::Pending => (Verdict::Good, "template_pending", ""),
                TemplateStatus::Rejected => (Verdict::Poor, "template_rejected", reason.trim_end()),
                TemplateStatus::Paused => (Verdict::Poor, "template_paused", reason.trim_end()),
                TemplateStatus::Disabled => (Verdict::Poor, "template_disabled", reason.trim_end()),
                TemplateStatus::Other(word) if template.status.unknown().is_some() => {
                    (Verdict::Poor, "template_status_unknown", word.as_str())
                }
                TemplateStatus::Other(word) => (Verdict::Poor, "template_other", word.as_str()),
            };
            let (name, language) = (("name", template.name.as_str()), ("language", template.language.as_str()));
            // What no campaign can give is told by name, in the reader's language.
            Some(match edit::beyond(&template.status) {
                Some((key, what)) => {
                    let args = [name, language, ("why_key", key.as_str()), ("what", what)];
                    Finding::new("templates", verdict, "template_other", &args)
                }
                None => Finding::new("templates", verdict, code, &[name, language, ("why", more)]),
            })
        })
        .collect();
    let more = stopped.len().saturating_sub(MOST_TOLD);
    found.extend(stopped.into_iter().take(MOST_TOLD));
    if more > 0 {
        found.push(Finding::new("templates", Verdict::Poor, "templates_more", &[("n", &more.to_string())]));
    }
    Ok(found)
}

/// Holds on the account and everything of it but its senders.
fn held(account: &Account, holds: &[Hold]) -> Vec<Finding> {
    let of_account = format!("{}/", account.name);
    let ours = holds.iter().filter(|hold| match hold.scope {
        HoldScope::Store => true,
        HoldScope::Account => hold.scope_key == account.name,
        HoldScope::Template | HoldScope::Country => hold.scope_key.starts_with(&of_account),
        HoldScope::Sender | HoldScope::Run => false,
    });
    ours.map(of_hold).collect()
}

/// A hold as a finding, in the words in which it is told everywhere.
pub(super) fn of_hold(hold: &Hold) -> Finding {
    let args = [("scope", hold.scope.as_str()), ("key", hold.scope_key.as_str())];
    // There are many templates and countries: which one has to be said.
    let code = match hold.scope {
        HoldScope::Template | HoldScope::Country => "held_one",
        _ => "held",
    };
    Finding { why: Some(waiting::held(hold)), ..Finding::new("holds", Verdict::Poor, code, &args) }
}

//! How every account and sender stands, and what to do about it: asked of the providers, of our own address and of the
//! store, whenever somebody wants to know.

mod account;
mod sender;
mod webhook;

use futures::future::join_all;
use serde::Serialize;

use super::{Engine, EngineError, scope};
use crate::config::Account;
use crate::engine::waiting::Why;
use crate::locale::{self, Language};
use crate::store::hold::{self, Hold, HoldScope};

/// How good or bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Nobody tells.
    Unknown,
    /// Worth a look.
    Poor,
    /// Sending or receiving fails because of it, or will.
    Bad,
}

impl Verdict {
    /// The word in locales, API and command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Unknown => "unknown",
            Self::Poor => "poor",
            Self::Bad => "bad",
        }
    }
}

/// Whether nothing is bad, neither at the accounts nor in what was found beside them.
pub fn is_well<'a>(accounts: &[AccountReport], beside: impl IntoIterator<Item = &'a Finding>) -> bool {
    let beside = beside.into_iter().map(|finding| finding.verdict);
    let verdicts = accounts.iter().map(AccountReport::worst).chain(beside);
    verdicts.max() < Some(Verdict::Bad)
}

/// What was found about one aspect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// `credentials`, `clock`, `currency`, `webhook`, `subscription`, `templates`, `wallet`, `holds`, `number`, `standing`,
    /// `quality`, `throughput`, `tier`, `usage`, `news` or `node`; the locales' key is `doctor.aspect.<word>`.
    pub aspect: &'static str,
    /// How good or bad.
    pub verdict: Verdict,
    /// The locales' keys are `doctor.says.<code>` and, where something can be done, `doctor.do.<code>`.
    pub code: String,
    /// Values of the sentences' placeholders.
    pub args: Vec<(String, String)>,
    /// Why something is held: the sentence's `{why}`.
    pub why: Option<Why>,
}

impl Finding {
    pub(super) fn new(aspect: &'static str, verdict: Verdict, code: &str, args: &[(&str, &str)]) -> Self {
        let args = args.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self { aspect, verdict, code: code.to_owned(), args, why: None }
    }

    /// In words.
    pub fn told(&self, language: Language) -> Told {
        let mut args: Vec<(&str, &str)> = self.args.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let given = |name: &str| args.iter().find(|(k, _)| *k == name).map(|(_, v)| *v);
        let held = given("scope").and_then(HoldScope::parse);
        let what = held.map(|held| scope::named(language, held, given("key").unwrap_or_default()));
        args.extend(what.iter().map(|what| ("what", what.as_str())));
        let spoken = locale::spoken(language, &args);
        args.extend(spoken.iter().map(|(name, words)| (*name, words.as_str())));
        let why = self.why.as_ref().map(|why| why.sentence(language));
        args.extend(why.iter().map(|why| ("why", why.as_str())));
        let advice = format!("doctor.do.{}", self.code);
        Told {
            aspect: self.aspect,
            verdict: self.verdict,
            code: self.code.clone(),
            message: locale::say(language, &format!("doctor.says.{}", self.code), &args),
            advice: locale::sentences(language).contains_key(&advice).then(|| locale::say(language, &advice, &args)),
        }
    }
}

/// A finding in words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
pub struct Told {
    /// What it is about.
    pub aspect: &'static str,
    /// How good or bad.
    pub verdict: Verdict,
    /// A stable word.
    pub code: String,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub advice: Option<String>,
}

/// A sender and what was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SenderReport {
    /// Its name.
    pub sender: String,
    /// Its number, with `+`.
    pub number: String,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// An account and what was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountReport {
    /// Its name.
    pub account: String,
    /// Its provider's word.
    pub provider: &'static str,
    /// What was found.
    pub findings: Vec<Finding>,
    /// Its senders.
    pub senders: Vec<SenderReport>,
}

impl AccountReport {
    /// The worst of everything found.
    pub fn worst(&self) -> Verdict {
        let all = self.findings.iter().chain(self.senders.iter().flat_map(|sender| &sender.findings));
        all.map(|finding| finding.verdict).max().unwrap_or(Verdict::Good)
    }
}

/// Looks at every account at once; with `only`, at that one. Takes as long as the slowest provider.
pub async fn examine(engine: &Engine, only: Option<&str>) -> Result<Vec<AccountReport>, EngineError> {
    let holds = hold::open(&engine.store).await?;
    let wanted = engine.config.accounts.values().filter(|account| only.is_none_or(|name| name == account.name));
    let all = join_all(wanted.map(|account| of_account(engine, account, &holds))).await;
    all.into_iter().collect()
}

async fn of_account(engine: &Engine, account: &Account, holds: &[Hold]) -> Result<AccountReport, EngineError> {
    let senders = engine.config.senders.values().filter(|sender| sender.account == account.name);
    let (found, senders) = futures::join!(
        account::findings(engine, account, holds),
        join_all(senders.map(|sender| sender::examine(engine, account, sender, holds)))
    );
    let senders = senders.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(AccountReport {
        account: account.name.clone(),
        provider: account.access.kind().as_str(),
        findings: found?,
        senders,
    })
}

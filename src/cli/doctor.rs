//! `recado doctor`: how every account and sender stands, and what to do.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;
use tokio::sync::{Notify, broadcast};

use super::desk::{At, Desk};
use super::output::answer;
use crate::billing::card::Cards;
use crate::engine::counters::Counters;
use crate::engine::doctor::{self, AccountReport, Finding, Verdict};
use crate::engine::inbound::Inbound;
use crate::engine::refusals::Refusals;
use crate::engine::wallet::Wallets;
use crate::engine::{Engine, Parts};
use crate::locale::{Language, say};
use crate::provider::Provider;
use crate::store::setting;

/// Arguments of `recado doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    at: At,
    /// Only this account.
    #[arg(long)]
    account: Option<String>,
}

/// Runs it: 1 when something is wrong.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(&args.at).await?;
    if let Some(name) = &args.account {
        anyhow::ensure!(desk.config.accounts.contains_key(name), "there is no [account.{name}] in the configuration");
    }
    let engine = engine(desk).await?;
    let reports = doctor::examine(&engine, args.account.as_deref()).await?;
    let is_well = reports.iter().all(|report| report.worst() < Verdict::Bad);
    let text = if args.at.json { as_json(&reports, is_well)? } else { told(&reports) };
    engine.store.close().await;
    answer(&text)?;
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// An engine that only looks: nothing of it runs.
async fn engine(desk: Desk) -> anyhow::Result<Engine> {
    let mut providers = BTreeMap::new();
    for (name, account) in &desk.config.accounts {
        providers.insert(name.clone(), Provider::connect(account)?);
    }
    Ok(Engine::new(Parts {
        instance: setting::instance(&desk.store).await?,
        node: String::new(),
        providers,
        cards: Arc::new(Cards::of(&desk.config.rate_cards)?),
        changes: broadcast::Sender::new(1),
        wake: Arc::new(Notify::new()),
        inbound: Inbound::default(),
        limits_changed: Arc::new(Notify::new()),
        wallets: Wallets::default(),
        counters: Counters::default(),
        refusals: Refusals::default(),
        store: desk.store,
        config: Arc::new(desk.config),
        clock: desk.clock,
    }))
}

fn as_json(reports: &[AccountReport], is_well: bool) -> serde_json::Result<String> {
    let told = |findings: &[Finding]| findings.iter().map(|f| f.told(Language::En)).collect::<Vec<_>>();
    let accounts: Vec<_> = reports
        .iter()
        .map(|report| {
            let senders: Vec<_> = report
                .senders
                .iter()
                .map(|s| json!({"sender": s.sender, "number": s.number, "findings": told(&s.findings)}))
                .collect();
            json!({"account": report.account, "provider": report.provider, "findings": told(&report.findings),
                "senders": senders})
        })
        .collect();
    Ok(serde_json::to_string_pretty(&json!({"well": is_well, "accounts": accounts}))? + "\n")
}

fn told(reports: &[AccountReport]) -> String {
    let mut text = String::new();
    for report in reports {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "account {} ({})", report.account, report.provider);
        report.findings.iter().for_each(|finding| line(&mut text, "  ", finding));
        for sender in &report.senders {
            let _ = writeln!(text, "  sender {} ({})", sender.sender, sender.number);
            sender.findings.iter().for_each(|finding| line(&mut text, "    ", finding));
        }
    }
    if reports.is_empty() {
        text.push_str("No account is configured.\n");
    }
    text
}

fn line(text: &mut String, indent: &str, finding: &Finding) {
    let told = finding.told(Language::En);
    let verdict = say(Language::En, &format!("doctor.verdict.{}", told.verdict.as_str()), &[]);
    let aspect = say(Language::En, &format!("doctor.aspect.{}", told.aspect), &[]);
    let _ = writeln!(text, "{indent}{verdict:<9} {aspect:<16} {}", told.message);
    if let Some(advice) = told.advice {
        let _ = writeln!(text, "{indent}{:<27}→ {advice}", "");
    }
}

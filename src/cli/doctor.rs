//! `recado doctor`: how every account and sender stands, and what to do.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;
use tokio::sync::{Notify, broadcast};

use super::desk::{ACTOR, At, Desk};
use super::output::answer;
use crate::billing::card::Cards;
use crate::engine::counters::Counters;
use crate::engine::doctor::{self, AccountReport, Finding};
use crate::engine::inbound::Inbound;
use crate::engine::nodes::{self, Forgotten, NodeReport};
use crate::engine::refusals::Refusals;
use crate::engine::wallet::Wallets;
use crate::engine::{Engine, Parts};
use crate::locale::{Language, say};
use crate::provider::Provider;
use crate::store::audit::{self, Deed};
use crate::store::setting;

/// Arguments of `recado doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    at: At,
    /// Only this account.
    #[arg(long)]
    account: Option<String>,
    /// Forget this node, which fell silent and was taken away for good.
    #[arg(long, value_name = "NODE", conflicts_with = "account")]
    forget: Option<String>,
}

/// Runs it: 1 when something is wrong.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(&args.at).await?;
    if let Some(name) = &args.account {
        anyhow::ensure!(desk.config.accounts.contains_key(name), "there is no [account.{name}] in the configuration");
    }
    let engine = engine(desk).await?;
    if let Some(node) = &args.forget {
        let done = forget(&engine, node, args.at.json).await;
        engine.store.close().await;
        return done;
    }
    let nodes = if args.account.is_none() { nodes::examine(&engine).await? } else { Vec::new() };
    let reports = doctor::examine(&engine, args.account.as_deref()).await?;
    let is_well = doctor::is_well(&reports, nodes.iter().map(|node| &node.finding));
    let text = if args.at.json { as_json(&nodes, &reports, is_well)? } else { told(&nodes, &reports) };
    engine.store.close().await;
    answer(&text)?;
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Forgets a node: 1 when it is there.
async fn forget(engine: &Engine, node: &str, as_json: bool) -> anyhow::Result<ExitCode> {
    let done = nodes::forget(engine, node).await?;
    if let Forgotten::Unknown(known) = &done {
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        anyhow::bail!("there is no node {node}; known: {known}");
    }
    let is_done = done == Forgotten::Done;
    if is_done {
        let subject = format!("node {node}");
        let deed = Deed { actor: ACTOR, action: "node.forget", subject: &subject, detail: "" };
        audit::write(&engine.store, engine.clock.now(), deed).await?;
    }
    answer(&match (as_json, is_done) {
        (true, _) => json!({"node": node, "forgotten": is_done}).to_string() + "\n",
        (false, true) => format!("node {node} is forgotten\n"),
        (false, false) => format!("node {node} is there, and would only come back: stop it first\n"),
    })?;
    Ok(if is_done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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

fn as_json(nodes: &[NodeReport], reports: &[AccountReport], is_well: bool) -> serde_json::Result<String> {
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
    let mut whole = json!({"well": is_well, "accounts": accounts});
    if !nodes.is_empty() {
        let node = |node: &NodeReport| {
            json!({"node": node.node, "heard_at": node.heard_at, "senders": node.senders,
                "findings": told(std::slice::from_ref(&node.finding))})
        };
        whole["nodes"] = nodes.iter().map(node).collect();
    }
    Ok(serde_json::to_string_pretty(&whole)? + "\n")
}

fn told(nodes: &[NodeReport], reports: &[AccountReport]) -> String {
    let mut text = String::new();
    if !nodes.is_empty() {
        text.push_str("nodes\n");
        for node in nodes {
            line(&mut text, "  ", &node.finding);
        }
    }
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

//! How every account and sender stands.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::doctor::{self, AccountReport, Finding, Told, Verdict};
use crate::locale::Language;
use crate::web::error::WebError;
use crate::web::page::Page;
use crate::web::state::WebState;

/// Everything that was found.
#[derive(Serialize, ToSchema)]
pub struct DoctorView {
    /// Whether nothing is wrong.
    pub well: bool,
    /// Every account.
    pub accounts: Vec<AccountView>,
}

/// An account and what was found.
#[derive(Serialize, ToSchema)]
pub struct AccountView {
    /// Its name.
    pub account: String,
    /// Its provider.
    pub provider: &'static str,
    /// What was found.
    pub findings: Vec<Told>,
    /// Its senders.
    pub senders: Vec<SenderView>,
}

/// A sender and what was found.
#[derive(Serialize, ToSchema)]
pub struct SenderView {
    /// Its name.
    pub sender: String,
    /// Its number.
    pub number: String,
    /// What was found.
    pub findings: Vec<Told>,
}

/// How every account and sender stands, asked now, and what to do
#[utoipa::path(get, path = "/api/v1/doctor", tag = "doctor",
    responses((status = 200, description = "What was found", body = DoctorView)))]
pub async fn show(State(state): State<WebState>, p: Page) -> Result<Json<DoctorView>, WebError> {
    let reports = doctor::examine(&state.engine, None).await?;
    let well = reports.iter().all(|report| report.worst() < Verdict::Bad);
    Ok(Json(DoctorView { well, accounts: reports.into_iter().map(|report| view(report, p.language)).collect() }))
}

fn view(report: AccountReport, language: Language) -> AccountView {
    let told = |findings: &[Finding]| findings.iter().map(|finding| finding.told(language)).collect();
    let senders = report.senders.iter().map(|sender| SenderView {
        sender: sender.sender.clone(),
        number: sender.number.clone(),
        findings: told(&sender.findings),
    });
    AccountView {
        senders: senders.collect(),
        findings: told(&report.findings),
        account: report.account,
        provider: report.provider,
    }
}

//! What waits for a template: the open runs that use it, with messages, people and money.

use serde::Serialize;

use crate::domain::id::{CampaignId, RunId};
use crate::domain::money::Micros;
use crate::engine::{Engine, EngineError};
use crate::store::message;
use crate::store::run::{self, Run};

/// An open run that uses a template.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
pub struct Stake {
    /// The run.
    pub run: RunId,
    /// Of which campaign.
    pub campaign: CampaignId,
    /// Messages in line.
    pub messages: i64,
    /// People they are for.
    pub people: i64,
    /// What they may cost, as they are planned.
    #[schema(value_type = String)]
    #[serde(serialize_with = "crate::domain::money::decimal")]
    pub cost: Micros,
    /// In which currency.
    pub currency: String,
}

impl Engine {
    /// The open runs that use a template.
    pub(in crate::engine) async fn runs_of_template(
        &self,
        account: &str,
        name: &str,
        language: &str,
    ) -> Result<Vec<Run>, EngineError> {
        let mut found = Vec::new();
        for run in run::open(&self.store).await?.into_iter().filter(|run| run.account == account) {
            if run.snapshots()?.all().any(|used| (used.name.as_str(), used.language.as_str()) == (name, language)) {
                found.push(run);
            }
        }
        Ok(found)
    }

    /// What waits for a template in each of them.
    pub async fn template_stakes(&self, account: &str, name: &str, language: &str) -> Result<Vec<Stake>, EngineError> {
        let mut stakes = Vec::new();
        for run in self.runs_of_template(account, name, language).await? {
            let left = message::left_of(&self.store, run.id).await?;
            stakes.push(Stake {
                run: run.id,
                campaign: run.campaign_id,
                messages: left.n,
                people: left.people,
                cost: left.estimated,
                currency: run.currency,
            });
        }
        Ok(stakes)
    }
}

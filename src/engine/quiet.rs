//! Conversations that ended because nobody wrote any more, as the audience of a campaign that takes them up again: a file
//! like any other, with the name of the agent who had each of them and the way back to that agent.

use super::draft::{Beginner, Begun, Brought};
use super::{Engine, EngineError, Incoming};
use crate::domain::id::ConversationId;
use crate::domain::kind::CampaignKind;
use crate::domain::problem::Problem;
use crate::domain::spreadsheet::text_cell;
use crate::domain::time::UnixMs;
use crate::locale::{Language, say};
use crate::store::conversation::{self, Quiet, Silent};

/// Conversations read at a time.
const BATCH: i64 = 1_000;

/// Which conversations to take up again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TakeUp {
    /// Those that ended since then.
    pub since: UnixMs,
    /// Whose silence it was.
    pub silent: Silent,
    /// In what language the columns are headed.
    pub language: Language,
}

impl Engine {
    /// Begins a campaign over the people whose conversation ended by itself since then.
    pub async fn quiet_draft(&self, title: &str, of: TakeUp, by: Beginner<'_>) -> Result<Begun, EngineError> {
        let (audience, people) = self.quiet_people(of).await?;
        if people == 0 {
            return Ok(Err(vec![Problem::new("quiet_nobody", &[])]));
        }
        let brought = Brought { title: title.to_owned(), kind: CampaignKind::ResumeContact, audience };
        let mut file = self.fresh_file(&brought);
        file.set(&["replies", "route", "column"], &say(of.language, "quiet.route", &[]));
        self.begin_with(file, brought, by).await
    }

    /// The file, and how many people are in it.
    pub async fn quiet_people(&self, of: TakeUp) -> Result<(Incoming, u64), EngineError> {
        let mut file = self.take_in("conversations.csv").await?.ok_or(EngineError::Unknown { what: "file" })?;
        let head = ["phone", "name", "agent", "route", "campaign", "last"];
        let head: Vec<String> = head.iter().map(|key| say(of.language, &format!("quiet.{key}"), &[])).collect();
        // The mark tells Excel that it is UTF-8.
        file.write("\u{feff}".as_bytes()).await?;
        file.write(&line(&head)?).await?;
        let (mut after, mut people) = (ConversationId(0), 0);
        loop {
            let found = conversation::quiet(&self.store, of.since, of.silent, (after, BATCH)).await?;
            let Some(last) = found.last() else { break };
            after = last.id;
            people += found.len() as u64;
            for one in &found {
                file.write(&line(&self.cells(one))?).await?;
            }
        }
        Ok((file.done().await?, people))
    }

    fn cells(&self, one: &Quiet) -> Vec<String> {
        let account = self.config.senders.get(&one.sender).and_then(|sender| self.config.accounts.get(&sender.account));
        let day = account.map(|account| one.last_at.day_in(&account.timezone)).unwrap_or_default();
        let route = match (&one.agent, &one.team) {
            (Some(agent), _) => format!("agent:{agent}"),
            (None, Some(team)) => format!("team:{team}"),
            (None, None) => String::new(),
        };
        vec![
            format!("+{}", one.phone),
            text_cell(&one.name).into_owned(),
            one.agent.clone().unwrap_or_default(),
            route,
            text_cell(one.campaign.as_deref().unwrap_or_default()).into_owned(),
            day,
        ]
    }
}

fn line(cells: &[String]) -> Result<Vec<u8>, EngineError> {
    let unwritten = |cause: std::io::Error| EngineError::File { place: "the data directory", cause };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells).map_err(|cause| unwritten(cause.into()))?;
    writer.into_inner().map_err(|cause| unwritten(cause.into_error()))
}

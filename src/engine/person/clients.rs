//! What the house itself says of people: edited by hand, or taken from a file of clients, which is read like an audience.

use std::path::Path;

use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tracing::info;

use crate::config::Config;
use crate::domain::exclusion::ExclusionReason;
use crate::domain::id::PersonId;
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError, load};
use crate::intake::campaign_file::CampaignFile;
use crate::intake::definition::Definition;
use crate::intake::phone_number::country_of;
use crate::intake::rows::{Draft, NOBODY, ResolvedRow, RowFate, RowsRequest, open_rows};
use crate::store::client::{self, ClientChange, Said};
use crate::store::person;

/// Longest name and reference, in characters.
const LONGEST: usize = 200;
/// Longest note, in characters.
const LONGEST_NOTE: usize = 4_096;
/// People kept in one unit of work.
const PIECE: usize = 500;
/// Pieces read ahead while the database writes.
const AHEAD: usize = 2;
/// Lines that an answer names.
const NAMED: usize = 20;

/// What somebody of ours says of a person; what is `None` stays.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Edit {
    /// The name.
    pub name: Option<String>,
    /// Their number in the house's own system.
    pub reference: Option<String>,
    /// A note.
    pub note: Option<String>,
}

/// What became of a file of clients.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, utoipa::ToSchema)]
pub struct ClientsImported {
    /// Rows read.
    pub rows: u64,
    /// People kept: new ones, and known ones with what the file says of them.
    pub kept: u64,
    /// Rows that were left out: without a number that can be read, with one of an earlier row, or with something too long.
    pub left: u64,
    /// The first of those, and why.
    pub left_rows: Vec<LeftRow>,
}

/// A row of a file of clients that was left out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
pub struct LeftRow {
    /// Which; 1 is the first after the header.
    pub row: i64,
    /// Why.
    #[schema(value_type = String)]
    pub reason: ExclusionReason,
    /// A word and perhaps a fact more.
    pub detail: String,
}

impl Engine {
    /// Keeps what a person of ours says of the person for whom `root` stands.
    pub async fn edit_person(&self, root: PersonId, edit: &Edit, by: &str) -> Result<Result<(), Problem>, EngineError> {
        let limits = [
            ("name", &edit.name, LONGEST),
            ("reference", &edit.reference, LONGEST),
            ("note", &edit.note, LONGEST_NOTE),
        ];
        for (field, text, limit) in limits {
            let text = text.as_deref().unwrap_or_default();
            if text.chars().count() > limit || text.contains('\0') {
                return Ok(Err(Problem::new("client_long", &[("field", field), ("limit", &limit.to_string())])));
            }
        }
        let change = ClientChange {
            name: edit.name.as_deref().map(str::trim),
            reference: edit.reference.as_deref().map(str::trim),
            note: edit.note.as_deref().map(str::trim),
        };
        let mut tx = self.store.begin().await?;
        client::set(&mut tx, root, &change, (by, self.clock.now())).await?;
        tx.commit().await?;
        Ok(Ok(()))
    }

    /// Takes in a file of clients: number, name and reference by their headers, in every form that an audience may have.
    /// Local numbers are `country`'s. What a cell does not say stays as it was.
    pub async fn import_clients(
        &self,
        path: &Path,
        country: Option<&str>,
        by: &str,
    ) -> Result<Result<ClientsImported, Vec<Problem>>, EngineError> {
        let Some(file) = self.file_of_clients(country) else { return Ok(Ok(ClientsImported::default())) };
        let file = match file {
            Ok(file) => file,
            Err(problems) => return Ok(Err(problems)),
        };
        let (told, mut read) = mpsc::channel(AHEAD);
        let (config, path, started_at) = (self.config.clone(), path.to_owned(), self.clock.now());
        let thread = spawn_blocking(move || read_clients((&file, &config), &path, started_at, &told));
        let mut done = ClientsImported::default();
        while let Some(rows) = read.recv().await {
            self.take_clients(rows, &mut done, by).await?;
        }
        if let Err(problems) = thread.await? {
            return Ok(Err(problems.into_iter().map(as_of_clients).collect()));
        }
        info!(row.count = done.rows, person.count = done.kept, "clients are taken in");
        Ok(Ok(done))
    }

    /// Keeps some rows of a file, and counts them.
    async fn take_clients(
        &self,
        rows: Vec<ResolvedRow>,
        done: &mut ClientsImported,
        by: &str,
    ) -> Result<(), EngineError> {
        let (mut people, mut said) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        done.rows += rows.len() as u64;
        for row in rows {
            match taken(row.fate) {
                Ok(draft) => {
                    people.push((draft.to, draft.name));
                    said.push(draft.external_id.unwrap_or_default());
                }
                Err((reason, detail)) => {
                    done.left += 1;
                    if done.left_rows.len() < NAMED {
                        done.left_rows.push(LeftRow { row: row.no, reason, detail });
                    }
                }
            }
        }
        done.kept += self.keep_clients(&people, &said, by).await?;
        Ok(())
    }

    async fn keep_clients(
        &self,
        people: &[(Phone, String)],
        references: &[String],
        by: &str,
    ) -> Result<u64, EngineError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let ids = person::ensure(&mut tx, people, now).await?;
        let said = ids.iter().zip(people).zip(references);
        let said: Vec<Said> = said
            .map(|((id, (_, name)), reference)| Said { id: *id, name: name.clone(), reference: reference.clone() })
            .collect();
        client::set_all(&mut tx, &said, now, by).await?;
        tx.commit().await?;
        Ok(said.len() as u64)
    }

    /// A campaign that sends to everybody in the file, by which its rows are read; `None`: there is no sender at all.
    fn file_of_clients(&self, country: Option<&str>) -> Option<Result<CampaignFile, Vec<Problem>>> {
        let sender = self.config.senders.values().next()?;
        let mut file = Definition::new();
        file.set(&["kind"], "reminder");
        file.set(&["sender"], &sender.name);
        file.set(&["timezone"], "UTC");
        file.set(&["file"], "clients.csv");
        if let Some(country) = country.map(str::to_owned).or_else(|| country_of(&sender.number)) {
            file.set(&["country"], &country);
        }
        file.set(&["template", "name"], "clients");
        file.set(&["template", "language"], "es");
        // Of what stands there only the country came from outside.
        let unknown = |_| vec![Problem::new("unknown_country", &[("country", country.unwrap_or_default())])];
        Some(load::parse(&file.to_string()).map_err(unknown))
    }
}

/// Reads the rows, some at a time: a file of any length is never held whole. Ends early when nobody takes them any more.
fn read_clients(
    (file, config): (&CampaignFile, &Config),
    path: &Path,
    started_at: UnixMs,
    told: &mpsc::Sender<Vec<ResolvedRow>>,
) -> Result<(), Vec<Problem>> {
    let request = RowsRequest {
        campaign: file,
        template: None,
        translations: &[],
        vars: &config.vars,
        names: &NOBODY,
        holidays: &config.holidays,
        laws: &config.laws,
        reach: &config.reach,
        audience: path,
        started_at,
    };
    let mut rows = open_rows(&request)?;
    loop {
        let piece: Vec<ResolvedRow> = rows.by_ref().take(PIECE).collect();
        if piece.is_empty() || told.blocking_send(piece).is_err() {
            return Ok(());
        }
    }
}

/// What a row says of a client, or why it is left out. A row is taken whole or not at all: a name that is cut would be
/// another name.
fn taken(fate: RowFate) -> Result<Box<Draft>, (ExclusionReason, String)> {
    let draft = match fate {
        RowFate::Message(draft) => draft,
        RowFate::Excluded(out) => return Err((out.reason, out.detail)),
    };
    let reference = draft.external_id.as_deref().unwrap_or_default();
    for (word, text) in [("client_name_long", draft.name.as_str()), ("client_reference_long", reference)] {
        let length = text.chars().count();
        if length > LONGEST {
            return Err((ExclusionReason::BadValue, format!("{word}: {length}")));
        }
    }
    Ok(draft)
}

/// The same problem without the words of campaign files: whoever takes in clients has none.
fn as_of_clients(problem: Problem) -> Problem {
    const OTHERWISE: [&str; 9] = [
        "no_phone_column",
        "ambiguous_column",
        "few_phones",
        "several_sheets",
        "no_header",
        "papers_for_phones",
        "hidden_rows",
        "total_rows",
        "merged_cells",
    ];
    if OTHERWISE.contains(&problem.code.as_str()) {
        return Problem { code: format!("clients_{}", problem.code), ..problem };
    }
    problem
}

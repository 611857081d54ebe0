//! What the house itself says of people: edited by hand, or taken from a file of clients, which is read like an audience.

use std::path::Path;
use std::sync::{Arc, OnceLock};

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
use crate::intake::rows::{Draft, NOBODY, OwnNumbers, ResolvedRow, RowFate, RowsRequest, open_rows};
use crate::store::client::{self, ClientChange, Said};
use crate::store::person;

mod alike;

pub use alike::SharedNumber;
use alike::{Alike, KeptRow};

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
    /// Own numbers of the file that several people have. They were kept.
    pub shared: u64,
    /// The first of those.
    pub shared_numbers: Vec<SharedNumber>,
    /// Which column was taken for what.
    pub columns: Vec<TakenColumn>,
}

/// A column of a file of clients, and what it was taken for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
pub struct TakenColumn {
    /// `phone`, `name` or `reference`.
    pub role: &'static str,
    /// Its header; of several columns of phones all of them.
    pub column: String,
}

impl TakenColumn {
    /// Those that a file of clients has a use for.
    fn all(found: &[(String, String)]) -> Vec<Self> {
        const USED: [(&str, &str); 3] = [("phone", "phone"), ("name", "name"), ("id", "reference")];
        let one = |(of, role): (&str, &'static str)| {
            let (_, column) = found.iter().find(|(found, _)| found == of)?;
            Some(Self { role, column: column.clone() })
        };
        USED.into_iter().filter_map(one).collect()
    }
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
    /// Your own number for them in the row; empty: it says none.
    pub reference: String,
    /// The phone of the row with `+`, where it can be read.
    pub phone: String,
    /// Of a row with the phone of an earlier one: the own number that is kept of it.
    pub kept_reference: String,
}

/// What became of a row.
enum Became {
    /// It is kept. `like`: the first row that has its own number for somebody else.
    Client { draft: Box<Draft>, like: Option<i64> },
    /// It is not.
    Left(LeftRow),
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
        let columns = Arc::new(OnceLock::new());
        let found = Arc::clone(&columns);
        let (config, path, started_at) = (self.config.clone(), path.to_owned(), self.clock.now());
        let thread = spawn_blocking(move || read_clients((&file, &config), (&path, &found), started_at, &told));
        let (mut done, mut alike) = (ClientsImported::default(), Alike::default());
        while let Some(rows) = read.recv().await {
            let kept = self.take_clients(rows, &mut done, by).await?;
            alike.see(&self.store, &kept, &mut done).await?;
        }
        if let Err(problems) = thread.await? {
            return Ok(Err(problems.into_iter().map(as_of_clients).collect()));
        }
        alike::complete(&self.store, &mut done).await?;
        done.columns = columns.get().map(|found: &Vec<_>| TakenColumn::all(found)).unwrap_or_default();
        info!(row.count = done.rows, person.count = done.kept, "clients are taken in");
        Ok(Ok(done))
    }

    /// Keeps some rows of a file, and counts them; those that were kept.
    async fn take_clients(
        &self,
        rows: Vec<(i64, Became)>,
        done: &mut ClientsImported,
        by: &str,
    ) -> Result<Vec<KeptRow>, EngineError> {
        let (mut people, mut kept) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        done.rows += rows.len() as u64;
        for (no, became) in rows {
            match became {
                Became::Client { draft, like } => {
                    people.push((draft.to, draft.name));
                    kept.push(KeptRow { no, reference: draft.external_id.unwrap_or_default(), like });
                }
                Became::Left(left) => {
                    done.left += 1;
                    if done.left_rows.len() < NAMED {
                        done.left_rows.push(left);
                    }
                }
            }
        }
        done.kept += self.keep_clients(&people, &kept, by).await?;
        Ok(kept)
    }

    async fn keep_clients(&self, people: &[(Phone, String)], rows: &[KeptRow], by: &str) -> Result<u64, EngineError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let ids = person::ensure(&mut tx, people, now).await?;
        let said = ids.iter().zip(people).zip(rows);
        let said: Vec<Said> = said
            .map(|((id, (_, name)), row)| Said { id: *id, name: name.clone(), reference: row.reference.clone() })
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
        let parsed = load::parse(&file.to_string()).map_err(unknown);
        Some(parsed.map(|mut file| {
            file.columns.id_is_of_clients = true;
            file
        }))
    }
}

/// Reads the rows, some at a time: a file of any length is never held whole. Ends early when nobody takes them any more.
fn read_clients(
    (file, config): (&CampaignFile, &Config),
    (path, columns): (&Path, &OnceLock<Vec<(String, String)>>),
    started_at: UnixMs,
    told: &mpsc::Sender<Vec<(i64, Became)>>,
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
    columns.get_or_init(|| rows.facts().columns.clone());
    let mut own = OwnNumbers::for_rows(rows.expected());
    loop {
        let piece = rows.by_ref().take(PIECE);
        let piece: Vec<(i64, Became)> = piece.map(|row| (row.no, became(row, &mut own))).collect();
        if piece.is_empty() || told.blocking_send(piece).is_err() {
            return Ok(());
        }
    }
}

/// What a row says of a client, or why it is left out. A row is taken whole or not at all: a name that is cut would be
/// another name.
fn became(ResolvedRow { no, fate }: ResolvedRow, own: &mut OwnNumbers) -> Became {
    let left = |(reason, detail), id: Option<String>, to: Option<Phone>| {
        let (reference, phone) = (id.unwrap_or_default(), to.map(|to| to.with_plus()).unwrap_or_default());
        let reference = reference.chars().take(LONGEST).collect();
        Became::Left(LeftRow { row: no, reason, detail, reference, phone, kept_reference: String::new() })
    };
    let draft = match fate {
        RowFate::Message(draft) => draft,
        RowFate::Excluded(out) => return left((out.reason, out.detail), out.external_id, out.to),
    };
    let reference = draft.external_id.clone().unwrap_or_default();
    for (word, text) in [("client_name_long", draft.name.as_str()), ("client_reference_long", reference.as_str())] {
        let length = text.chars().count();
        if length > LONGEST {
            return left((ExclusionReason::BadValue, format!("{word}: {length}")), draft.external_id, Some(draft.to));
        }
    }
    let like = if reference.is_empty() { None } else { own.see(&reference, &draft.to, no) };
    Became::Client { draft, like }
}

/// The same problem without the words of campaign files: whoever takes in clients has none.
fn as_of_clients(problem: Problem) -> Problem {
    const OTHERWISE: [&str; 11] = [
        "no_phone_column",
        "phone_of_others",
        "ambiguous_column",
        "few_phones",
        "several_sheets",
        "no_header",
        "papers_for_phones",
        "identity_numbers",
        "hidden_rows",
        "total_rows",
        "merged_cells",
    ];
    if OTHERWISE.contains(&problem.code.as_str()) {
        return Problem { code: format!("clients_{}", problem.code), ..problem };
    }
    problem
}

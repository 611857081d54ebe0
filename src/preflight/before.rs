//! What was sent before, asked for some rows at a time where only the store can tell: of people who were erased nothing is left
//! but hashes, which leave it for nobody.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::domain::earlier::Earlier;
use crate::domain::id::RunId;
use crate::domain::problem::Problem;
use crate::intake::rows::{Draft, ResolvedRow, RowFate};

/// Who knows it.
pub trait SentBefore: Debug {
    /// What earlier runs have sent.
    fn earlier(&self) -> &Earlier;

    /// Of these rows those that went to people who were erased since: the run that has sent each, by its key.
    fn to_erased(&self, rows: &[&Draft]) -> Result<BTreeMap<String, RunId>, Problem>;
}

impl SentBefore for Earlier {
    fn earlier(&self) -> &Earlier {
        self
    }

    fn to_erased(&self, rows: &[&Draft]) -> Result<BTreeMap<String, RunId>, Problem> {
        let run = |row: &&Draft| Some((row.key.clone(), self.run_of_erased(&row.key, &row.to, row.happens_at)?));
        Ok(rows.iter().filter_map(run).collect())
    }
}

/// The messages that rows become.
pub(super) fn messages(rows: &[ResolvedRow]) -> Vec<&Draft> {
    rows.iter().filter_map(draft).collect()
}

fn draft(row: &ResolvedRow) -> Option<&Draft> {
    match &row.fate {
        RowFate::Message(draft) => Some(draft),
        RowFate::Excluded(_) => None,
    }
}

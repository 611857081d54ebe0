//! What a file of clients says of several people at once: one own number for several of them, one phone for several own
//! numbers. Families share both, so it is no error; whoever brings the file is told and decides.

use std::collections::{BTreeSet, HashSet};

use serde::Serialize;

use super::{ClientsImported, NAMED};
use crate::domain::exclusion::ExclusionReason;
use crate::domain::hashed::hashed;
use crate::domain::phone::Phone;
use crate::store::{Result, Store, client};

/// Phones that are told of one own number.
const PHONES: i64 = 5;

/// An own number that several people have.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
pub struct SharedNumber {
    /// Which.
    pub reference: String,
    /// Rows of the file that have it; others had it before.
    pub rows: Vec<i64>,
    /// The phones of the first people who have it, with `+`.
    pub phones: Vec<String>,
}

/// A row that was kept.
pub(super) struct KeptRow {
    pub no: i64,
    /// Its own number; empty: the file says none.
    pub reference: String,
    /// The first row that has it too, for somebody else.
    pub like: Option<i64>,
}

/// The own numbers of a file that several people have.
#[derive(Default)]
pub(super) struct Alike {
    /// All of them, as numbers that stand for them.
    found: HashSet<u64>,
}

impl Alike {
    /// Looks at rows that were kept just now.
    pub async fn see(&mut self, store: &Store, rows: &[KeptRow], done: &mut ClientsImported) -> Result<()> {
        let asked: BTreeSet<&str> = rows.iter().map(|row| &*row.reference).filter(|own| !own.is_empty()).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let shared = client::shared(store, &asked).await?;
        for row in rows.iter().filter(|row| shared.contains(&row.reference)) {
            if self.found.insert(hashed(&*row.reference)) && done.shared_numbers.len() < NAMED {
                let (reference, rows, phones) = (row.reference.clone(), Vec::new(), Vec::new());
                done.shared_numbers.push(SharedNumber { reference, rows, phones });
            }
            let named = done.shared_numbers.iter_mut().find(|named| named.reference == row.reference);
            let Some(named) = named.filter(|named| named.rows.len() < NAMED) else { continue };
            for no in row.like.into_iter().chain([row.no]) {
                if !named.rows.contains(&no) {
                    named.rows.push(no);
                }
            }
        }
        done.shared = self.found.len() as u64;
        Ok(())
    }
}

/// Completes what is told of the file, now that all of it is kept.
pub(super) async fn complete(store: &Store, done: &mut ClientsImported) -> Result<()> {
    for named in &mut done.shared_numbers {
        let phones = client::phones(store, &named.reference, PHONES).await?;
        named.phones = phones.iter().map(|digits| format!("+{digits}")).collect();
    }
    for left in done.left_rows.iter_mut().filter(|left| left.reason == ExclusionReason::Duplicate) {
        let phone = Phone::from_international(left.phone.trim_start_matches('+'));
        if let Some(phone) = phone.filter(|_| !left.reference.is_empty()) {
            left.kept_reference = client::kept(store, &phone).await?;
        }
    }
    Ok(())
}

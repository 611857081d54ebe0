//! The pass over a file that amends a standing run: what all of it names.

use crate::domain::amend::{Conflicts, FileKeys};
use crate::domain::problem::Problem;

use super::{RowFate, Rows, RowsRequest, open_rows_telling};

impl Rows<'_> {
    /// Ids that rows of two people have at one time, so far.
    pub fn conflicts(&self) -> &Conflicts {
        &self.conflicts
    }
}

/// Reads the whole file, telling now and then how many rows were looked through; `Err` is everything that keeps it from being read.
pub fn file_keys(request: &RowsRequest<'_>, told: &dyn Fn(u64)) -> Result<FileKeys, Vec<Problem>> {
    let mut rows = open_rows_telling(request, told)?;
    let mut keys = FileKeys::default();
    for row in &mut rows {
        match &row.fate {
            RowFate::Message(draft) => {
                keys.see(&draft.key, draft.external_id.as_deref(), draft.happens_at);
                keys.see_person(draft.external_id.as_deref(), &draft.to, row.no);
                keys.see_appointment(draft.external_id.as_deref(), &draft.known());
            }
            RowFate::Excluded(left) => {
                keys.see_left_out(left.reason, (left.external_id.as_deref(), left.happens_at), left.known().as_ref());
            }
        }
    }
    if let Some(failure) = rows.failure() {
        return Err(vec![failure.clone()]);
    }
    keys.conflicts.join(rows.conflicts.clone());
    // What could not be read to its end is not whole.
    keys.unreadable += i64::from(rows.lines.failure().is_some());
    Ok(keys)
}

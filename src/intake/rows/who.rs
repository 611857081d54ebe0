//! Whom a row is for, as its cells say it.

use crate::domain::exclusion::ExclusionReason;
use crate::domain::phone::Phone;
use crate::domain::time::UnixMs;

use super::super::columns::Columns;
use super::{RowExclusion, beginning};

/// What a row's person is called, as its cells say it.
pub(super) fn name(cells: &[String], places: &[usize]) -> String {
    let parts = places.iter().filter_map(|place| cells.get(*place)).map(String::as_str);
    beginning(&parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")).to_owned()
}

/// Whom a row is for.
pub(super) struct Who {
    pub(super) given: String,
    pub(super) external_id: Option<String>,
    /// Screens show it; what a message says comes from the cell itself.
    pub(super) name: String,
    pub(super) cost_centre: String,
    pub(super) happens_at: Option<UnixMs>,
    /// Where it goes, where that can be read.
    pub(super) to: Option<Phone>,
    /// A column by whose cell rows are told apart, and which says too much for that: cut, it would be another's.
    pub(super) too_long: Option<usize>,
}

impl Who {
    /// `given` is the phone as it stands.
    pub(super) fn of(cells: &[String], given: &str, columns: &Columns) -> Self {
        let mut who = Self {
            given: beginning(given).to_owned(),
            external_id: None,
            name: name(cells, &columns.name),
            cost_centre: String::new(),
            happens_at: None,
            to: None,
            too_long: None,
        };
        let parts: Vec<&str> = columns.id.iter().filter_map(|place| cells.get(*place)).map(String::as_str).collect();
        // Without one of its columns it would be another's.
        if !parts.is_empty() && parts.iter().all(|part| !part.is_empty()) {
            who.external_id = Some(who.known_by(&parts.join("-"), columns.id.first().copied()));
        }
        who
    }

    /// With who pays for it.
    pub(super) fn paid_by(mut self, cost_centre: &str, columns: &Columns) -> Self {
        self.cost_centre = self.known_by(cost_centre, columns.cost_centre);
        self
    }

    fn known_by(&mut self, text: &str, column: Option<usize>) -> String {
        let kept = beginning(text);
        if kept.len() < text.len() {
            self.too_long = self.too_long.or(column);
        }
        kept.to_owned()
    }

    /// Its exclusion.
    pub(super) fn left_out(self, reason: ExclusionReason, detail: &str) -> RowExclusion {
        let Self { given: recipient, external_id, name, cost_centre, happens_at, to, .. } = self;
        let detail = beginning(detail).to_owned();
        RowExclusion { reason, recipient, external_id, name, cost_centre, happens_at, to, detail }
    }
}

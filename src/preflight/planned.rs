//! What a standing run has planned, asked for some rows at a time: a run of a million messages is never held whole where
//! its store can be asked.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use crate::domain::amend::{self, Standing};
use crate::domain::id::MessageId;
use crate::domain::message::MessageState;
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::store::message::Unnamed;

/// Messages told at once.
const PAGE: usize = 1_000;

/// Who knows what is planned. What fails is told as a problem; the cause stands in the log.
pub trait Planned: Debug + Send + Sync {
    /// What is planned for rows with these ids, or for these numbers.
    fn standing(&self, ids: &[&str], phones: &[Phone]) -> Result<Arc<Standing>, Problem>;

    /// Some of what waits, in the order of their numbers, after the message `after`; nothing: that was all.
    fn waiting(&self, after: MessageId) -> Result<Vec<Unnamed>, Problem>;
}

/// All of it, as the daemon told it to whoever cannot ask its store.
#[derive(Debug)]
pub struct Told(Arc<Standing>);

impl Told {
    /// These messages, and the ids whose people have cancelled.
    pub fn of(mut planned: Vec<amend::Planned>, declined: BTreeSet<String>) -> Self {
        planned.sort_by_key(|one| one.id);
        Self(Arc::new(Standing::of(planned, declined)))
    }
}

impl Planned for Told {
    fn standing(&self, _: &[&str], _: &[Phone]) -> Result<Arc<Standing>, Problem> {
        Ok(Arc::clone(&self.0))
    }

    fn waiting(&self, after: MessageId) -> Result<Vec<Unnamed>, Problem> {
        let all = self.0.planned();
        let rest = &all[all.partition_point(|one| one.id <= after)..];
        let waits = rest.iter().filter(|one| one.state == MessageState::Queued).take(PAGE);
        Ok(waits.map(Unnamed::from).collect())
    }
}

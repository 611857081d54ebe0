//! What a standing run has planned, asked for some rows at a time: a run of a million messages is never held whole where
//! its store can be asked.

use std::fmt::Debug;
use std::sync::Arc;

use crate::domain::amend::Standing;
use crate::domain::id::MessageId;
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::store::message::Unnamed;

/// Who knows what is planned. What fails is told as a problem; the cause stands in the log.
pub trait Planned: Debug + Send + Sync {
    /// What is planned for rows with these ids, or for these numbers.
    fn standing(&self, ids: &[&str], phones: &[Phone]) -> Result<Arc<Standing>, Problem>;

    /// Some of what waits, in the order of their numbers, after the message `after`; nothing: that was all.
    fn waiting(&self, after: MessageId) -> Result<Vec<Unnamed>, Problem>;
}

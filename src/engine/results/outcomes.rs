//! What was answered, for the system that the file came from: one line for each id, in fixed words.

use super::cell::Cell;
use super::make::{Made, PIECE, Sinks};
use crate::domain::id::MessageId;
use crate::engine::{Engine, EngineError};
use crate::store::run::Run;
use crate::store::view::result;

impl Engine {
    /// The file of answers.
    pub(super) async fn outcomes(&self, run: &Run, sinks: Sinks) -> Result<Vec<Made>, EngineError> {
        let mut sinks = sinks.write(vec![vec![Cell::word("id"), Cell::word("outcome")]]).await?;
        let mut after = MessageId(0);
        loop {
            let page = result::of_run(&self.store, (run.id, 0), after, PIECE as i64).await?;
            let Some(last) = page.last() else { return sinks.finish().await };
            after = last.id;
            let answers = self.answers(run, &page).await?;
            let rows = page.iter().filter(|told| answers.is_told_at(told)).filter_map(|told| {
                let (word, id) = (answers.word(told)?, told.external_id.clone()?);
                Some(vec![Cell::Word(id), Cell::word(word)])
            });
            sinks = sinks.write(rows.collect()).await?;
        }
    }
}

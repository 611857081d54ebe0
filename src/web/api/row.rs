//! One message of a run as the API tells it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::id::MessageId;
use crate::domain::message::MessageState;
use crate::domain::time::UnixMs;
use crate::store::view::row::RunRow;
use crate::web::page::Page;
use crate::web::row_words::{self, OfRun};

/// A message in a list.
#[derive(Serialize, ToSchema)]
pub struct RowView {
    /// Its id.
    pub id: MessageId,
    /// Its row in the audience; 1 is the first after the header.
    pub row: i64,
    /// The row's own id.
    pub external_id: Option<String>,
    /// The number it goes to, with `+`.
    pub to: String,
    /// The name in its row.
    pub name: String,
    /// Where it is.
    pub state: MessageState,
    /// The same in one sentence, with the reason and the time.
    pub message: String,
    /// The gate it waits for, or what all that is due of its run waits for: a stop (`hold_…`), `canary`, `budget`, `wallet`,
    /// `wallet_reading`, `people`, `tier`.
    pub waiting_for: Option<String>,
    /// Why it ended unsent.
    pub reason: Option<String>,
    /// The provider's code of its failure; -1 where it gave none.
    pub failure_code: Option<i64>,
    /// What its person's last reply decided.
    pub outcome: Option<String>,
    /// Tries so far: requests made. What a gate stopped made none.
    pub attempts: i64,
    /// Those of them that were opened because the one before certainly never left.
    pub resent_unsure: i64,
    /// When it is or was due.
    pub due_at: UnixMs,
    /// When the provider took it.
    pub accepted_at: Option<UnixMs>,
    /// When it left the provider.
    pub sent_at: Option<UnixMs>,
    /// When it arrived.
    pub delivered_at: Option<UnixMs>,
    /// When it was read.
    pub read_at: Option<UnixMs>,
    /// When it ended.
    pub ended_at: Option<UnixMs>,
    /// Who pays.
    pub cost_centre: String,
    /// ISO 4217.
    pub currency: String,
    /// What it may cost at most, a decimal in text.
    pub estimated: String,
    /// What it cost, a decimal in text.
    pub charged: String,
}

impl RowView {
    /// Tells `row` in the page's language.
    pub fn of(p: &Page, run: &OfRun, row: RunRow) -> Self {
        let attempts = row.tries();
        let waiting_for = run.gate(&row, p.now).map(str::to_owned);
        Self {
            message: row_words::sentence(p, run, &row),
            id: row.id,
            row: row.row_no,
            external_id: row.external_id,
            to: format!("+{}", row.recipient),
            name: row.name,
            state: row.state,
            waiting_for,
            reason: row.end_reason,
            failure_code: row.failure_code,
            outcome: row.outcome,
            attempts,
            resent_unsure: row.resent_unsure,
            due_at: row.due_at,
            accepted_at: row.accepted_at,
            sent_at: row.sent_at,
            delivered_at: row.delivered_at,
            read_at: row.read_at,
            ended_at: row.ended_at,
            cost_centre: row.cost_centre,
            currency: row.currency,
            estimated: row.estimated.to_string(),
            charged: row.charged.to_string(),
        }
    }
}

//! What pages and the API read: one module per page, on the reading pool, paged by cursor.

pub mod campaign;
pub mod due;
pub mod like;
pub mod person;
pub mod pulse;
pub mod queued;
pub mod result;
pub mod row;
pub mod run;
pub mod tally;
pub mod watch;

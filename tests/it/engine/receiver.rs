//! The receiver: webhooks kept, receipts applied in any order, nothing lost and nothing done twice.

mod orders;
mod policies;
mod receipts;
mod webhooks;

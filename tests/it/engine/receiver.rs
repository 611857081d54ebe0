//! The receiver: webhooks kept, receipts applied in any order, nothing lost and nothing done twice.

mod orders;
mod receipts;
mod webhooks;

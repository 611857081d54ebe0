//! What the tests share.

mod stores;

pub use stores::{TestStore, stores};

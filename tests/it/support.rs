//! What the tests share.

mod browser;
mod stores;

pub use browser::Browser;
pub use stores::{TestStore, stores};

//! What the tests share.

mod browser;
pub mod sandbox;
mod stores;

pub use browser::Browser;
pub use stores::{TestStore, stores};

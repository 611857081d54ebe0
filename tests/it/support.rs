//! What the tests share.

mod browser;
pub mod sandbox;
mod sources;
mod stores;

pub use browser::Browser;
pub use sources::rust_files;
pub use stores::{TestStore, stores};

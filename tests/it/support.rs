//! What the tests share.

mod browser;
pub mod sandbox;
mod sources;
mod stores;
mod turns;

pub use browser::Browser;
pub use sources::rust_files;
pub use stores::{TestStore, stores};
pub use turns::in_every_order;

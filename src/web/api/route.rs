//! Routes of the API.
use crate::web::route::Route;
/// Every one.
pub fn routes() -> Vec<Route> { Vec::new() }

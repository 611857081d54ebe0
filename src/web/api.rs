//! The JSON API under `/api/v1`: the same commands as the pages, the same guard, problem documents for whatever goes
//! wrong. One file per resource; [`route`] lists them, [`document`] describes them.

mod alerts;
mod campaign_view;
pub(super) mod campaigns;
mod conversations;
mod correct;
mod costs;
mod desk;
mod docs;
mod doctor;
mod document;
mod doubt;
mod endpoints;
mod events;
pub(super) mod extract;
mod holds;
mod later;
mod me;
mod messages;
pub mod once;
mod paging;
mod people;
mod portfolios;
mod retry;
pub mod route;
mod row;
mod run_view;
mod runs;
mod sent;
mod standing;
mod suppressions;
mod template_drafts;
mod templates;
mod variables;
mod wallets;

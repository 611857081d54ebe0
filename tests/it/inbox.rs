//! Tests of `inbox`: what becomes of replies, and what agents do with conversations.

mod agents;
mod attribution;
mod choices;
mod dealing;
mod echoing;
mod erasing;
pub mod office;
mod opting_out;
mod outcomes;
mod people;
mod returning;
mod searching;
mod seen;
mod settled;
mod tickets;
mod together;
mod unclear;
mod whose;
mod wishes;

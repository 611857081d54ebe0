//! Every integration test in one binary: one link, one PostgreSQL, shared support.

mod support;

mod billing;
mod browser;
mod cli;
mod demo;
mod engine;
mod house;
mod inbox;
mod intake;
mod preflight;
mod provider;
mod sandbox;
mod store;
mod web;

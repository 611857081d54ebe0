//! The sandbox on the wire: what it takes, what it refuses, what it posts.

mod adapter;
mod command;
mod config;
mod control;
mod fault;
mod guard;
mod limit;
mod node;
mod people;
mod send;
mod standing;
mod template;
mod webhook;
mod zenvia;

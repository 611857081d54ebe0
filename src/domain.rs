//! Pure types and decisions: no I/O, no clock. Time is always an argument.

pub mod answer;
pub mod budget;
pub mod callback;
pub mod change;
pub mod doubt;
pub mod event;
pub mod exclusion;
pub mod failure;
pub mod fill;
pub mod frequency;
pub mod hours;
pub mod id;
pub mod kind;
pub mod message;
pub mod money;
pub mod pair;
pub mod phone;
pub mod problem;
pub mod role;
pub mod run;
pub mod schedule;
pub mod spreadsheet;
pub mod template;
pub mod tier;
pub mod time;

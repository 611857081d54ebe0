//! Tests of `engine`.

mod receiver;

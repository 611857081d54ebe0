//! Tests of `billing`.

//! Tests of `inbox`.

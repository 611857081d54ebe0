//! Tests of `preflight`.

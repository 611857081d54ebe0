//! Recado.
fn main() {}

//! Builds, runs, tests and measures Picket.
fn main() {}

//! rvmctl.
fn main() {}

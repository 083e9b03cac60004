//! The huiyin command.
fn main() {}

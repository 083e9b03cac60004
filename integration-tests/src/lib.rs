//! The constellation as one system under test. Everything is in `tests/`.

//! Huiyin.

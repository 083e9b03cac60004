//! The service through its public door, over a real PostgreSQL.
#![cfg(test)]

mod arriving;
mod escalation;
mod raising;
mod stage;
mod threads;
mod watching;

//! The rules of petition work: plain functions of values.
//!
//! Nothing here reads a clock, a file, a database or a random number: time, ids and
//! chance are arguments. The system watches matters, places and organs, never persons;
//! no type of this crate holds a personal field.
//!
//! Law is data: the clocks, the working calendar, the subjects and the competence rules
//! stand in `data/*.json`, each with its version, and every answer can name the rule it used.

mod embedded;
mod word;

pub mod calendar;
pub mod ids;
pub mod law;
pub mod local;
pub mod matter;
pub mod organs;
pub mod posts;
pub mod registration;
pub mod reporting;
pub mod routing;
pub mod standing;
pub mod statistics;
pub mod subject;
pub mod supervision;
pub mod territory;
pub mod time;
pub mod vocabulary;
pub mod warning;

pub use word::UnknownWord;

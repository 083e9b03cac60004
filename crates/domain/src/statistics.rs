//! How many, how well, compared with what. Every table names its unit, every rate its numerator and
//! denominator; what does not add up is said; small cells are not published.

mod indicator;
mod ratio;
mod suppress;
mod table;

pub use indicator::{Bar, Indicator, IndicatorDefinition, IndicatorError, definition, definitions};
pub use ratio::{DASH, Percent, Rate, YearOnYear, year_on_year};
pub use suppress::{Cell, SMALL_CELL, Suppressed, suppress, suppress_grid};
pub use table::{Row, Table, Unclassified, check_parts};

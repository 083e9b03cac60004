//! The one door through which the data files compiled into the crate are read.

use std::fmt::Display;

/// What an embedded file holds. The file is part of the source, its parser is run over it by the
/// tests of its module; a file that does not parse is a broken build and nothing may start on it.
#[expect(
    clippy::panic,
    reason = "an embedded file that does not parse is a broken build; every file is read by a test"
)]
pub(crate) fn checked<T, E: Display>(file: &str, parsed: Result<T, E>) -> T {
    match parsed {
        Ok(value) => value,
        Err(error) => panic!("embedded file {file}: {error}"),
    }
}

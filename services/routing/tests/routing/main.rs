//! The service through its own door, on a real PostgreSQL.

#[cfg(test)]
mod city;
#[cfg(test)]
mod completion;
#[cfg(test)]
mod forwarding;
#[cfg(test)]
mod history;
#[cfg(test)]
mod loading;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod sealed;
#[cfg(test)]
mod simplified;

//! Intake through its own door, on a real PostgreSQL, with routing's stream played by hand.

#[cfg(test)]
mod house;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod petitioner;
#[cfg(test)]
mod receipt;
#[cfg(test)]
mod register;
#[cfg(test)]
mod repeats;
#[cfg(test)]
mod sealed;
#[cfg(test)]
mod stages;
#[cfg(test)]
mod together;
#[cfg(test)]
mod vault;

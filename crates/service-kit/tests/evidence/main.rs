//! Tamper evidence on a real PostgreSQL: what is logged, what is proved, who keeps the heads, and what a superuser can do without being
//! found.

#[cfg(test)]
mod anchors;
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod forger;
#[cfg(test)]
mod house;
#[cfg(test)]
mod proofs;
#[cfg(test)]
mod recorder;

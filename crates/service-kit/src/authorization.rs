//! Who may ask what. Default deny, and two barriers that do not know of each other.
//!
//! **At the door** every call is decided by the policies beside the contract (`proto/policies`, Cedar): first whether this caller may
//! do this about its own at all, by a layer around every rpc that nothing can forget; then, in the rpc, about what was
//! asked ([`permit`]). An rpc about an organ or a place that answers or commits without having asked is refused.
//!
//! **In the database** every transaction of a call carries who asks ([`Subject::words`]), and row-level security shows it the
//! matters of its place or its hand, and none that is sealed from it: also when the first barrier forgets something.

mod asking;
mod rights;
mod sight;
mod standings;
mod subject;
mod table;

pub use asking::{About, Asking, permit, permit_matter, subject};
pub use rights::{Rights, RightsError};
pub use sight::{Seen, hand, is_asked, seen_among, sees};
pub(crate) use standings::told;
pub use standings::{Standings, stand};
pub(crate) use subject::{HOUSE, everybody};
pub use subject::{Subject, Who};
pub use table::rights_table;

#[cfg(test)]
mod tests;

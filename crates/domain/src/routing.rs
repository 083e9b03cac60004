//! Competence: who must answer, and why. Territory times function; the decision lists the rules it used.

mod arbitrate;
mod decide;
mod directory;

pub use arbitrate::{arbitrate, max_bounces};
pub use decide::{Decision, MatterToRoute, NoCompetentOrgan, Reason, decide};
pub use directory::Directory;

pub use crate::organs::OrganProfile;

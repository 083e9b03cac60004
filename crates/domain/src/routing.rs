//! Competence: who must answer, and why. Territory times function; the decision lists the rules it used.

mod arbitrate;
mod competence;
mod decide;
mod directory;
mod simplified;

pub use arbitrate::arbitrate;
pub use competence::{
    Competence, CompetenceError, CompetenceFault, CompetenceFile, CompetenceRule, CompetenceRules,
    is_function,
};
pub use decide::{Decision, MatterToRoute, NoCompetentOrgan, Reason, Rules, route};
pub use directory::Directory;
pub use simplified::{NotSimplified, Simplifiable};

pub use crate::organs::OrganProfile;

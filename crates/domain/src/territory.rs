//! 行政区划: places. A code has twelve digits in segments of 2-2-2-3-3: province, city, county, township, village.
//!
//! Places are dated: [`Gazetteer`] holds each code with the stretches in which it was in force, and what became of it.

mod apply;
mod change;
mod code;
mod gazetteer;
mod lineage;

use serde::{Deserialize, Serialize};

pub use change::{Change, ChangeFault, ChangeKind, ChangeRefused, Effect, Unit};
pub use code::{CODE_FORM, InvalidTerritoryCode, TerritoryCode};
pub use gazetteer::{Established, Gazetteer, Place, TerritoryFault, passes_through};
pub use lineage::Comparable;

use crate::vocabulary::Level;

/// One node of the administrative tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Territory {
    /// The code.
    pub code: TerritoryCode,
    /// The full name of this node alone, such as 怀化市.
    pub name: String,
    /// The level.
    pub level: Level,
    /// The node above, which may skip a level; none for the nation, or for the top of a partial tree.
    pub parent: Option<TerritoryCode>,
}

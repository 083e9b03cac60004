//! The organs known to a decision, found by id or by territory and function.

use std::collections::HashMap;

use crate::{
    ids::OrganId,
    organs::{OrganProfile, PETITION_OFFICE},
    territory::TerritoryCode,
};

/// Organ profiles in memory. Of two holders of a function in one territory the first given is found.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    organs: HashMap<OrganId, OrganProfile>,
    holders: HashMap<TerritoryCode, HashMap<String, OrganId>>,
}

impl Directory {
    /// A directory of these organs.
    #[must_use]
    pub fn new(profiles: impl IntoIterator<Item = OrganProfile>) -> Self {
        let mut directory = Self::default();
        for profile in profiles {
            let functions = directory.holders.entry(profile.territory).or_default();
            for function in &profile.functions {
                functions.entry(function.clone()).or_insert(profile.id);
            }
            directory.organs.insert(profile.id, profile);
        }
        directory
    }

    /// The organ with the id.
    #[must_use]
    pub fn get(&self, id: OrganId) -> Option<&OrganProfile> {
        self.organs.get(&id)
    }

    /// The organ that holds the function in exactly this territory.
    #[must_use]
    pub fn holder(&self, territory: &TerritoryCode, function: &str) -> Option<&OrganProfile> {
        self.holders
            .get(territory)?
            .get(function)
            .and_then(|id| self.get(*id))
    }

    /// The organ that holds the function in this territory or the nearest one above it.
    #[must_use]
    pub fn nearest(&self, territory: &TerritoryCode, function: &str) -> Option<&OrganProfile> {
        territory
            .chain()
            .find_map(|place| self.holder(&place, function))
    }

    /// The petition office of exactly this territory.
    #[must_use]
    pub fn petition_office(&self, territory: &TerritoryCode) -> Option<&OrganProfile> {
        self.holder(territory, PETITION_OFFICE)
    }

    /// Every organ, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &OrganProfile> {
        self.organs.values()
    }
}

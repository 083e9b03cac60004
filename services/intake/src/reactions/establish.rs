//! Places and organs were loaded or changed.

use std::collections::BTreeMap;

use huiyin_domain::ids::OrganId;
use huiyin_domain::territory::{Territory, TerritoryCode};
use huiyin_proto::events::v1::{OrgansEstablished, TerritoriesEstablished};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use sqlx::PgConnection;

use super::id;
use crate::store::organ_known::OrganKnown;
use crate::{store, wire};

/// What a run of events established; of two words on the same thing the later holds.
#[derive(Debug, Default)]
pub(super) struct Established {
    places: BTreeMap<TerritoryCode, Territory>,
    organs: BTreeMap<OrganId, OrganKnown>,
}

impl Established {
    /// Takes in places.
    pub(super) fn places(&mut self, fact: &TerritoriesEstablished) -> Result<(), Problem> {
        for told in &fact.territories {
            let mut violations = Violations::default();
            let code = wire::territory_code(&mut violations, "code", &told.code);
            let level = wire::level(&mut violations, "level", told.level);
            let parent = match told.parent_code.as_str() {
                "" => None,
                given => wire::territory_code(&mut violations, "parent_code", given),
            };
            let (code, level) = violations.finish_with(code.zip(level))?;
            self.places.insert(
                code,
                Territory {
                    code,
                    name: told.name.clone(),
                    level,
                    parent,
                },
            );
        }
        Ok(())
    }

    /// Takes in organs.
    pub(super) fn organs(&mut self, fact: &OrgansEstablished) -> Result<(), Problem> {
        for told in &fact.organs {
            let id: OrganId = id("organ_id", &told.organ_id)?;
            let mut violations = Violations::default();
            let territory =
                wire::territory_code(&mut violations, "territory_code", &told.territory_code);
            let level = wire::level(&mut violations, "level", told.level);
            let (territory, level) = violations.finish_with(territory.zip(level))?;
            self.organs.insert(
                id,
                OrganKnown {
                    id,
                    level,
                    territory,
                },
            );
        }
        Ok(())
    }

    /// Writes all of it, one statement a table.
    pub(super) async fn write(self, connection: &mut PgConnection) -> Result<(), Problem> {
        let places: Vec<Territory> = self.places.into_values().collect();
        if !places.is_empty() {
            store::place::write(connection, &places).await?;
        }
        let organs: Vec<OrganKnown> = self.organs.into_values().collect();
        if !organs.is_empty() {
            store::organ_known::write(connection, &organs).await?;
        }
        Ok(())
    }
}

//! Places were loaded or changed.

use std::collections::BTreeMap;

use huiyin_domain::territory::{Territory, TerritoryCode};
use huiyin_proto::events::v1::TerritoriesEstablished;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use sqlx::PgConnection;

use crate::{store, wire};

/// What a run of events established; of two words on the same thing the later holds.
#[derive(Debug, Default)]
pub(super) struct Established {
    places: BTreeMap<TerritoryCode, Territory>,
}

impl Established {
    /// Takes in places.
    pub(super) fn places(&mut self, fact: &TerritoriesEstablished) -> Result<(), Problem> {
        for told in &fact.territories {
            let mut violations = Violations::default();
            let code = violations.territory_code("code", &told.code);
            let level = wire::level(&mut violations, "level", told.level);
            let parent = match told.parent_code.as_str() {
                "" => None,
                given => violations.territory_code("parent_code", given),
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

    /// Writes all of it in one statement.
    pub(super) async fn write(self, connection: &mut PgConnection) -> Result<(), Problem> {
        let places: Vec<Territory> = self.places.into_values().collect();
        if !places.is_empty() {
            store::place::write(connection, &places).await?;
        }
        Ok(())
    }
}

//! The organs routing told of.

use huiyin_domain::ids::OrganId;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::vocabulary::Level;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::word;

/// Where an organ stands, as routing told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OrganKnown {
    /// The organ.
    pub(crate) id: OrganId,
    /// Its level.
    pub(crate) level: Level,
    /// Its territory.
    pub(crate) territory: TerritoryCode,
}

impl OrganKnown {
    /// Whether what is raised about `about` is sealed from this organ: it is that organ, or stands in a
    /// territory below it.
    pub(crate) fn is_sealed_from(&self, about: &Self) -> bool {
        let below = self.territory != about.territory && self.territory.is_within(&about.territory);
        self.id == about.id || below
    }
}

/// An organ; none when it is unknown.
pub(crate) async fn find(
    connection: &mut PgConnection,
    id: OrganId,
) -> Result<Option<OrganKnown>, Problem> {
    let row = sqlx::query!(
        "SELECT level, territory_code FROM organ_known WHERE organ_id = $1",
        id.uuid()
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(OrganKnown {
            id,
            level: word("organ_known.level", &row.level)?,
            territory: word("organ_known.territory_code", &row.territory_code)?,
        })
    })
    .transpose()
}

/// Writes new organs and changes known ones; each id at most once.
pub(crate) async fn write(
    connection: &mut PgConnection,
    organs: &[OrganKnown],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = organs.iter().map(|organ| organ.id.uuid()).collect();
    let levels: Vec<String> = organs.iter().map(|organ| organ.level.to_string()).collect();
    let territories: Vec<String> = organs
        .iter()
        .map(|organ| organ.territory.to_string())
        .collect();
    sqlx::query!(
        "INSERT INTO organ_known (organ_id, level, territory_code)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[])
         ON CONFLICT (organ_id) DO UPDATE SET level = excluded.level, territory_code = excluded.territory_code",
        &ids,
        &levels,
        &territories,
    )
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn organ(id: u128, territory: &str) -> OrganKnown {
        let territory: TerritoryCode = territory.parse().unwrap();
        OrganKnown {
            id: OrganId::from_uuid(Uuid::from_u128(id)),
            level: territory.level(),
            territory,
        }
    }

    #[test]
    fn a_denunciation_is_sealed_from_the_denounced_and_from_whoever_stands_below() {
        let about = organ(1, "431202");
        assert!(about.is_sealed_from(&about));
        assert!(organ(2, "431202001").is_sealed_from(&about));
        assert!(!organ(3, "431202").is_sealed_from(&about));
        assert!(!organ(4, "4312").is_sealed_from(&about));
        assert!(!organ(5, "431221").is_sealed_from(&about));
    }
}

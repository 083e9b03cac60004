//! The vault.

use huiyin_domain::ids::MatterId;
use huiyin_domain::time::Instant;
use sqlx::PgConnection;
use uuid::Uuid;

/// The petition of a matter. Printed nowhere: it has no `Debug`.
pub(crate) struct Petition {
    /// Name of the petitioner.
    pub(crate) name: String,
    /// Address.
    pub(crate) address: String,
    /// Phone number.
    pub(crate) phone: String,
    /// Number of the identity card.
    pub(crate) id_number: String,
    /// The main request.
    pub(crate) main_request: String,
    /// Facts and reasons.
    pub(crate) facts: String,
    /// Representatives of a collective visit.
    pub(crate) representatives: Vec<String>,
}

/// An earlier matter with the same screening hash.
#[derive(Clone, Debug)]
pub(crate) struct Earlier {
    /// Its id.
    pub(crate) matter_id: Uuid,
    /// Its number.
    pub(crate) number: String,
    /// When it was registered.
    pub(crate) registered_at: Instant,
}

/// The petition of a matter.
pub(crate) async fn read(
    connection: &mut PgConnection,
    matter: MatterId,
) -> Result<Option<Petition>, sqlx::Error> {
    sqlx::query_as!(
        Petition,
        "SELECT name, address, phone, id_number, main_request, facts, representatives
         FROM petition WHERE matter_id = $1",
        matter.uuid(),
    )
    .fetch_optional(connection)
    .await
}

/// The matter that was raised first with this screening hash.
pub(crate) async fn initial(
    connection: &mut PgConnection,
    hash: &[u8],
) -> Result<Option<Earlier>, sqlx::Error> {
    sqlx::query_as!(
        Earlier,
        "SELECT matter.matter_id, matter.number, matter.registered_at
         FROM petition JOIN matter ON matter.matter_id = petition.matter_id
         WHERE petition.screening_hash = $1 AND petition.initial LIMIT 1",
        hash,
    )
    .fetch_optional(connection)
    .await
}

/// The matter with a number, and the hash of its query code.
pub(crate) async fn code_hash(
    connection: &mut PgConnection,
    number: &str,
) -> Result<Option<(MatterId, Vec<u8>)>, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT petition.matter_id, petition.query_code_hash
         FROM matter JOIN petition ON petition.matter_id = matter.matter_id
         WHERE matter.number = $1",
        number,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (MatterId::from_uuid(row.matter_id), row.query_code_hash)))
}

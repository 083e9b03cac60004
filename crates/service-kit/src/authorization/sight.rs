//! The application's own look at what row-level security has shown already: neither relies on the other.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::posts::Duty;
use huiyin_domain::standing::Standing;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::vocabulary::Category;
use sqlx::PgConnection;
use uuid::Uuid;

use super::asking::Asking;
use super::standings::among;
use crate::server::call;
use crate::status::Problem;

/// A matter, as far as it decides who sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The matter.
    pub matter: MatterId,
    /// Place of the problem.
    pub place: TerritoryCode,
    /// Category.
    pub category: Category,
    /// The organ it is about.
    pub about: Option<OrganId>,
    /// The office that registered it.
    pub registered_by: OrganId,
}

/// How far who asks sees.
#[derive(Clone, Debug)]
enum Sight {
    /// Everything: the service itself.
    House,
    /// What its organ registered or had in hand, and its place if it oversees it.
    Post { own: Standing, for_sealed: bool },
    /// Nothing.
    Nothing,
}

impl Sight {
    fn of_call() -> Self {
        match call::asking() {
            None if call::is_answered() => Self::Nothing,
            None => Self::House,
            Some(asking) => Self::of(&asking),
        }
    }

    fn of(asking: &Arc<Asking>) -> Self {
        let subject = asking.subject();
        match subject.standing {
            _ if asking.is_unguarded() => Self::House,
            Some(own) => Self::Post {
                own,
                for_sealed: subject.duties.contains(&Duty::Sealed),
            },
            None => Self::Nothing,
        }
    }
}

/// Whether somebody asks whose sight has bounds.
#[must_use]
pub fn is_asked() -> bool {
    !matches!(Sight::of_call(), Sight::House)
}

/// Whether who asks sees a matter.
///
/// # Errors
/// When the database does not answer.
pub async fn sees(connection: &mut PgConnection, seen: Seen) -> Result<bool, Problem> {
    Ok(seen_among(connection, &[seen])
        .await?
        .contains(&seen.matter))
}

/// Those of the matters that who asks sees: of its place, if it oversees it, those that it registered or had in hand; denunciations
/// only as a post for denunciations, and none that is sealed from it.
///
/// # Errors
/// When the database does not answer.
pub async fn seen_among(
    connection: &mut PgConnection,
    matters: &[Seen],
) -> Result<HashSet<MatterId>, Problem> {
    let (own, for_sealed) = match Sight::of_call() {
        Sight::House => return Ok(matters.iter().map(|seen| seen.matter).collect()),
        Sight::Nothing => return Ok(HashSet::new()),
        Sight::Post { own, for_sealed } => (own, for_sealed),
    };
    let denounced = denounced(connection, matters).await?;
    let open = matters.iter().filter(|seen| match seen.category {
        Category::Claim | Category::Suggestion => true,
        Category::Denunciation => for_sealed && is_open(seen.about, &own, &denounced),
    });
    let (near, far): (Vec<&Seen>, Vec<&Seen>) = open.partition(|seen| {
        seen.registered_by == own.organ || (own.oversees && seen.place.is_within(&own.territory))
    });
    let mut kept: HashSet<MatterId> = near.into_iter().map(|seen| seen.matter).collect();
    kept.extend(in_hand(connection, own.organ, &far).await?);
    Ok(kept)
}

/// Whether a denunciation of this organ is not sealed from the reader; of an organ that nobody told of it is sealed.
fn is_open(about: Option<OrganId>, own: &Standing, denounced: &HashMap<OrganId, Standing>) -> bool {
    match about {
        None => true,
        Some(about) => denounced
            .get(&about)
            .is_some_and(|about| !own.is_sealed_from(about)),
    }
}

async fn denounced(
    connection: &mut PgConnection,
    matters: &[Seen],
) -> Result<HashMap<OrganId, Standing>, Problem> {
    let denunciations = matters
        .iter()
        .filter(|seen| seen.category == Category::Denunciation);
    let about: Vec<OrganId> = denunciations.filter_map(|seen| seen.about).collect();
    among(connection, &about).await
}

async fn in_hand(
    connection: &mut PgConnection,
    organ: OrganId,
    matters: &[&Seen],
) -> Result<Vec<MatterId>, Problem> {
    if matters.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = matters.iter().map(|seen| seen.matter.uuid()).collect();
    let held = sqlx::query_scalar!(
        "SELECT matter_id FROM matter_hand WHERE organ_id = $1 AND matter_id = ANY($2)",
        organ.uuid(),
        &ids,
    )
    .fetch_all(connection)
    .await?;
    Ok(held.into_iter().map(MatterId::from_uuid).collect())
}

/// Records that organs have matters in hand.
///
/// # Errors
/// When the database does not answer.
pub async fn hand(
    connection: &mut PgConnection,
    hands: &[(MatterId, OrganId)],
) -> Result<(), sqlx::Error> {
    if hands.is_empty() {
        return Ok(());
    }
    let (matters, organs): (Vec<Uuid>, Vec<Uuid>) = hands
        .iter()
        .map(|(matter, organ)| (matter.uuid(), organ.uuid()))
        .unzip();
    sqlx::query!(
        "INSERT INTO matter_hand (matter_id, organ_id) SELECT * FROM UNNEST($1::uuid[], $2::uuid[])
         ON CONFLICT DO NOTHING",
        &matters,
        &organs,
    )
    .execute(connection)
    .await?;
    Ok(())
}

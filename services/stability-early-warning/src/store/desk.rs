//! Duty desks: what has rung there and what waits to.

use chrono::{DateTime, Utc};
use huiyin_domain::ids::{NoticeId, OrganId};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::Level;
use huiyin_domain::warning::storm::{Bundle, BundleState, Desk, Group, Ring};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{most, place, word};

/// A desk that is locked.
#[derive(Clone, Debug)]
pub(crate) struct LockedDesk {
    /// Whose it is.
    pub(crate) organ: OrganId,
    /// The level of the organ.
    pub(crate) level: Level,
    /// Its territory; the nation as long as it is not known here.
    pub(crate) place: TerritoryCode,
    /// What has rung and what waits.
    pub(crate) desk: Desk,
    /// The reference of the timer of a bundle that waits.
    pub(crate) waits_as: Option<Uuid>,
}

struct Row {
    organ_id: Uuid,
    level: String,
    territory_code: Option<String>,
    ring_times: Vec<DateTime<Utc>>,
    ring_notices: Vec<Uuid>,
    ring_groups: Vec<Option<Uuid>>,
    bundle: Option<Uuid>,
    bundle_rung_at: Option<DateTime<Utc>>,
    waits_since: Option<DateTime<Utc>>,
    rings_at: Option<DateTime<Utc>>,
    waits_as: Option<Uuid>,
    life: Vec<DateTime<Utc>>,
}

impl TryFrom<Row> for LockedDesk {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        let territory = row.territory_code.as_deref();
        let rings = row.ring_times.iter().zip(&row.ring_notices);
        let rings = rings
            .zip(&row.ring_groups)
            .map(|((at, notice), group)| Ring {
                at: *at,
                notice: NoticeId::from_uuid(*notice),
                group: group.map(Group::from_uuid),
            });
        let state = match (row.bundle_rung_at, row.waits_since.zip(row.rings_at)) {
            (_, Some((since, due))) => Some(BundleState::Waiting { since, due }),
            (Some(at), None) => Some(BundleState::Rung { at }),
            (None, None) => None,
        };
        let bundle = row.bundle.zip(state).map(|(notice, state)| Bundle {
            notice: NoticeId::from_uuid(notice),
            state,
        });
        Ok(Self {
            organ: OrganId::from_uuid(row.organ_id),
            level: word("desk.level", &row.level)?,
            place: territory.map_or(Ok(TerritoryCode::NATION), |code| {
                word("office.territory_code", code)
            })?,
            desk: Desk {
                rings: rings.collect(),
                life: row.life,
                bundle,
            },
            waits_as: row.waits_as,
        })
    }
}

/// Locks the desks of organs, in the order in which all lock them; one that is used for the first time is set up. Danger to life
/// that rang after `since` is counted without a lock, at most `many` of each.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    organs: &[(OrganId, Level)],
    (since, many): (Instant, u32),
) -> Result<Vec<LockedDesk>, Problem> {
    let found = lock_known(connection, organs, (since, many)).await?;
    if found.len() == organs.len() {
        return Ok(found);
    }
    set_up(connection, organs).await?;
    lock_known(connection, organs, (since, many)).await
}

async fn lock_known(
    connection: &mut PgConnection,
    organs: &[(OrganId, Level)],
    (since, many): (Instant, u32),
) -> Result<Vec<LockedDesk>, Problem> {
    let ids: Vec<Uuid> = organs.iter().map(|(organ, _)| organ.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT d.organ_id, d.level, o.territory_code AS "territory_code?", d.ring_times, d.ring_notices,
                  d.ring_groups AS "ring_groups: Vec<Option<Uuid>>", d.bundle, d.bundle_rung_at, d.waits_since, d.rings_at,
                  d.waits_as,
                  ARRAY(SELECT n.rung_at FROM desk_notice n
                        WHERE n.organ_id = d.organ_id AND n.form = 'life' AND n.rung_at > $2
                        ORDER BY n.rung_at DESC LIMIT $3) AS "life!"
           FROM desk d LEFT JOIN office o ON o.organ_id = d.organ_id
           WHERE d.organ_id = ANY($1) ORDER BY d.organ_id LIMIT $4 FOR UPDATE OF d"#,
        &ids,
        since,
        i64::from(many),
        most(&ids),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(LockedDesk::try_from).collect()
}

/// As [`lock`], of the desks whose bundles wait under these references.
pub(crate) async fn lock_waiting(
    connection: &mut PgConnection,
    references: &[Uuid],
    (since, many): (Instant, u32),
) -> Result<Vec<LockedDesk>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT d.organ_id, d.level, o.territory_code AS "territory_code?", d.ring_times, d.ring_notices,
                  d.ring_groups AS "ring_groups: Vec<Option<Uuid>>", d.bundle, d.bundle_rung_at, d.waits_since, d.rings_at,
                  d.waits_as,
                  ARRAY(SELECT n.rung_at FROM desk_notice n
                        WHERE n.organ_id = d.organ_id AND n.form = 'life' AND n.rung_at > $2
                        ORDER BY n.rung_at DESC LIMIT $3) AS "life!"
           FROM desk d LEFT JOIN office o ON o.organ_id = d.organ_id
           WHERE d.waits_as = ANY($1) ORDER BY d.organ_id LIMIT $4 FOR UPDATE OF d"#,
        references,
        since,
        i64::from(many),
        most(references),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(LockedDesk::try_from).collect()
}

async fn set_up(
    connection: &mut PgConnection,
    organs: &[(OrganId, Level)],
) -> Result<(), sqlx::Error> {
    let (ids, levels): (Vec<Uuid>, Vec<String>) = organs
        .iter()
        .map(|(organ, level)| (organ.uuid(), level.to_string()))
        .unzip();
    sqlx::query!(
        "INSERT INTO desk (organ_id, level)
         SELECT organ_id, level FROM unnest($1::uuid[], $2::text[]) AS new (organ_id, level) ORDER BY organ_id
         ON CONFLICT (organ_id) DO NOTHING",
        &ids,
        &levels,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes what has rung at locked desks, and what waits there.
pub(crate) async fn write(
    connection: &mut PgConnection,
    desks: &[LockedDesk],
) -> Result<(), Problem> {
    let ids: Vec<Uuid> = desks.iter().map(|desk| desk.organ.uuid()).collect();
    let timers: Vec<Option<Uuid>> = desks.iter().map(|desk| desk.waits_as).collect();
    let bundles: Vec<Option<Uuid>> = desks
        .iter()
        .map(|desk| desk.desk.bundle.map(|bundle| bundle.notice.uuid()))
        .collect();
    let states: Vec<(Option<Instant>, Option<Instant>, Option<Instant>)> =
        desks.iter().map(|desk| times(desk.desk.bundle)).collect();
    let rung: Vec<Option<Instant>> = states.iter().map(|(rung, _, _)| *rung).collect();
    let since: Vec<Option<Instant>> = states.iter().map(|(_, since, _)| *since).collect();
    let due: Vec<Option<Instant>> = states.iter().map(|(_, _, due)| *due).collect();
    // the rings of all, one after the other, and which of them are whose: a join with them could be planned as a loop in a loop
    let rings: Vec<Ring> = desks
        .iter()
        .flat_map(|desk| desk.desk.rings.clone())
        .collect();
    let at: Vec<Instant> = rings.iter().map(|ring| ring.at).collect();
    let notices: Vec<Uuid> = rings.iter().map(|ring| ring.notice.uuid()).collect();
    let groups: Vec<Option<Uuid>> = rings
        .iter()
        .map(|ring| ring.group.map(Group::uuid))
        .collect();
    let (mut first, mut last) = (Vec::new(), Vec::new());
    let mut before = 0;
    for desk in desks {
        first.push(place(before + 1)?);
        before += desk.desk.rings.len();
        last.push(place(before)?);
    }
    sqlx::query!(
        "UPDATE desk
         SET bundle = stands.bundle, bundle_rung_at = stands.bundle_rung_at, waits_since = stands.waits_since,
             rings_at = stands.rings_at, waits_as = stands.waits_as, ring_times = ($9::timestamptz[])[stands.first:stands.last],
             ring_notices = ($10::uuid[])[stands.first:stands.last], ring_groups = ($11::uuid[])[stands.first:stands.last]
         FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::uuid[], $7::integer[],
                     $8::integer[])
              AS stands (organ_id, bundle, bundle_rung_at, waits_since, rings_at, waits_as, first, last)
         WHERE desk.organ_id = ANY($1) AND desk.organ_id = stands.organ_id",
        &ids,
        &bundles as &[Option<Uuid>],
        &rung as &[Option<Instant>],
        &since as &[Option<Instant>],
        &due as &[Option<Instant>],
        &timers as &[Option<Uuid>],
        &first,
        &last,
        &at,
        &notices,
        &groups as &[Option<Uuid>],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// When the bundle rang, since when it waits and when it rings.
fn times(bundle: Option<Bundle>) -> (Option<Instant>, Option<Instant>, Option<Instant>) {
    match bundle.map(|bundle| bundle.state) {
        None => (None, None, None),
        Some(BundleState::Rung { at }) => (Some(at), None, None),
        Some(BundleState::Waiting { since, due }) => (None, Some(since), Some(due)),
    }
}

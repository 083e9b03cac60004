//! Who owes answers to hot spots, and what they were.

use huiyin_domain::ids::{HotSpotId, MatterId, OrganId, ReportId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::hot_spots::{Answered, Owed, Said};

/// Answers of a page of hot spots that are read at most.
const ANSWERS: i64 = 50_000;

/// Who owes answers to these hot spots, as far as who asks sees it.
pub(crate) async fn of(
    connection: &mut PgConnection,
    spots: &[HotSpotId],
) -> Result<Vec<Owed>, sqlx::Error> {
    let ids: Vec<Uuid> = spots.iter().map(|spot| spot.uuid()).collect();
    let rows = sqlx::query!(
        "SELECT hot_spot_id, organ_id, answered_at, matter_ids, report_id, words, post
         FROM hot_spot_answer WHERE hot_spot_id = ANY($1) ORDER BY hot_spot_id, organ_id LIMIT $2",
        &ids,
        ANSWERS,
    )
    .fetch_all(connection)
    .await?;
    let owed = rows.into_iter().map(|row| {
        let matters = row.matter_ids.into_iter().map(MatterId::from_uuid);
        let report = row.report_id.map(ReportId::from_uuid);
        let answered = matters
            .map(Answered::Matter)
            .chain(report.map(Answered::Report));
        let answered: Vec<Answered> = answered.collect();
        let said = row.answered_at.zip(row.words.zip(row.post));
        Owed {
            hot_spot: HotSpotId::from_uuid(row.hot_spot_id),
            organ: OrganId::from_uuid(row.organ_id),
            answer: said.map(|(at, (words, post))| Said {
                at,
                answered,
                words,
                post,
            }),
        }
    });
    Ok(owed.collect())
}

/// Writes what an organ answered to a hot spot that is locked; a later answer takes the place of an earlier one.
pub(crate) async fn write(
    connection: &mut PgConnection,
    (spot, organ): (HotSpotId, OrganId),
    said: &Said,
) -> Result<(), sqlx::Error> {
    let matters = said.answered.iter().filter_map(|answered| match answered {
        Answered::Matter(matter) => Some(matter.uuid()),
        Answered::Report(_) => None,
    });
    let report = said.answered.iter().find_map(|answered| match answered {
        Answered::Report(report) => Some(report.uuid()),
        Answered::Matter(_) => None,
    });
    let matters: Vec<Uuid> = matters.collect();
    sqlx::query!(
        "UPDATE hot_spot_answer SET answered_at = $3, matter_ids = $4, report_id = $5, words = $6, post = $7
         WHERE hot_spot_id = $1 AND organ_id = $2",
        spot.uuid(),
        organ.uuid(),
        said.at,
        &matters,
        report,
        said.words,
        said.post,
    )
    .execute(connection)
    .await?;
    Ok(())
}

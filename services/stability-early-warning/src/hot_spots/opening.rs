//! A hot spot is opened: who owes an answer is asked for, it is written, and told.

use huiyin_domain::ids::OrganId;
use huiyin_domain::routing::Directory;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Date;
use huiyin_domain::warning::hot_spots::{Explanation, Warning};
use huiyin_proto::events::v1::HotSpotFound;
use huiyin_proto::events::v1::event::Fact;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::{chance, metrics};

use super::looking::desk;
use super::{Answered, HotSpot, Together, Why, wire};
use crate::store::{counted_matter, hot_spot};
use crate::wire::kept;

/// What was found.
#[derive(Debug)]
pub(super) struct Opening {
    /// The place; of a cluster the smallest one around it.
    pub(super) place: TerritoryCode,
    /// The townships of a cluster.
    pub(super) cluster: Option<Together>,
    /// Code of the subject.
    pub(super) subject: String,
    /// The day of the explanation's first point, and the day that warned.
    pub(super) days: (Date, Date),
    /// The first day whose matters the warning rests on.
    pub(super) rests_on: Date,
    /// Whether the desk has its budget full of less likely ones.
    pub(super) over_budget: bool,
    /// Why there is a warning.
    pub(super) explanation: Explanation,
}

impl Opening {
    /// Writes it and tells of it, unless one of its place and subject is open.
    ///
    /// # Errors
    /// When the database refuses.
    pub(super) async fn open(self, tx: &mut Tx, directory: &Directory) -> Result<(), Problem> {
        let (first, day) = self.days;
        let spot = HotSpot {
            id: chance::new_id(),
            place: self.place,
            cluster: self.cluster,
            day,
            why: Why::of(&self.explanation, first),
            over_budget: self.over_budget,
            desk: desk(&self.place, directory),
            found_at: kept(tx.now()),
            answered_at: None,
            subject: self.subject,
        };
        let rests_on = (self.rests_on, day);
        let unanswered =
            counted_matter::owing(tx.connection(), (spot.places(), &spot.subject), rests_on)
                .await?;
        // where everything is answered already, the office says so
        let owing = if unanswered.is_empty() {
            spot.desk.into_iter().collect()
        } else {
            unanswered
        };
        let subjects = vec![spot.subject.as_str()];
        let opened = Warning::<&str, OrganId, Answered>::open(self.explanation, subjects, owing);
        let Ok(warning) = opened else {
            tracing::warn!(place = %spot.place, "a hot spot is told to nobody: no organ of its place is known");
            return Ok(());
        };
        let owing = warning.owing().to_vec();
        if hot_spot::insert(tx.connection(), &spot, &owing).await? {
            metrics::count("huiyin_hot_spots_found", 1, &[]);
            tell(tx, &spot, &owing);
        }
        Ok(())
    }
}

fn tell(tx: &mut Tx, spot: &HotSpot, owing: &[OrganId]) {
    let cluster = spot.cluster.as_ref();
    let places = cluster.map_or(&[][..], |cluster| &cluster.places);
    tx.tell(Fact::HotSpotFound(HotSpotFound {
        hot_spot_id: spot.id.to_string(),
        place_code: spot.place.to_string(),
        subject: spot.subject.clone(),
        on_date: spot.day.to_string(),
        matters: spot.why.matters,
        observed: spot.why.observed,
        expected_thousandths: spot.why.expected.map(wire::thousandths),
        bound_thousandths: spot.why.bound.map(wire::thousandths),
        organ_ids: owing.iter().map(ToString::to_string).collect(),
        over_budget: spot.over_budget,
        place_codes: places.iter().map(ToString::to_string).collect(),
        first_date: cluster
            .map(|cluster| cluster.first_day.to_string())
            .unwrap_or_default(),
    }));
}

//! What is told of duty: ids, places and instants. Posts, phones and notes stay here.

use huiyin_domain::ids::OrganId;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{DutyGapFound, DutyHandedOver, SpecialPeriodSet};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::wire::timestamp;

use super::{Gap, HandOver, SpecialPeriod};

/// Tells that a gap was found.
pub(crate) fn gap_found(tx: &mut Tx, gap: &Gap) {
    tx.tell(Fact::DutyGapFound(DutyGapFound {
        gap_id: gap.id.to_string(),
        organ_id: gap.organ.to_string(),
        place_code: gap.place.to_string(),
        from_time: Some(timestamp(gap.time.from())),
        to_time: Some(timestamp(gap.time.to())),
        to_organ: gap.to.map(|organ| organ.to_string()).unwrap_or_default(),
    }));
}

/// Tells that an organ's duty was handed over.
pub(crate) fn handed_over(tx: &mut Tx, organ: OrganId, hand_over: &HandOver) {
    tx.tell(Fact::DutyHandedOver(DutyHandedOver {
        organ_id: organ.to_string(),
        from_shift: hand_over.from.0.to_string(),
        to_shift: hand_over.to.0.to_string(),
        alerts: u32::try_from(hand_over.alerts.len()).unwrap_or(u32::MAX),
    }));
}

/// Tells that an organ set a special period, or ended it.
pub(crate) fn special_period(tx: &mut Tx, period: &SpecialPeriod, by: OrganId) {
    tx.tell(Fact::SpecialPeriodSet(SpecialPeriodSet {
        period_id: period.id.to_string(),
        place_code: period.place.to_string(),
        valid_from: period.valid_from.to_string(),
        valid_to: period.valid_to.to_string(),
        organ_id: by.to_string(),
    }));
}

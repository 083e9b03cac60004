//! Hot spots in answers.

use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_service_kit::wire::timestamp;

use super::{Answered, HotSpot, Normal, Owed};

/// A number in thousandths, rounded; 0 for what is below zero or none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded, and held between 0 and what a message carries"
)]
pub(crate) fn thousandths(number: f64) -> u64 {
    (number * 1000.0).round().clamp(0.0, 9e15) as u64
}

/// A hot spot with those of the answers that are its own.
pub(crate) fn hot_spot(spot: &HotSpot, owed: &[Owed]) -> pb::HotSpot {
    let (why, cluster) = (&spot.why, spot.cluster.as_ref());
    let state = match spot.answered_at {
        None => pb::HotSpotState::Open,
        Some(_) => pb::HotSpotState::Answered,
    };
    pb::HotSpot {
        hot_spot_id: spot.id.to_string(),
        place_code: spot.place.to_string(),
        subject: spot.subject.clone(),
        on_date: spot.day.to_string(),
        matters: why.matters,
        observed: why.observed,
        expected_thousandths: why.expected.map(thousandths),
        bound_thousandths: why.bound.map(thousandths),
        p_value: why
            .p_value
            .map(|p_value| format!("{p_value:.1e}"))
            .unwrap_or_default(),
        method: why.method.clone(),
        baseline: why.baseline.as_ref().map(baseline),
        explanation: why.words.clone(),
        over_budget: spot.over_budget,
        desk_organ: spot.desk.map(|desk| desk.to_string()).unwrap_or_default(),
        found_time: Some(timestamp(spot.found_at)),
        state: state.into(),
        answered_time: spot.answered_at.map(timestamp),
        answers: owed
            .iter()
            .filter(|owed| owed.hot_spot == spot.id)
            .map(answer)
            .collect(),
        place_codes: cluster
            .map(|cluster| cluster.places.iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
        first_date: cluster
            .map(|cluster| cluster.first_day.to_string())
            .unwrap_or_default(),
    }
}

fn baseline(normal: &Normal) -> pb::HotSpotBaseline {
    pb::HotSpotBaseline {
        from_date: normal.from.to_string(),
        to_date: normal.to.to_string(),
        days: normal.days,
        mean_thousandths: thousandths(normal.mean),
    }
}

fn answer(owed: &Owed) -> pb::HotSpotAnswer {
    let said = owed.answer.as_ref();
    let answered = said.map_or(&[][..], |said| said.answered.as_slice());
    let report = answered.iter().find_map(|answered| match answered {
        Answered::Report(report) => Some(report.to_string()),
        Answered::Matter(_) => None,
    });
    let replies = answered
        .iter()
        .filter(|one| matches!(one, Answered::Matter(_)));
    pb::HotSpotAnswer {
        organ_id: owed.organ.to_string(),
        answered_time: said.map(|said| timestamp(said.at)),
        replies: u32::try_from(replies.count()).unwrap_or(u32::MAX),
        report_id: report.unwrap_or_default(),
        words: said.map(|said| said.words.clone()).unwrap_or_default(),
        post: said.map(|said| said.post.clone()).unwrap_or_default(),
    }
}

//! Hot spots: each day's counts of matters by place and subject, looked at when the day has ended, and what organs answered to them.

mod clusters;
pub(crate) mod counting;
pub(crate) mod looking;
mod opening;
mod service;
pub(crate) mod wire;

use huiyin_domain::ids::{HotSpotId, MatterId, OrganId, ReportId};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Date, Instant};
use huiyin_domain::vocabulary::Level;
use huiyin_domain::warning::hot_spots::{Answer, Explanation, Grounds, WarningState};

/// The levels whose places have series. A village has so few matters that its series would single somebody out; a city's
/// would hide a county's.
pub(crate) const LEVELS: [Level; 2] = [Level::Township, Level::County];

/// A hot spot.
#[derive(Clone, Debug)]
pub(crate) struct HotSpot {
    /// Its id.
    pub(crate) id: HotSpotId,
    /// The place; of a cluster the smallest one around it.
    pub(crate) place: TerritoryCode,
    /// The townships that have more matters together; none when the place itself has.
    pub(crate) cluster: Option<Together>,
    /// Code of the subject.
    pub(crate) subject: String,
    /// The day that warned.
    pub(crate) day: Date,
    /// Why there is a warning.
    pub(crate) why: Why,
    /// Whether the desk has its budget full of less likely ones.
    pub(crate) over_budget: bool,
    /// The petition office that reads the warnings of the place.
    pub(crate) desk: Option<OrganId>,
    /// When it was found.
    pub(crate) found_at: Instant,
    /// When the last answer came.
    pub(crate) answered_at: Option<Instant>,
}

/// Townships that have more matters together than is normal.
#[derive(Clone, Debug)]
pub(crate) struct Together {
    /// The townships, at least two.
    pub(crate) places: Vec<TerritoryCode>,
    /// Since when.
    pub(crate) first_day: Date,
}

impl HotSpot {
    /// The places whose matters count.
    pub(crate) fn places(&self) -> &[TerritoryCode] {
        let alone = std::slice::from_ref(&self.place);
        self.cluster
            .as_ref()
            .map_or(alone, |cluster| &cluster.places)
    }
}

/// The figures of a warning.
#[derive(Clone, Debug)]
pub(crate) struct Why {
    /// How many matters it rests on.
    pub(crate) matters: u64,
    /// What was counted on the day.
    pub(crate) observed: u64,
    /// What was to be expected.
    pub(crate) expected: Option<f64>,
    /// The count above which the method warns.
    pub(crate) bound: Option<f64>,
    /// How often as much is seen in normal times, at most.
    pub(crate) p_value: Option<f64>,
    /// The method.
    pub(crate) method: String,
    /// What was taken as normal.
    pub(crate) baseline: Option<Normal>,
    /// All of that in one line.
    pub(crate) words: String,
}

/// The days that were taken as normal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Normal {
    /// The earliest.
    pub(crate) from: Date,
    /// The latest.
    pub(crate) to: Date,
    /// How many between them.
    pub(crate) days: u32,
    /// Their mean count.
    pub(crate) mean: f64,
}

impl Why {
    /// The figures of an explanation whose points are days from this one on.
    pub(crate) fn of(explanation: &Explanation, first_day: Date) -> Self {
        let (method, baseline) = match &explanation.grounds {
            Grounds::Series {
                method, baseline, ..
            } => (method.name(), baseline.as_ref()),
            Grounds::Cluster { .. } => ("scan", None),
        };
        let day = |point: usize| {
            let days = u64::try_from(point).unwrap_or(u64::MAX);
            first_day
                .checked_add_days(chrono::Days::new(days))
                .unwrap_or(first_day)
        };
        Self {
            matters: explanation.matters,
            observed: explanation.observed,
            expected: explanation.expected,
            bound: explanation.bound,
            p_value: explanation.p_value,
            method: method.to_owned(),
            baseline: baseline.map(|baseline| Normal {
                from: day(baseline.first),
                to: day(baseline.last),
                days: u32::try_from(baseline.points).unwrap_or(u32::MAX),
                mean: baseline.mean,
            }),
            words: explanation.to_string(),
        }
    }
}

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// A reply to a matter, or its written decline.
    Matter(MatterId),
    /// A report.
    Report(ReportId),
}

/// An organ that owes an answer to a hot spot, and what it answered.
#[derive(Clone, Debug)]
pub(crate) struct Owed {
    /// The hot spot.
    pub(crate) hot_spot: HotSpotId,
    /// The organ.
    pub(crate) organ: OrganId,
    /// Its answer; none while it owes it.
    pub(crate) answer: Option<Said>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// When.
    pub(crate) at: Instant,
    /// What was answered; never empty.
    pub(crate) answered: Vec<Answered>,
    /// What the organ did.
    pub(crate) words: String,
    /// The post that answered.
    pub(crate) post: String,
}

/// Where a hot spot stands by what its organs owe and answered.
pub(crate) fn state(
    owed: &[Owed],
    answered_at: Option<Instant>,
) -> WarningState<OrganId, Answered> {
    let answers = owed.iter().filter_map(|owed| {
        let said = owed.answer.as_ref()?;
        Some(Answer {
            organ: owed.organ,
            at: said.at,
            answered: said.answered.clone(),
        })
    });
    let answers = answers.collect();
    match answered_at {
        Some(at) => WarningState::Answered { answers, at },
        None => WarningState::Open { answers },
    }
}

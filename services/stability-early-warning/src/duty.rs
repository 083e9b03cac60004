//! Who is on duty: rosters of organs, substitutions and hand-overs, special periods of places, gaps that are found in advance, and the
//! alert that says that nobody is on duty. The rules are in `domain::warning::duty`.

pub(crate) mod looking;
pub(crate) mod on_duty;
mod service;
pub(crate) mod silence;
pub(crate) mod told;
pub(crate) mod wire;

use huiyin_domain::ids::{AlertId, GapId, OrganId, RosterId, ShiftId, SpecialPeriodId};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Date, Instant, end_of_day, start_of_day};
use huiyin_domain::warning::duty::{DutyCover, OnDuty, Stretch, Substitution};

/// An organ that has set a roster or stood in a special period.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DutyDesk {
    /// The organ.
    pub(crate) organ: OrganId,
    /// Where it stands.
    pub(crate) place: TerritoryCode,
    /// When an alert last said that nobody is on duty.
    pub(crate) said_at: Option<Instant>,
}

/// Shifts and hours that an organ sets at a time.
#[derive(Clone, Debug)]
pub(crate) struct Roster {
    /// Its id.
    pub(crate) id: RosterId,
    /// The organ, and where it stands.
    pub(crate) organ: (OrganId, TerritoryCode),
    /// The hours it covers, and from when on.
    pub(crate) cover: DutyCover,
    /// The post that sets it.
    pub(crate) post: String,
    /// Its shifts, in order.
    pub(crate) shifts: Vec<Shift>,
}

/// A shift.
#[derive(Clone, Debug)]
pub(crate) struct Shift {
    /// Its id.
    pub(crate) id: ShiftId,
    /// The organ.
    pub(crate) organ: OrganId,
    /// Where it stands.
    pub(crate) place: TerritoryCode,
    /// When it is.
    pub(crate) time: Stretch,
    /// Its posts as they were set.
    pub(crate) posts: OnDuty,
    /// The phone of the desk.
    pub(crate) duty_phone: String,
    /// Posts that took over, in the order in which that was said.
    pub(crate) relieved: Vec<Relieved>,
    /// How it was handed over.
    pub(crate) hand_over: Option<HandOver>,
}

impl Shift {
    /// The posts on duty at an instant of it.
    pub(crate) fn on_duty(&self, at: Instant) -> OnDuty {
        let substitutions: Vec<Substitution> = self
            .relieved
            .iter()
            .map(|relieved| relieved.substitution.clone())
            .collect();
        self.posts.at(&substitutions, at)
    }
}

/// A post that took over.
#[derive(Clone, Debug)]
pub(crate) struct Relieved {
    /// From whom, and from when on.
    pub(crate) substitution: Substitution,
    /// Why.
    pub(crate) reason: String,
    /// When that was said.
    pub(crate) said_at: Instant,
}

/// A hand-over.
#[derive(Clone, Debug)]
pub(crate) struct HandOver {
    /// The shift that ends, and the post of it that hands over.
    pub(crate) from: (ShiftId, String),
    /// The shift that follows, and the post of it that takes over.
    pub(crate) to: (ShiftId, String),
    /// Every alert that was open at the organ.
    pub(crate) alerts: Vec<AlertId>,
    /// What the next post must know.
    pub(crate) notes: String,
    /// When.
    pub(crate) at: Instant,
}

/// A special period of a place.
#[derive(Clone, Debug)]
pub(crate) struct SpecialPeriod {
    /// Its id.
    pub(crate) id: SpecialPeriodId,
    /// The place.
    pub(crate) place: TerritoryCode,
    /// Its first day.
    pub(crate) valid_from: Date,
    /// Its last day.
    pub(crate) valid_to: Date,
    /// The decision it rests on.
    pub(crate) source: String,
    /// The organ that set it.
    pub(crate) organ: OrganId,
    /// When.
    pub(crate) set_at: Instant,
}

impl SpecialPeriod {
    /// When it is; none when it was ended before it began.
    pub(crate) fn time(&self) -> Option<Stretch> {
        Stretch::new(start_of_day(self.valid_from), end_of_day(self.valid_to))
    }
}

/// Hours in which nobody is on duty and somebody must be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gap {
    /// Its id.
    pub(crate) id: GapId,
    /// The organ.
    pub(crate) organ: OrganId,
    /// Where it stands.
    pub(crate) place: TerritoryCode,
    /// When it is.
    pub(crate) time: Stretch,
    /// The petition office of the level above, which was told with the organ.
    pub(crate) to: Option<OrganId>,
    /// When it was found.
    pub(crate) found_at: Instant,
    /// When nothing of it was left ahead.
    pub(crate) filled_at: Option<Instant>,
}

//! Organs of which a duty is required are looked at early each day, whenever one of their gaps begins, and at once when something
//! about them was set. A look finds the gaps of the days ahead; in a special period it also says that nobody is on duty.

use std::collections::BTreeSet;

use huiyin_domain::ids::{OrganId, SpecialPeriodId};
use huiyin_domain::organs::PETITION_OFFICE;
use huiyin_domain::routing::Directory;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Duration, Instant, end_of_day, local_date, start_of_day};
use huiyin_domain::warning::duty::{DutyCover, Stretch, gaps, next_look, required};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::timer::{self, Due, Sweep};
use huiyin_service_kit::{chance, metrics};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{DutyDesk, Gap, SpecialPeriod, silence, told};
use crate::limits::Limits;
use crate::service::Service;
use crate::store::{duty_desk, duty_gap, duty_roster, duty_shift, special_period};
use crate::storm;
use crate::wire::kept;

/// The timers of organs: each waits for the next look at its organ.
pub(crate) const DUTY_LOOK: &str = "duty_look";
/// The timers of special periods: each calls the petition offices of its place to their duty, once a day until it has ended.
const SPECIAL_PERIOD: &str = "special_period";
/// How far a look goes back to find where a gap began.
const BACK: Duration = Duration::days(7);
/// The farthest it goes back, to see whether a gap is still the one that was spoken of.
const FARTHEST_BACK: Duration = Duration::days(100);

/// An organ that was looked at.
#[derive(Clone, Debug)]
pub(super) struct Looked {
    /// The organ.
    pub(super) desk: DutyDesk,
    /// Its gaps, earliest first; some may have passed.
    pub(super) gaps: Vec<Stretch>,
    /// Special periods of its place.
    special: Vec<Stretch>,
    /// How far ahead it was looked.
    window: Stretch,
    /// Whether somebody must be on duty some time from now on.
    goes_on: bool,
}

/// Looks at organs.
pub(crate) fn duty_look(service: Service) -> Sweep {
    Sweep::of(DUTY_LOOK, move |tx, due| {
        let service = service.clone();
        Box::pin(async move { look_at(&service, tx, due).await })
    })
}

/// Calls petition offices to the duty of special periods.
pub(crate) fn special_period(service: Service) -> Sweep {
    Sweep::of(SPECIAL_PERIOD, move |tx, due| {
        let service = service.clone();
        Box::pin(async move { call_offices(&service, tx, due).await })
    })
}

/// Arms the timer of a special period that was set or ended: it calls its offices now, or when the period begins to matter. One that
/// has ended calls them for the last time.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn wait(
    connection: &mut PgConnection,
    (limits, period): (&Limits, &SpecialPeriod),
    now: Instant,
) -> Result<(), sqlx::Error> {
    let at = now.max(begins_to_matter(limits, period, now));
    timer::arm(connection, SPECIAL_PERIOD, period.id.uuid(), at).await
}

/// Disarms the timer of a special period that is about to be changed.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn disarm(
    connection: &mut PgConnection,
    period: SpecialPeriodId,
) -> Result<(), sqlx::Error> {
    timer::disarm(connection, SPECIAL_PERIOD, &[period.uuid()]).await
}

/// From when on gaps of a special period are looked for.
fn begins_to_matter(limits: &Limits, period: &SpecialPeriod, now: Instant) -> Instant {
    start_of_day(period.valid_from) - limits.duty_gaps_ahead(period.place, now)
}

async fn call_offices(service: &Service, tx: &mut Tx, due: &[Due]) -> Result<(), Problem> {
    let ids: Vec<Uuid> = due.iter().map(|due| due.reference).collect();
    let periods = special_period::lock(tx.connection(), &ids).await?;
    let directory = service.offices.current(tx.connection()).await?;
    let now = kept(tx.now());
    let mut called: BTreeSet<(OrganId, TerritoryCode)> = BTreeSet::new();
    let mut next: Vec<(Uuid, Instant)> = Vec::new();
    for period in &periods {
        let inside = directory
            .iter()
            .filter(|organ| is_office(organ.id, &directory))
            .filter(|organ| organ.territory.is_within(&period.place));
        called.extend(inside.map(|organ| (organ.id, organ.territory)));
        // one that has ended calls for the last time: nobody is required any more
        if now < end_of_day(period.valid_to) {
            let tomorrow = end_of_day(local_date(now));
            let at = tomorrow.max(begins_to_matter(&service.limits, period, now));
            next.push((period.id.uuid(), at));
        }
    }
    let called: Vec<(OrganId, TerritoryCode)> = called.into_iter().collect();
    duty_desk::ensure(tx.connection(), &called).await?;
    let looks: Vec<(Uuid, Instant)> = called.iter().map(|(id, _)| (id.uuid(), now)).collect();
    timer::arm_all(tx.connection(), DUTY_LOOK, &looks).await?;
    timer::arm_all(tx.connection(), SPECIAL_PERIOD, &next).await?;
    Ok(())
}

async fn look_at(service: &Service, tx: &mut Tx, due: &[Due]) -> Result<(), Problem> {
    let ids: Vec<Uuid> = due.iter().map(|due| due.reference).collect();
    let desks = duty_desk::lock(tx.connection(), &ids).await?;
    let now = kept(tx.now());
    let directory = service.offices.current(tx.connection()).await?;
    let looked = look(tx, (&service.limits, &directory), desks, now).await?;
    tell_gaps(tx, &looked, (&directory, now)).await?;
    let special = |one: &&Looked| one.special.iter().any(|period| period.holds(now));
    let silent: Vec<(&Looked, Vec<OrganId>)> = looked
        .iter()
        .filter(special)
        .map(|one| (one, Vec::new()))
        .collect();
    let said = silence::say(tx, (&service.limits, &directory), &silent).await?;
    let next = looked.iter().filter(|one| one.goes_on);
    let next: Vec<(Uuid, Instant)> = next
        .map(|one| (one.desk.organ.uuid(), next_look(&one.gaps, now)))
        .collect();
    timer::arm_all(tx.connection(), DUTY_LOOK, &next).await?;
    storm::call(tx, &service.limits, &storm::calls_of(&said)).await
}

/// What is required of organs and what of it nobody keeps, from some time back to the days ahead.
pub(super) async fn look(
    tx: &mut Tx,
    (limits, directory): (&Limits, &Directory),
    desks: Vec<DutyDesk>,
    now: Instant,
) -> Result<Vec<Looked>, Problem> {
    let windows: Vec<(DutyDesk, Stretch)> = desks
        .into_iter()
        .filter_map(|desk| Some((desk, window(limits, &desk, now)?)))
        .collect();
    let from = windows.iter().map(|(_, window)| window.from()).min();
    let to = windows.iter().map(|(_, window)| window.to()).max();
    let Some((from, to)) = from.zip(to) else {
        return Ok(Vec::new());
    };
    let organs: Vec<OrganId> = windows.iter().map(|(desk, _)| desk.organ).collect();
    let covers = duty_roster::covers(tx.connection(), &organs, local_date(from)).await?;
    let shifts = duty_shift::kept(tx.connection(), &organs, (from, to)).await?;
    let offices: Vec<(OrganId, TerritoryCode)> = windows
        .iter()
        .filter(|(desk, _)| is_office(desk.organ, directory))
        .map(|(desk, _)| (desk.organ, desk.place))
        .collect();
    let special = special_period::of(tx.connection(), &offices, (from, to)).await?;
    let looked = windows.into_iter().map(|(desk, window)| {
        let covers: Vec<DutyCover> = own(&covers, desk.organ);
        let shifts: Vec<Stretch> = own(&shifts, desk.organ);
        let special: Vec<Stretch> = own(&special, desk.organ);
        let required = required(&covers, &special, &window);
        let promised = covers.last().is_some_and(|cover| cover.hours.is_some());
        Looked {
            desk,
            gaps: gaps(&required, &shifts),
            goes_on: promised || required.last().is_some_and(|last| last.to() > now),
            special,
            window,
        }
    });
    Ok(looked.collect())
}

fn window(limits: &Limits, desk: &DutyDesk, now: Instant) -> Option<Stretch> {
    let back = desk
        .said_at
        .map_or(now - BACK, |said| said.max(now - FARTHEST_BACK));
    Stretch::new(back, now + limits.duty_gaps_ahead(desk.place, now))
}

fn own<T: Copy>(all: &[(OrganId, T)], organ: OrganId) -> Vec<T> {
    let own = all.iter().filter(|(whose, _)| *whose == organ);
    own.map(|(_, one)| *one).collect()
}

fn is_office(organ: OrganId, directory: &Directory) -> bool {
    let organ = directory.get(organ);
    organ.is_some_and(|organ| {
        let mut functions = organ.functions.iter();
        functions.any(|function| function == PETITION_OFFICE)
    })
}

/// Tells the gaps ahead that were not told before, and writes that those of which nothing is left are filled.
async fn tell_gaps(
    tx: &mut Tx,
    looked: &[Looked],
    (directory, now): (&Directory, Instant),
) -> Result<(), Problem> {
    let organs: Vec<OrganId> = looked.iter().map(|one| one.desk.organ).collect();
    let open = duty_gap::open(tx.connection(), &organs, now).await?;
    let (mut found, mut filled): (Vec<Gap>, Vec<Uuid>) = (Vec::new(), Vec::new());
    for one in looked {
        let own = || open.iter().filter(|gap| gap.organ == one.desk.organ);
        let told: Vec<Stretch> = own().map(|gap| gap.time).collect();
        let ahead = Stretch::new(now, one.window.to());
        let ahead: Vec<Stretch> = ahead
            .iter()
            .flat_map(|ahead| one.gaps.iter().filter_map(|gap| gap.within(ahead)))
            .collect();
        let untold = gaps(&ahead, &told);
        found.extend(
            untold
                .into_iter()
                .map(|time| gap(one, time, (directory, now))),
        );
        let is_left = |told: &Gap| ahead.iter().any(|gap| gap.overlaps(&told.time));
        let closed = own().filter(|told| told.time.from() < one.window.to() && !is_left(told));
        filled.extend(closed.map(|told| told.id.uuid()));
    }
    duty_gap::fill(tx.connection(), &filled, now).await?;
    duty_gap::insert(tx.connection(), &found).await?;
    for gap in &found {
        told::gap_found(tx, gap);
    }
    metrics::count("huiyin_duty_gaps_found", found.len() as u64, &[]);
    Ok(())
}

fn gap(looked: &Looked, time: Stretch, (directory, now): (&Directory, Instant)) -> Gap {
    let above = looked.desk.place.parent();
    let above = above.and_then(|above| directory.nearest(&above, PETITION_OFFICE));
    Gap {
        id: chance::new_id(),
        organ: looked.desk.organ,
        place: looked.desk.place,
        time,
        to: above.map(|office| office.id),
        found_at: now,
        filled_at: None,
    }
}

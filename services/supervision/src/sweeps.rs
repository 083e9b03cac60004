//! What happens when due days have passed.

pub(crate) mod reproject;

use std::collections::BTreeSet;

use huiyin_domain::calendar::WorkCalendar;
use huiyin_domain::ids::MatterId;
use huiyin_domain::time::Instant;
use huiyin_service_kit::almanac::Almanac;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::timer::{self, Due, Sweep};
use huiyin_service_kit::{chance, metrics};
use uuid::Uuid;

use crate::deadline::{Deadline, Standing, next_instant};
use crate::follow::TIMER;
use crate::order::{self, Order};
use crate::store::{clock, register_line, supervise_order};
use crate::wire;

/// Records due days that have passed and gives orders to the organs that failed.
pub(crate) fn deadline(almanac: Almanac) -> Sweep {
    Sweep::of(TIMER, move |tx, due| {
        let almanac = almanac.clone();
        Box::pin(async move { fire(tx, &almanac, due).await })
    })
}

async fn fire(tx: &mut Tx, almanac: &Almanac, due: &[Due]) -> Result<(), Problem> {
    let now = tx.now();
    let matters: Vec<Uuid> = due.iter().map(|timer| timer.reference).collect();
    // Whoever follows facts holds a line and then wants its timer; here it is the other way round, so
    // a line that is held is left for the next look.
    let free = register_line::lock_free(tx.connection(), &matters).await?;
    let busy = |timer: &&Due| !free.contains(&MatterId::from_uuid(timer.reference));
    let mut passing = Passing {
        timers: due
            .iter()
            .filter(busy)
            .map(|timer| (timer.reference, timer.fire_at))
            .collect(),
        ..Passing::default()
    };
    let calendars = almanac.current(tx.connection()).await?;
    passing
        .collect(tx, &free, (now, calendars.newest()))
        .await?;
    passing.carry_out(tx).await
}

/// What passes in one firing.
#[derive(Default)]
struct Passing {
    passed: Vec<(MatterId, Deadline)>,
    orders: Vec<Order>,
    timers: Vec<(Uuid, Instant)>,
}

impl Passing {
    async fn collect(
        &mut self,
        tx: &mut Tx,
        free: &BTreeSet<MatterId>,
        (now, calendar): (Instant, &WorkCalendar),
    ) -> Result<(), Problem> {
        let matters: Vec<Uuid> = free.iter().map(|matter| matter.uuid()).collect();
        let mut clocks = clock::of(tx.connection(), &matters).await?;
        for matter in free {
            let mut deadlines = clocks.remove(matter).unwrap_or_default();
            for deadline in &mut deadlines {
                if deadline.watched_until().is_some_and(|at| at <= now) {
                    self.pass(*matter, deadline, (now, calendar));
                }
            }
            self.timers
                .extend(next_instant(&deadlines).map(|at| (matter.uuid(), at)));
        }
        Ok(())
    }

    fn pass(
        &mut self,
        matter: MatterId,
        deadline: &mut Deadline,
        (now, calendar): (Instant, &WorkCalendar),
    ) {
        let (passed, failure) = deadline.pass();
        *deadline = passed;
        self.passed.push((matter, deadline.clone()));
        if let Some(failure) = failure {
            self.orders.push(order::issue(
                chance::new_id(),
                matter,
                deadline,
                failure,
                (now, calendar),
            ));
        }
    }

    async fn carry_out(self, tx: &mut Tx) -> Result<(), Problem> {
        clock::write(tx.connection(), &self.passed).await?;
        let issued = supervise_order::insert(tx.connection(), &self.orders).await?;
        timer::arm_all(tx.connection(), TIMER, &self.timers).await?;
        for (matter, deadline) in &self.passed {
            tell_passed(tx, *matter, deadline);
        }
        for order in self
            .orders
            .iter()
            .filter(|order| issued.contains(&order.id))
        {
            metrics::count(
                "huiyin_supervise_orders",
                1,
                &[("failure", order.failure.as_str())],
            );
            tx.tell(wire::issued(order));
        }
        Ok(())
    }
}

/// A duty that was not done has passed; a right that was not used has ended.
fn tell_passed(tx: &mut Tx, matter: MatterId, deadline: &Deadline) {
    match deadline.standing {
        Standing::Running | Standing::Overrun { .. } => {
            metrics::count(
                "huiyin_deadlines_passed",
                1,
                &[("clock", deadline.kind.as_str())],
            );
            tx.tell(wire::passed(matter, deadline));
        }
        Standing::Kept { .. } | Standing::Lapsed { .. } => tx.tell(wire::ended(matter, deadline)),
    }
}

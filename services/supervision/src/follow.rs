//! The clocks and lines of matters follow their facts: recomputed, compared with what is kept, and only
//! the difference is written and told.

use std::collections::{BTreeMap, HashMap};

use huiyin_domain::calendar::Calendars;
use huiyin_domain::ids::MatterId;
use huiyin_domain::law::Due;
use huiyin_domain::time::Instant;
use huiyin_proto::events::v1::event::Fact as Told;
use huiyin_service_kit::almanac::Almanac;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::timer;
use uuid::Uuid;

use crate::deadline::{Deadline, Key, Standing, judge, next_instant};
use crate::heard::Heard;
use crate::line::{Course, Line, course};
use crate::store::{clock, clock_fact, register_line};
use crate::wire;

/// Kind of the timers: one a matter, at the end of the next due day.
pub(crate) const TIMER: &str = "deadline";

/// Adds what was heard to the facts and lets clocks and lines follow.
pub(crate) async fn follow(tx: &mut Tx, almanac: &Almanac, heard: &[Heard]) -> Result<(), Problem> {
    if heard.is_empty() {
        return Ok(());
    }
    // what was permitted has its consequences
    tx.as_house().await?;
    // the locks first: no calendar is published while facts are followed by the one before, and of two who add facts
    // to one matter the second must see those of the first
    let lines = register_line::open(tx.connection(), heard).await?;
    clock_fact::append(tx.connection(), heard).await?;
    let calendars = almanac.current(tx.connection()).await?;
    let changes = compare(tx, &calendars, &lines).await?;
    changes.carry_out(tx).await
}

/// Lets clocks of locked matters follow the calendars; gives how many ran and what became of them.
pub(crate) async fn follow_calendars(
    tx: &mut Tx,
    calendars: &Calendars,
    lines: &BTreeMap<MatterId, Line>,
) -> Result<Anew, Problem> {
    let mut changes = compare(tx, calendars, lines).await?;
    let anew = std::mem::take(&mut changes.anew);
    changes.carry_out(tx).await?;
    Ok(anew)
}

/// What became of clocks that run.
#[derive(Debug, Default)]
pub(crate) struct Anew {
    /// How many there are.
    pub(crate) running: u64,
    /// How many were provisional and are certain now.
    pub(crate) confirmed: u64,
    /// Those whose due day moved.
    pub(crate) moved: Vec<Moved>,
}

/// A clock whose due day moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    /// The matter.
    pub(crate) matter: MatterId,
    /// Which clock.
    pub(crate) clock: Key,
    /// When it was due.
    pub(crate) before: Due,
    /// When it is due now.
    pub(crate) now: Due,
}

/// How clocks and lines of locked matters change by their facts and the calendars.
async fn compare(
    tx: &mut Tx,
    calendars: &Calendars,
    lines: &BTreeMap<MatterId, Line>,
) -> Result<Changes, Problem> {
    let matters: Vec<Uuid> = lines.keys().map(|matter| matter.uuid()).collect();
    let facts = clock_fact::of(tx.connection(), &matters).await?;
    let mut kept = clock::of(tx.connection(), &matters).await?;
    let mut changes = Changes::default();
    for (matter, line) in lines {
        let known = facts.get(matter).map_or(&[][..], Vec::as_slice);
        let before = kept.remove(matter).unwrap_or_default();
        let office = line
            .registration
            .as_ref()
            .map(|registration| registration.office);
        let after = judge(known, calendars, office, &before);
        changes.compare((*matter, line), &before, after);
        let course = course(known);
        if course != line.course {
            changes.courses.push((*matter, course));
        }
    }
    Ok(changes)
}

/// What is different now.
#[derive(Default)]
struct Changes {
    written: Vec<(MatterId, Deadline)>,
    gone: Vec<(MatterId, Key)>,
    courses: Vec<(MatterId, Course)>,
    armed: Vec<(Uuid, Instant)>,
    disarmed: Vec<Uuid>,
    told: Vec<Told>,
    anew: Anew,
}

impl Changes {
    fn compare(
        &mut self,
        (matter, line): (MatterId, &Line),
        before: &[Deadline],
        after: Vec<Deadline>,
    ) {
        let old: HashMap<Key, &Deadline> = before
            .iter()
            .map(|deadline| (deadline.key(), deadline))
            .collect();
        for gone in before
            .iter()
            .filter(|known| after.iter().all(|deadline| deadline.key() != known.key()))
        {
            self.take_back(matter, gone);
        }
        self.move_timer(matter, next_instant(before), next_instant(&after));
        for deadline in after {
            let known = old.get(&deadline.key()).copied();
            // a count would tell that there is a denunciation
            if !line.is_sealed() {
                self.anew.count(matter, known, &deadline);
            }
            if known != Some(&deadline) {
                self.told.extend(news(matter, known, &deadline));
                self.written.push((matter, deadline));
            }
        }
    }

    /// A clock that a fact which came late shows never to have run.
    fn take_back(&mut self, matter: MatterId, gone: &Deadline) {
        self.gone.push((matter, gone.key()));
        if gone.standing == Standing::Running {
            let lapsed = Deadline {
                standing: Standing::Lapsed { at: gone.started },
                ..gone.clone()
            };
            self.told.push(wire::ended(matter, &lapsed));
        }
    }

    fn move_timer(&mut self, matter: MatterId, before: Option<Instant>, after: Option<Instant>) {
        match after {
            Some(at) if before != after => self.armed.push((matter.uuid(), at)),
            None if before.is_some() => self.disarmed.push(matter.uuid()),
            Some(_) | None => {}
        }
    }

    async fn carry_out(self, tx: &mut Tx) -> Result<(), Problem> {
        clock::delete(tx.connection(), &self.gone).await?;
        clock::write(tx.connection(), &self.written).await?;
        register_line::set_courses(tx.connection(), &self.courses).await?;
        timer::arm_all(tx.connection(), TIMER, &self.armed).await?;
        if !self.disarmed.is_empty() {
            timer::disarm(tx.connection(), TIMER, &self.disarmed).await?;
        }
        for fact in self.told {
            tx.tell(fact);
        }
        Ok(())
    }
}

impl Anew {
    fn count(&mut self, matter: MatterId, before: Option<&Deadline>, now: &Deadline) {
        let runs = |deadline: &&Deadline| deadline.standing == Standing::Running;
        let Some(before) = before.filter(runs).filter(|_| runs(&now)) else {
            return;
        };
        self.running += 1;
        self.confirmed += u64::from(before.due.provisional && !now.due.provisional);
        if (before.due.raw, before.due.rolled) != (now.due.raw, now.due.rolled) {
            self.moved.push(Moved {
                matter,
                clock: now.key(),
                before: before.due,
                now: now.due,
            });
        }
    }
}

/// What others are told about a changed clock: that it was set, moved or runs again, and that it ended
/// or ended otherwise than was told before.
fn news(
    matter: MatterId,
    before: Option<&Deadline>,
    after: &Deadline,
) -> impl Iterator<Item = Told> {
    let same = |known: &&Deadline| (known.organ, known.due) == (after.organ, after.due);
    let word = wire::state(after.standing);
    let ended = after.standing != Standing::Running;
    let is_set = before
        .filter(same)
        .is_none_or(|known| !ended && known.standing != Standing::Running);
    let is_ended = ended
        && before
            .filter(same)
            .is_none_or(|known| wire::state(known.standing) != word);
    is_set
        .then(|| wire::set(matter, after))
        .into_iter()
        .chain(is_ended.then(|| wire::ended(matter, after)))
}

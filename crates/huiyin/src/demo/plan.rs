//! The generated matters of a year. There is no public petition data: everything here comes from a
//! seed, over the handbook's channels, categories and subjects. Names and numbers are made up so that
//! they can belong to nobody.

use chrono::{Days, NaiveDate};
use huiyin_domain::subject::Subject;
use huiyin_domain::territory::Territory;
use huiyin_domain::time::{Date, Instant, start_of_day};
use huiyin_domain::vocabulary::{Category, Channel, Level, Satisfaction, UrgentKind};
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Matters of the printed city year.
pub const CITY_MATTERS: usize = 7_398;
/// Suggestions among them, as printed.
const CITY_SUGGESTIONS: usize = 836;

/// A year to play.
#[derive(Debug)]
pub struct YearPlan {
    /// First day.
    pub first: Date,
    /// First day of the next year.
    pub end: Date,
    /// The matters, by day of receipt.
    pub matters: Vec<PlannedMatter>,
    /// The urgent reports.
    pub reports: Vec<PlannedReport>,
}

/// A matter that will be raised.
#[derive(Clone, Debug)]
pub struct PlannedMatter {
    /// Day of receipt.
    pub received: Date,
    /// Channel.
    pub channel: Channel,
    /// Category.
    pub category: Category,
    /// Subject.
    pub subject: &'static str,
    /// Place of the problem.
    pub place: String,
    /// Persons of a visit.
    pub persons: u32,
    /// A made-up number that stands for the petitioner; equal for a repeat.
    pub petitioner: usize,
    /// Filed on somebody's behalf.
    pub agent: bool,
    /// What the organs will do.
    pub conduct: Conduct,
}

/// What the organs, and later the petitioner, will do about a matter.
#[derive(Clone, Debug)]
pub struct Conduct {
    /// First answer of the organ to the forwarding.
    pub answer: Answer,
    /// Days from the forwarding to that answer.
    pub answer_after: u64,
    /// Days from acceptance to the opinion; `None` when the year ends without one.
    pub opinion_after: Option<u64>,
    /// Days by which the opinion clock is extended, shortly before it runs out.
    pub extended_by: Option<u32>,
    /// Days from the opinion to its delivery.
    pub delivered_after: u64,
    /// The evaluation after the reply; silence is `None`.
    pub evaluation: Option<Satisfaction>,
    /// Days to a withdrawal that comes first.
    pub withdrawn_after: Option<u64>,
    /// Fridays an order waits for its answer; `None` never within the year.
    pub order_answered_after: Option<u64>,
    /// What the petitioner asks the organs above for, one after the other; at most a review and a re-examination.
    pub remedies: Vec<PlannedRemedy>,
}

/// A review or re-examination that will be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedRemedy {
    /// Days from the opinion to the request.
    pub asked_after: u64,
    /// Days from the request to the opinion of the organ above.
    pub opinion_after: u64,
}

/// The first answer of an organ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Accepts.
    Accept,
    /// Declines in writing.
    Decline,
    /// Objects, and the sender agrees: the matter bounces.
    ObjectAgreed,
    /// Objects, and the sender upholds the forwarding.
    ObjectRefused,
}

/// An urgent report that will be raised.
#[derive(Clone, Debug)]
pub struct PlannedReport {
    /// When it happens.
    pub happened: Instant,
    /// Minutes until the organ knows.
    pub known_after: i64,
    /// Minutes until it reports.
    pub reported_after: i64,
    /// Kind.
    pub kind: UrgentKind,
    /// A township where it happens.
    pub place: String,
    /// Persons concerned.
    pub persons: u32,
    /// Minutes until each recipient acknowledges, drawn in the order of the recipients' ids.
    pub acknowledged_after: Vec<i64>,
}

/// Generates a number of matters over a number of days from a seed, over the territories of the city.
#[must_use]
pub fn generate(seed: u64, (matters, days): (usize, u64), territories: &[Territory]) -> YearPlan {
    let first = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap_or_default();
    let end = first + Days::new(days);
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let places = Places::of(territories);
    let mut planned = Vec::with_capacity(matters);
    let suggestions = matters * CITY_SUGGESTIONS / CITY_MATTERS;
    for index in 0..matters {
        planned.push(matter(&mut chance, &places, index, index < suggestions));
    }
    planned.shuffle(&mut chance);
    for matter in &mut planned {
        matter.received = first + Days::new(chance.random_range(0..days));
    }
    planned.sort_by_key(|matter| matter.received);
    repeat_some(&mut chance, &mut planned);
    ask_for_remedies(seed, &mut planned);
    let large = (matters / 600).max(1);
    gather_some(&mut chance, &mut planned, large);
    let reports = (matters / 190).max(2);
    let reports = (0..reports)
        .map(|_| report(&mut chance, &places, (first, days)))
        .collect();
    YearPlan {
        first,
        end,
        matters: planned,
        reports,
    }
}

struct Places {
    villages: Vec<String>,
    townships: Vec<String>,
}

impl Places {
    fn of(territories: &[Territory]) -> Self {
        let at = |level: Level| {
            territories
                .iter()
                .filter(|territory| territory.level == level)
                .map(|territory| territory.code.as_str().to_owned())
                .collect()
        };
        Self {
            villages: at(Level::Village),
            townships: at(Level::Township),
        }
    }
}

fn matter(
    chance: &mut ChaCha8Rng,
    places: &Places,
    index: usize,
    suggestion: bool,
) -> PlannedMatter {
    let channel = match chance.random_range(0..100) {
        0..42 => Channel::Online,
        42..64 => Channel::Visit,
        64..79 => Channel::Call,
        79..93 => Channel::Letter,
        93..99 => Channel::LeaderMailbox,
        _ => Channel::Fax,
    };
    let category = match (suggestion, chance.random_range(0..100)) {
        (true, _) => Category::Suggestion,
        (false, 0..5) => Category::Denunciation,
        (false, _) => Category::Claim,
    };
    let persons = match (channel, chance.random_range(0..100)) {
        (Channel::Visit, 0..62) => 1,
        (Channel::Visit, 62..92) => chance.random_range(2..5),
        (Channel::Visit, _) => chance.random_range(5..31),
        (
            Channel::Letter
            | Channel::Call
            | Channel::Online
            | Channel::Fax
            | Channel::LeaderMailbox,
            _,
        ) => 1,
    };
    let pool = if chance.random_bool(0.8) {
        &places.villages
    } else {
        &places.townships
    };
    let place = pool
        .choose(chance)
        .or(places.townships.first())
        .cloned()
        .unwrap_or_default();
    let subject = Subject::all()
        .choose(chance)
        .map_or("other", |subject| subject.code.as_str());
    let agent = chance.random_bool(0.03);
    PlannedMatter {
        received: Date::default(),
        channel,
        category,
        subject,
        place,
        persons,
        petitioner: index,
        agent,
        conduct: conduct(chance),
    }
}

fn conduct(chance: &mut ChaCha8Rng) -> Conduct {
    let answer = match chance.random_range(0..100) {
        0..4 => Answer::ObjectAgreed,
        4..5 => Answer::ObjectRefused,
        5..9 => Answer::Decline,
        _ => Answer::Accept,
    };
    let late_to_accept = chance.random_bool(0.05) && answer == Answer::Accept;
    let answer_after = if late_to_accept {
        chance.random_range(18..45)
    } else {
        chance.random_range(0..13)
    };
    let objects = matches!(answer, Answer::ObjectAgreed | Answer::ObjectRefused);
    let late_opinion = chance.random_bool(0.07);
    let extended_by = chance.random_bool(0.06).then(|| chance.random_range(5..31));
    let opinion_after = match (late_opinion, extended_by) {
        (true, _) => chance
            .random_bool(0.8)
            .then(|| chance.random_range(95..140)),
        (false, Some(_)) => Some(chance.random_range(57..64)),
        (false, None) => Some(chance.random_range(6..55)),
    };
    let evaluation = chance
        .random_bool(0.55)
        .then(|| match chance.random_range(0..100) {
            0..72 => Satisfaction::Satisfied,
            72..92 => Satisfaction::BasicallySatisfied,
            _ => Satisfaction::NotSatisfied,
        });
    Conduct {
        answer,
        answer_after: if objects {
            chance.random_range(0..4)
        } else {
            answer_after
        },
        opinion_after,
        extended_by,
        delivered_after: chance.random_range(1..4),
        evaluation,
        withdrawn_after: chance.random_bool(0.02).then(|| chance.random_range(1..30)),
        order_answered_after: chance.random_bool(0.9).then(|| chance.random_range(1..4)),
        remedies: Vec::new(),
    }
}

/// Some of those who are answered ask for review, and a few of these for re-examination. Drawn from a chance of its own, so
/// that the rest of the year stays what it was.
fn ask_for_remedies(seed: u64, planned: &mut [PlannedMatter]) {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    chance.set_stream(1);
    for matter in planned {
        let remedies = match chance.random_range(0..100) {
            0..1 => 2,
            1..5 => 1,
            _ => 0,
        };
        for _ in 0..remedies {
            matter.conduct.remedies.push(PlannedRemedy {
                asked_after: chance.random_range(2..24),
                opinion_after: chance.random_range(10..34),
            });
        }
    }
}

/// Some matters are raised again by the same petitioner on a later day.
fn repeat_some(chance: &mut ChaCha8Rng, planned: &mut [PlannedMatter]) {
    for index in 1..planned.len() {
        if !chance.random_bool(0.12) {
            continue;
        }
        let earlier = planned[chance.random_range(0..index)].clone();
        let Some(later) = planned.get_mut(index) else {
            continue;
        };
        if earlier.received < later.received
            && earlier.category != Category::Suggestion
            && later.category == earlier.category
        {
            later.petitioner = earlier.petitioner;
            later.subject = earlier.subject;
            later.place = earlier.place;
        }
    }
}

/// A few visits are so large that the city's threshold makes them urgent.
fn gather_some(chance: &mut ChaCha8Rng, planned: &mut [PlannedMatter], how_many: usize) {
    let visits: Vec<usize> = planned
        .iter()
        .enumerate()
        .filter(|(_, matter)| {
            matter.channel == Channel::Visit && matter.category == Category::Claim
        })
        .map(|(index, _)| index)
        .collect();
    for index in visits
        .choose_multiple(chance, how_many)
        .copied()
        .collect::<Vec<_>>()
    {
        if let Some(matter) = planned.get_mut(index) {
            matter.persons = chance.random_range(50..160);
        }
    }
}

fn report(chance: &mut ChaCha8Rng, places: &Places, (first, days): (Date, u64)) -> PlannedReport {
    let day = first + Days::new(chance.random_range(1..days.max(3) - 1));
    let happened = start_of_day(day) + chrono::TimeDelta::minutes(chance.random_range(0..1440));
    let known_after = chance.random_range(0..20);
    let late = chance.random_bool(0.1);
    let reported_after = known_after
        + if late {
            chance.random_range(61..180)
        } else {
            chance.random_range(2..40)
        };
    let acknowledged_after = (0..12)
        .map(|_| match chance.random_range(0..100) {
            0..82 => 5 * chance.random_range(1..5),
            82..95 => 45,
            _ => 130,
        })
        .collect();
    let kinds = UrgentKind::all();
    PlannedReport {
        happened,
        known_after,
        reported_after,
        kind: kinds.choose(chance).copied().unwrap_or(UrgentKind::Other),
        place: places.townships.choose(chance).cloned().unwrap_or_default(),
        persons: chance.random_range(1..200),
        acknowledged_after,
    }
}

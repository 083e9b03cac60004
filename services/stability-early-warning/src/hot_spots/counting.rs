//! What is counted: matters as they are registered, by day, place and subject, and whether they were answered. Denunciations are
//! sealed, also as a number: they are not counted.

use std::collections::BTreeMap;

use huiyin_domain::ids::{Id, Kind, MatterId, OrganId};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Date, Instant, local_date};
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{Event, MatterRegistered};
use huiyin_proto::topics::{MatterFact, Topic};
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::wire::instant;

use super::{LEVELS, looking};
use crate::store::{counted_matter, daily_count};

/// A matter that is counted.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    /// The matter.
    pub(crate) matter: MatterId,
    /// Where the problem is.
    pub(crate) place: TerritoryCode,
    /// Code of the subject.
    pub(crate) subject: String,
    /// The day it was received.
    pub(crate) day: Date,
    /// The office that registered it.
    pub(crate) registered_by: OrganId,
}

/// Follows the matters of intake's and routing's streams.
///
/// # Errors
/// When an event breaks the contract, or the database refuses.
pub(crate) async fn follow(tx: &mut Tx, events: &[Event]) -> Result<(), Problem> {
    let mut registered = Vec::new();
    for event in events {
        if let Some(Fact::MatterRegistered(fact)) = &event.fact {
            registered.extend(counted(fact)?);
        }
    }
    count(tx, &registered).await?;
    let mut course = Course::default();
    for event in events {
        let Some(Topic::Matter(told)) = event.fact.as_ref().map(Fact::topic) else {
            continue;
        };
        let at = event.occurred_time.as_ref().and_then(instant);
        course.hear(told, at.unwrap_or(tx.now()))?;
    }
    course.write(tx).await
}

/// What became of matters in a run of events.
#[derive(Default)]
struct Course {
    /// To whom each was forwarded last, and at which hop.
    hands: BTreeMap<MatterId, (OrganId, u32)>,
    /// Who answered each first, and when.
    answers: BTreeMap<MatterId, (OrganId, Instant)>,
    withdrawn: Vec<MatterId>,
}

impl Course {
    fn hear(&mut self, told: MatterFact<'_>, at: Instant) -> Result<(), Problem> {
        let matter = id("matter_id", told.matter_id())?;
        match told {
            MatterFact::MatterForwarded(fact) => {
                let to = id("to_organ", &fact.to_organ)?;
                let hand = self.hands.entry(matter).or_insert((to, fact.hop));
                if hand.1 < fact.hop {
                    *hand = (to, fact.hop);
                }
            }
            MatterFact::ReplyDelivered(fact) => {
                let by = id("organ_id", &fact.organ_id)?;
                self.answers.entry(matter).or_insert((by, at));
            }
            MatterFact::MatterDeclined(fact) => {
                let by = id("organ_id", &fact.organ_id)?;
                self.answers.entry(matter).or_insert((by, at));
            }
            MatterFact::MatterWithdrawn(_) => self.withdrawn.push(matter),
            MatterFact::MatterRegistered(_)
            | MatterFact::MatterUnrouted(_)
            | MatterFact::ForwardingObjected(_)
            | MatterFact::ObjectionAgreed(_)
            | MatterFact::ObjectionRefused(_)
            | MatterFact::MatterAccepted(_)
            | MatterFact::OpinionIssued(_)
            | MatterFact::MatterEvaluated(_) => {}
        }
        Ok(())
    }

    async fn write(&self, tx: &mut Tx) -> Result<(), Problem> {
        if !self.hands.is_empty() {
            counted_matter::hand(tx.connection(), &self.hands).await?;
        }
        if !self.answers.is_empty() {
            counted_matter::answer(tx.connection(), &self.answers).await?;
        }
        if !self.withdrawn.is_empty() {
            counted_matter::remove(tx.connection(), &self.withdrawn).await?;
        }
        Ok(())
    }
}

fn counted(fact: &MatterRegistered) -> Result<Option<Counted>, Problem> {
    if fact.category() == words::Category::Denunciation {
        return Ok(None);
    }
    let mut violations = Violations::default();
    let place = violations.territory_code("place_code", &fact.place_code);
    let received = violations.time("received_time", fact.received_time.as_ref());
    let (place, received) = violations.finish_with(place.zip(received))?;
    Ok(Some(Counted {
        matter: id("matter_id", &fact.matter_id)?,
        place,
        subject: fact.subject.clone(),
        day: local_date(received),
        registered_by: id("registered_by", &fact.registered_by)?,
    }))
}

async fn count(tx: &mut Tx, registered: &[Counted]) -> Result<(), Problem> {
    if registered.is_empty() {
        return Ok(());
    }
    let new = counted_matter::insert(tx.connection(), registered).await?;
    let mut counts: BTreeMap<(TerritoryCode, String, Date), u32> = BTreeMap::new();
    for one in registered.iter().filter(|one| new.contains(&one.matter)) {
        for place in LEVELS.iter().filter_map(|level| one.place.ancestor(*level)) {
            let key = (place, one.subject.clone(), one.day);
            *counts.entry(key).or_default() += 1;
        }
    }
    daily_count::add(tx.connection(), &counts).await?;
    looking::begin(tx).await
}

fn id<K: Kind>(field: &str, given: &str) -> Result<Id<K>, Problem> {
    let mut violations = Violations::default();
    let id = violations.id(field, given);
    violations.finish_with(id)
}

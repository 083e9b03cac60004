//! A run of events, gathered by what it is about: each row at most once, the later word standing.

use std::collections::BTreeMap;

use huiyin_domain::ids::{Id, Kind, OrganId};
use huiyin_domain::time::{Date, Instant, local_date};
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{
    AlertAcknowledged, AlertDelivered, AlertEscalated, AlertRaised, DeadlineEnded, DeadlinePassed,
    DeadlineSet, Event, MatterEvaluated, MatterForwarded, MatterRegistered,
};
use huiyin_proto::topics::{AlertFact, DeadlineFact, MatterFact, OrderFact, PlacesFact, Topic};
use huiyin_proto::vocabulary::v1::{ClockState, ForwardingKind};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::wire::instant;
use uuid::Uuid;

use crate::words::word;

/// A stage a matter reached; later stages of the same instant stand above earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Registered,
    Forwarded,
    Referred,
    Accepted,
    Declined,
    OpinionIssued,
    Replied,
    Withdrawn,
}

impl Stage {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Forwarded => "forwarded",
            Self::Referred => "referred",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::OpinionIssued => "opinion_issued",
            Self::Replied => "replied",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A registered matter.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) channel: String,
    pub(crate) category: String,
    pub(crate) subject: String,
    pub(crate) place: String,
    pub(crate) persons: i32,
    pub(crate) registered_by: Uuid,
    pub(crate) received_on: Date,
    pub(crate) repeat_of: Option<Uuid>,
    pub(crate) about: Option<Uuid>,
}

/// What was told of a clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deadline {
    pub(crate) organ: Option<Uuid>,
    pub(crate) due: Option<Date>,
    /// How it ended, or that it runs; none when nothing was told of either.
    pub(crate) ended: Option<&'static str>,
    pub(crate) passed: bool,
}

/// What was told of an order.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) matter: Uuid,
    pub(crate) organ: Uuid,
    pub(crate) failure: Option<String>,
    pub(crate) answered: bool,
}

/// What was told of a recipient of an alert.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recipient {
    pub(crate) level: String,
    pub(crate) addressed: bool,
    pub(crate) delivered: bool,
    pub(crate) acknowledged: Option<&'static str>,
    pub(crate) escalations: i32,
    /// Where it happens; empty when only something later than the alert itself was told.
    pub(crate) place: Option<String>,
    /// The matters it is about.
    pub(crate) matters: Vec<Uuid>,
}

/// Everything a run of events says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    pub(crate) registered: BTreeMap<Uuid, Registered>,
    pub(crate) steps: BTreeMap<(Uuid, Stage), Instant>,
    pub(crate) deadlines: BTreeMap<(Uuid, String, i32), Deadline>,
    pub(crate) orders: BTreeMap<Uuid, Order>,
    pub(crate) recipients: BTreeMap<(Uuid, Uuid), Recipient>,
    pub(crate) objections: BTreeMap<Uuid, Uuid>,
    pub(crate) evaluations: BTreeMap<(Uuid, String), (String, Uuid)>,
    pub(crate) places: BTreeMap<String, (String, String)>,
}

impl Heard {
    /// Gathers a run.
    ///
    /// # Errors
    /// When an event breaks the contract.
    pub(crate) fn of(events: &[Event]) -> Result<Self, Problem> {
        let mut heard = Self::default();
        for event in events {
            let at = event.occurred_time.as_ref().and_then(instant);
            let at =
                at.ok_or_else(|| Problem::Unexpected("an event without its instant".to_owned()))?;
            if let Some(fact) = &event.fact {
                heard.hear(at, fact)?;
            }
        }
        Ok(heard)
    }

    fn hear(&mut self, at: Instant, fact: &Fact) -> Result<(), Problem> {
        match fact.topic() {
            Topic::Places(told) => self.hear_of_places(told),
            Topic::Matter(told) => self.hear_of_matter(at, told)?,
            Topic::Deadline(told) => self.hear_of_deadline(told)?,
            Topic::Order(told) => self.hear_of_order(told)?,
            Topic::Alert(told) => self.hear_of_alert(told)?,
            Topic::Completion(_)
            | Topic::Remedy(_)
            | Topic::Recommendation(_)
            | Topic::Decision(_)
            | Topic::Report(_)
            | Topic::Reporting(_)
            | Topic::HotSpot(_)
            | Topic::Duty(_)
            | Topic::Petition(_) => {}
        }
        Ok(())
    }

    fn hear_of_places(&mut self, told: PlacesFact<'_>) {
        match told {
            PlacesFact::TerritoriesEstablished(fact) => {
                for place in &fact.territories {
                    let level = word(place.level().as_str_name(), "LEVEL_");
                    self.places
                        .insert(place.code.clone(), (place.name.clone(), level));
                }
            }
            PlacesFact::OrgansEstablished(_) => {}
        }
    }

    fn hear_of_matter(&mut self, at: Instant, told: MatterFact<'_>) -> Result<(), Problem> {
        let (matter, stage) = match told {
            MatterFact::MatterRegistered(fact) => return self.register(at, fact),
            MatterFact::MatterForwarded(fact) => return self.forward(at, fact),
            MatterFact::ForwardingObjected(fact) => {
                let forwarding = uuid(&fact.forwarding_id)?;
                self.objections.insert(forwarding, uuid(&fact.matter_id)?);
                return Ok(());
            }
            MatterFact::MatterEvaluated(fact) => return self.evaluate(fact),
            MatterFact::MatterAccepted(fact) => (&fact.matter_id, Stage::Accepted),
            MatterFact::MatterDeclined(fact) => (&fact.matter_id, Stage::Declined),
            MatterFact::OpinionIssued(fact) => (&fact.matter_id, Stage::OpinionIssued),
            MatterFact::ReplyDelivered(fact) => (&fact.matter_id, Stage::Replied),
            MatterFact::MatterWithdrawn(fact) => (&fact.matter_id, Stage::Withdrawn),
            MatterFact::MatterUnrouted(_)
            | MatterFact::ObjectionAgreed(_)
            | MatterFact::ObjectionRefused(_) => return Ok(()),
        };
        self.step(matter, stage, at)
    }

    fn hear_of_deadline(&mut self, told: DeadlineFact<'_>) -> Result<(), Problem> {
        match told {
            DeadlineFact::DeadlineSet(fact) => self.set(fact),
            DeadlineFact::DeadlineEnded(fact) => self.end(fact),
            DeadlineFact::DeadlinePassed(fact) => self.pass(fact),
            DeadlineFact::DeadlineExtended(_)
            | DeadlineFact::DeadlinePaused(_)
            | DeadlineFact::DeadlineResumed(_) => Ok(()),
        }
    }

    fn hear_of_order(&mut self, told: OrderFact<'_>) -> Result<(), Problem> {
        match told {
            OrderFact::SuperviseOrderIssued(fact) => {
                let order = self.order((&fact.order_id, &fact.matter_id, &fact.organ_id))?;
                order.failure = Some(word(fact.failure().as_str_name(), "FAILURE_CODE_"));
            }
            OrderFact::SuperviseOrderAnswered(fact) => {
                self.order((&fact.order_id, &fact.matter_id, &fact.organ_id))?
                    .answered = true;
            }
        }
        Ok(())
    }

    fn hear_of_alert(&mut self, told: AlertFact<'_>) -> Result<(), Problem> {
        match told {
            AlertFact::AlertRaised(fact) => self.raise(fact),
            AlertFact::AlertDelivered(fact) => self.deliver(fact),
            AlertFact::AlertAcknowledged(fact) => self.acknowledge(fact),
            AlertFact::AlertEscalated(fact) => self.escalate(fact),
            AlertFact::AlertReportedOn(_)
            | AlertFact::AlertRefused(_)
            | AlertFact::NoticeRang(_) => Ok(()),
        }
    }

    fn evaluate(&mut self, fact: &MatterEvaluated) -> Result<(), Problem> {
        let addressee = word(fact.addressee().as_str_name(), "EVALUATION_ADDRESSEE_");
        let satisfaction = word(fact.satisfaction().as_str_name(), "SATISFACTION_");
        let key = (uuid(&fact.matter_id)?, addressee);
        self.evaluations
            .insert(key, (satisfaction, uuid(&fact.organ_id)?));
        Ok(())
    }

    fn register(&mut self, at: Instant, fact: &MatterRegistered) -> Result<(), Problem> {
        let received = fact.received_time.as_ref().and_then(instant).unwrap_or(at);
        let registered = Registered {
            channel: word(fact.channel().as_str_name(), "CHANNEL_"),
            category: word(fact.category().as_str_name(), "CATEGORY_"),
            subject: fact.subject.clone(),
            place: fact.place_code.clone(),
            persons: i32::try_from(fact.persons.max(1)).unwrap_or(i32::MAX),
            registered_by: uuid(&fact.registered_by)?,
            received_on: local_date(received),
            repeat_of: uuid_if_given(&fact.repeat_of)?,
            about: uuid_if_given(&fact.about_organ)?,
        };
        self.registered.insert(uuid(&fact.matter_id)?, registered);
        self.step(&fact.matter_id, Stage::Registered, at)
    }

    fn forward(&mut self, at: Instant, fact: &MatterForwarded) -> Result<(), Problem> {
        let stage = match fact.kind() {
            ForwardingKind::Refer => Stage::Referred,
            ForwardingKind::Unspecified
            | ForwardingKind::Transfer
            | ForwardingKind::Assign
            | ForwardingKind::HandDown
            | ForwardingKind::ReportUp => Stage::Forwarded,
        };
        self.step(&fact.matter_id, stage, at)
    }

    fn step(&mut self, matter: &str, stage: Stage, at: Instant) -> Result<(), Problem> {
        let step = self.steps.entry((uuid(matter)?, stage)).or_insert(at);
        *step = at.max(*step);
        Ok(())
    }

    fn deadline(
        &mut self,
        (matter, clock, cycle): (&str, &str, u32),
    ) -> Result<&mut Deadline, Problem> {
        let cycle = i32::try_from(cycle.max(1)).unwrap_or(i32::MAX);
        Ok(self
            .deadlines
            .entry((uuid(matter)?, word(clock, "CLOCK_KIND_"), cycle))
            .or_default())
    }

    fn set(&mut self, fact: &DeadlineSet) -> Result<(), Problem> {
        let deadline = self.deadline((&fact.matter_id, fact.clock().as_str_name(), fact.cycle))?;
        deadline.organ = Some(uuid(&fact.organ_id)?);
        deadline.due = Some(date(&fact.due_date)?);
        // one that had ended runs again, as after a report of completion that was returned
        deadline.ended = Some("running");
        Ok(())
    }

    fn end(&mut self, fact: &DeadlineEnded) -> Result<(), Problem> {
        let deadline = self.deadline((&fact.matter_id, fact.clock().as_str_name(), fact.cycle))?;
        deadline.due = Some(date(&fact.due_date)?);
        deadline.ended = match fact.state() {
            ClockState::Kept => Some("kept"),
            ClockState::Overrun => Some("overrun"),
            ClockState::Lapsed => Some("lapsed"),
            ClockState::Running | ClockState::Unspecified => None,
        };
        Ok(())
    }

    fn pass(&mut self, fact: &DeadlinePassed) -> Result<(), Problem> {
        let deadline = self.deadline((&fact.matter_id, fact.clock().as_str_name(), fact.cycle))?;
        deadline.due = Some(date(&fact.due_date)?);
        deadline.passed = true;
        Ok(())
    }

    fn order(&mut self, (order, matter, organ): (&str, &str, &str)) -> Result<&mut Order, Problem> {
        let (matter, organ) = (uuid(matter)?, uuid(organ)?);
        let fresh = Order {
            matter,
            organ,
            failure: None,
            answered: false,
        };
        Ok(self.orders.entry(uuid(order)?).or_insert(fresh))
    }

    fn recipient(
        &mut self,
        alert: &str,
        organ: &str,
        level: &str,
    ) -> Result<&mut Recipient, Problem> {
        let organ: OrganId = id(organ)?;
        let recipient = self
            .recipients
            .entry((uuid(alert)?, organ.uuid()))
            .or_default();
        recipient.level = word(level, "LEVEL_");
        Ok(recipient)
    }

    fn raise(&mut self, fact: &AlertRaised) -> Result<(), Problem> {
        let level = fact.recipient_level().as_str_name();
        let matters = fact.matter_ids.iter().map(|matter| uuid(matter));
        let matters = matters.collect::<Result<_, _>>()?;
        let recipient = self.recipient(&fact.alert_id, &fact.recipient_organ, level)?;
        recipient.addressed = true;
        recipient.place = Some(fact.place_code.clone());
        recipient.matters = matters;
        Ok(())
    }

    fn deliver(&mut self, fact: &AlertDelivered) -> Result<(), Problem> {
        let level = fact.recipient_level().as_str_name();
        self.recipient(&fact.alert_id, &fact.recipient_organ, level)?
            .delivered = true;
        Ok(())
    }

    fn acknowledge(&mut self, fact: &AlertAcknowledged) -> Result<(), Problem> {
        let level = fact.recipient_level().as_str_name();
        let recipient = self.recipient(&fact.alert_id, &fact.recipient_organ, level)?;
        // the first counts: one that lapsed and came again is late without undoing it
        recipient
            .acknowledged
            .get_or_insert(if fact.late { "late" } else { "in_time" });
        Ok(())
    }

    fn escalate(&mut self, fact: &AlertEscalated) -> Result<(), Problem> {
        let level = fact.recipient_level().as_str_name();
        let recipient = self.recipient(&fact.alert_id, &fact.recipient_organ, level)?;
        recipient.escalations = recipient
            .escalations
            .max(i32::try_from(fact.count).unwrap_or(i32::MAX));
        Ok(())
    }
}

fn broken(words: String) -> Problem {
    Problem::Unexpected(format!("an event breaks the contract: {words}"))
}

fn id<K: Kind>(text: &str) -> Result<Id<K>, Problem> {
    text.parse().map_err(|error| broken(format!("{error}")))
}

/// The uuid of an id of any kind: its prefix was checked by whoever told it.
fn uuid(text: &str) -> Result<Uuid, Problem> {
    let hex = text.rsplit_once('_').map_or(text, |(_, hex)| hex);
    Uuid::parse_str(hex).map_err(|error| broken(format!("{text} is no id: {error}")))
}

fn uuid_if_given(text: &str) -> Result<Option<Uuid>, Problem> {
    (!text.is_empty()).then(|| uuid(text)).transpose()
}

fn date(text: &str) -> Result<Date, Problem> {
    text.parse()
        .map_err(|error| broken(format!("{text} is no date: {error}")))
}

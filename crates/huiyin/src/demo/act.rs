//! What petitioners, organs and duty desks do, each through a public rpc with a request id of its own.

mod duty;
mod matter;
mod orders;
mod remedy;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use huiyin_domain::calendar::WorkCalendar;
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::Remedy;
use huiyin_proto::intake::v1::{BatchGetMattersRequest, Matter};

use super::plan::YearPlan;
use crate::connect::{Clients, by, persist};

/// Something that will be done at an instant.
#[derive(Clone, Debug)]
pub enum Act {
    /// A matter is raised.
    Register(usize),
    /// The organ answers the forwarding.
    Answer(usize),
    /// The sender agrees to the objection.
    AgreeToObjection(usize),
    /// The sender upholds the forwarding.
    RefuseObjection(usize),
    /// The organ answers after an objection was decided.
    AnswerAgain(usize),
    /// The organ's head extends the opinion clock.
    Extend(usize),
    /// The organ issues its opinion.
    IssueOpinion(usize),
    /// The reply is delivered.
    Deliver(usize),
    /// The petitioner evaluates.
    Evaluate(usize),
    /// The petitioner asks the organ above for the next remedy.
    AskRemedy(usize, Remedy),
    /// The organ above delivers its opinion.
    DeliverRemedy(usize, Remedy),
    /// The petitioner withdraws.
    Withdraw(usize),
    /// An organ reports at the first time.
    Raise(usize),
    /// A duty desk acknowledges.
    Acknowledge {
        /// Id of the alert.
        alert: String,
        /// The recipient.
        organ: String,
    },
    /// The desks that an escalation added acknowledge too.
    AcknowledgeRest(String),
    /// The organ that reported an alert, or the register for it, says how it ended.
    ReportEnd {
        /// The alert.
        alert: String,
        /// The organ.
        organ: String,
        /// How many persons were concerned.
        persons: u32,
    },
    /// Nothing but the time: an acknowledgement falls due here.
    LetTimePass,
    /// Organs answer the orders they were given.
    AnswerOrders,
}

impl Act {
    /// The matter this act looks at before it is done.
    fn looks_at(&self) -> Option<usize> {
        match self {
            Self::Answer(index)
            | Self::AgreeToObjection(index)
            | Self::RefuseObjection(index)
            | Self::Extend(index)
            | Self::AnswerAgain(index)
            | Self::IssueOpinion(index)
            | Self::Deliver(index)
            | Self::AskRemedy(index, _)
            | Self::Withdraw(index) => Some(*index),
            Self::Register(_)
            | Self::Evaluate(_)
            | Self::DeliverRemedy(..)
            | Self::Raise(_)
            | Self::Acknowledge { .. }
            | Self::AcknowledgeRest(_)
            | Self::ReportEnd { .. }
            | Self::LetTimePass
            | Self::AnswerOrders => None,
        }
    }

    /// A stable order among the acts of one instant.
    #[must_use]
    pub fn order(&self) -> (u8, usize, String) {
        match self {
            Self::Register(index) => (0, *index, String::new()),
            Self::Answer(index) => (1, *index, String::new()),
            Self::AgreeToObjection(index) => (2, *index, String::new()),
            Self::RefuseObjection(index) => (3, *index, String::new()),
            Self::Extend(index) => (4, *index, String::new()),
            Self::AnswerAgain(index) => (13, *index, String::new()),
            Self::IssueOpinion(index) => (5, *index, String::new()),
            Self::Deliver(index) => (6, *index, String::new()),
            Self::Evaluate(index) => (7, *index, String::new()),
            Self::Withdraw(index) => (8, *index, String::new()),
            Self::AskRemedy(index, remedy) => (15, *index, remedy.to_string()),
            Self::DeliverRemedy(index, remedy) => (16, *index, remedy.to_string()),
            Self::Raise(index) => (9, *index, String::new()),
            Self::Acknowledge { alert, organ } => (10, 0, format!("{alert}{organ}")),
            Self::AcknowledgeRest(alert) => (14, 0, alert.clone()),
            Self::ReportEnd { alert, .. } => (17, 0, alert.clone()),
            Self::LetTimePass => (11, 0, String::new()),
            Self::AnswerOrders => (12, 0, String::new()),
        }
    }
}

/// Matters read in one call.
const LOOKED_AT_ONCE: usize = 500;

/// What follows from an act.
pub type Next = Vec<(Instant, Act)>;

/// A receipt, as the petitioner keeps it.
#[derive(Clone, Debug)]
pub(super) struct Receipt {
    pub(super) matter: String,
    pub(super) number: String,
    pub(super) query_code: String,
}

/// Everybody who acts.
pub struct Actors {
    clients: Clients,
    plan: Arc<YearPlan>,
    calendar: &'static WorkCalendar,
    office: String,
    receipts: Mutex<HashMap<usize, Receipt>>,
    indexes: Mutex<HashMap<String, usize>>,
    gathered: Mutex<Vec<usize>>,
    /// The organ above that was last asked for a remedy.
    asked_above: Mutex<HashMap<usize, String>>,
    /// The matters that the acts of this instant look at, as they stand.
    seen: Mutex<HashMap<String, Matter>>,
}

impl Actors {
    /// Actors over these services; `office` is the petition office that registers.
    #[must_use]
    pub fn new(clients: Clients, plan: Arc<YearPlan>, office: String) -> Self {
        Self {
            clients,
            plan,
            calendar: WorkCalendar::embedded(),
            office,
            receipts: Mutex::default(),
            indexes: Mutex::default(),
            gathered: Mutex::default(),
            asked_above: Mutex::default(),
            seen: Mutex::default(),
        }
    }

    /// Reads the matters that the acts of an instant look at, before any of them is done.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn look(&self, acts: &[Act]) -> Result<()> {
        let looked_at = acts.iter().filter_map(Act::looks_at);
        let matter_ids = looked_at
            .map(|index| Ok(self.receipt(index)?.matter))
            .collect::<Result<Vec<_>>>()?;
        let mut seen = HashMap::new();
        for ids in matter_ids.chunks(LOOKED_AT_ONCE) {
            let request = BatchGetMattersRequest {
                matter_ids: ids.to_vec(),
            };
            let intake = &self.clients.intake;
            let read = persist("reading matters", || {
                let (mut intake, request) = (
                    intake.clone(),
                    by(&self.office, "sealed-desk", request.clone()),
                );
                async move { intake.batch_get_matters(request).await }
            })
            .await?;
            seen.extend(
                read.matters
                    .into_iter()
                    .map(|matter| (matter.matter_id.clone(), matter)),
            );
        }
        *lock(&self.seen) = seen;
        Ok(())
    }

    /// Does one act; gives what follows from it.
    ///
    /// # Errors
    /// When the act is refused.
    pub async fn perform(&self, at: Instant, act: Act) -> Result<Next> {
        match act {
            Act::Register(index) => self.register(at, index).await,
            Act::Answer(index) => self.answer(at, index).await,
            Act::AgreeToObjection(index) => self.agree_to_objection(at, index).await,
            Act::RefuseObjection(index) => self.refuse_objection(at, index).await,
            Act::Extend(index) => self.extend(index).await,
            Act::AnswerAgain(index) => self.answer_again(at, index).await,
            Act::IssueOpinion(index) => self.issue_opinion(at, index).await,
            Act::Deliver(index) => self.deliver(at, index).await,
            Act::Evaluate(index) => self.evaluate(index).await,
            Act::Withdraw(index) => self.withdraw(index).await,
            Act::AskRemedy(index, remedy) => self.ask_remedy(at, index, remedy).await,
            Act::DeliverRemedy(index, remedy) => self.deliver_remedy(at, index, remedy).await,
            Act::Raise(index) => self.raise(at, index).await,
            Act::Acknowledge { alert, organ } => self.acknowledge(alert, organ).await,
            Act::AcknowledgeRest(alert) => self.acknowledge_rest(alert).await,
            Act::ReportEnd {
                alert,
                organ,
                persons,
            } => self.report_end(alert, organ, persons).await,
            Act::LetTimePass => Ok(Vec::new()),
            Act::AnswerOrders => self.answer_orders(at).await,
        }
    }

    /// What follows from an instant once everything has come to rest: the desks that were alarmed by
    /// a large visit plan their acknowledgements.
    ///
    /// # Errors
    /// When the alerts cannot be listed.
    pub async fn after(&self, at: Instant) -> Result<Next> {
        let gathered = std::mem::take(&mut *lock(&self.gathered));
        let mut next = Vec::new();
        for index in gathered {
            next.extend(self.answer_gathering(at, index).await?);
        }
        Ok(next)
    }

    /// Number and query code of a matter, for the hints at the end.
    #[must_use]
    pub fn example(&self) -> Option<(String, String)> {
        let receipts = lock(&self.receipts);
        let first = receipts.keys().min()?;
        receipts
            .get(first)
            .map(|receipt| (receipt.number.clone(), receipt.query_code.clone()))
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

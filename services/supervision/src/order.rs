//! A supervise order: to an organ, for its own failure.

use std::fmt;
use std::str::FromStr;

use huiyin_domain::calendar::WorkCalendar;
use huiyin_domain::ids::{MatterId, OrderId, OrganId};
use huiyin_domain::law::rules;
use huiyin_domain::supervision::{FailureCode, order_due};
use huiyin_domain::time::{Date, Instant, local_date};

use crate::deadline::{Deadline, Key};

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// Its id.
    pub(crate) id: OrderId,
    /// The matter.
    pub(crate) matter: MatterId,
    /// The organ that must act.
    pub(crate) organ: OrganId,
    /// What it failed.
    pub(crate) failure: FailureCode,
    /// The clock that passed.
    pub(crate) clock: Key,
    /// When it was given.
    pub(crate) issued_at: Instant,
    /// Day by which it must be answered.
    pub(crate) due: Date,
    /// Its state.
    pub(crate) state: OrderState,
    /// Why, in words.
    pub(crate) words: String,
}

/// Whether an order was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderState {
    /// Waits for the organ's answer.
    Open,
    /// Answered by the organ.
    Answered,
    /// Taken back by a named post.
    Withdrawn,
}

impl OrderState {
    /// The word as it is stored.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for OrderState {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        [Self::Open, Self::Answered, Self::Withdrawn]
            .into_iter()
            .find(|state| state.as_str() == given)
            .ok_or_else(|| format!("{given:?} is no state of an order"))
    }
}

/// The order for a deadline that passed, given now.
pub(crate) fn issue(
    id: OrderId,
    matter: MatterId,
    deadline: &Deadline,
    failure: FailureCode,
    (now, calendar): (Instant, &WorkCalendar),
) -> Order {
    let due = order_due(local_date(now), calendar).rolled;
    Order {
        id,
        matter,
        organ: deadline.organ,
        failure,
        clock: deadline.key(),
        issued_at: now,
        due,
        state: OrderState::Open,
        words: words(deadline, failure, due),
    }
}

fn words(deadline: &Deadline, failure: FailureCode, answer_by: Date) -> String {
    let rule = rules().rule_on(deadline.kind, local_date(deadline.started));
    let duty = match failure {
        FailureCode::NotForwarded => "the matter was not transferred, assigned or answered",
        FailureCode::NotAccepted | FailureCode::NoWrittenNotice => {
            "the petitioner got no written notice of acceptance or decline"
        }
        FailureCode::NotFinished => "the matter was not finished and its result not delivered",
        FailureCode::RecommendationIgnored => "the recommendation was not answered",
        FailureCode::NotRegistered
        | FailureCode::Shirking
        | FailureCode::WrongProcedure
        | FailureCode::OpinionNotCarriedOut
        | FailureCode::WellFoundedNotSupported
        | FailureCode::ReportConcealedFalseOrLate
        | FailureCode::DenunciationLeaked
        | FailureCode::Retaliation => "a duty was not done",
    };
    format!(
        "By the due day {} {duty} (rule {}, article {}, version {}). Do what is owed and answer by {answer_by} \
         what was done and why it is late.",
        deadline.due.rolled, rule.id, rule.article, rule.version,
    )
}

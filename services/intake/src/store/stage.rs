//! A stage as columns: the word, and what is true at that stage.

use chrono::{DateTime, Utc};
use huiyin_domain::ids::{OpinionId, OrganId};
use huiyin_domain::matter::Stage;
use huiyin_service_kit::status::Problem;
use uuid::Uuid;

use super::word;

/// The columns of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    /// The word.
    pub(crate) stage: String,
    /// The organ that has the matter.
    pub(crate) organ: Option<Uuid>,
    /// Since when.
    pub(crate) at: DateTime<Utc>,
    /// The opinion not yet delivered.
    pub(crate) opinion: Option<Uuid>,
    /// Why it was declined.
    pub(crate) reason: Option<String>,
}

impl TryFrom<Columns> for Stage {
    type Error = Problem;

    fn try_from(columns: Columns) -> Result<Self, Problem> {
        let missing = || {
            Problem::Unexpected(format!(
                "a matter is {} without what belongs to it",
                columns.stage
            ))
        };
        let at = columns.at;
        let organ = columns.organ.map(OrganId::from_uuid).ok_or_else(missing);
        let opinion = columns
            .opinion
            .map(OpinionId::from_uuid)
            .ok_or_else(missing);
        Ok(match columns.stage.as_str() {
            "registered" => Self::Registered,
            "forwarded" => Self::Forwarded { to: organ?, at },
            "accepted" => Self::Accepted { by: organ?, at },
            "declined" => {
                let reason = columns.reason.as_deref().ok_or_else(missing)?;
                Self::Declined {
                    by: organ?,
                    at,
                    reason: word("matter.stage_reason", reason)?,
                }
            }
            "opinion_issued" => Self::OpinionIssued {
                by: organ?,
                opinion: opinion?,
                at,
            },
            "replied" => Self::Replied { by: organ?, at },
            "referred" => Self::Referred { to: organ?, at },
            "withdrawn" => Self::Withdrawn { at },
            other => {
                return Err(Problem::Unexpected(format!(
                    "column matter.stage: {other:?} is no stage"
                )));
            }
        })
    }
}

impl Columns {
    /// The columns of a stage reached at `at`.
    pub(crate) fn of(stage: &Stage, at: DateTime<Utc>) -> Self {
        let (opinion, reason) = match stage {
            Stage::OpinionIssued { opinion, .. } => (Some(opinion.uuid()), None),
            Stage::Declined { reason, .. } => (None, Some(reason.to_string())),
            Stage::Registered
            | Stage::Forwarded { .. }
            | Stage::Accepted { .. }
            | Stage::Replied { .. }
            | Stage::Referred { .. }
            | Stage::Withdrawn { .. } => (None, None),
        };
        Self {
            stage: stage.as_str().to_owned(),
            organ: stage.organ().map(OrganId::uuid),
            at,
            opinion,
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use huiyin_domain::vocabulary::DeclineReason;

    use super::*;

    #[test]
    fn every_stage_reads_back_from_its_columns() {
        let at = "2025-03-03T01:00:00Z".parse().unwrap();
        let organ = OrganId::from_uuid(Uuid::from_u128(7));
        let opinion = OpinionId::from_uuid(Uuid::from_u128(8));
        for stage in [
            Stage::Registered,
            Stage::Forwarded { to: organ, at },
            Stage::Accepted { by: organ, at },
            Stage::Declined {
                by: organ,
                at,
                reason: DeclineReason::AlreadyFinal,
            },
            Stage::OpinionIssued {
                by: organ,
                opinion,
                at,
            },
            Stage::Replied { by: organ, at },
            Stage::Referred { to: organ, at },
            Stage::Withdrawn { at },
        ] {
            assert_eq!(Stage::try_from(Columns::of(&stage, at)).unwrap(), stage);
        }
    }

    #[test]
    fn a_stage_without_its_organ_is_not_read() {
        let at = "2025-03-03T01:00:00Z".parse().unwrap();
        let columns = Columns {
            stage: "accepted".to_owned(),
            organ: None,
            at,
            opinion: None,
            reason: None,
        };
        assert!(Stage::try_from(columns).is_err());
    }
}

//! Periodic reports (定期报告) of organs to those above them, and the rolling ledger of disputes (矛盾纠纷台账).
//!
//! A schedule says which organ reports to which, how often and since when; its periods follow from it by the calendar alone.
//! A zero report is due like any other. Late, missing, corrected and false reports are recorded as such, and fall on organs,
//! never on the number of people who petition.

mod ledger;
mod order;
mod report;
mod schedule;

pub use ledger::{Entries, LedgerFault, carry_over};
pub use order::{OrderAnswer, OrderRefused, answer_order};
pub use report::{ReportAction, ReportRefused, ReportState, Submission};
pub use schedule::{
    Edge, EdgeFault, Frequency, NotAPeriod, Period, Periods, ReportKind, Schedule, ScheduleFault,
    first_in_conflict, usual_frequency,
};

use crate::word::words;

words! {
    /// 信息分类: how soon a report must be read. An urgent one is no report of a period: it is raised "at the first time".
    ReportClass {
        /// 每周信息: the information of a period.
        Information = "information",
        /// 重要信息: at any time.
        Important = "important",
        /// 紧急信息: at the first time, as an alert.
        Urgent = "urgent",
    }
}

words! {
    /// 风险等级 of a decision or project, as its assessment found.
    RiskLevel {
        /// 低风险.
        Low = "low",
        /// 中风险.
        Medium = "medium",
        /// 高风险.
        High = "high",
    }
}

words! {
    /// What is assessed.
    AssessedKind {
        /// 重大决策: a decision.
        Decision = "decision",
        /// 重大项目: a project.
        Project = "project",
    }
}

words! {
    /// What the organ does with what was assessed.
    RiskOutcome {
        /// 可以实施: it is carried out.
        CarryOut = "carry_out",
        /// 采取措施后实施: it is carried out after the measures.
        CarryOutWithMeasures = "carry_out_with_measures",
        /// 暂缓实施: it is put off.
        PutOff = "put_off",
        /// 不实施: it is dropped.
        Drop = "drop",
    }
}

impl RiskOutcome {
    /// Whether this may follow from a risk of this level: what is of high risk is put off or dropped, and what is not of low
    /// risk is carried out only with measures.
    #[must_use]
    pub const fn may_follow(self, risk: RiskLevel) -> bool {
        match (risk, self) {
            (RiskLevel::Low, _) | (_, Self::PutOff | Self::Drop) => true,
            (RiskLevel::Medium, Self::CarryOutWithMeasures) => true,
            (RiskLevel::Medium, Self::CarryOut)
            | (RiskLevel::High, Self::CarryOut | Self::CarryOutWithMeasures) => false,
        }
    }

    /// What may follow from a risk of this level, in order.
    #[must_use]
    pub fn following(risk: RiskLevel) -> Vec<Self> {
        let all = Self::all().iter().copied();
        all.filter(|outcome| outcome.may_follow(risk)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_higher_the_risk_the_less_may_be_done() {
        let left = |risk| RiskOutcome::following(risk).len();
        assert_eq!(
            RiskLevel::all()
                .iter()
                .map(|risk| left(*risk))
                .collect::<Vec<_>>(),
            [4, 3, 2]
        );
        assert!(!RiskOutcome::CarryOut.may_follow(RiskLevel::Medium));
    }
}

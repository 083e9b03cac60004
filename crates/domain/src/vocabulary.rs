//! The words of a petition office, one enum a word list. The texts are those of SQL columns and events.

use crate::word::words;

words! {
    /// 层级: how high an organ or a place stands. Ordered from the village up.
    Level {
        /// 村.
        Village = "village",
        /// 乡镇.
        Township = "township",
        /// 县.
        County = "county",
        /// 市.
        City = "city",
        /// 省.
        Province = "province",
        /// 国家.
        Nation = "nation",
    }
}

impl Level {
    /// The next-higher level; none above the nation.
    #[must_use]
    pub const fn above(self) -> Option<Self> {
        match self {
            Self::Village => Some(Self::Township),
            Self::Township => Some(Self::County),
            Self::County => Some(Self::City),
            Self::City => Some(Self::Province),
            Self::Province => Some(Self::Nation),
            Self::Nation => None,
        }
    }
}

words! {
    /// 形式: how a matter was raised (art. 17).
    Channel {
        /// 来信, counted in pieces.
        Letter = "letter",
        /// 来访, counted in batches and persons.
        Visit = "visit",
        /// 来电, counted in pieces.
        Call = "call",
        /// 网上, counted in pieces.
        Online = "online",
        /// 传真, counted in pieces.
        Fax = "fax",
        /// 领导信箱, counted in pieces.
        LeaderMailbox = "leader_mailbox",
    }
}

words! {
    /// 计量单位: what a channel is counted in. Units are never added up.
    Unit {
        /// 批: one visit, however many came.
        Batches = "batches",
        /// 人次.
        Persons = "persons",
        /// 件.
        Pieces = "pieces",
    }
}

words! {
    /// 类别: the three categories of matters (art. 29-31).
    Category {
        /// 建议意见 (art. 29).
        Suggestion = "suggestion",
        /// 检举控告 (art. 30); sealed.
        Denunciation = "denunciation",
        /// 申诉求决 (art. 31).
        Claim = "claim",
    }
}

words! {
    /// 成因: what a matter comes from.
    Cause {
        /// Administrative or judicial enforcement.
        Enforcement = "enforcement",
        /// A labour dispute.
        LabourDispute = "labour_dispute",
        /// Misconduct of an official.
        OfficialMisconduct = "official_misconduct",
        /// A dispute between citizens.
        CivilDispute = "civil_dispute",
        /// Construction of a project.
        ProjectConstruction = "project_construction",
        /// A policy.
        Policy = "policy",
    }
}

words! {
    /// How a matter goes from organ to organ (art. 22).
    ForwardingKind {
        /// 转送: handed to the competent organ.
        Transfer = "transfer",
        /// 交办: the same with a set limit and a completion report back.
        Assign = "assign",
        /// 下交: handed to the petition office of a lower level, which forwards it on.
        HandDown = "hand_down",
        /// 上报: handed to the petition office of a higher level, which forwards it on.
        ReportUp = "report_up",
        /// 导入法定途径: referred to a statutory channel; petition work on the matter ends.
        Refer = "refer",
    }
}

words! {
    /// The opinion of the handling organ on the request (art. 32).
    OpinionKind {
        /// 支持: the request is supported.
        Support = "support",
        /// 部分支持: a part of it is.
        SupportPartly = "support_partly",
        /// 解释: it is reasonable, conditions are not there yet; explained.
        Explain = "explain",
        /// 不予支持: not supported.
        NotSupport = "not_support",
    }
}

words! {
    /// The lawful reasons not to accept a matter. A decline names one and the right channel.
    DeclineReason {
        /// Not within the organ's competence (art. 23).
        OutsideCompetence = "outside_competence",
        /// A statutory procedure is the way (art. 31).
        StatutoryRoute = "statutory_route",
        /// The same facts and reasons have had their final re-examination (art. 36).
        AlreadyFinal = "already_final",
        /// The same matter is being handled or reviewed (art. 35, 36).
        InHandling = "in_handling",
    }
}

words! {
    /// The petitioner's word on how a matter was handled. Silence is none of these.
    Satisfaction {
        /// 满意.
        Satisfied = "satisfied",
        /// 基本满意.
        BasicallySatisfied = "basically_satisfied",
        /// 不满意.
        NotSatisfied = "not_satisfied",
    }
}

words! {
    /// Who is evaluated; one evaluation per addressee.
    EvaluationAddressee {
        /// The petition office.
        PetitionOffice = "petition_office",
        /// The handling organ.
        HandlingOrgan = "handling_organ",
    }
}

words! {
    /// The six routes of a claim (art. 31). Only the sixth runs the 60-day opinion clock.
    StatutoryRoute {
        /// Courts, prosecution, police procedure: the political-legal channel (art. 31(1)).
        Litigation = "litigation",
        /// Arbitration (art. 31(2)).
        Arbitration = "arbitration",
        /// Appeal of a party member, application for re-trial of a party decision (art. 31(3)).
        PartyAppeal = "party_appeal",
        /// Reconsideration, ruling, confirmation, licence, penalty (art. 31(4)).
        AdministrativeProcedure = "administrative_procedure",
        /// Application that an organ perform a duty or act on a violation (art. 31(5)).
        PerformanceOfDuty = "performance_of_duty",
        /// None of these: heard, investigated and answered with an opinion (art. 31(6)).
        PetitionProcedure = "petition_procedure",
    }
}

words! {
    /// What is reported at the first time (art. 25). A kind of problem, never a kind of person.
    UrgentKind {
        /// Danger to life or health.
        DangerToLife = "danger_to_life",
        /// A collective visit at or above the place's threshold.
        CollectiveVisit = "collective_visit",
        /// A failure of a service that affects many.
        ServiceFailure = "service_failure",
        /// An organ broke a promise.
        PromiseBroken = "promise_broken",
        /// Retaliation against a petitioner.
        Retaliation = "retaliation",
        /// Another major, urgent matter.
        Other = "other",
    }
}

words! {
    /// 救济: what a petitioner may ask the organ above for (art. 35, 36).
    Remedy {
        /// 复查 of the opinion (art. 35).
        Review = "review",
        /// 复核 of the review opinion (art. 36).
        Reexamination = "reexamination",
    }
}

words! {
    /// What the organ above says of the opinion below.
    RemedyOutcome {
        /// It stands.
        Upheld = "upheld",
        /// It is changed.
        Changed = "changed",
    }
}

words! {
    /// 三项建议: what a petition office can recommend to an organ (art. 40).
    RecommendationKind {
        /// 改进工作.
        ImproveWork = "improve_work",
        /// 完善政策.
        CompletePolicy = "complete_policy",
        /// 追究责任; to the organ that decides on it.
        HoldResponsible = "hold_responsible",
    }
}

words! {
    /// 采纳情况: what an organ makes of a recommendation.
    Adoption {
        /// 采纳.
        Adopted = "adopted",
        /// 部分采纳.
        PartlyAdopted = "partly_adopted",
        /// 不采纳.
        NotAdopted = "not_adopted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_and_serde_agrees() {
        for kind in UrgentKind::all() {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }

    #[test]
    fn an_unknown_word_is_answered_with_the_known_ones() {
        let refused = "dog".parse::<Category>().unwrap_err().to_string();
        assert_eq!(
            refused,
            "\"dog\" is no Category; allowed: suggestion, denunciation, claim"
        );
    }

    #[test]
    fn levels_stand_in_order_and_end_at_the_nation() {
        for pair in Level::all().windows(2) {
            assert!(pair[0] < pair[1]);
            assert_eq!(pair[0].above(), Some(pair[1]));
        }
        assert_eq!(Level::Nation.above(), None);
    }
}

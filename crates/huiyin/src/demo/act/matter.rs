//! The way of one matter: raised, answered, decided, delivered, evaluated.

use anyhow::{Context as _, Result};
use chrono::Days;
use huiyin_domain::time::{Date, Instant, local_date};
use huiyin_domain::vocabulary::{Category, Channel, Remedy, Satisfaction};
use huiyin_proto::intake::v1::{
    AcceptMatterRequest, DeclineMatterRequest, DeliverReplyRequest, EvaluateMatterRequest, Matter,
    Petitioner, RegisterMatterRequest, WithdrawMatterRequest,
};
use huiyin_proto::routing::v1::{
    AgreeToObjectionRequest, IssueOpinionRequest, ObjectToForwardingRequest, RefuseObjectionRequest,
};
use huiyin_proto::supervision::v1::ExtendDeadlineRequest;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::wire;

use super::{Act, Actors, Next, Receipt, lock};
use crate::connect::{by, persist};
use crate::demo::plan::{Answer, Conduct, PlannedMatter};
use crate::demo::trace;
use crate::demo::year::{afternoon, morning, working_day};

/// Visits from this size are followed by a trace; they become urgent.
const FOLLOWED_PERSONS: u32 = 50;

impl Actors {
    pub(super) async fn register(&self, at: Instant, index: usize) -> Result<Next> {
        let Some(planned) = self.plan.matters.get(index) else {
            return Ok(Vec::new());
        };
        let request = petition(planned, index, at, &self.office);
        let traced = (planned.persons >= FOLLOWED_PERSONS).then(trace::new_parent);
        let intake = &self.clients.intake;
        let receipt = persist("registering a matter", || {
            let (mut intake, mut request) = (
                intake.clone(),
                by(&self.office, "registration-desk", request.clone()),
            );
            if let Some(Ok(parent)) = traced.as_ref().map(|parent| parent.parse()) {
                request.metadata_mut().insert("traceparent", parent);
            }
            async move { intake.register_matter(request).await }
        })
        .await?;
        if traced.is_some() {
            lock(&self.gathered).push(index);
        }
        lock(&self.indexes).insert(receipt.matter_id.clone(), index);
        let (matter, number, query_code) = (receipt.matter_id, receipt.number, receipt.query_code);
        lock(&self.receipts).insert(
            index,
            Receipt {
                matter,
                number,
                query_code,
            },
        );
        let conduct = &planned.conduct;
        let mut next = vec![(self.later(at, conduct.answer_after), Act::Answer(index))];
        if let Some(days) = conduct.withdrawn_after {
            next.push((
                morning(local_date(at) + Days::new(days)),
                Act::Withdraw(index),
            ));
        }
        Ok(next)
    }

    /// Afternoon of the first working day, `days` after an instant.
    pub(super) fn later(&self, at: Instant, days: u64) -> Instant {
        let mut day: Date = working_day(self.calendar, local_date(at) + Days::new(days));
        if afternoon(day) <= at {
            day = working_day(self.calendar, day + Days::new(1));
        }
        afternoon(day)
    }

    pub(super) fn receipt(&self, index: usize) -> Result<Receipt> {
        lock(&self.receipts)
            .get(&index)
            .cloned()
            .context("an act came before its matter was registered")
    }

    pub(super) fn conduct(&self, index: usize) -> Result<&Conduct> {
        Ok(&self
            .plan
            .matters
            .get(index)
            .context("an act of no matter")?
            .conduct)
    }

    /// The matter as it stood before the acts of this instant.
    pub(super) fn matter(&self, index: usize) -> Result<Matter> {
        lock(&self.seen)
            .get(&self.receipt(index)?.matter)
            .cloned()
            .context("an act on a matter that intake does not have")
    }

    pub(super) async fn answer(&self, at: Instant, index: usize) -> Result<Next> {
        let matter = self.matter(index)?;
        if matter.stage() != words::Stage::Forwarded {
            return Ok(Vec::new()); // referred to a statutory channel, or withdrawn
        }
        match self.conduct(index)?.answer {
            Answer::Accept => self.accept(at, index, &matter).await,
            Answer::Decline => self.decline(index, &matter).await,
            Answer::ObjectAgreed | Answer::ObjectRefused => self.object(at, index, &matter).await,
        }
    }

    async fn accept(&self, at: Instant, index: usize, matter: &Matter) -> Result<Next> {
        let request = AcceptMatterRequest {
            matter_id: matter.matter_id.clone(),
            organ_id: matter.organ_id.clone(),
            request_id: format!("accept-{index}"),
        };
        let intake = &self.clients.intake;
        persist("accepting a matter", || {
            let (mut intake, request) = (
                intake.clone(),
                by(&matter.organ_id, handler(matter), request.clone()),
            );
            async move { intake.accept_matter(request).await }
        })
        .await?;
        let conduct = self.conduct(index)?;
        let mut next = Vec::new();
        if conduct.extended_by.is_some() {
            next.push((self.later(at, 50), Act::Extend(index)));
        }
        if let Some(days) = conduct.opinion_after {
            next.push((self.later(at, days), Act::IssueOpinion(index)));
        }
        Ok(next)
    }

    async fn decline(&self, index: usize, matter: &Matter) -> Result<Next> {
        let request = DeclineMatterRequest {
            matter_id: matter.matter_id.clone(),
            organ_id: matter.organ_id.clone(),
            reason: words::DeclineReason::StatutoryRoute.into(),
            right_channel: "apply to the court or the arbitration commission of the county"
                .to_owned(),
            request_id: format!("decline-{index}"),
        };
        let intake = &self.clients.intake;
        persist("declining a matter", || {
            let (mut intake, request) = (
                intake.clone(),
                by(&matter.organ_id, handler(matter), request.clone()),
            );
            async move { intake.decline_matter(request).await }
        })
        .await?;
        Ok(Vec::new())
    }

    async fn object(&self, at: Instant, index: usize, matter: &Matter) -> Result<Next> {
        let request = ObjectToForwardingRequest {
            request_id: format!("object-{index}"),
            matter_id: matter.matter_id.clone(),
            organ_id: matter.organ_id.clone(),
            reason: "the subject is not among this organ's functions".to_owned(),
        };
        let routing = &self.clients.routing;
        persist("objecting to a forwarding", || {
            let (mut routing, request) = (
                routing.clone(),
                by(&matter.organ_id, handler(matter), request.clone()),
            );
            async move { routing.object_to_forwarding(request).await }
        })
        .await?;
        let agreed = self.conduct(index)?.answer == Answer::ObjectAgreed;
        let act = if agreed {
            Act::AgreeToObjection(index)
        } else {
            Act::RefuseObjection(index)
        };
        Ok(vec![(self.later(at, 2), act)])
    }

    pub(super) async fn agree_to_objection(&self, at: Instant, index: usize) -> Result<Next> {
        if !self.is_open(index)? {
            return Ok(Vec::new());
        }
        let request = AgreeToObjectionRequest {
            request_id: format!("agree-{index}"),
            matter_id: self.receipt(index)?.matter,
            to_organ: String::new(),
            post: "head of the forwarding section".to_owned(),
        };
        let routing = &self.clients.routing;
        persist("agreeing to an objection", || {
            let (mut routing, request) = (
                routing.clone(),
                by(&self.office, "sealed-desk", request.clone()),
            );
            async move { routing.agree_to_objection(request).await }
        })
        .await?;
        Ok(vec![(self.later(at, 6), Act::AnswerAgain(index))])
    }

    pub(super) async fn refuse_objection(&self, at: Instant, index: usize) -> Result<Next> {
        if !self.is_open(index)? {
            return Ok(Vec::new());
        }
        let request = RefuseObjectionRequest {
            request_id: format!("refuse-{index}"),
            matter_id: self.receipt(index)?.matter,
            post: "head of the forwarding section".to_owned(),
            reason: "the organ's published functions name this subject".to_owned(),
        };
        let routing = &self.clients.routing;
        persist("refusing an objection", || {
            let (mut routing, request) = (
                routing.clone(),
                by(&self.office, "sealed-desk", request.clone()),
            );
            async move { routing.refuse_objection(request).await }
        })
        .await?;
        Ok(vec![(self.later(at, 5), Act::AnswerAgain(index))])
    }

    /// After an objection was decided, the competent organ accepts.
    pub(super) async fn answer_again(&self, at: Instant, index: usize) -> Result<Next> {
        let matter = self.matter(index)?;
        if matter.stage() != words::Stage::Forwarded {
            return Ok(Vec::new());
        }
        self.accept(at, index, &matter).await
    }

    fn is_open(&self, index: usize) -> Result<bool> {
        Ok(self.matter(index)?.stage() == words::Stage::Forwarded)
    }

    pub(super) async fn extend(&self, index: usize) -> Result<Next> {
        let matter = self.matter(index)?;
        let planned = self
            .plan
            .matters
            .get(index)
            .context("an act of no matter")?;
        let Some(days) = planned.conduct.extended_by else {
            return Ok(Vec::new());
        };
        if matter.stage() != words::Stage::Accepted || planned.category != Category::Claim {
            return Ok(Vec::new()); // only the claims of the sixth route have an opinion clock
        }
        let request = ExtendDeadlineRequest {
            request_id: format!("extend-{index}"),
            matter_id: matter.matter_id,
            organ_id: matter.organ_id,
            days,
            approved_by_post: "head of the organ".to_owned(),
            reason: "an expert survey is still under way".to_owned(),
        };
        let supervision = &self.clients.supervision;
        persist("extending a deadline", || {
            let (mut supervision, request) = (
                supervision.clone(),
                by(&request.organ_id, "head", request.clone()),
            );
            async move { supervision.extend_deadline(request).await }
        })
        .await?;
        Ok(Vec::new())
    }

    pub(super) async fn issue_opinion(&self, at: Instant, index: usize) -> Result<Next> {
        let matter = self.matter(index)?;
        if matter.stage() != words::Stage::Accepted {
            return Ok(Vec::new());
        }
        let post = handler(&matter);
        let kinds = [
            words::OpinionKind::Support,
            words::OpinionKind::SupportPartly,
            words::OpinionKind::Explain,
            words::OpinionKind::NotSupport,
        ];
        let request = IssueOpinionRequest {
            request_id: format!("opinion-{index}"),
            matter_id: matter.matter_id,
            organ_id: matter.organ_id,
            kind: kinds
                .get(index % kinds.len())
                .copied()
                .unwrap_or_default()
                .into(),
            reasons: "The facts were examined on site and with the documents of the case."
                .to_owned(),
            legal_basis: "Regulations on Petition Work, article 32".to_owned(),
        };
        let routing = &self.clients.routing;
        persist("issuing an opinion", || {
            let (mut routing, request) = (
                routing.clone(),
                by(&request.organ_id, post, request.clone()),
            );
            async move { routing.issue_opinion(request).await }
        })
        .await?;
        Ok(vec![(
            self.later(at, self.conduct(index)?.delivered_after),
            Act::Deliver(index),
        )])
    }

    pub(super) async fn deliver(&self, at: Instant, index: usize) -> Result<Next> {
        let matter = self.matter(index)?;
        if matter.stage() != words::Stage::OpinionIssued {
            return Ok(Vec::new());
        }
        let post = handler(&matter);
        let request = DeliverReplyRequest {
            matter_id: matter.matter_id,
            organ_id: matter.organ_id,
            request_id: format!("deliver-{index}"),
        };
        let intake = &self.clients.intake;
        persist("delivering a reply", || {
            let (mut intake, request) =
                (intake.clone(), by(&request.organ_id, post, request.clone()));
            async move { intake.deliver_reply(request).await }
        })
        .await?;
        let evaluates = self.conduct(index)?.evaluation.is_some();
        let when = morning(local_date(at) + Days::new(3));
        let evaluation = evaluates.then_some((when, Act::Evaluate(index)));
        let review = self.next_remedy(at, index, Remedy::Review)?;
        Ok(evaluation.into_iter().chain(review).collect())
    }

    pub(super) async fn evaluate(&self, index: usize) -> Result<Next> {
        let receipt = self.receipt(index)?;
        let Some(satisfaction) = self.conduct(index)?.evaluation else {
            return Ok(Vec::new());
        };
        let satisfaction = match satisfaction {
            Satisfaction::Satisfied => words::Satisfaction::Satisfied,
            Satisfaction::BasicallySatisfied => words::Satisfaction::BasicallySatisfied,
            Satisfaction::NotSatisfied => words::Satisfaction::NotSatisfied,
        };
        for (name, addressee) in [
            ("organ", words::EvaluationAddressee::HandlingOrgan),
            ("office", words::EvaluationAddressee::PetitionOffice),
        ] {
            let request = EvaluateMatterRequest {
                number: receipt.number.clone(),
                query_code: receipt.query_code.clone(),
                addressee: addressee.into(),
                satisfaction: satisfaction.into(),
                text: String::new(),
                request_id: format!("evaluate-{name}-{index}"),
            };
            let intake = &self.clients.intake;
            persist("evaluating", || {
                let (mut intake, request) = (
                    intake.clone(),
                    by(&self.office, "registration-desk", request.clone()),
                );
                async move { intake.evaluate_matter(request).await }
            })
            .await?;
        }
        Ok(Vec::new())
    }

    pub(super) async fn withdraw(&self, index: usize) -> Result<Next> {
        let stage = self.matter(index)?.stage();
        let open = [
            words::Stage::Registered,
            words::Stage::Forwarded,
            words::Stage::Accepted,
        ];
        if !open.contains(&stage) {
            return Ok(Vec::new());
        }
        let receipt = self.receipt(index)?;
        let request = WithdrawMatterRequest {
            number: receipt.number,
            query_code: receipt.query_code,
            request_id: format!("withdraw-{index}"),
        };
        let intake = &self.clients.intake;
        persist("withdrawing a matter", || {
            let (mut intake, request) = (
                intake.clone(),
                by(&self.office, "registration-desk", request.clone()),
            );
            async move { intake.withdraw_matter(request).await }
        })
        .await?;
        Ok(Vec::new())
    }
}

/// The post that works on a matter.
fn handler(matter: &Matter) -> &'static str {
    match matter.category() {
        words::Category::Denunciation => "sealed-desk",
        words::Category::Claim | words::Category::Suggestion | words::Category::Unspecified => {
            "handler"
        }
    }
}

/// The petition of a planned matter. The petitioner is made up and can be nobody: no phone begins with 12, no identity card with a
/// letter. Whoever looks for what must not leave the vault finds all of it by its beginning (`integration-tests/tests/payload.rs`).
fn petition(
    planned: &PlannedMatter,
    index: usize,
    at: Instant,
    office: &str,
) -> RegisterMatterRequest {
    let channel = match planned.channel {
        Channel::Letter => words::Channel::Letter,
        Channel::Visit => words::Channel::Visit,
        Channel::Call => words::Channel::Call,
        Channel::Online => words::Channel::Online,
        Channel::Fax => words::Channel::Fax,
        Channel::LeaderMailbox => words::Channel::LeaderMailbox,
    };
    let category = match planned.category {
        Category::Suggestion => words::Category::Suggestion,
        Category::Denunciation => words::Category::Denunciation,
        Category::Claim => words::Category::Claim,
    };
    let representatives = if planned.persons >= 5 { 5 } else { 0 };
    RegisterMatterRequest {
        request_id: format!("register-{index}"),
        channel: channel.into(),
        category: category.into(),
        subject: planned.subject.to_owned(),
        place_code: planned.place.clone(),
        received_by: office.to_owned(),
        received_time: Some(wire::timestamp(at)),
        petitioner: Some(Petitioner {
            name: format!("演示人{}", planned.petitioner),
            address: format!("演示巷{}号", planned.petitioner),
            phone: format!("1234567{:04}", planned.petitioner),
            id_number: format!("DEMO{:014}", planned.petitioner),
        }),
        persons: planned.persons,
        representatives: (1..=representatives)
            .map(|n| format!("演示代表{n}"))
            .collect(),
        main_request: format!(
            "generated request about {}",
            planned.subject.replace('_', " ")
        ),
        facts: "Generated from a seed; there is no public petition data.".to_owned(),
        agent: planned.agent,
        about_organ: String::new(),
    }
}

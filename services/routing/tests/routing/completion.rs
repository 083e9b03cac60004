//! An assignment is reported as completed, and the assigning organ rules.

use crate::city::*;
use huiyin_domain::ids::MatterId;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{MatterAccepted, ReplyDelivered};
use huiyin_proto::routing::v1::*;
use huiyin_proto::vocabulary::v1::{ForwardingKind, OpinionKind};
use huiyin_service_kit::chance;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

impl City {
    /// A matter that the city's petition office assigned to the county's schools.
    async fn assigned(&mut self) -> MatterId {
        let matter = self.claim("education").await;
        let request = ForwardMatterRequest {
            request_id: "f".to_owned(),
            matter_id: matter.to_string(),
            from_organ: sender(),
            to_organ: schools(),
            kind: ForwardingKind::Assign.into(),
            limit_days: 30,
            post: "head of the petition office".to_owned(),
            reason: "the county's schools".to_owned(),
            simplified: false,
        };
        let hop = self
            .client
            .forward_matter(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(hop.forwarding.unwrap().limit_days, 30);
        matter
    }

    async fn answered(&mut self, matter: MatterId) {
        let accepted = MatterAccepted {
            matter_id: matter.to_string(),
            organ_id: schools(),
        };
        self.hears(vec![Fact::MatterAccepted(accepted)]).await;
        let opinion = IssueOpinionRequest {
            request_id: "opinion".to_owned(),
            matter_id: matter.to_string(),
            organ_id: schools(),
            kind: OpinionKind::Support.into(),
            reasons: "the classroom is too small".to_owned(),
            legal_basis: "Education Law, article 29".to_owned(),
        };
        let issued = self
            .client
            .issue_opinion(opinion)
            .await
            .unwrap()
            .into_inner();
        let delivered = ReplyDelivered {
            matter_id: matter.to_string(),
            organ_id: schools(),
            opinion_id: issued.opinion_id,
        };
        self.hears(vec![Fact::ReplyDelivered(delivered)]).await;
    }

    async fn reports(&mut self, matter: MatterId, organ_id: String) -> Result<Completion, Status> {
        let request = ReportCompletionRequest {
            request_id: chance::new_uuid().to_string(),
            matter_id: matter.to_string(),
            organ_id,
            report: "a second classroom was opened".to_owned(),
        };
        let answer = self.client.report_completion(request).await?.into_inner();
        Ok(answer.forwarding.unwrap().completion.unwrap())
    }

    async fn accepts(&mut self, matter: MatterId, organ_id: String) -> Result<Completion, Status> {
        let request = AcceptCompletionRequest {
            request_id: chance::new_uuid().to_string(),
            matter_id: matter.to_string(),
            organ_id,
            post: "head of the petition office".to_owned(),
        };
        let answer = self.client.accept_completion(request).await?.into_inner();
        Ok(answer.forwarding.unwrap().completion.unwrap())
    }

    async fn returns(&mut self, matter: MatterId, organ_id: String) -> Result<Completion, Status> {
        let request = ReturnCompletionRequest {
            request_id: chance::new_uuid().to_string(),
            matter_id: matter.to_string(),
            organ_id,
            post: "head of the petition office".to_owned(),
            reason: "the approval form is missing".to_owned(),
        };
        let answer = self.client.return_completion(request).await?.into_inner();
        Ok(answer.forwarding.unwrap().completion.unwrap())
    }

    /// The names of the facts told about reports of completion.
    async fn completions(&self) -> Vec<&'static str> {
        let told = self.desk.told().await.unwrap().into_iter();
        let names = told.filter_map(|fact| match fact {
            Fact::CompletionReported(_) => Some("reported"),
            Fact::CompletionReturned(_) => Some("returned"),
            Fact::CompletionAccepted(_) => Some("accepted"),
            _ => None,
        });
        names.collect()
    }
}

fn schools() -> String {
    office("431202", "education").to_string()
}

fn sender() -> String {
    office("4312", "petition_office").to_string()
}

fn state(refused: Result<Completion, Status>) -> String {
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    refused.get_details_error_info().unwrap().metadata["state"].clone()
}

#[tokio::test]
async fn an_assignment_is_reported_returned_reported_again_and_accepted() {
    let mut city = City::new().await;
    let matter = city.assigned().await;
    city.answered(matter).await;
    let reported = city.reports(matter, schools()).await.unwrap();
    assert_eq!(reported.state(), CompletionState::Reported);
    assert_eq!(
        state(city.reports(matter, schools()).await),
        "completion_reported"
    );
    let returned = city.returns(matter, sender()).await.unwrap();
    assert_eq!(
        (returned.state(), returned.reason.as_str()),
        (CompletionState::Returned, "the approval form is missing")
    );
    assert_eq!(
        state(city.accepts(matter, sender()).await),
        "no_completion_reported"
    );
    city.reports(matter, schools()).await.unwrap();
    let accepted = city.accepts(matter, sender()).await.unwrap();
    assert_eq!(accepted.state(), CompletionState::Accepted);
    assert_eq!(
        state(city.reports(matter, schools()).await),
        "completion_accepted"
    );
    let told = ["reported", "returned", "reported", "accepted"];
    assert_eq!(city.completions().await, told);
}

#[tokio::test]
async fn only_the_two_organs_of_an_assignment_may_and_only_after_the_answer() {
    let mut city = City::new().await;
    let matter = city.assigned().await;
    assert_eq!(state(city.reports(matter, schools()).await), "forwarded");
    city.answered(matter).await;
    let other = city.reports(matter, sender()).await.unwrap_err();
    assert_eq!(other.code(), Code::PermissionDenied);
    city.reports(matter, schools()).await.unwrap();
    let own = city.accepts(matter, schools()).await.unwrap_err();
    assert_eq!(own.code(), Code::PermissionDenied);
    let transferred = city.claim("land_and_homestead").await;
    assert_eq!(
        state(city.reports(transferred, schools()).await),
        "not_assigned"
    );
    assert_eq!(city.completions().await, ["reported"]);
}

//! The service as gRPC sees it; every rpc has a file of its own under `rpc`.

use std::sync::Arc;

use huiyin_domain::local::LocalRules;
use huiyin_proto::supervision::v1::supervision_service_server::SupervisionService;
use huiyin_proto::supervision::v1::{
    AnswerOrderRequest, AnswerOrderResponse, AnswerRecommendationRequest,
    AnswerRecommendationResponse, DeliverRemedyOpinionRequest, DeliverRemedyOpinionResponse,
    ExplainDeadlineRequest, ExplainDeadlineResponse, ExtendDeadlineRequest, ExtendDeadlineResponse,
    GetRemediesRequest, GetRemediesResponse, GetReprojectionRequest, GetReprojectionResponse,
    ListClocksRequest, ListClocksResponse, ListMovedDeadlinesRequest, ListMovedDeadlinesResponse,
    ListOpenLinesRequest, ListOpenLinesResponse, ListOrdersRequest, ListOrdersResponse,
    ListRecommendationsRequest, ListRecommendationsResponse, MakeRecommendationRequest,
    MakeRecommendationResponse, PauseDeadlineRequest, PauseDeadlineResponse,
    PublishCalendarRequest, PublishCalendarResponse, RequestRemedyRequest, RequestRemedyResponse,
    ResumeDeadlineRequest, ResumeDeadlineResponse, SetDueDayRequest, SetDueDayResponse,
    SimulateDeadlineRequest, SimulateDeadlineResponse, WithdrawOrderRequest, WithdrawOrderResponse,
};
use huiyin_service_kit::run::{Desk, wrong_local_rules};
use huiyin_service_kit::safe::Safe;
use huiyin_service_kit::status::Problem;
use tonic::{Request, Response, Status};

use crate::rpc;
use crate::store::remedy::REMEDIES;

type Answer<T> = Result<Response<T>, Status>;

/// `SupervisionService` over a desk.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// The desk.
    pub(crate) desk: Desk,
    /// What places set.
    pub(crate) local: Arc<LocalRules>,
    /// What opinions on remedies are sealed with.
    pub(crate) remedies: Safe,
}

impl Service {
    /// The service over a desk, with its vault open.
    ///
    /// # Errors
    /// When the local rules are wrong, or the vault cannot be opened.
    pub(crate) async fn start(desk: Desk) -> Result<Self, Problem> {
        let local = LocalRules::given(desk.local_rules.as_deref()).map_err(wrong_local_rules)?;
        Ok(Self {
            remedies: REMEDIES.open(&desk).await?,
            desk,
            local,
        })
    }
}

#[tonic::async_trait]
impl SupervisionService for Service {
    async fn list_clocks(&self, request: Request<ListClocksRequest>) -> Answer<ListClocksResponse> {
        Ok(Response::new(
            rpc::list_clocks::answer(&self.desk, request.into_inner()).await?,
        ))
    }

    async fn explain_deadline(
        &self,
        request: Request<ExplainDeadlineRequest>,
    ) -> Answer<ExplainDeadlineResponse> {
        Ok(Response::new(
            rpc::explain_deadline::answer(&self.desk, request.into_inner()).await?,
        ))
    }

    async fn simulate_deadline(
        &self,
        request: Request<SimulateDeadlineRequest>,
    ) -> Answer<SimulateDeadlineResponse> {
        let request = request.into_inner();
        Ok(Response::new(
            rpc::simulate_deadline::answer(&self.desk, &self.local, request).await?,
        ))
    }

    async fn set_due_day(&self, request: Request<SetDueDayRequest>) -> Answer<SetDueDayResponse> {
        Ok(Response::new(
            rpc::set_due_day::answer(&self.desk, request).await?,
        ))
    }

    async fn request_remedy(
        &self,
        request: Request<RequestRemedyRequest>,
    ) -> Answer<RequestRemedyResponse> {
        Ok(Response::new(
            rpc::request_remedy::answer(&self.desk, request).await?,
        ))
    }

    async fn deliver_remedy_opinion(
        &self,
        request: Request<DeliverRemedyOpinionRequest>,
    ) -> Answer<DeliverRemedyOpinionResponse> {
        Ok(Response::new(
            rpc::deliver_remedy_opinion::answer(self, request).await?,
        ))
    }

    async fn answer_recommendation(
        &self,
        request: Request<AnswerRecommendationRequest>,
    ) -> Answer<AnswerRecommendationResponse> {
        Ok(Response::new(
            rpc::answer_recommendation::answer(&self.desk, request).await?,
        ))
    }

    async fn get_remedies(
        &self,
        request: Request<GetRemediesRequest>,
    ) -> Answer<GetRemediesResponse> {
        Ok(Response::new(
            rpc::get_remedies::answer(&self.desk, request.into_inner()).await?,
        ))
    }

    async fn list_recommendations(
        &self,
        request: Request<ListRecommendationsRequest>,
    ) -> Answer<ListRecommendationsResponse> {
        Ok(Response::new(
            rpc::list_recommendations::answer(&self.desk, request.into_inner()).await?,
        ))
    }

    async fn make_recommendation(
        &self,
        request: Request<MakeRecommendationRequest>,
    ) -> Answer<MakeRecommendationResponse> {
        Ok(Response::new(
            rpc::make_recommendation::answer(self, request).await?,
        ))
    }

    async fn withdraw_order(
        &self,
        request: Request<WithdrawOrderRequest>,
    ) -> Answer<WithdrawOrderResponse> {
        Ok(Response::new(
            rpc::withdraw_order::answer(&self.desk, request).await?,
        ))
    }

    async fn publish_calendar(
        &self,
        request: Request<PublishCalendarRequest>,
    ) -> Answer<PublishCalendarResponse> {
        Ok(Response::new(
            rpc::publish_calendar::answer(&self.desk, request).await?,
        ))
    }

    async fn get_reprojection(
        &self,
        request: Request<GetReprojectionRequest>,
    ) -> Answer<GetReprojectionResponse> {
        let request = request.into_inner();
        Ok(Response::new(
            rpc::get_reprojection::get_reprojection(&self.desk, request).await?,
        ))
    }

    async fn list_moved_deadlines(
        &self,
        request: Request<ListMovedDeadlinesRequest>,
    ) -> Answer<ListMovedDeadlinesResponse> {
        let request = request.into_inner();
        Ok(Response::new(
            rpc::get_reprojection::list_moved_deadlines(&self.desk, request).await?,
        ))
    }

    async fn extend_deadline(
        &self,
        request: Request<ExtendDeadlineRequest>,
    ) -> Answer<ExtendDeadlineResponse> {
        Ok(Response::new(
            rpc::extend_deadline::answer(&self.desk, request).await?,
        ))
    }

    async fn pause_deadline(
        &self,
        request: Request<PauseDeadlineRequest>,
    ) -> Answer<PauseDeadlineResponse> {
        Ok(Response::new(
            rpc::pause_deadline::pause_deadline(&self.desk, request).await?,
        ))
    }

    async fn resume_deadline(
        &self,
        request: Request<ResumeDeadlineRequest>,
    ) -> Answer<ResumeDeadlineResponse> {
        Ok(Response::new(
            rpc::pause_deadline::resume_deadline(&self.desk, request).await?,
        ))
    }

    async fn list_orders(&self, request: Request<ListOrdersRequest>) -> Answer<ListOrdersResponse> {
        Ok(Response::new(
            rpc::list_orders::answer(&self.desk, request.into_inner()).await?,
        ))
    }

    async fn answer_order(
        &self,
        request: Request<AnswerOrderRequest>,
    ) -> Answer<AnswerOrderResponse> {
        Ok(Response::new(
            rpc::answer_order::answer(&self.desk, request).await?,
        ))
    }

    async fn list_open_lines(
        &self,
        request: Request<ListOpenLinesRequest>,
    ) -> Answer<ListOpenLinesResponse> {
        Ok(Response::new(
            rpc::list_open_lines::answer(&self.desk, request.into_inner()).await?,
        ))
    }
}

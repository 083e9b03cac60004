//! The service as gRPC sees it; every rpc has a file of its own under `rpc`.

use huiyin_proto::supervision::v1::supervision_service_server::SupervisionService;
use huiyin_proto::supervision::v1::{
    AnswerOrderRequest, AnswerOrderResponse, ExplainDeadlineRequest, ExplainDeadlineResponse,
    ExtendDeadlineRequest, ExtendDeadlineResponse, ListClocksRequest, ListClocksResponse,
    ListOpenLinesRequest, ListOpenLinesResponse, ListOrdersRequest, ListOrdersResponse,
    PauseDeadlineRequest, PauseDeadlineResponse, ResumeDeadlineRequest, ResumeDeadlineResponse,
};
use huiyin_service_kit::run::Desk;
use tonic::{Request, Response, Status};

use crate::rpc;

type Answer<T> = Result<Response<T>, Status>;

/// `SupervisionService` over a desk.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// The desk.
    pub(crate) desk: Desk,
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

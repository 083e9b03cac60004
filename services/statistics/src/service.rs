//! The service as gRPC sees it; every rpc has a file of its own under `rpc`.

use huiyin_proto::statistics::v1::statistics_service_server::StatisticsService;
use huiyin_proto::statistics::v1::{
    GetIndicatorsRequest, GetIndicatorsResponse, GetOverviewRequest, GetOverviewResponse,
    GetReportRequest, GetReportResponse, GetTableRequest, GetTableResponse, ListReportsRequest,
    ListReportsResponse, PublishReportRequest, PublishReportResponse,
};
use huiyin_service_kit::run::Desk;
use tonic::{Request, Response, Status};

use crate::rpc;

type Answer<T> = Result<Response<T>, Status>;

/// `StatisticsService` over a desk.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// The desk.
    pub(crate) desk: Desk,
}

#[tonic::async_trait]
impl StatisticsService for Service {
    async fn get_table(&self, request: Request<GetTableRequest>) -> Answer<GetTableResponse> {
        Ok(Response::new(
            rpc::get_table::answer(&self.desk, request.into_inner()).await?,
        ))
    }

    async fn get_indicators(
        &self,
        request: Request<GetIndicatorsRequest>,
    ) -> Answer<GetIndicatorsResponse> {
        Ok(Response::new(
            rpc::get_indicators::answer(&self.desk, request.into_inner()).await?,
        ))
    }

    async fn get_overview(
        &self,
        request: Request<GetOverviewRequest>,
    ) -> Answer<GetOverviewResponse> {
        Ok(Response::new(
            rpc::get_overview::answer(&self.desk, request.into_inner()).await?,
        ))
    }

    async fn publish_report(
        &self,
        request: Request<PublishReportRequest>,
    ) -> Answer<PublishReportResponse> {
        Ok(Response::new(
            rpc::publish_report::answer(&self.desk, request).await?,
        ))
    }

    async fn get_report(&self, request: Request<GetReportRequest>) -> Answer<GetReportResponse> {
        Ok(Response::new(
            rpc::get_report::answer(&self.desk, request.into_inner()).await?,
        ))
    }

    async fn list_reports(
        &self,
        request: Request<ListReportsRequest>,
    ) -> Answer<ListReportsResponse> {
        Ok(Response::new(
            rpc::list_reports::answer(&self.desk, request.into_inner()).await?,
        ))
    }
}

//! The reports as gRPC sees them; every rpc has a file of its own in `rpc::reporting`.

use huiyin_proto::stability_early_warning::v1::reporting_service_server::ReportingService;
use huiyin_proto::stability_early_warning::v1::{
    AnswerOrderRequest, AnswerOrderResponse, CorrectReportRequest, CorrectReportResponse,
    EndReportScheduleRequest, EndReportScheduleResponse, GetReportRequest, GetReportResponse,
    GetRiskAssessmentRequest, GetRiskAssessmentResponse, GiveOrderRequest, GiveOrderResponse,
    ListLedgerRequest, ListLedgerResponse, ListReportSchedulesRequest, ListReportSchedulesResponse,
    ListReportsRequest, ListReportsResponse, ListRiskAssessmentsRequest,
    ListRiskAssessmentsResponse, MarkReportFalseRequest, MarkReportFalseResponse,
    ReceiveReportRequest, ReceiveReportResponse, RecordRiskAssessmentRequest,
    RecordRiskAssessmentResponse, SetReportScheduleRequest, SetReportScheduleResponse,
    SubmitReportRequest, SubmitReportResponse,
};
use tonic::{Request, Response, Status};

use crate::rpc::reporting as rpc;
use crate::service::Service;

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl ReportingService for Service {
    async fn set_report_schedule(
        &self,
        request: Request<SetReportScheduleRequest>,
    ) -> Answer<SetReportScheduleResponse> {
        Ok(Response::new(
            rpc::set_report_schedule::answer(self, request).await?,
        ))
    }

    async fn end_report_schedule(
        &self,
        request: Request<EndReportScheduleRequest>,
    ) -> Answer<EndReportScheduleResponse> {
        Ok(Response::new(
            rpc::end_report_schedule::answer(self, request).await?,
        ))
    }

    async fn list_report_schedules(
        &self,
        request: Request<ListReportSchedulesRequest>,
    ) -> Answer<ListReportSchedulesResponse> {
        Ok(Response::new(
            rpc::list_report_schedules::answer(self, request.into_inner()).await?,
        ))
    }

    async fn submit_report(
        &self,
        request: Request<SubmitReportRequest>,
    ) -> Answer<SubmitReportResponse> {
        Ok(Response::new(
            rpc::submit_report::answer(self, request).await?,
        ))
    }

    async fn correct_report(
        &self,
        request: Request<CorrectReportRequest>,
    ) -> Answer<CorrectReportResponse> {
        Ok(Response::new(
            rpc::correct_report::answer(self, request).await?,
        ))
    }

    async fn mark_report_false(
        &self,
        request: Request<MarkReportFalseRequest>,
    ) -> Answer<MarkReportFalseResponse> {
        Ok(Response::new(
            rpc::mark_report_false::answer(self, request).await?,
        ))
    }

    async fn receive_report(
        &self,
        request: Request<ReceiveReportRequest>,
    ) -> Answer<ReceiveReportResponse> {
        Ok(Response::new(
            rpc::receive_report::answer(self, request).await?,
        ))
    }

    async fn give_order(&self, request: Request<GiveOrderRequest>) -> Answer<GiveOrderResponse> {
        Ok(Response::new(rpc::give_order::answer(self, request).await?))
    }

    async fn answer_order(
        &self,
        request: Request<AnswerOrderRequest>,
    ) -> Answer<AnswerOrderResponse> {
        Ok(Response::new(
            rpc::answer_order::answer(self, request).await?,
        ))
    }

    async fn get_report(&self, request: Request<GetReportRequest>) -> Answer<GetReportResponse> {
        Ok(Response::new(
            rpc::get_report::answer(self, request.into_inner()).await?,
        ))
    }

    async fn list_reports(
        &self,
        request: Request<ListReportsRequest>,
    ) -> Answer<ListReportsResponse> {
        Ok(Response::new(
            rpc::list_reports::answer(self, request.into_inner()).await?,
        ))
    }

    async fn list_ledger(&self, request: Request<ListLedgerRequest>) -> Answer<ListLedgerResponse> {
        Ok(Response::new(
            rpc::list_ledger::answer(self, request.into_inner()).await?,
        ))
    }

    async fn record_risk_assessment(
        &self,
        request: Request<RecordRiskAssessmentRequest>,
    ) -> Answer<RecordRiskAssessmentResponse> {
        Ok(Response::new(
            rpc::record_risk_assessment::answer(self, request).await?,
        ))
    }

    async fn get_risk_assessment(
        &self,
        request: Request<GetRiskAssessmentRequest>,
    ) -> Answer<GetRiskAssessmentResponse> {
        Ok(Response::new(
            rpc::get_risk_assessment::answer(self, request.into_inner()).await?,
        ))
    }

    async fn list_risk_assessments(
        &self,
        request: Request<ListRiskAssessmentsRequest>,
    ) -> Answer<ListRiskAssessmentsResponse> {
        Ok(Response::new(
            rpc::list_risk_assessments::answer(self, request.into_inner()).await?,
        ))
    }
}

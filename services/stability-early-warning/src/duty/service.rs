//! Duty as gRPC sees it; every rpc has a file of its own in `rpc::duty`.

use huiyin_proto::stability_early_warning::v1::duty_service_server::DutyService;
use huiyin_proto::stability_early_warning::v1::{
    EndSpecialPeriodRequest, EndSpecialPeriodResponse, HandOverDutyRequest, HandOverDutyResponse,
    ListDutyGapsRequest, ListDutyGapsResponse, ListDutyShiftsRequest, ListDutyShiftsResponse,
    ListSpecialPeriodsRequest, ListSpecialPeriodsResponse, SetDutyRosterRequest,
    SetDutyRosterResponse, SetSpecialPeriodRequest, SetSpecialPeriodResponse,
    SubstitutePostRequest, SubstitutePostResponse,
};
use tonic::{Request, Response, Status};

use crate::rpc::duty as rpc;
use crate::service::Service;

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl DutyService for Service {
    async fn set_duty_roster(
        &self,
        request: Request<SetDutyRosterRequest>,
    ) -> Answer<SetDutyRosterResponse> {
        Ok(Response::new(
            rpc::set_duty_roster::answer(self, request).await?,
        ))
    }

    async fn list_duty_shifts(
        &self,
        request: Request<ListDutyShiftsRequest>,
    ) -> Answer<ListDutyShiftsResponse> {
        Ok(Response::new(
            rpc::list_duty_shifts::answer(self, request.into_inner()).await?,
        ))
    }

    async fn substitute_post(
        &self,
        request: Request<SubstitutePostRequest>,
    ) -> Answer<SubstitutePostResponse> {
        Ok(Response::new(
            rpc::substitute_post::answer(self, request).await?,
        ))
    }

    async fn hand_over_duty(
        &self,
        request: Request<HandOverDutyRequest>,
    ) -> Answer<HandOverDutyResponse> {
        Ok(Response::new(
            rpc::hand_over_duty::answer(self, request).await?,
        ))
    }

    async fn set_special_period(
        &self,
        request: Request<SetSpecialPeriodRequest>,
    ) -> Answer<SetSpecialPeriodResponse> {
        Ok(Response::new(
            rpc::set_special_period::answer(self, request).await?,
        ))
    }

    async fn end_special_period(
        &self,
        request: Request<EndSpecialPeriodRequest>,
    ) -> Answer<EndSpecialPeriodResponse> {
        Ok(Response::new(
            rpc::end_special_period::answer(self, request).await?,
        ))
    }

    async fn list_special_periods(
        &self,
        request: Request<ListSpecialPeriodsRequest>,
    ) -> Answer<ListSpecialPeriodsResponse> {
        Ok(Response::new(
            rpc::list_special_periods::answer(self, request.into_inner()).await?,
        ))
    }

    async fn list_duty_gaps(
        &self,
        request: Request<ListDutyGapsRequest>,
    ) -> Answer<ListDutyGapsResponse> {
        Ok(Response::new(
            rpc::list_duty_gaps::answer(self, request.into_inner()).await?,
        ))
    }
}

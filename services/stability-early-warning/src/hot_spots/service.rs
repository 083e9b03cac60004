//! The hot spots as gRPC sees them; every rpc has a file of its own in `rpc::hot_spots`.

use huiyin_proto::stability_early_warning::v1::hot_spot_service_server::HotSpotService;
use huiyin_proto::stability_early_warning::v1::{
    CloseHotSpotRequest, CloseHotSpotResponse, GetHotSpotRequest, GetHotSpotResponse,
    ListHotSpotsRequest, ListHotSpotsResponse,
};
use tonic::{Request, Response, Status};

use crate::rpc::hot_spots as rpc;
use crate::service::Service;

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl HotSpotService for Service {
    async fn list_hot_spots(
        &self,
        request: Request<ListHotSpotsRequest>,
    ) -> Answer<ListHotSpotsResponse> {
        Ok(Response::new(
            rpc::list_hot_spots::answer(self, request.into_inner()).await?,
        ))
    }

    async fn get_hot_spot(
        &self,
        request: Request<GetHotSpotRequest>,
    ) -> Answer<GetHotSpotResponse> {
        Ok(Response::new(
            rpc::get_hot_spot::answer(self, request.into_inner()).await?,
        ))
    }

    async fn close_hot_spot(
        &self,
        request: Request<CloseHotSpotRequest>,
    ) -> Answer<CloseHotSpotResponse> {
        Ok(Response::new(
            rpc::close_hot_spot::answer(self, request).await?,
        ))
    }
}

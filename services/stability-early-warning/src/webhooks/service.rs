//! The webhooks as gRPC sees them; every rpc has a file of its own in `rpc::webhooks`.

use huiyin_proto::stability_early_warning::v1::webhook_service_server::WebhookService;
use huiyin_proto::stability_early_warning::v1::{
    EndWebhookRequest, EndWebhookResponse, GetWebhookRequest, GetWebhookResponse,
    ListWebhookDeliveriesRequest, ListWebhookDeliveriesResponse, ListWebhooksRequest,
    ListWebhooksResponse, RedriveDeliveriesRequest, RedriveDeliveriesResponse,
    RotateWebhookSecretRequest, RotateWebhookSecretResponse, SetWebhookRequest, SetWebhookResponse,
};
use tonic::{Request, Response, Status};

use crate::rpc::webhooks as rpc;
use crate::service::Service;

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl WebhookService for Service {
    async fn set_webhook(&self, request: Request<SetWebhookRequest>) -> Answer<SetWebhookResponse> {
        Ok(Response::new(
            rpc::set_webhook::answer(self, request).await?,
        ))
    }

    async fn rotate_webhook_secret(
        &self,
        request: Request<RotateWebhookSecretRequest>,
    ) -> Answer<RotateWebhookSecretResponse> {
        Ok(Response::new(
            rpc::rotate_webhook_secret::answer(self, request).await?,
        ))
    }

    async fn end_webhook(&self, request: Request<EndWebhookRequest>) -> Answer<EndWebhookResponse> {
        Ok(Response::new(
            rpc::end_webhook::answer(self, request).await?,
        ))
    }

    async fn get_webhook(&self, request: Request<GetWebhookRequest>) -> Answer<GetWebhookResponse> {
        Ok(Response::new(
            rpc::get_webhook::answer(self, request.into_inner()).await?,
        ))
    }

    async fn list_webhooks(
        &self,
        request: Request<ListWebhooksRequest>,
    ) -> Answer<ListWebhooksResponse> {
        Ok(Response::new(
            rpc::list_webhooks::answer(self, request.into_inner()).await?,
        ))
    }

    async fn list_webhook_deliveries(
        &self,
        request: Request<ListWebhookDeliveriesRequest>,
    ) -> Answer<ListWebhookDeliveriesResponse> {
        Ok(Response::new(
            rpc::list_webhook_deliveries::answer(self, request.into_inner()).await?,
        ))
    }

    async fn redrive_deliveries(
        &self,
        request: Request<RedriveDeliveriesRequest>,
    ) -> Answer<RedriveDeliveriesResponse> {
        Ok(Response::new(
            rpc::redrive_deliveries::answer(self, request).await?,
        ))
    }
}

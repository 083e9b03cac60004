//! `IntakeService` and `VaultService`: each rpc in its own file.

use huiyin_proto::intake::v1::intake_service_server::IntakeService;
use huiyin_proto::intake::v1::vault_service_server::VaultService;
use huiyin_proto::intake::v1::*;
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use tonic::{Request, Response, Status};

use crate::known::Known;
use crate::registrar::Registrar;
use crate::rpc;
use crate::vault::Vaults;

/// What the rpcs work with.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// The desk.
    pub(crate) desk: Desk,
    /// Places and organs met so far.
    pub(crate) known: Known,
    /// Writes registrations.
    pub(crate) registrar: Registrar,
    /// What petitions are sealed with.
    pub(crate) vaults: Vaults,
}

impl Service {
    /// The service over a desk, with its vaults open.
    pub(crate) async fn start(desk: Desk) -> Result<Self, Problem> {
        let settings = desk
            .own
            .vaults()
            .map_err(|error| Problem::Unexpected(error.to_string()))?;
        let vaults = Vaults::start(&desk.database, settings, &desk.stopper).await?;
        let pool = desk.database.pool().clone();
        Ok(Self {
            registrar: Registrar::start(&desk.database, &desk.stopper),
            desk,
            known: Known::new(pool),
            vaults,
        })
    }
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl IntakeService for Service {
    async fn register_matter(
        &self,
        request: Request<RegisterMatterRequest>,
    ) -> Answer<RegisterMatterResponse> {
        Ok(Response::new(
            rpc::register_matter::register_matter(self, request).await?,
        ))
    }

    async fn accept_matter(
        &self,
        request: Request<AcceptMatterRequest>,
    ) -> Answer<AcceptMatterResponse> {
        Ok(Response::new(
            rpc::accept_matter::accept_matter(self, request).await?,
        ))
    }

    async fn decline_matter(
        &self,
        request: Request<DeclineMatterRequest>,
    ) -> Answer<DeclineMatterResponse> {
        Ok(Response::new(
            rpc::decline_matter::decline_matter(self, request).await?,
        ))
    }

    async fn deliver_reply(
        &self,
        request: Request<DeliverReplyRequest>,
    ) -> Answer<DeliverReplyResponse> {
        Ok(Response::new(
            rpc::deliver_reply::deliver_reply(self, request).await?,
        ))
    }

    async fn evaluate_matter(
        &self,
        request: Request<EvaluateMatterRequest>,
    ) -> Answer<EvaluateMatterResponse> {
        Ok(Response::new(
            rpc::evaluate_matter::evaluate_matter(self, request).await?,
        ))
    }

    async fn withdraw_matter(
        &self,
        request: Request<WithdrawMatterRequest>,
    ) -> Answer<WithdrawMatterResponse> {
        Ok(Response::new(
            rpc::withdraw_matter::withdraw_matter(self, request).await?,
        ))
    }

    async fn get_matter(&self, request: Request<GetMatterRequest>) -> Answer<GetMatterResponse> {
        Ok(Response::new(
            rpc::get_matter::get_matter(self, request).await?,
        ))
    }

    async fn batch_get_matters(
        &self,
        request: Request<BatchGetMattersRequest>,
    ) -> Answer<BatchGetMattersResponse> {
        Ok(Response::new(
            rpc::batch_get_matters::batch_get_matters(self, request).await?,
        ))
    }

    async fn list_matters(
        &self,
        request: Request<ListMattersRequest>,
    ) -> Answer<ListMattersResponse> {
        Ok(Response::new(
            rpc::list_matters::list_matters(self, request).await?,
        ))
    }

    async fn get_progress(
        &self,
        request: Request<GetProgressRequest>,
    ) -> Answer<GetProgressResponse> {
        Ok(Response::new(
            rpc::get_progress::get_progress(self, request).await?,
        ))
    }

    async fn get_receipt(&self, request: Request<GetReceiptRequest>) -> Answer<GetReceiptResponse> {
        Ok(Response::new(
            rpc::get_receipt::get_receipt(self, request).await?,
        ))
    }

    async fn read_petition(
        &self,
        request: Request<ReadPetitionRequest>,
    ) -> Answer<ReadPetitionResponse> {
        Ok(Response::new(
            rpc::read_petition::read_petition(self, request).await?,
        ))
    }
}

#[tonic::async_trait]
impl VaultService for Service {
    async fn erase_petitions(
        &self,
        request: Request<ErasePetitionsRequest>,
    ) -> Answer<ErasePetitionsResponse> {
        Ok(Response::new(
            rpc::erase_petitions::erase_petitions(self, request).await?,
        ))
    }

    async fn get_vaults(&self, _: Request<GetVaultsRequest>) -> Answer<GetVaultsResponse> {
        Ok(Response::new(rpc::vaults::get_vaults(self).await?))
    }

    async fn rotate_vault(
        &self,
        request: Request<RotateVaultRequest>,
    ) -> Answer<RotateVaultResponse> {
        Ok(Response::new(
            rpc::vaults::rotate_vault(self, request.into_inner()).await?,
        ))
    }

    async fn drop_epoch(&self, request: Request<DropEpochRequest>) -> Answer<DropEpochResponse> {
        Ok(Response::new(
            rpc::vaults::drop_epoch(self, request.into_inner()).await?,
        ))
    }
}

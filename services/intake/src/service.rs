//! `IntakeService`: each rpc in its own file.

use huiyin_proto::intake::v1::intake_service_server::IntakeService;
use huiyin_proto::intake::v1::*;
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use tonic::{Request, Response, Status};

use crate::keys::Keys;
use crate::known::Known;
use crate::numbers::Numbers;
use crate::registrar::Registrar;
use crate::rpc;

/// What the rpcs work with.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// The desk.
    pub(crate) desk: Desk,
    /// Places and organs met so far.
    pub(crate) known: Known,
    /// Numbers for new matters.
    pub(crate) numbers: Numbers,
    /// Writes registrations.
    pub(crate) registrar: Registrar,
    /// The keyed hashes.
    pub(crate) keys: Keys,
}

impl Service {
    /// The service over a desk.
    pub(crate) fn new(desk: Desk) -> Result<Self, Problem> {
        let repeat_key = desk
            .own
            .repeat_key()
            .map_err(|error| Problem::Unexpected(error.to_string()))?;
        let keys = Keys::derived_from(repeat_key)?;
        let pool = desk.database.pool().clone();
        Ok(Self {
            registrar: Registrar::start(&desk.database, &desk.stopper),
            desk,
            known: Known::new(pool.clone()),
            numbers: Numbers::new(pool),
            keys,
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

    async fn read_petition(
        &self,
        request: Request<ReadPetitionRequest>,
    ) -> Answer<ReadPetitionResponse> {
        Ok(Response::new(
            rpc::read_petition::read_petition(self, request).await?,
        ))
    }
}

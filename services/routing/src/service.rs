//! `RoutingService`: each rpc in its own file.

use huiyin_domain::local::LocalRules;
use huiyin_proto::routing::v1::routing_service_server::RoutingService;
use huiyin_proto::routing::v1::*;
use huiyin_service_kit::run::{Desk, wrong_local_rules};
use huiyin_service_kit::safe::Safe;
use huiyin_service_kit::status::Problem;
use tonic::{Request, Response, Status};

use crate::rpc;
use crate::rulebook::Rulebook;
use crate::store::opinion::OPINIONS;

/// What the rpcs work with.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// The desk.
    pub(crate) desk: Desk,
    /// What decisions go by.
    pub(crate) rulebook: Rulebook,
    /// What opinions are sealed with.
    pub(crate) opinions: Safe,
}

impl Service {
    /// The service over a desk, with its vault open; organs, rules and places are read when they are first needed.
    ///
    /// # Errors
    /// When the local rules are wrong, or the vault cannot be opened.
    pub(crate) async fn start(desk: Desk) -> Result<Self, Problem> {
        let local = LocalRules::given(desk.local_rules.as_deref()).map_err(wrong_local_rules)?;
        Ok(Self {
            opinions: OPINIONS.open(&desk).await?,
            desk,
            rulebook: Rulebook::new(local),
        })
    }
}

#[tonic::async_trait]
impl RoutingService for Service {
    async fn load_territories(
        &self,
        request: Request<LoadTerritoriesRequest>,
    ) -> Result<Response<LoadTerritoriesResponse>, Status> {
        Ok(Response::new(
            rpc::load_territories::load_territories(self, request).await?,
        ))
    }

    async fn load_territory_changes(
        &self,
        request: Request<LoadTerritoryChangesRequest>,
    ) -> Result<Response<LoadTerritoryChangesResponse>, Status> {
        Ok(Response::new(
            rpc::load_territory_changes::load_territory_changes(self, request).await?,
        ))
    }

    async fn trace_territory(
        &self,
        request: Request<TraceTerritoryRequest>,
    ) -> Result<Response<TraceTerritoryResponse>, Status> {
        Ok(Response::new(
            rpc::trace_territory::trace_territory(self, request).await?,
        ))
    }

    async fn find_common_superior(
        &self,
        request: Request<FindCommonSuperiorRequest>,
    ) -> Result<Response<FindCommonSuperiorResponse>, Status> {
        Ok(Response::new(
            rpc::find_common_superior::find_common_superior(self, request).await?,
        ))
    }

    async fn load_organs(
        &self,
        request: Request<LoadOrgansRequest>,
    ) -> Result<Response<LoadOrgansResponse>, Status> {
        Ok(Response::new(
            rpc::load_organs::load_organs(self, request).await?,
        ))
    }

    async fn get_territory(
        &self,
        request: Request<GetTerritoryRequest>,
    ) -> Result<Response<GetTerritoryResponse>, Status> {
        Ok(Response::new(
            rpc::get_territory::get_territory(self, request).await?,
        ))
    }

    async fn list_territories(
        &self,
        request: Request<ListTerritoriesRequest>,
    ) -> Result<Response<ListTerritoriesResponse>, Status> {
        Ok(Response::new(
            rpc::list_territories::list_territories(self, request).await?,
        ))
    }

    async fn get_organ(
        &self,
        request: Request<GetOrganRequest>,
    ) -> Result<Response<GetOrganResponse>, Status> {
        Ok(Response::new(
            rpc::get_organ::get_organ(self, request).await?,
        ))
    }

    async fn list_organs(
        &self,
        request: Request<ListOrgansRequest>,
    ) -> Result<Response<ListOrgansResponse>, Status> {
        Ok(Response::new(
            rpc::list_organs::list_organs(self, request).await?,
        ))
    }

    async fn decide_competence(
        &self,
        request: Request<DecideCompetenceRequest>,
    ) -> Result<Response<DecideCompetenceResponse>, Status> {
        Ok(Response::new(
            rpc::decide_competence::decide_competence(self, request).await?,
        ))
    }

    async fn rehearse_rules(
        &self,
        request: Request<RehearseRulesRequest>,
    ) -> Result<Response<RehearseRulesResponse>, Status> {
        Ok(Response::new(
            rpc::rehearse_rules::rehearse_rules(self, request).await?,
        ))
    }

    async fn activate_rules(
        &self,
        request: Request<ActivateRulesRequest>,
    ) -> Result<Response<ActivateRulesResponse>, Status> {
        Ok(Response::new(
            rpc::activate_rules::activate_rules(self, request).await?,
        ))
    }

    async fn list_rules(
        &self,
        request: Request<ListRulesRequest>,
    ) -> Result<Response<ListRulesResponse>, Status> {
        Ok(Response::new(
            rpc::list_rules::list_rules(self, request).await?,
        ))
    }

    async fn forward_matter(
        &self,
        request: Request<ForwardMatterRequest>,
    ) -> Result<Response<ForwardMatterResponse>, Status> {
        Ok(Response::new(
            rpc::forward_matter::forward_matter(self, request).await?,
        ))
    }

    async fn object_to_forwarding(
        &self,
        request: Request<ObjectToForwardingRequest>,
    ) -> Result<Response<ObjectToForwardingResponse>, Status> {
        Ok(Response::new(
            rpc::object_to_forwarding::object_to_forwarding(self, request).await?,
        ))
    }

    async fn agree_to_objection(
        &self,
        request: Request<AgreeToObjectionRequest>,
    ) -> Result<Response<AgreeToObjectionResponse>, Status> {
        Ok(Response::new(
            rpc::agree_to_objection::agree_to_objection(self, request).await?,
        ))
    }

    async fn refuse_objection(
        &self,
        request: Request<RefuseObjectionRequest>,
    ) -> Result<Response<RefuseObjectionResponse>, Status> {
        Ok(Response::new(
            rpc::refuse_objection::refuse_objection(self, request).await?,
        ))
    }

    async fn issue_opinion(
        &self,
        request: Request<IssueOpinionRequest>,
    ) -> Result<Response<IssueOpinionResponse>, Status> {
        Ok(Response::new(
            rpc::issue_opinion::issue_opinion(self, request).await?,
        ))
    }

    async fn report_completion(
        &self,
        request: Request<ReportCompletionRequest>,
    ) -> Result<Response<ReportCompletionResponse>, Status> {
        Ok(Response::new(
            rpc::report_completion::report_completion(self, request).await?,
        ))
    }

    async fn accept_completion(
        &self,
        request: Request<AcceptCompletionRequest>,
    ) -> Result<Response<AcceptCompletionResponse>, Status> {
        Ok(Response::new(
            rpc::rule_completion::accept_completion(self, request).await?,
        ))
    }

    async fn return_completion(
        &self,
        request: Request<ReturnCompletionRequest>,
    ) -> Result<Response<ReturnCompletionResponse>, Status> {
        Ok(Response::new(
            rpc::rule_completion::return_completion(self, request).await?,
        ))
    }

    async fn list_forwardings(
        &self,
        request: Request<ListForwardingsRequest>,
    ) -> Result<Response<ListForwardingsResponse>, Status> {
        Ok(Response::new(
            rpc::list_forwardings::list_forwardings(self, request).await?,
        ))
    }
}

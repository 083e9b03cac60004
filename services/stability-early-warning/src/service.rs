//! The service as gRPC sees it; every rpc has a file of its own in [`rpc`].

use std::fmt::Display;
use std::sync::Arc;

use futures::stream::BoxStream;
use huiyin_domain::local::LocalRules;
use huiyin_domain::time::Duration;
use huiyin_domain::warning::hot_spots::Watching;
use huiyin_domain::warning::{EscalationLadders, RecipientRules};
use huiyin_proto::stability_early_warning::v1::stability_early_warning_service_server::StabilityEarlyWarningService;
use huiyin_proto::stability_early_warning::v1::{
    AcknowledgeAlertRequest, AcknowledgeAlertResponse, AcknowledgeAlertsRequest,
    AcknowledgeAlertsResponse, GetAlertRequest, GetAlertResponse, GetNoticeRequest,
    GetNoticeResponse, ListAlertRecipientsRequest, ListAlertRecipientsResponse, ListAlertsRequest,
    ListAlertsResponse, ListNoticesRequest, ListNoticesResponse, ListRecipientRulesRequest,
    ListRecipientRulesResponse, RaiseAlertRequest, RaiseAlertResponse, RefuseAlertRequest,
    RefuseAlertResponse, ReportOnAlertRequest, ReportOnAlertResponse, WatchAlertsRequest,
    WatchAlertsResponse,
};
use huiyin_service_kit::run::{Desk, wrong_escalation_ladders, wrong_local_rules};
use huiyin_service_kit::settings::{Own, WarningSettings};
use huiyin_service_kit::status::Problem;
use tonic::{Request, Response, Status};

use crate::bells::Bells;
use crate::limits::Limits;
use crate::offices::Offices;
use crate::rpc;
use crate::webhooks::Channel;

type Answer<T> = Result<Response<T>, Status>;

/// What rpcs, reactions and sweeps work with.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// The desk.
    pub(crate) desk: Desk,
    /// How long reports and acknowledgements may take.
    pub(crate) limits: Limits,
    /// What hot spots are watched by.
    pub(crate) watching: Arc<Watching>,
    /// By which rules an urgent report can find its recipients.
    pub(crate) recipient_rules: Arc<RecipientRules>,
    /// The offices in memory.
    pub(crate) offices: Offices,
    /// Wakes who watches a level.
    pub(crate) bells: Bells,
    /// By what organs' own systems are told; none without a key in the settings.
    pub(crate) webhooks: Option<Channel>,
    /// How long what they were told is kept after it was settled.
    pub(crate) deliveries_kept: Duration,
}

impl Service {
    /// The service over a desk; the offices are read when they are first needed.
    ///
    /// # Errors
    /// When the desk has the settings of another service.
    pub(crate) fn new(desk: Desk) -> Result<Self, Problem> {
        match &desk.own.own {
            Own::StabilityEarlyWarning(own) => Ok(Self {
                limits: Limits {
                    local: LocalRules::given(desk.local_rules.as_deref())
                        .map_err(wrong_local_rules)?,
                    ladders: EscalationLadders::given(desk.escalation_ladders.as_deref())
                        .map_err(wrong_escalation_ladders)?,
                    repeat: Duration::minutes(own.repeat_minutes.into()),
                },
                watching: Arc::new(watching(own)?),
                recipient_rules: recipient_rules(own)?,
                webhooks: own.webhooks.as_ref().map(Channel::new),
                deliveries_kept: Duration::days(own.webhook_kept_days.into()),
                offices: Offices::default(),
                bells: Bells::default(),
                desk,
            }),
            Own::Intake { .. } | Own::Reasons { .. } | Own::Nothing => Err(Problem::Unexpected(
                "the settings are those of another service".to_owned(),
            )),
        }
    }
}

/// What hot spots are watched by: the city's own file, or as this release does it.
fn watching(own: &WarningSettings) -> Result<Watching, Problem> {
    let wrong = |wrong: String| {
        Problem::Unexpected(format!(
            "the file of the setting stability_early_warning.hot_spots: {wrong}"
        ))
    };
    match own.hot_spots().map_err(|error| wrong(error.to_string()))? {
        Some(text) => Watching::parse(&text).map_err(|error| wrong(error.to_string())),
        None => Watching::of_release().map_err(|error| wrong(error.to_string())),
    }
}

/// The rules of this release and those of the city's file.
fn recipient_rules(own: &WarningSettings) -> Result<Arc<RecipientRules>, Problem> {
    let wrong = |wrong: &dyn Display| {
        Problem::Unexpected(format!("the file of the setting recipient_rules: {wrong}"))
    };
    let rules = match own.recipient_rules().map_err(|unread| wrong(&unread))? {
        None => RecipientRules::embedded().clone(),
        Some(text) => RecipientRules::with_city(&text).map_err(|refused| wrong(&refused))?,
    };
    Ok(Arc::new(rules))
}

#[tonic::async_trait]
impl StabilityEarlyWarningService for Service {
    type WatchAlertsStream = BoxStream<'static, Result<WatchAlertsResponse, Status>>;

    async fn raise_alert(&self, request: Request<RaiseAlertRequest>) -> Answer<RaiseAlertResponse> {
        Ok(Response::new(
            rpc::raise_alert::answer(self, request).await?,
        ))
    }

    async fn acknowledge_alert(
        &self,
        request: Request<AcknowledgeAlertRequest>,
    ) -> Answer<AcknowledgeAlertResponse> {
        Ok(Response::new(
            rpc::acknowledge_alert::answer(self, request).await?,
        ))
    }

    async fn acknowledge_alerts(
        &self,
        request: Request<AcknowledgeAlertsRequest>,
    ) -> Answer<AcknowledgeAlertsResponse> {
        Ok(Response::new(
            rpc::acknowledge_alerts::answer(self, request).await?,
        ))
    }

    async fn refuse_alert(
        &self,
        request: Request<RefuseAlertRequest>,
    ) -> Answer<RefuseAlertResponse> {
        Ok(Response::new(
            rpc::refuse_alert::answer(self, request).await?,
        ))
    }

    async fn report_on_alert(
        &self,
        request: Request<ReportOnAlertRequest>,
    ) -> Answer<ReportOnAlertResponse> {
        Ok(Response::new(
            rpc::report_on_alert::answer(self, request).await?,
        ))
    }

    async fn get_alert(&self, request: Request<GetAlertRequest>) -> Answer<GetAlertResponse> {
        Ok(Response::new(
            rpc::get_alert::answer(self, request.into_inner()).await?,
        ))
    }

    async fn list_alert_recipients(
        &self,
        request: Request<ListAlertRecipientsRequest>,
    ) -> Answer<ListAlertRecipientsResponse> {
        Ok(Response::new(
            rpc::list_alert_recipients::answer(self, request.into_inner()).await?,
        ))
    }

    async fn list_alerts(&self, request: Request<ListAlertsRequest>) -> Answer<ListAlertsResponse> {
        Ok(Response::new(
            rpc::list_alerts::answer(self, request.into_inner()).await?,
        ))
    }

    async fn get_notice(&self, request: Request<GetNoticeRequest>) -> Answer<GetNoticeResponse> {
        Ok(Response::new(
            rpc::get_notice::answer(self, request.into_inner()).await?,
        ))
    }

    async fn list_notices(
        &self,
        request: Request<ListNoticesRequest>,
    ) -> Answer<ListNoticesResponse> {
        Ok(Response::new(
            rpc::list_notices::answer(self, request.into_inner()).await?,
        ))
    }

    async fn list_recipient_rules(
        &self,
        request: Request<ListRecipientRulesRequest>,
    ) -> Answer<ListRecipientRulesResponse> {
        Ok(Response::new(
            rpc::list_recipient_rules::answer(self, request.into_inner()).await?,
        ))
    }

    async fn watch_alerts(
        &self,
        request: Request<WatchAlertsRequest>,
    ) -> Answer<Self::WatchAlertsStream> {
        Ok(Response::new(
            rpc::watch_alerts::answer(self, request.into_inner()).await?,
        ))
    }
}

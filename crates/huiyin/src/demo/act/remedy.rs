//! Review and re-examination: asked for, and answered by the organs above.

use anyhow::{Context as _, Result};
use huiyin_domain::organs::{PETITION_OFFICE, organ_id};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::{Category, Remedy};
use huiyin_proto::routing::v1::GetOrganRequest;
use huiyin_proto::supervision::v1::{
    DeliverRemedyOpinionRequest, ListClocksRequest, RequestRemedyRequest,
};
use huiyin_proto::vocabulary::v1 as words;

use super::{Act, Actors, Next, lock};
use crate::connect::{by, persist};
use crate::demo::plan::PlannedRemedy;

impl Actors {
    fn planned_remedy(&self, index: usize, remedy: Remedy) -> Result<Option<PlannedRemedy>> {
        let place = match remedy {
            Remedy::Review => 0,
            Remedy::Reexamination => 1,
        };
        Ok(self.conduct(index)?.remedies.get(place).copied())
    }

    /// The request for a remedy that follows an opinion delivered now.
    pub(super) fn next_remedy(
        &self,
        at: Instant,
        index: usize,
        remedy: Remedy,
    ) -> Result<Option<(Instant, Act)>> {
        let planned = self.planned_remedy(index, remedy)?;
        let request = planned.map(|planned| {
            let when = self.later(at, planned.asked_after);
            (when, Act::AskRemedy(index, remedy))
        });
        Ok(request)
    }

    pub(super) async fn ask_remedy(
        &self,
        at: Instant,
        index: usize,
        remedy: Remedy,
    ) -> Result<Next> {
        let Some(planned) = self.planned_remedy(index, remedy)? else {
            return Ok(Vec::new());
        };
        if !self.has_right(index, remedy).await? {
            return Ok(Vec::new()); // no opinion was owed: a suggestion, or a claim of a statutory channel
        }
        let matter = self.matter(index)?;
        let below = lock(&self.asked_above).get(&index).cloned();
        let Some(above) = self.organ_above(below.unwrap_or(matter.organ_id)).await? else {
            return Ok(Vec::new());
        };
        let request = RequestRemedyRequest {
            request_id: format!("{remedy}-{index}"),
            matter_id: matter.matter_id,
            remedy: word(remedy).into(),
            organ_id: above.clone(),
            post: "reception of the petition office".to_owned(),
        };
        let supervision = &self.clients.supervision;
        persist("asking for a remedy", || {
            let (mut supervision, request) = (
                supervision.clone(),
                by(&request.organ_id, "registration-desk", request.clone()),
            );
            async move { supervision.request_remedy(request).await }
        })
        .await?;
        lock(&self.asked_above).insert(index, above);
        let when = self.later(at, planned.opinion_after);
        Ok(vec![(when, Act::DeliverRemedy(index, remedy))])
    }

    pub(super) async fn deliver_remedy(
        &self,
        at: Instant,
        index: usize,
        remedy: Remedy,
    ) -> Result<Next> {
        let organ_id = lock(&self.asked_above).get(&index).cloned();
        let changes = index.is_multiple_of(5);
        let outcome = if changes {
            words::RemedyOutcome::Changed
        } else {
            words::RemedyOutcome::Upheld
        };
        let request = DeliverRemedyOpinionRequest {
            request_id: format!("{remedy}-opinion-{index}"),
            matter_id: self.receipt(index)?.matter,
            remedy: word(remedy).into(),
            organ_id: organ_id.context("an opinion that nobody asked for")?,
            outcome: outcome.into(),
            reasons: "The opinion and its grounds were examined.".to_owned(),
            legal_basis: "Regulations on Petition Work, articles 35 and 36".to_owned(),
        };
        let supervision = &self.clients.supervision;
        persist("delivering the opinion of the organ above", || {
            let (mut supervision, request) = (
                supervision.clone(),
                by(&request.organ_id, "handler", request.clone()),
            );
            async move { supervision.deliver_remedy_opinion(request).await }
        })
        .await?;
        let next = match remedy {
            Remedy::Review if !changes => self.next_remedy(at, index, Remedy::Reexamination)?,
            Remedy::Review | Remedy::Reexamination => None,
        };
        Ok(next.into_iter().collect())
    }

    /// Whether the petitioner has the right to ask: its clock runs.
    async fn has_right(&self, index: usize, remedy: Remedy) -> Result<bool> {
        let planned = self.plan.matters.get(index);
        if planned.is_none_or(|planned| planned.category != Category::Claim) {
            return Ok(false);
        }
        let kind = match remedy {
            Remedy::Review => words::ClockKind::AskReview,
            Remedy::Reexamination => words::ClockKind::AskReexamination,
        };
        let request = ListClocksRequest {
            matter_id: self.receipt(index)?.matter,
            page_size: 100,
            page_token: String::new(),
        };
        let supervision = &self.clients.supervision;
        let listed = persist("listing clocks", || {
            let (mut supervision, request) = (
                supervision.clone(),
                by(&self.office, "office", request.clone()),
            );
            async move { supervision.list_clocks(request).await }
        })
        .await?;
        Ok(listed
            .clocks
            .iter()
            .any(|clock| clock.kind() == kind && clock.state() == words::ClockState::Running))
    }

    /// The petition office of the place above that of an organ; none above the nation.
    async fn organ_above(&self, organ_id: String) -> Result<Option<String>> {
        let request = GetOrganRequest { organ_id };
        let routing = &self.clients.routing;
        let found = persist("reading an organ", || {
            let (mut routing, request) =
                (routing.clone(), by(&self.office, "office", request.clone()));
            async move { routing.get_organ(request).await }
        })
        .await?;
        let organ = found.organ.context("an answer without an organ")?;
        let place: TerritoryCode = organ.territory_code.parse()?;
        let above = place.parent();
        Ok(above.map(|above| organ_id_of(&above)))
    }
}

fn organ_id_of(place: &TerritoryCode) -> String {
    organ_id(place, PETITION_OFFICE).to_string()
}

const fn word(remedy: Remedy) -> words::Remedy {
    match remedy {
        Remedy::Review => words::Remedy::Review,
        Remedy::Reexamination => words::Remedy::Reexamination,
    }
}

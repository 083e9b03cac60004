//! The versions of the competence rules.

use huiyin_domain::routing::CompetenceRules;
use huiyin_domain::time::local_date;
use huiyin_proto::routing::v1::{ListRulesRequest, ListRulesResponse, RulesVersion};
use huiyin_service_kit::page::{PageToken, page_size};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use crate::service::Service;
use crate::store::competence_rules;
use crate::wire;

/// A page of versions, the one of the release first.
pub(crate) async fn list_rules(
    service: &Service,
    request: Request<ListRulesRequest>,
) -> Result<ListRulesResponse, Problem> {
    let request = request.into_inner();
    let mut violations = Violations::default();
    let size = page_size(&mut violations, request.page_size, 20, 100) as usize;
    violations.finish()?;
    let after = PageToken::parse(&request.page_token, "rules")?.map(|token| token.last_key);
    let mut connection = service.desk.database.reading().await?;
    let on = local_date(service.desk.database.now());
    let in_force = service.rulebook.in_force(&mut connection, on).await?;
    let of_release = RulesVersion {
        rules: Some(wire::told_rules(CompetenceRules::embedded().file())),
        ..RulesVersion::default()
    };
    let activated = competence_rules::activated(&mut connection).await?;
    let versions = std::iter::once(of_release).chain(activated.iter().map(wire::activated));
    let name = |version: &RulesVersion| {
        let rules = version.rules.as_ref();
        rules.map_or_else(String::new, |rules| rules.version.clone())
    };
    let mut versions: Vec<RulesVersion> = versions
        .map(|version| RulesVersion {
            in_force: name(&version) == in_force.competence.version(),
            ..version
        })
        .collect();
    if let Some(after) = after
        && let Some(place) = versions.iter().position(|version| name(version) == after)
    {
        versions.drain(..=place);
    }
    let more = versions.len() > size;
    versions.truncate(size);
    let next_page_token = match versions.last() {
        Some(last) if more => PageToken::issue(&name(last), "rules"),
        Some(_) | None => String::new(),
    };
    Ok(ListRulesResponse {
        versions,
        next_page_token,
    })
}

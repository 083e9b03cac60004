//! By which rules an urgent report can find its recipients: those of this release and those of the city's file, as they were read
//! at the start.

use huiyin_domain::time::local_date;
use huiyin_domain::warning::{RecipientRule, RecipientRules};
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::stability_early_warning::v1::{
    ListRecipientRulesRequest, ListRecipientRulesResponse,
};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::page::{PageToken, page_size};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use crate::service::Service;

/// The name of the list in its tokens.
const LIST: &str = "recipient rules";

/// Lists a page of versions of rules.
///
/// # Errors
/// A wrong page size; a token of another list.
pub(crate) async fn answer(
    service: &Service,
    message: ListRecipientRulesRequest,
) -> Result<ListRecipientRulesResponse, Problem> {
    let mut violations = Violations::default();
    let size = page_size(&mut violations, message.page_size, 50, 200);
    violations.finish()?;
    permit(About::House).await?;
    let begin = PageToken::parse(&message.page_token, LIST)?
        .map(|token| token.last_key.parse().map_err(|_| Problem::WrongPageToken))
        .transpose()?
        .unwrap_or(0);
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let today = local_date(service.desk.database.now());
    let all = &service.recipient_rules;
    let in_force = |rule: &RecipientRule| all.in_force(&rule.name, today) == Ok(rule);
    let rules = all.iter().skip(begin).take(size);
    let rules: Vec<pb::RecipientRule> = rules
        .map(|rule| pb::RecipientRule {
            name: rule.name.clone(),
            valid_from: rule.valid_from.to_string(),
            source: rule.source.clone(),
            roles: rule.roles.iter().map(ToString::to_string).collect(),
            of_this_release: RecipientRules::is_of_this_release(&rule.name),
            in_force: in_force(rule),
            kinds: rule.kinds.iter().map(ToString::to_string).collect(),
        })
        .collect();
    let next = begin.saturating_add(rules.len());
    let next_page_token = if next < all.iter().count() {
        PageToken::issue(&next.to_string(), LIST)
    } else {
        String::new()
    };
    Ok(ListRecipientRulesResponse {
        rules,
        next_page_token,
    })
}

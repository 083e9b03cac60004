//! The receipt for the petitioner: what follows, by when, and which rights there are, in plain words.

use chrono::Datelike as _;
use huiyin_domain::calendar::WorkCalendar;
use huiyin_domain::law::{ClockId, Due, due, rules};
use huiyin_domain::registration::{opinion_clock_applies, representatives_warning};
use huiyin_domain::time::{Instant, local_date};
use huiyin_domain::vocabulary::{Category, Channel};
use huiyin_proto::intake::v1::RegisterMatterResponse;
use huiyin_service_kit::wire::timestamp;

use crate::raised::Raised;
use crate::screening::Repeat;

/// What a receipt names.
#[derive(Clone, Copy)]
pub(crate) struct Named<'a> {
    /// Id of the matter, as it is written.
    pub(crate) matter_id: &'a str,
    /// Its number.
    pub(crate) number: &'a str,
    /// When it was registered.
    pub(crate) registered_at: Instant,
}

/// The receipt of a registration; the query code is filled in when it is given.
pub(crate) fn receipt(
    named: Named<'_>,
    raised: &Raised,
    repeat: Option<&Repeat>,
    calendar: &WorkCalendar,
) -> RegisterMatterResponse {
    let day = local_date(raised.received_at);
    let forward = due(
        rules().rule_on(ClockId::RegisterAndForward, day),
        day,
        calendar,
    );
    RegisterMatterResponse {
        matter_id: named.matter_id.to_owned(),
        number: named.number.to_owned(),
        query_code: String::new(),
        registered_time: Some(timestamp(named.registered_at)),
        forward_due_date: forward.rolled.to_string(),
        repeat_of: repeat
            .map(|repeat| repeat.matter.to_string())
            .unwrap_or_default(),
        repeat_reason: repeat
            .map(|repeat| repeat.reason.clone())
            .unwrap_or_default(),
        warnings: warnings(raised, forward),
        steps: steps(named.number, raised, forward),
    }
}

fn warnings(raised: &Raised, forward: Due) -> Vec<String> {
    let mut warnings = Vec::new();
    let named = u32::try_from(raised.petition.representatives.len()).unwrap_or(u32::MAX);
    if let Some(too_many) = representatives_warning(named) {
        warnings.push(format!("{too_many}; all of them were recorded"));
    }
    if raised.persons > 1 && raised.channel != Channel::Visit {
        warnings.push(format!(
            "{} persons were given; only visits are counted in persons, a matter raised by {} is counted as one piece",
            raised.persons, raised.channel,
        ));
    }
    if let Some(place) = &raised.right_window {
        warnings.push(format!(
            "it was raised above the next-higher level and is registered all the same; the right window for such a \
             matter is the petition office of {place}"
        ));
    }
    if forward.provisional {
        warnings.push(format!(
            "the due date is provisional: the work calendar of {} is not published yet",
            forward.rolled.year(),
        ));
    }
    warnings
}

fn steps(number: &str, raised: &Raised, forward: Due) -> Vec<String> {
    let mut steps = vec![
        format!("Your matter is registered as {number}. With this number and your query code you can follow it at any \
                 time; the code is shown only here (article 21)."),
        format!("By {} the petition office hands it to the organ that is competent for it, or answers you \
                 (article 22).", forward.rolled),
        "That organ tells you in writing within 15 days of receiving it whether it accepts the matter; if it does not, \
         it names the reason and the right channel (article 23)."
            .to_owned(),
    ];
    steps.extend(what_follows(raised).iter().map(|step| (*step).to_owned()));
    steps.push(
        "You may withdraw the matter until it is answered. After the reply you may evaluate the petition office and \
         the handling organ; silence is never counted as satisfaction."
            .to_owned(),
    );
    steps
}

fn what_follows(raised: &Raised) -> &'static [&'static str] {
    match raised.category {
        Category::Suggestion => {
            &["The organ studies your suggestion and replies to you (article 29)."]
        }
        Category::Denunciation => &[
            "Your denunciation is sealed: only those who handle it may read it, and never the organ it is about \
             (article 30).",
        ],
        Category::Claim if opinion_clock_applies(raised.category, Some(raised.subject.route)) => &[
            "The organ gives you its written opinion within 60 days of accepting; its head may extend this once by at \
             most 30 days and must tell you why (article 34).",
            "If you do not agree with the opinion, you may ask the next-higher organ for a review within 30 days of \
             receiving it (article 35), and for a re-examination of the review opinion within 30 days of that \
             (article 36).",
        ],
        Category::Claim => &[
            "For this subject the law has a procedure of its own; you are told which and where to apply \
             (article 31).",
            "If an organ gives you an opinion you do not agree with, you may ask the next-higher organ for a review \
             within 30 days of receiving it (article 35).",
        ],
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use huiyin_domain::ids::OrganId;
    use huiyin_domain::organs::PETITION_OFFICE;
    use huiyin_domain::standing::Standing;
    use huiyin_domain::subject::Subject;
    use huiyin_domain::vocabulary::{Level, StatutoryRoute};

    use super::*;
    use crate::petition::Petition;

    fn raised(representatives: usize) -> Raised {
        Raised {
            channel: Channel::Visit,
            category: Category::Claim,
            subject: Subject::all()
                .iter()
                .find(|subject| subject.route == StatutoryRoute::PetitionProcedure)
                .unwrap(),
            place: "431202001001".parse().unwrap(),
            office: Standing::new(
                OrganId::from_uuid(uuid::Uuid::from_u128(1)),
                (Level::City, "4312".parse().unwrap()),
                &[PETITION_OFFICE.to_owned()],
            ),
            received_at: "2025-09-26T02:00:00Z".parse().unwrap(),
            persons: 6,
            agent: false,
            about: None,
            sealed_from_office: false,
            right_window: None,
            petition: Petition {
                main_request: "water".to_owned(),
                representatives: vec!["somebody".to_owned(); representatives],
                ..Petition::default()
            },
        }
    }

    fn receipt_of(raised: &Raised) -> RegisterMatterResponse {
        let named = Named {
            matter_id: "matter_1",
            number: "431200-2025-00000001",
            registered_at: raised.received_at,
        };
        receipt(named, raised, None, WorkCalendar::embedded())
    }

    #[test]
    fn the_receipt_names_the_due_date_of_the_handbook_and_the_rights() {
        let receipt = receipt_of(&raised(5));
        assert_eq!(receipt.forward_due_date, "2025-10-11");
        assert_eq!(receipt.warnings, Vec::<String>::new());
        let steps = receipt.steps.join("\n");
        for article in [
            "article 21",
            "2025-10-11",
            "article 22",
            "article 23",
            "article 34",
            "article 35",
        ] {
            assert!(steps.contains(article), "{article} is not in\n{steps}");
        }
    }

    #[test]
    fn a_sixth_representative_is_a_warning_and_names_nobody() {
        let warnings = receipt_of(&raised(6)).warnings;
        assert_eq!(warnings.len(), 1);
        assert!(
            warnings[0].starts_with("6 representatives were named; art. 20(3)"),
            "{warnings:?}"
        );
        assert!(!warnings[0].contains("somebody"));
    }

    #[test]
    fn a_matter_raised_too_high_is_told_the_right_window() {
        let raised = Raised {
            right_window: Some(Arc::from("鹤城区")),
            ..raised(0)
        };
        assert!(receipt_of(&raised).warnings[0].contains("petition office of 鹤城区"));
    }

    #[test]
    fn six_signatures_on_a_letter_are_one_piece() {
        let raised = Raised {
            channel: Channel::Letter,
            ..raised(0)
        };
        assert!(receipt_of(&raised).warnings[0].contains("one piece"));
    }

    #[test]
    fn a_due_date_in_a_year_without_a_notice_says_so() {
        let raised = Raised {
            received_at: "2030-03-01T02:00:00Z".parse().unwrap(),
            ..raised(0)
        };
        assert!(receipt_of(&raised).warnings[0].contains("calendar of 2030"));
    }
}

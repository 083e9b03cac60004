//! The city's own recipient rules, from the file that the settings name.

use std::path::PathBuf;

use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_service_kit::testing::Broken;
use uuid::Uuid;

use crate::reporting_stage::fields;
use crate::stage::{Stage, Tested, report};

/// A file of its own, gone when the test ends.
struct File(PathBuf);

impl File {
    fn holding(rules: &str) -> Result<Self, Broken> {
        let name = format!(
            "huiyin-recipient-rules-{}",
            huiyin_service_kit::chance::new_uuid()
        );
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, format!(r#"{{"version": "1", "rules": [{rules}]}}"#))?;
        Ok(Self(path))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.0);
    }
}

fn rule(name: &str, from: &str, more: &str) -> String {
    format!(
        r#"{{"rule": "{name}", "valid_from": "{from}", "source": "notice 7 of the city",
            "roles": ["own_leadership", "level_above", "national_office"{more}]}}"#
    )
}

/// Why a service does not start with a file.
async fn refused(rules: &str) -> Result<String, Broken> {
    let file = File::holding(rules)?;
    match Stage::with_recipient_rules(&file.0).await {
        Ok(_) => Err("it started".into()),
        Err(refused) => Ok(refused.to_string()),
    }
}

#[tokio::test]
async fn an_alert_goes_out_by_a_rule_of_the_city_and_keeps_its_name_and_version() -> Tested {
    let file = File::holding(
        &[
            rule("flood", "2025-06-01", ""),
            rule("flood", "2026-06-01", ""),
        ]
        .join(","),
    )?;
    let stage = Stage::with_recipient_rules(&file.0).await?;
    let request = pb::RaiseAlertRequest {
        recipient_rule: "flood".to_owned(),
        ..report()
    };
    let alert = stage.raise_this(request).await?;
    assert_eq!(alert.recipient_rule, "flood 2025-06-01");
    assert_eq!(
        alert.recipients.len(),
        5,
        "the joint meeting is not told by it"
    );
    assert_eq!(stage.get(&alert).await?.recipient_rule, "flood 2025-06-01");
    let unknown = pb::RaiseAlertRequest {
        request_id: "raise-2".to_owned(),
        recipient_rule: "friends".to_owned(),
        ..report()
    };
    let unknown = stage.client.clone().raise_alert(unknown).await.unwrap_err();
    assert_eq!(fields(&unknown), ["recipient_rule"]);
    assert!(
        unknown
            .message()
            .contains("there are: flood, to-offices-below, urgent-report"),
        "{unknown}"
    );
    Ok(())
}

#[tokio::test]
async fn the_rules_are_listed_with_whose_they_are_and_which_holds() -> Tested {
    let file = File::holding(
        &[
            rule("flood", "2025-06-01", ""),
            rule("flood", "2026-06-01", ""),
        ]
        .join(","),
    )?;
    let stage = Stage::with_recipient_rules(&file.0).await?;
    let mut listed = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListRecipientRulesRequest {
            page_size: 2,
            page_token,
        };
        let page = stage
            .client
            .clone()
            .list_recipient_rules(request)
            .await?
            .into_inner();
        listed.extend(page.rules);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let listed: Vec<(&str, &str, bool, bool, usize)> = listed
        .iter()
        .map(|rule| {
            let (name, from) = (rule.name.as_str(), rule.valid_from.as_str());
            (
                name,
                from,
                rule.of_this_release,
                rule.in_force,
                rule.roles.len(),
            )
        })
        .collect();
    assert_eq!(
        listed,
        [
            ("urgent-report", "2022-05-01", true, true, 5),
            ("to-offices-below", "2026-01-01", true, true, 4),
            ("flood", "2025-06-01", false, true, 3),
            ("flood", "2026-06-01", false, false, 3),
        ]
    );
    Ok(())
}

#[tokio::test]
async fn a_wrong_file_is_refused_at_the_start_with_its_field_and_what_is_allowed() -> Tested {
    let cases = [
        (
            rule("flood", "2025-06-01", "").replace(r#""level_above", "#, ""),
            "rules[0].roles must hold level_above: art. 25 demands it",
        ),
        (
            [
                rule("flood", "2025-06-01", ""),
                rule("flood", "2025-06-01", ""),
            ]
            .join(","),
            "rules[1].valid_from: flood has two versions from 2025-06-01 on, the other in rules[0]",
        ),
        (rule("flood", "2025-06-01", r#", "friends""#), "friends"),
        (
            rule("urgent-report", "2026-01-01", ""),
            "rules[0].rule: urgent-report is a rule of this release; allowed is any other name",
        ),
    ];
    for (rules, words) in cases {
        let refused = refused(&rules).await?;
        assert!(
            refused.contains("the file of the setting recipient_rules") && refused.contains(words),
            "{refused}"
        );
    }
    let nowhere = std::env::temp_dir().join(Uuid::nil().to_string());
    let unread = Stage::with_recipient_rules(&nowhere)
        .await
        .err()
        .ok_or("it started")?;
    assert!(unread.to_string().contains("cannot be read"), "{unread}");
    Ok(())
}

//! A warning to the offices below: each is told once, with its timer and why, and whoever must not be told is not.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use huiyin_domain::organs::{self, OrganProfile};
use huiyin_proto::events::v1::MatterRegistered;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::testing::Broken;
use tonic::Code;

use crate::reporting_stage::{by, fields};
use crate::stage::{Client, Stage, Tested, code, holder, office, report, territories, visit};
use crate::storm::failure;

/// Offices of townships that are there besides those of the city.
const MORE: u32 = 500;

/// The petition office of a township of the county.
pub fn township(number: u32) -> OrganProfile {
    let territory = code(&format!("431221{number:03}"));
    OrganProfile {
        id: organs::organ_id(&territory, organs::PETITION_OFFICE),
        name: format!("信访办{number}"),
        level: territory.level(),
        territory,
        functions: vec![organs::PETITION_OFFICE.to_owned()],
    }
}

/// A warning of the nation to every office below.
pub fn warning(request_id: &str) -> pb::RaiseAlertRequest {
    pb::RaiseAlertRequest {
        request_id: request_id.to_owned(),
        kind: words::UrgentKind::ServiceFailure.into(),
        place_code: "00".to_owned(),
        organ_id: office("00"),
        recipient_rule: "to-offices-below".to_owned(),
        ..report()
    }
}

impl Stage {
    /// Everybody an alert is addressed to.
    async fn everybody(&self, alert: &pb::Alert) -> Result<Vec<pb::Recipient>, Broken> {
        let mut everybody = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = pb::ListAlertRecipientsRequest {
                alert_id: alert.alert_id.clone(),
                page_size: 200,
                page_token,
                ..pb::ListAlertRecipientsRequest::default()
            };
            let mut client = self.client.clone();
            let page = client.list_alert_recipients(request).await?.into_inner();
            everybody.extend(page.recipients);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(everybody);
            }
        }
    }
}

/// The offices of the city and of these townships.
fn offices(more: u32) -> BTreeSet<String> {
    let all = organs::generate(&territories())
        .into_iter()
        .chain((100..100 + more).map(township));
    let is_office = |organ: &OrganProfile| {
        let functions = [organs::PETITION_OFFICE, organs::JOINT_MEETING];
        functions
            .iter()
            .any(|function| organ.functions.iter().any(|held| held == function))
    };
    all.filter(is_office)
        .map(|organ| organ.id.to_string())
        .collect()
}

#[tokio::test]
async fn a_warning_of_the_nation_reaches_every_office_below_once_and_says_why() -> Tested {
    let stage = Stage::set().await?;
    stage
        .load_organs((100..100 + MORE).map(township).collect())
        .await?;
    let about = MatterRegistered {
        about_organ: township(117).id.to_string(),
        ..visit(1, 3)
    };
    let matter = about.matter_id.clone();
    stage
        .hear(ServiceName::Intake, vec![Fact::MatterRegistered(about)])
        .await?;
    stage.run_road();
    let request = pb::RaiseAlertRequest {
        matter_ids: vec![matter],
        ..warning("national")
    };
    let alert = stage.raise_this(request).await?;
    assert_eq!(alert.recipients.len(), 100, "an answer lists the first");
    arrive(&stage, MORE as usize).await?;

    let mut expected = offices(MORE);
    assert!(expected.remove(&township(117).id.to_string()));
    let everybody = stage.everybody(&alert).await?;
    let told: Vec<String> = everybody
        .iter()
        .map(|recipient| recipient.organ_id.clone())
        .collect();
    assert_eq!(told, Vec::from_iter(expected), "each once, by its id");
    assert_eq!(alert.recipient_count as usize, told.len());
    for recipient in &everybody {
        let above = recipient.organ_id == office("00");
        assert_eq!(
            recipient.role() == words::RecipientRole::OfficesBelow,
            !above,
        );
        let why = "stands below 000000000000; every office below is told at once";
        assert_eq!(recipient.reason.ends_with(why), !above, "{recipient:?}");
        assert!(recipient.delivered_time.is_some() || recipient.level() != words::Level::Township);
    }
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    let twice_or_never = "SELECT count(*) FROM alert_recipient r
        WHERE (SELECT count(*) FROM desk_call c WHERE c.recipient_id = r.recipient_id AND c.call = 0 AND c.rings) <> 1
           OR (SELECT count(*) FROM feed f WHERE f.stream LIKE 'alerts:%'
               AND position(convert_to(replace(r.organ_id::text, '-', ''), 'UTF8') IN f.payload) > 0
               AND r.level = 'township') <> (r.level = 'township')::integer";
    assert_eq!(stage.count(twice_or_never).await?, 0);
    let excluded =
        "SELECT count(*) FROM alert_told JOIN alert_exclusion USING (alert_id, organ_id)";
    assert_eq!(stage.count(excluded).await?, 0);
    assert_eq!(
        stage.count("SELECT count(*) FROM alert_exclusion").await?,
        1
    );
    Ok(())
}

#[tokio::test]
async fn of_hundreds_of_offices_below_at_which_nobody_is_on_duty_each_is_spoken_of_once() -> Tested
{
    let stage = Stage::set().await?;
    stage
        .load_organs((100..100 + MORE).map(township).collect())
        .await?;
    // rosters that promise somebody round the clock, and no shift
    let promised = "WITH desk AS (
             INSERT INTO duty_desk (organ_id, place_code)
             SELECT organ_id, territory_code FROM office WHERE name LIKE '信访办%' RETURNING organ_id),
         promised AS (
             INSERT INTO duty_roster (roster_id, organ_id, begins, hours_from, hours_to, post, set_at)
             SELECT gen_random_uuid(), organ_id, '2020-01-01', 0, 1440, 'duty-desk', now() FROM desk RETURNING 1)
         SELECT count(*) FROM promised";
    assert_eq!(stage.count(promised).await?, i64::from(MORE));
    for request_id in ["national", "another"] {
        stage.raise_this(warning(request_id)).await?;
        let spoken_of = "SELECT count(DISTINCT alert.organ_id) FROM alert
            JOIN office ON office.organ_id = alert.organ_id AND office.name LIKE '信访办%'
            JOIN alert_recipient USING (alert_id)
            JOIN desk_call ON desk_call.recipient_id = alert_recipient.recipient_id AND desk_call.call = 0
            WHERE alert.source = 'duty'";
        assert_eq!(stage.count(spoken_of).await?, i64::from(MORE));
        let all = "SELECT count(*) FROM alert WHERE source = 'duty'";
        assert_eq!(stage.count(all).await?, i64::from(MORE));
    }
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    Ok(())
}

/// Waits until so many townships besides that of the city were told, less the one that is excluded.
async fn arrive(stage: &Stage, more: usize) -> Tested {
    let request = pb::WatchAlertsRequest {
        level: words::Level::Township.into(),
        from_beginning: true,
        ..pb::WatchAlertsRequest::default()
    };
    let watched = stage.client.clone().watch_alerts(request).await?;
    let arrived: Vec<_> = watched.into_inner().take(more).collect().await;
    for notice in arrived {
        assert_eq!(notice?.notice(), pb::NoticeKind::Raised);
    }
    Ok(())
}

#[tokio::test]
async fn an_office_below_sees_itself_among_hundreds_and_an_excluded_one_sees_nothing() -> Tested {
    let stage = Stage::set().await?;
    stage
        .load_organs((100..300).map(township).collect())
        .await?;
    let about = MatterRegistered {
        category: words::Category::Denunciation.into(),
        about_organ: office("431202"),
        ..visit(1, 3)
    };
    let matter = about.matter_id.clone();
    stage
        .hear(ServiceName::Intake, vec![Fact::MatterRegistered(about)])
        .await?;
    let request = pb::RaiseAlertRequest {
        matter_ids: vec![matter],
        ..warning("national")
    };
    let alert = stage.raise_this(request).await?;
    let lists = huiyin_stability_early_warning::lists(stage.desk.desk.clone()).await?;
    let mut guarded = Client::new(stage.desk.guarded(lists.rpcs.clone())?);
    let mut underneath = Client::new(stage.desk.underneath(lists.rpcs)?);
    let get = pb::GetAlertRequest {
        alert_id: alert.alert_id.clone(),
    };
    let list = pb::ListAlertRecipientsRequest {
        alert_id: alert.alert_id.clone(),
        ..pb::ListAlertRecipientsRequest::default()
    };
    for number in 290..300 {
        let place = format!("431221{number}");
        let own = by(&place, "duty-desk", get.clone());
        let seen = guarded.get_alert(own).await?.into_inner().alert.unwrap();
        assert!((100..=101).contains(&seen.recipients.len()));
        assert_eq!(seen.recipient_count, alert.recipient_count);
        let mut listed = seen.recipients.iter();
        assert!(listed.any(|recipient| recipient.organ_id == office(&place)));
        let own = by(&place, "duty-desk", list.clone());
        let page = guarded.list_alert_recipients(own).await?.into_inner();
        assert_eq!(page.recipients.len(), 50);
    }
    // the denounced office, and the one below it
    for place in ["431202", "431202001"] {
        for client in [&mut guarded, &mut underneath] {
            let other = by(place, "duty-desk", get.clone());
            let refused = client.get_alert(other).await.unwrap_err();
            assert_eq!(refused.code(), Code::NotFound, "{refused}");
            let other = by(place, "duty-desk", list.clone());
            let refused = client.list_alert_recipients(other).await.unwrap_err();
            assert_eq!(refused.code(), Code::NotFound, "{refused}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_desks_below_keep_their_budgets_in_a_storm_of_warnings() -> Tested {
    let stage = Stage::set().await?;
    stage
        .load_organs((100..120).map(township).collect())
        .await?;
    for number in 1..=12 {
        let request = pb::RaiseAlertRequest {
            request_id: format!("storm-{number}"),
            matter_ids: failure(number).matter_ids,
            ..warning("")
        };
        stage.raise_this(request).await?;
    }
    let desks = "SELECT count(*) FROM (
            SELECT organ_id, sum(rings) AS rings, sum(calls) AS calls FROM desk_notice GROUP BY organ_id) desk
        WHERE rings = 10 AND calls = 12";
    assert_eq!(stage.count(desks).await? as usize, offices(20).len());
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    Ok(())
}

#[tokio::test]
async fn thousands_are_told_by_petition_offices_of_few_matters_and_of_no_organs_conduct() -> Tested
{
    let stage = Stage::set().await?;
    let eleven: Vec<String> = (1..=11)
        .flat_map(|number| failure(number).matter_ids)
        .collect();
    let environment = holder("4312", "ecology");
    let cases = [
        (
            pb::RaiseAlertRequest {
                kind: words::UrgentKind::Retaliation.into(),
                ..warning("conduct")
            },
            "recipient_rule",
        ),
        (
            pb::RaiseAlertRequest {
                organ_id: environment,
                place_code: "4312".to_owned(),
                ..warning("department")
            },
            "recipient_rule",
        ),
        (
            pb::RaiseAlertRequest {
                matter_ids: eleven,
                ..warning("matters")
            },
            "matter_ids",
        ),
    ];
    for (request, field) in cases {
        let refused = stage.client.clone().raise_alert(request).await;
        assert_eq!(fields(&refused.unwrap_err()), [field]);
    }
    let of_a_county = pb::RaiseAlertRequest {
        organ_id: office("431202"),
        place_code: "431202".to_owned(),
        ..warning("county")
    };
    let alert = stage.raise_this(of_a_county).await?;
    let below = alert.recipients.iter();
    let below = below.filter(|told| told.role() == words::RecipientRole::OfficesBelow);
    let below: Vec<_> = below.map(|told| told.organ_id.clone()).collect();
    assert_eq!(below, [office("431202001")]);
    Ok(())
}

#[tokio::test]
async fn a_report_on_a_warning_renews_the_leases_of_all_who_hold_it() -> Tested {
    let stage = Stage::set().await?;
    stage
        .load_organs((100..230).map(township).collect())
        .await?;
    let alert = stage.raise_this(warning("national")).await?;
    for number in 100..230 {
        let organ = township(number).id.to_string();
        stage.acknowledge(&alert, &organ).await?;
    }
    stage.desk.move_clock(crate::stage::minute(60)).await?;
    let follow_up = words::AlertReportStage::FollowUp;
    stage.report_on(&alert, follow_up, &office("00")).await?;
    let renewed =
        "SELECT count(DISTINCT report_due) * 1000 + count(report_due) FROM alert_recipient";
    assert_eq!(stage.count(renewed).await?, 1130, "one instant for all");
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    Ok(())
}

//! A storm of alerts at the desks of a county: what rings, what waits, and that nothing is lost.

use chrono::TimeDelta;
use huiyin_domain::ids::MatterId;
use huiyin_domain::time::Instant;
use huiyin_proto::events::v1::NoticeRang;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::stability_early_warning::v1::NoticeForm;
use huiyin_proto::vocabulary::v1::UrgentKind;
use huiyin_service_kit::testing::Broken;
use tonic::Code;
use uuid::Uuid;

use crate::reporting_stage::{Reporting, by};
use crate::stage::{Client, Stage, Tested, minute, office, report, start};

pub const COUNTY: &str = "431202";

/// A report of the county on a service that failed, about a matter of its own.
pub fn failure(number: u128) -> pb::RaiseAlertRequest {
    pb::RaiseAlertRequest {
        request_id: format!("storm-{number}"),
        kind: UrgentKind::ServiceFailure.into(),
        matter_ids: vec![MatterId::from_uuid(Uuid::from_u128(number)).to_string()],
        ..report()
    }
}

/// A report of the county on danger to life.
pub fn danger(number: u128) -> pb::RaiseAlertRequest {
    pb::RaiseAlertRequest {
        kind: UrgentKind::DangerToLife.into(),
        ..failure(number)
    }
}

pub fn second(second: i64) -> Instant {
    start() + TimeDelta::seconds(second)
}

impl Stage {
    pub async fn raise_this(&self, request: pb::RaiseAlertRequest) -> Result<pb::Alert, Broken> {
        let answer = self.client.clone().raise_alert(request).await?;
        Ok(answer.into_inner().alert.unwrap())
    }

    /// Every notice of a desk, oldest first.
    pub async fn notices(&self, place: &str) -> Result<Vec<pb::DeskNotice>, Broken> {
        let mut notices = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = pb::ListNoticesRequest {
                organ_id: office(place),
                page_size: 7,
                page_token,
            };
            let page = self
                .client
                .clone()
                .list_notices(request)
                .await?
                .into_inner();
            notices.extend(page.notices);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                notices.reverse();
                return Ok(notices);
            }
        }
    }

    /// Every call of a notice, in order.
    pub async fn calls(&self, notice: &pb::DeskNotice) -> Result<Vec<pb::DeskCall>, Broken> {
        let mut calls = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = pb::GetNoticeRequest {
                notice_id: notice.notice_id.clone(),
                page_size: 40,
                page_token,
                ..pb::GetNoticeRequest::default()
            };
            let page = self.client.clone().get_notice(request).await?.into_inner();
            assert_eq!(page.notice.as_ref(), Some(notice));
            calls.extend(page.calls);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(calls);
            }
        }
    }

    /// The bundles that rang at the desk of a place since the last time.
    pub async fn rung(&self, place: &str) -> Result<Vec<NoticeRang>, Broken> {
        let own = office(place);
        let rang = self
            .told()
            .await?
            .into_iter()
            .filter_map(|fact| match fact {
                Fact::NoticeRang(fact) if fact.recipient_organ == own => Some(fact),
                _ => None,
            });
        Ok(rang.collect())
    }
}

/// Form, rings and calls of each notice.
fn outline(notices: &[pb::DeskNotice]) -> Vec<(NoticeForm, u32, u32)> {
    let notices = notices.iter();
    notices
        .map(|notice| (notice.form(), notice.rings, notice.calls))
        .collect()
}

#[tokio::test]
async fn a_hundred_alerts_in_a_minute_are_ten_notices_and_each_is_open_by_itself() -> Tested {
    let stage = Stage::set().await?;
    for number in 0..100 {
        let at = start() + TimeDelta::milliseconds(600 * number);
        stage.desk.move_clock(at).await?;
        stage.raise_this(failure(u128::try_from(number)?)).await?;
    }
    let notices = stage.notices(COUNTY).await?;
    let mut expected = vec![(NoticeForm::Group, 1, 1); 9];
    expected.push((NoticeForm::Bundle, 1, 91));
    assert_eq!(outline(&notices), expected);
    assert_eq!(
        stage
            .count(
                "SELECT count(DISTINCT fire_at) FROM alert_recipient JOIN timer ON ref = recipient_id
                 JOIN office USING (organ_id)
                 WHERE state = 'waiting' AND kind = 'acknowledgement' AND fire_at = ack_due
                   AND territory_code = '431202000000'"
            )
            .await?,
        100,
        "each has its own timer"
    );
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    // the bundle rings when the first place is free again, with all that joined it
    stage.told().await?;
    assert_eq!(
        stage.ring_at(second(599)).await?,
        0,
        "not a second too early"
    );
    assert!(stage.ring_at(minute(10)).await? > 0);
    let rung = stage.rung(COUNTY).await?;
    assert_eq!(
        (rung.len(), rung[0].alerts, rung[0].alert_ids.len()),
        (1, 90, 90)
    );
    assert_eq!(rung[0].place_codes, [crate::stage::VILLAGE]);
    assert_eq!(rung[0].kinds, [i32::from(UrgentKind::ServiceFailure)]);
    let bundle = stage.notices(COUNTY).await?.pop().unwrap();
    assert_eq!((bundle.rings, bundle.calls), (2, 91));
    let calls = stage.calls(&bundle).await?;
    assert_eq!(calls.len(), 91, "its members are there by id");
    assert_eq!(calls.iter().filter(|call| call.rings).count(), 1);
    assert_eq!(stage.ring_at(minute(40)).await?, 0, "nobody else waits");
    Ok(())
}

#[tokio::test]
async fn fifty_alerts_at_one_instant_keep_the_budget_of_every_desk_exactly() -> Tested {
    let stage = Stage::set().await?;
    let raised = (0..50).map(|number| {
        let mut client = stage.client.clone();
        async move { client.raise_alert(failure(number)).await }
    });
    for answer in futures::future::join_all(raised).await {
        answer?;
    }
    assert_eq!(
        stage
            .count(
                "SELECT count(*) FROM (
                     SELECT organ_id FROM desk_call JOIN alert_recipient USING (recipient_id)
                     GROUP BY organ_id HAVING count(*) = 50 AND count(*) FILTER (WHERE rings) = 10) AS desks"
            )
            .await?,
        6
    );
    assert_eq!(
        stage.count("SELECT count(*) FROM desk_notice").await?,
        60,
        "ten at each desk"
    );
    Ok(())
}

#[tokio::test]
async fn danger_to_life_rings_at_once_alone_and_without_end() -> Tested {
    let stage = Stage::set().await?;
    for number in 0..15 {
        stage.raise_this(danger(number)).await?;
    }
    let notices = stage.notices(COUNTY).await?;
    assert_eq!(
        outline(&notices),
        vec![(NoticeForm::DangerToLife, 1, 1); 15]
    );
    // it has used the budget up: others wait, it does not
    stage.raise_this(failure(20)).await?;
    stage.raise_this(danger(21)).await?;
    let notices = stage.notices(COUNTY).await?;
    let mut later = outline(&notices[15..]);
    later.sort_by_key(|(_, rings, _)| *rings);
    assert_eq!(
        later,
        [(NoticeForm::Bundle, 0, 1), (NoticeForm::DangerToLife, 1, 1)]
    );
    // ever more of it takes the places that would be free, and the bundle rings at the end of its window all the same
    for number in 30..41 {
        stage.desk.move_clock(minute(5)).await?;
        stage.raise_this(danger(number)).await?;
    }
    assert_eq!(stage.ring_at(second(599)).await?, 0);
    stage.ring_at(minute(10)).await?;
    let bundles = stage.notices(COUNTY).await?;
    let bundle = bundles
        .iter()
        .find(|notice| notice.form() == NoticeForm::Bundle)
        .unwrap();
    assert_eq!(
        (bundle.rings, bundle.rung_time),
        (1, Some(huiyin_service_kit::wire::timestamp(minute(10))))
    );
    Ok(())
}

#[tokio::test]
async fn a_bundle_whose_place_danger_to_life_has_taken_waits_for_the_next_one() -> Tested {
    let stage = Stage::set().await?;
    for number in 0..10 {
        stage.raise_this(danger(number)).await?;
    }
    stage.desk.move_clock(minute(4)).await?;
    stage.raise_this(failure(20)).await?;
    stage.desk.move_clock(minute(9)).await?;
    for number in 30..40 {
        stage.raise_this(danger(number)).await?;
    }
    stage.told().await?;
    assert_eq!(
        stage.ring_at(minute(10)).await?,
        6,
        "at each of the six desks"
    );
    assert_eq!(stage.rung(COUNTY).await?, [], "its place was taken");
    assert_eq!(stage.ring_at(second(839)).await?, 0);
    assert_eq!(stage.ring_at(minute(14)).await?, 6);
    assert_eq!(
        stage.rung(COUNTY).await?.len(),
        1,
        "and nobody waits longer than the window"
    );
    Ok(())
}

#[tokio::test]
async fn alerts_of_one_place_kind_and_matter_are_one_notice() -> Tested {
    let stage = Stage::set().await?;
    for number in 0..3 {
        let request = pb::RaiseAlertRequest {
            request_id: format!("same-{number}"),
            ..failure(1)
        };
        stage.raise_this(request).await?;
    }
    stage.raise_this(failure(2)).await?;
    let mut notices = outline(&stage.notices(COUNTY).await?);
    notices.sort_by_key(|(_, rings, _)| *rings);
    assert_eq!(
        notices,
        [(NoticeForm::Group, 1, 1), (NoticeForm::Group, 3, 3)]
    );
    Ok(())
}

#[tokio::test]
async fn a_place_sets_the_budget_of_its_desks() -> Tested {
    let rules = include_str!("../../../../crates/domain/data/local_rules.json").replace(
        r#"    {"rule": "collective_visit","#,
        r#"    {"rule": "desk_notices", "place": "431202", "level": "county", "value": 2, "valid_from": "2022-05-01", "source": "s"},
    {"rule": "collective_visit","#,
    );
    let stage = Stage::with_local_rules(&rules).await?;
    for number in 0..4 {
        stage.raise_this(failure(number)).await?;
    }
    let mut county = outline(&stage.notices(COUNTY).await?);
    county.sort_by_key(|(_, _, calls)| *calls);
    assert_eq!(
        county,
        [(NoticeForm::Group, 1, 1), (NoticeForm::Bundle, 1, 3)]
    );
    assert_eq!(
        outline(&stage.notices("4312").await?),
        vec![(NoticeForm::Group, 1, 1); 4],
        "the city has its own"
    );
    Ok(())
}

#[tokio::test]
async fn the_deputy_and_the_leader_ring_and_repeats_at_the_top_are_bundled() -> Tested {
    let stage = Stage::set().await?;
    for number in 0..3 {
        stage.raise_this(failure(number)).await?;
    }
    // deputy, leader, level above: each time each alert rings in a notice of its own, and once more brings the city in
    for half_hour in 1..=3 {
        stage.pass_to(minute(30 * half_hour)).await?;
    }
    assert_eq!(
        outline(&stage.notices(COUNTY).await?),
        vec![(NoticeForm::Group, 1, 1); 12]
    );
    // at the top they are one bundle, that rings once a window while the repeats go on
    stage.pass_to(minute(120)).await?;
    let county = stage.notices(COUNTY).await?;
    assert_eq!(outline(&county[12..]), [(NoticeForm::Bundle, 1, 3)]);
    stage.told().await?;
    stage.ring_at(minute(130)).await?;
    let rung = stage.rung(COUNTY).await?;
    assert_eq!(
        (rung.len(), rung[0].alerts),
        (1, 2),
        "for those that joined it"
    );
    let calls = stage.calls(&stage.notices(COUNTY).await?[12]).await?;
    assert!(calls.iter().all(|call| call.call == 4), "{calls:?}");
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    Ok(())
}

#[tokio::test]
async fn danger_to_life_rings_at_every_step_of_its_escalation() -> Tested {
    let stage = Stage::set().await?;
    stage.raise().await?;
    for half_hour in 1..=5 {
        stage.pass_to(minute(30 * half_hour)).await?;
    }
    assert_eq!(
        outline(&stage.notices(COUNTY).await?),
        vec![(NoticeForm::DangerToLife, 1, 1); 6]
    );
    Ok(())
}

#[tokio::test]
async fn a_bundle_rings_for_nobody_who_was_acknowledged_meanwhile() -> Tested {
    let stage = Stage::set().await?;
    let mut alerts = Vec::new();
    for number in 0..13 {
        alerts.push(stage.raise_this(failure(number)).await?);
    }
    let county = office(COUNTY);
    for (number, alert) in alerts[10..].iter().enumerate() {
        let request = pb::AcknowledgeAlertRequest {
            request_id: format!("ack-{number}"),
            alert_id: alert.alert_id.clone(),
            organ_id: county.clone(),
            post: "duty-desk".to_owned(),
            take_over: false,
        };
        stage.client.clone().acknowledge_alert(request).await?;
    }
    stage.told().await?;
    assert_eq!(stage.ring_at(minute(10)).await?, 6);
    let told = stage.told().await?;
    let rang = told.iter().filter_map(|fact| match fact {
        Fact::NoticeRang(fact) => Some(fact.recipient_organ.clone()),
        _ => None,
    });
    let rang: Vec<String> = rang.collect();
    assert_eq!((rang.len(), rang.contains(&county)), (5, false));
    // what comes then opens a bundle of its own
    for number in 20..31 {
        stage.raise_this(failure(number)).await?;
    }
    let notices = stage.notices(COUNTY).await?;
    let bundles = notices
        .iter()
        .filter(|notice| notice.form() == NoticeForm::Bundle);
    assert_eq!(bundles.count(), 2);
    Ok(())
}

#[tokio::test]
async fn a_notice_is_seen_at_its_own_desk_and_nowhere_else() -> Tested {
    let reporting = Reporting::set().await?;
    let stage = &reporting.stage;
    stage.raise_this(failure(1)).await?;
    let notice = stage.notices(COUNTY).await?.pop().unwrap();
    let get = pb::GetNoticeRequest {
        notice_id: notice.notice_id.clone(),
        ..pb::GetNoticeRequest::default()
    };
    let lists = huiyin_stability_early_warning::lists(stage.desk.desk.clone()).await?;
    let mut guarded = Client::new(stage.desk.guarded(lists.rpcs.clone())?);
    let mut underneath = Client::new(stage.desk.underneath(lists.rpcs)?);
    let own = by(COUNTY, "duty-desk", get.clone());
    assert_eq!(guarded.get_notice(own).await?.into_inner().calls.len(), 1);
    for client in [&mut guarded, &mut underneath] {
        for other in ["4312", "431221"] {
            let other = by(other, "duty-desk", get.clone());
            let refused = client.get_notice(other).await.unwrap_err();
            assert_eq!(refused.code(), Code::NotFound, "{refused}");
        }
    }
    let listed = pb::ListNoticesRequest {
        organ_id: office(COUNTY),
        ..pb::ListNoticesRequest::default()
    };
    let refused = guarded
        .list_notices(by("4312", "duty-desk", listed.clone()))
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
    let hidden = underneath
        .list_notices(by("4312", "duty-desk", listed))
        .await?;
    assert_eq!(hidden.into_inner().notices, []);
    let own = by(COUNTY, "duty-desk", pb::ListNoticesRequest::default());
    assert_eq!(
        guarded.list_notices(own).await?.into_inner().notices,
        [notice]
    );
    Ok(())
}

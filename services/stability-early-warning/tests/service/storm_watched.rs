//! What a watched desk sees of a storm: every alert as it comes, whether it rings, and bundles that ring later.

use futures::StreamExt as _;
use huiyin_proto::stability_early_warning::v1::{
    NoticeForm, NoticeKind, WatchAlertsRequest, WatchAlertsResponse,
};
use huiyin_proto::vocabulary::v1::UrgentKind;
use huiyin_service_kit::testing::Broken;
use tonic::Streaming;

use crate::stage::{Stage, Tested, VILLAGE, minute, office};
use crate::storm::{COUNTY, danger, failure};

async fn watch(
    stage: &Stage,
    place: &str,
    cursor: &str,
) -> Result<Streaming<WatchAlertsResponse>, Broken> {
    let request = WatchAlertsRequest {
        organ_id: office(place),
        from_beginning: cursor.is_empty(),
        cursor: cursor.to_owned(),
        ..WatchAlertsRequest::default()
    };
    Ok(stage
        .client
        .clone()
        .watch_alerts(request)
        .await?
        .into_inner())
}

async fn take(
    stream: &mut Streaming<WatchAlertsResponse>,
    many: usize,
) -> Result<Vec<WatchAlertsResponse>, Broken> {
    let mut notices = Vec::new();
    while notices.len() < many {
        notices.push(stream.next().await.ok_or("the stream ended")??);
    }
    Ok(notices)
}

#[tokio::test]
async fn every_alert_comes_once_and_says_whether_it_rings_and_its_bundle_rings_later() -> Tested {
    let stage = Stage::set().await?;
    stage.run_road();
    for number in 0..12 {
        stage.raise_this(failure(number)).await?;
    }
    stage.raise_this(danger(12)).await?;
    let mut desk = watch(&stage, COUNTY, "").await?;
    let came = take(&mut desk, 13).await?;
    assert!(
        came.iter()
            .all(|notice| notice.notice() == NoticeKind::Raised)
    );
    let rings: Vec<(bool, NoticeForm)> = came
        .iter()
        .map(|notice| (notice.rings, notice.form()))
        .collect();
    let mut expected = vec![(true, NoticeForm::Group); 9];
    expected.extend([
        (true, NoticeForm::Bundle),
        (false, NoticeForm::Bundle),
        (false, NoticeForm::Bundle),
    ]);
    expected.push((true, NoticeForm::DangerToLife));
    assert_eq!(rings, expected);
    let bundle = came[10].notice_id.clone();
    assert_eq!(
        [&came[9].notice_id, &came[11].notice_id],
        [&bundle, &bundle]
    );
    stage.ring_at(minute(10)).await?;
    let rang = take(&mut desk, 1).await?;
    let expected = WatchAlertsResponse {
        cursor: rang[0].cursor.clone(),
        dedupe_key: rang[0].cursor.clone(),
        occurred_time: Some(huiyin_service_kit::wire::timestamp(minute(10))),
        notice: NoticeKind::BundleRang.into(),
        recipient_organ: office(COUNTY),
        recipient_level: came[0].recipient_level,
        rings: true,
        notice_id: bundle,
        form: NoticeForm::Bundle.into(),
        alert_count: 2,
        place_codes: vec![VILLAGE.to_owned()],
        kinds: vec![UrgentKind::ServiceFailure.into()],
        alert_ids: rang[0].alert_ids.clone(),
        ..WatchAlertsResponse::default()
    };
    assert_eq!(rang, [expected]);
    let mut members = rang[0].alert_ids.clone();
    members.sort();
    let mut waited = vec![came[10].alert_id.clone(), came[11].alert_id.clone()];
    waited.sort();
    assert_eq!(members, waited);
    // whoever resumes sees the same, bundle and all
    let mut resumed = watch(&stage, COUNTY, &came[9].cursor).await?;
    let rest = take(&mut resumed, 4).await?;
    assert_eq!(rest, [&came[10..], &rang[..]].concat());
    Ok(())
}

#[tokio::test]
async fn the_call_of_a_deputy_rings_at_its_own_desk_and_at_no_other() -> Tested {
    let stage = Stage::set().await?;
    stage.run_road();
    stage.raise_this(failure(1)).await?;
    let mut desk = watch(&stage, "4312", "").await?;
    take(&mut desk, 1).await?;
    stage.pass_to(minute(30)).await?;
    // the office's own, and that of the joint meeting beside it
    let escalated = take(&mut desk, 2).await?;
    for notice in &escalated {
        let own = notice.recipient_organ == office("4312");
        assert_eq!((notice.notice(), notice.call), (NoticeKind::Escalated, 1));
        assert_eq!((notice.rings, notice.notice_id.is_empty()), (own, !own));
    }
    let ringing = escalated.iter().filter(|notice| notice.rings);
    assert_eq!(ringing.count(), 1);
    Ok(())
}

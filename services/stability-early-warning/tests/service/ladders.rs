//! The escalation climbs the ladder of the place and kind, and the one it began.

use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::vocabulary::v1::{EscalationStep, UrgentKind};

use crate::stage::{Stage, Tested, minute, office, report};

/// A city whose service failures call the level above after the deputy, and everybody soon after that.
const CITYS_OWN: &str = r#"{"version": "1", "ladders": [
    {"ladder": "urgent-report", "valid_from": "2022-05-01", "source": "s", "rungs": [
        {"calls": "deputy", "after": "acknowledgement_limit"}, {"calls": "leader", "after": "acknowledgement_limit"},
        {"calls": "level_above", "after": "acknowledgement_limit"}, {"calls": "everybody", "after": "acknowledgement_limit"}],
     "again_every": "repeat_interval"},
    {"ladder": "city", "place": "431200000000", "kind": "service_failure", "valid_from": "2026-01-01", "source": "s", "rungs": [
        {"calls": "deputy", "after": "acknowledgement_limit"}, {"calls": "level_above", "after": 10},
        {"calls": "everybody", "after": 5}],
     "again_every": 60},
    {"ladder": "city-danger", "place": "431200000000", "kind": "danger_to_life", "valid_from": "2026-01-01", "source": "s", "rungs": [
        {"calls": "deputy", "after": "acknowledgement_limit"}, {"calls": "level_above", "after": 30},
        {"calls": "everybody", "after": 30}],
     "again_every": 30}
]}"#;

async fn county(stage: &Stage, alert: &pb::Alert) -> Result<pb::Recipient, tonic::Status> {
    let request = pb::GetAlertRequest {
        alert_id: alert.alert_id.clone(),
    };
    let alert = stage
        .client
        .clone()
        .get_alert(request)
        .await?
        .into_inner()
        .alert
        .unwrap();
    let mut recipients = alert.recipients.into_iter();
    Ok(recipients
        .find(|told| told.organ_id == office("431202"))
        .unwrap())
}

async fn raise(stage: &Stage, kind: UrgentKind) -> Result<pb::Alert, tonic::Status> {
    let request = pb::RaiseAlertRequest {
        kind: kind.into(),
        ..report()
    };
    let answer = stage.client.clone().raise_alert(request).await?;
    Ok(answer.into_inner().alert.unwrap())
}

/// The step of the county after each of these minutes.
async fn climbed(
    stage: &Stage,
    alert: &pb::Alert,
    minutes: &[i64],
) -> Result<Vec<EscalationStep>, huiyin_service_kit::testing::Broken> {
    let mut steps = Vec::new();
    for at in minutes {
        stage.pass_to(minute(*at)).await?;
        steps.push(county(stage, alert).await?.step());
    }
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    Ok(steps)
}

#[tokio::test]
async fn a_citys_own_ladder_for_a_kind_is_climbed_in_its_own_time() -> Tested {
    use EscalationStep::{Deputy, Duty, LevelAbove, Repeat};
    let stage = Stage::with_ladders(CITYS_OWN).await?;
    let alert = raise(&stage, UrgentKind::ServiceFailure).await?;
    assert_eq!(county(&stage, &alert).await?.ladder, "city 2026-01-01");
    let steps = climbed(&stage, &alert, &[29, 30, 39, 40, 44, 45]).await?;
    assert_eq!(
        steps,
        [Duty, Deputy, Deputy, LevelAbove, LevelAbove, Repeat]
    );
    const TAKEN: &str = "SELECT max(count)::bigint FROM escalation_order";
    let before = stage.count(TAKEN).await?;
    stage.pass_to(minute(104)).await?;
    assert_eq!(
        stage.count(TAKEN).await?,
        before,
        "everybody again only after an hour"
    );
    stage.pass_to(minute(105)).await?;
    assert_eq!(stage.count(TAKEN).await?, before + 1);
    Ok(())
}

#[tokio::test]
async fn other_kinds_climb_the_ladder_of_the_nation() -> Tested {
    use EscalationStep::{Deputy, Leader, LevelAbove, Repeat};
    let stage = Stage::with_ladders(CITYS_OWN).await?;
    let alert = raise(&stage, UrgentKind::Retaliation).await?;
    assert_eq!(
        county(&stage, &alert).await?.ladder,
        "urgent-report 2022-05-01"
    );
    let steps = climbed(&stage, &alert, &[30, 60, 90, 120, 150]).await?;
    assert_eq!(steps, [Deputy, Leader, LevelAbove, Repeat, Repeat]);
    Ok(())
}

#[tokio::test]
async fn no_ladder_makes_danger_to_life_slower_than_the_limit_of_the_place() -> Tested {
    use EscalationStep::{Deputy, LevelAbove};
    let rules = include_str!("../../../../crates/domain/data/local_rules.json").replace(
        r#"    {"rule": "acknowledgement_limit", "value""#,
        r#"    {"rule": "acknowledgement_limit", "place": "431202000000", "kind": "danger_to_life", "value": 10, "valid_from": "2022-05-01", "source": "s"},
    {"rule": "acknowledgement_limit", "value""#,
    );
    let stage = Stage::with_ladders_and_local_rules(CITYS_OWN, &rules).await?;
    let alert = raise(&stage, UrgentKind::DangerToLife).await?;
    let steps = climbed(&stage, &alert, &[10, 20]).await?;
    assert_eq!(
        steps,
        [Deputy, LevelAbove],
        "the ladder says thirty minutes, the place ten"
    );
    Ok(())
}

#[tokio::test]
async fn whoever_began_a_ladder_goes_on_climbing_it() -> Tested {
    use EscalationStep::{Deputy, LevelAbove};
    let stage = Stage::with_ladders(CITYS_OWN).await?;
    let alert = raise(&stage, UrgentKind::ServiceFailure).await?;
    sqlx::raw_sql("UPDATE alert_recipient SET ladder = 'city-danger 2026-01-01'")
        .execute(stage.desk.database().writing())
        .await?;
    let steps = climbed(&stage, &alert, &[30, 40, 60]).await?;
    assert_eq!(
        steps,
        [Deputy, Deputy, LevelAbove],
        "thirty minutes, not the ten of the ladder in force"
    );
    Ok(())
}

#[tokio::test]
async fn a_ladder_that_is_gone_is_followed_by_the_one_in_force() -> Tested {
    use EscalationStep::{Deputy, LevelAbove};
    let stage = Stage::with_ladders(CITYS_OWN).await?;
    let alert = raise(&stage, UrgentKind::ServiceFailure).await?;
    sqlx::raw_sql("UPDATE alert_recipient SET ladder = 'forgotten 2020-01-01'")
        .execute(stage.desk.database().writing())
        .await?;
    assert_eq!(
        climbed(&stage, &alert, &[30, 40]).await?,
        [Deputy, LevelAbove]
    );
    Ok(())
}

#[tokio::test]
async fn a_file_with_a_wrong_ladder_keeps_the_service_from_starting() -> Tested {
    let wrong = CITYS_OWN.replace(r#"{"calls": "level_above", "after": 10},"#, "");
    let refused = Stage::with_ladders(&wrong).await.err().unwrap().to_string();
    assert!(
        refused.contains("escalation_ladders")
            && refused.contains("ladders[1].rungs must hold level_above"),
        "{refused}"
    );
    Ok(())
}

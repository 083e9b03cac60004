//! Organs with rosters, and special periods of their places.

use chrono::TimeDelta;
use huiyin_domain::organs;
use huiyin_domain::standing::Standing;
use huiyin_domain::time::Instant;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::stability_early_warning::v1::duty_service_client::DutyServiceClient;
use huiyin_service_kit::testing::Broken;
use huiyin_service_kit::timer::Sweep;
use huiyin_service_kit::{authorization, chance, wire};
use huiyin_stability_early_warning::lists;
use tonic::Status;
use tonic::service::Routes;
use tonic_types::StatusExt as _;

use crate::reporting_stage::Door;
use crate::stage::{Stage, Tested, office, start, territories};

pub type Client = DutyServiceClient<Routes>;

pub const COUNTY: &str = "431202";
pub const CITY: &str = "4312";

pub struct Duty {
    pub stage: Stage,
    pub client: Client,
    pub looks: Sweep,
    pub periods: Sweep,
}

/// So many hours after nine o'clock in Beijing on Monday, 5 January 2026.
pub fn hour(hour: i64) -> Instant {
    start() + TimeDelta::hours(hour)
}

impl Duty {
    pub async fn set() -> Result<Self, Broken> {
        Self::over(Stage::set().await?).await
    }

    pub async fn over(stage: Stage) -> Result<Self, Broken> {
        let mut lists = lists(stage.desk.desk.clone()).await?;
        let mut take = |kind: &str| {
            let place = lists.sweeps.iter().position(|sweep| sweep.kind == kind);
            lists.sweeps.remove(place.unwrap())
        };
        let (looks, periods) = (take("duty_look"), take("special_period"));
        let standings: Vec<Standing> = organs::generate(&territories())
            .into_iter()
            .map(|organ| Standing::new(organ.id, (organ.level, organ.territory), &organ.functions))
            .collect();
        let mut connection = stage.desk.database().writing().acquire().await?;
        authorization::stand(&mut connection, &standings).await?;
        drop(connection);
        Ok(Self {
            client: Client::new(stage.desk.open_to_all(lists.rpcs)),
            stage,
            looks,
            periods,
        })
    }

    pub async fn at(&self, door: Door) -> Result<Client, Broken> {
        let rpcs = lists(self.stage.desk.desk.clone()).await?.rpcs;
        let desk = &self.stage.desk;
        Ok(Client::new(match door {
            Door::Guarded => desk.guarded(rpcs)?,
            Door::Underneath => desk.underneath(rpcs)?,
        }))
    }

    /// Moves the clock and looks at every organ that is to be looked at.
    pub async fn pass_to(&self, at: Instant) -> Tested {
        self.stage.desk.move_clock(at).await?;
        self.stage.desk.fire(&self.periods).await?;
        self.stage.desk.fire(&self.looks).await?;
        Ok(())
    }

    pub async fn roster(
        &self,
        request: pb::SetDutyRosterRequest,
    ) -> Result<Vec<pb::DutyShift>, Status> {
        let answer = self.client.clone().set_duty_roster(request).await?;
        Ok(answer.into_inner().shifts)
    }

    pub async fn shifts(&self) -> Result<Vec<pb::DutyShift>, Status> {
        let request = pb::ListDutyShiftsRequest::default();
        let answer = self.client.clone().list_duty_shifts(request).await?;
        Ok(answer.into_inner().shifts)
    }

    pub async fn substitute(
        &self,
        request: pb::SubstitutePostRequest,
    ) -> Result<pb::DutyShift, Status> {
        let answer = self.client.clone().substitute_post(request).await?;
        Ok(answer.into_inner().shift.unwrap())
    }

    pub async fn special_period(
        &self,
        request: pb::SetSpecialPeriodRequest,
    ) -> Result<pb::SpecialPeriod, Status> {
        let answer = self.client.clone().set_special_period(request).await?;
        Ok(answer.into_inner().period.unwrap())
    }

    /// Gaps in hours after the start, those that are not filled first, with their organs.
    pub async fn gaps(&self, open_only: bool) -> Result<Vec<(String, i64, i64)>, Status> {
        let request = pb::ListDutyGapsRequest {
            open_only,
            page_size: 200,
            ..Default::default()
        };
        let answer = self.client.clone().list_duty_gaps(request).await?;
        let gaps = answer.into_inner().gaps.into_iter();
        let mut gaps: Vec<(String, i64, i64)> = gaps
            .map(|gap| (gap.organ_id, hours(gap.from_time), hours(gap.to_time)))
            .collect();
        gaps.sort();
        Ok(gaps)
    }

    /// The alerts about nobody being on duty: the silent organ, and who is told.
    pub async fn silences(&self) -> Result<Vec<(String, Vec<String>)>, Broken> {
        let request = pb::ListAlertsRequest {
            page_size: 200,
            ..Default::default()
        };
        let mut found = Vec::new();
        for alert in self.stage.list(request).await?.alerts {
            if alert.recipient_rule.starts_with("nobody-on-duty") {
                let told = alert.recipients.into_iter().map(|told| told.organ_id);
                found.push((alert.organ_id, told.collect()));
            }
        }
        found.sort();
        Ok(found)
    }

    /// Gaps that were told since the last time, in hours after the start, and forgets everything that was told.
    pub async fn told_gaps(&self) -> Result<Vec<(String, i64, i64, String)>, Broken> {
        let told = self.stage.told().await?.into_iter();
        let mut gaps: Vec<(String, i64, i64, String)> = told
            .filter_map(|fact| match fact {
                Fact::DutyGapFound(gap) => {
                    let (from, to) = (hours(gap.from_time), hours(gap.to_time));
                    Some((gap.organ_id, from, to, gap.to_organ))
                }
                _ => None,
            })
            .collect();
        gaps.sort();
        Ok(gaps)
    }

    /// Rows of everything that duty writes.
    pub async fn rows(&self) -> Result<i64, Broken> {
        self.stage
            .count(
                "SELECT (SELECT count(*) FROM duty_roster) + (SELECT count(*) FROM duty_shift)
                      + (SELECT count(*) FROM duty_substitution) + (SELECT count(*) FROM duty_hand_over)
                      + (SELECT count(*) FROM special_period) + (SELECT count(*) FROM duty_gap)
                      + (SELECT count(*) FROM timer WHERE kind IN ('duty_look', 'special_period'))
                      + (SELECT count(*) FROM outbox)",
            )
            .await
    }
}

fn hours(at: Option<prost_types::Timestamp>) -> i64 {
    (wire::instant(&at.unwrap()).unwrap() - start()).num_hours()
}

/// A shift in hours after the start.
pub fn shift(from: i64, to: i64) -> pb::NewDutyShift {
    pb::NewDutyShift {
        from_time: Some(wire::timestamp(hour(from))),
        to_time: Some(wire::timestamp(hour(to))),
        posts: Some(posts()),
        duty_phone: "0745-2712345".to_owned(),
    }
}

pub fn posts() -> pb::DutyPosts {
    pb::DutyPosts {
        post: "duty-desk".to_owned(),
        deputy_post: "second desk".to_owned(),
        leader_post: "leader on duty".to_owned(),
    }
}

/// A roster of the petition office of a place that promises no more than its shifts.
pub fn roster(place: &str, shifts: &[(i64, i64)]) -> pb::SetDutyRosterRequest {
    pb::SetDutyRosterRequest {
        request_id: unique("roster"),
        organ_id: office(place),
        shifts: shifts.iter().map(|(from, to)| shift(*from, *to)).collect(),
        hours: None,
        post: "head".to_owned(),
    }
}

/// The same of one that covers these hours of every day.
pub fn covering(
    place: &str,
    hours: (&str, &str),
    shifts: &[(i64, i64)],
) -> pb::SetDutyRosterRequest {
    let (daily_from, daily_to) = (hours.0.to_owned(), hours.1.to_owned());
    pb::SetDutyRosterRequest {
        hours: Some(pb::DutyHours {
            daily_from,
            daily_to,
        }),
        ..roster(place, shifts)
    }
}

/// A special period of a place, set by its petition office.
pub fn period(place: &str, valid_from: &str, valid_to: &str) -> pb::SetSpecialPeriodRequest {
    pb::SetSpecialPeriodRequest {
        request_id: unique("period"),
        organ_id: office(place),
        place_code: format!("{place:0<12}"),
        valid_from: valid_from.to_owned(),
        valid_to: valid_to.to_owned(),
        source: "Notice 2026-1".to_owned(),
    }
}

/// Another post takes over from the post on duty, from now on.
pub fn substitution(shift: &pb::DutyShift, post: &str) -> pb::SubstitutePostRequest {
    pb::SubstitutePostRequest {
        request_id: unique("substitute"),
        organ_id: shift.organ_id.clone(),
        shift_id: shift.shift_id.clone(),
        role: pb::DutyRole::Post.into(),
        post: post.to_owned(),
        from_time: None,
        reason: "Training".to_owned(),
    }
}

pub fn unique(word: &str) -> String {
    format!("{word}-{}", chance::new_uuid().simple())
}

/// The reason of a refusal and the posts that it names.
pub fn not_on_duty(refused: &Status) -> (String, String) {
    let details = refused.get_error_details();
    let info = details.error_info().unwrap();
    let on_duty = info.metadata.get("on_duty").cloned();
    (info.reason.clone(), on_duty.unwrap_or_default())
}

//! A town that reports to its county, and those above both.

use chrono::TimeDelta;
use huiyin_domain::organs;
use huiyin_domain::standing::Standing;
use huiyin_domain::time::Instant;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::stability_early_warning::v1::reporting_service_client::ReportingServiceClient;
use huiyin_service_kit::authorization;
use huiyin_service_kit::testing::Broken;
use huiyin_service_kit::timer::Sweep;
use huiyin_stability_early_warning::lists;
use tonic::service::Routes;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::stage::{Stage, Tested, office, territories};

pub type Client = ReportingServiceClient<Routes>;

pub const TOWN: &str = "431202001";
pub const COUNTY: &str = "431202";
pub const LAND: &str = "land_and_homestead";

/// Which door is asked at.
#[derive(Clone, Copy, Debug)]
pub enum Door {
    /// Behind the policies.
    Guarded,
    /// Row-level security alone.
    Underneath,
}

pub struct Reporting {
    pub stage: Stage,
    pub client: Client,
    pub sweep: Sweep,
}

impl Reporting {
    /// It is Monday, 5 January 2026, nine o'clock in Beijing.
    pub async fn set() -> Result<Self, Broken> {
        let stage = Stage::set().await?;
        let mut lists = lists(stage.desk.desk.clone()).await?;
        let due = |sweep: &Sweep| sweep.kind == "report_due";
        let sweep = lists
            .sweeps
            .remove(lists.sweeps.iter().position(due).unwrap());
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
            sweep,
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

    /// Moves the clock and records what is missing, until nothing is due any more; how often timers fired.
    pub async fn pass_to(&self, at: Instant) -> Result<usize, Broken> {
        self.stage.desk.move_clock(at).await?;
        let mut fired = 0;
        loop {
            match self.stage.desk.fire(&self.sweep).await? {
                0 => return Ok(fired),
                more => fired += more,
            }
        }
    }

    pub async fn schedule(
        &self,
        request: pb::SetReportScheduleRequest,
    ) -> Result<pb::ReportSchedule, Status> {
        let answer = self.client.clone().set_report_schedule(request).await?;
        Ok(answer.into_inner().schedule.unwrap())
    }

    pub async fn submit(
        &self,
        request: pb::SubmitReportRequest,
    ) -> Result<(pb::Report, pb::ReportVersion), Status> {
        let answer = self
            .client
            .clone()
            .submit_report(request)
            .await?
            .into_inner();
        Ok((answer.report.unwrap(), answer.version.unwrap()))
    }

    pub async fn get(&self, report: &pb::Report) -> Result<pb::GetReportResponse, Status> {
        let request = pb::GetReportRequest {
            report_id: report.report_id.clone(),
        };
        Ok(self.client.clone().get_report(request).await?.into_inner())
    }

    pub async fn reports(&self) -> Result<Vec<pb::Report>, Status> {
        let request = pb::ListReportsRequest {
            page_size: 200,
            ..Default::default()
        };
        let answer = self.client.clone().list_reports(request).await?;
        Ok(answer.into_inner().reports)
    }

    pub async fn ledger(&self, open_only: bool) -> Result<Vec<pb::Dispute>, Status> {
        let request = pb::ListLedgerRequest {
            open_only,
            ..Default::default()
        };
        let answer = self.client.clone().list_ledger(request).await?;
        Ok(answer.into_inner().disputes)
    }

    /// Rows of everything that reports write.
    pub async fn rows(&self) -> Result<i64, Broken> {
        self.stage
            .count(
                "SELECT (SELECT count(*) FROM organ_report) + (SELECT count(*) FROM report_version)
                      + (SELECT count(*) FROM dispute) + (SELECT count(*) FROM ledger_entry)
                      + (SELECT count(*) FROM report_order) + (SELECT count(*) FROM report_order_answer)
                      + (SELECT count(*) FROM report_schedule)
                      + (SELECT count(*) FROM timer WHERE kind = 'report_due') + (SELECT count(*) FROM outbox)
                      + (SELECT count(*) FROM risk_assessment)",
            )
            .await
    }

    /// An open schedule has one armed timer, one that has been passed none.
    pub async fn timers_that_are_wrong(&self) -> Result<i64, Broken> {
        self.stage
            .count(
                "SELECT count(*) FROM report_schedule
                 FULL JOIN (SELECT ref FROM timer WHERE kind = 'report_due') AS waiting ON ref = schedule_id
                 WHERE (next_from IS NOT NULL) IS DISTINCT FROM (ref IS NOT NULL)",
            )
            .await
    }

    /// Reports that are told of, in a word each, and forgets them.
    pub async fn told(&self) -> Result<Vec<String>, Broken> {
        let told = self.stage.told().await?.into_iter();
        Ok(told
            .map(|fact| match fact {
                Fact::ReportMissing(fact) => format!("missing {}", fact.from_date),
                Fact::ReportSubmitted(fact) => {
                    format!("submitted {} v{}", fact.from_date, fact.version)
                }
                Fact::ReportFoundFalse(fact) => format!("false v{}", fact.version),
                other => format!("{other:?}"),
            })
            .collect())
    }
}

/// The town reports to the county every week from today on.
pub fn weekly() -> pb::SetReportScheduleRequest {
    pb::SetReportScheduleRequest {
        request_id: "weekly".to_owned(),
        organ_id: office(TOWN),
        to_organ: office(COUNTY),
        kind: pb::ReportKind::Regular.into(),
        frequency: pb::ReportFrequency::Weekly.into(),
        grace_days: 1,
        valid_from: "2026-01-05".to_owned(),
        valid_to: String::new(),
        round_the_clock: false,
        source: "County notice 2026-1".to_owned(),
    }
}

/// The zero report of the period of the schedule that begins on the day.
pub fn zero(schedule: &pb::ReportSchedule, from_date: &str) -> pb::SubmitReportRequest {
    pb::SubmitReportRequest {
        request_id: format!("report-{from_date}"),
        organ_id: schedule.organ_id.clone(),
        class: pb::ReportClass::Information.into(),
        schedule_id: schedule.schedule_id.clone(),
        from_date: from_date.to_owned(),
        to_organ: String::new(),
        content: Some(nothing()),
    }
}

pub fn nothing() -> pb::ReportContent {
    pb::ReportContent {
        zero: true,
        summary: "Nothing was found.".to_owned(),
        post: "reporting desk".to_owned(),
        ..Default::default()
    }
}

/// A dispute of the town's village.
pub fn dispute(facts: &str) -> pb::OpenedDispute {
    pb::OpenedDispute {
        place_code: "431202001001".to_owned(),
        subject: LAND.to_owned(),
        found_date: "2026-01-05".to_owned(),
        organ_id: String::new(),
        limit_date: "2026-02-28".to_owned(),
        facts: facts.to_owned(),
    }
}

/// What a report says that opens these disputes.
pub fn opening(facts: &[&str]) -> pb::ReportContent {
    pb::ReportContent {
        zero: false,
        opened: facts.iter().map(|facts| dispute(facts)).collect(),
        ..nothing()
    }
}

/// The county orders something on a report of the town, or on a dispute in it, by 20 January.
pub fn order(report: &pb::Report, dispute_id: &str) -> pb::GiveOrderRequest {
    pb::GiveOrderRequest {
        request_id: "order".to_owned(),
        organ_id: office(COUNTY),
        report_id: report.report_id.clone(),
        dispute_id: dispute_id.to_owned(),
        words: "Hold a hearing in the village and report its result.".to_owned(),
        due_date: "2026-01-20".to_owned(),
        post: "supervision desk".to_owned(),
    }
}

/// Midnight at the end of a day in Beijing, and so many minutes.
pub fn end_of(day: &str, minutes: i64) -> Instant {
    let midnight: Instant = format!("{day}T16:00:00Z").parse().unwrap();
    midnight + TimeDelta::minutes(minutes)
}

/// The fields a refusal names.
pub fn fields(refused: &Status) -> Vec<String> {
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    let details = refused.get_error_details();
    let named = details.bad_request().unwrap().field_violations.iter();
    named.map(|wrong| wrong.field.clone()).collect()
}

/// A request as a post of the petition office of a place makes it.
pub fn by<T>(place: &str, post: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let caller = format!("organ/{}/post/{post}", office(place));
    request
        .metadata_mut()
        .insert("x-huiyin-caller", caller.parse().unwrap());
    request
}

/// The same refusal of every one of these, and nothing is written.
pub async fn refused_alike(
    reporting: &Reporting,
    requests: Vec<(pb::SubmitReportRequest, &str, &str)>,
) -> Tested {
    let before = reporting.rows().await?;
    for (request, field, words) in requests {
        let refused = reporting.submit(request).await.unwrap_err();
        assert_eq!(fields(&refused), [field], "{refused}");
        assert!(refused.message().contains(words), "{refused}");
    }
    assert_eq!(reporting.rows().await?, before, "nothing is half-written");
    Ok(())
}

/// A town with a weekly schedule, on the last day of its first week.
pub async fn sunday() -> Result<(Reporting, pb::ReportSchedule), Broken> {
    let reporting = Reporting::set().await?;
    let schedule = reporting.schedule(weekly()).await?;
    reporting
        .stage
        .desk
        .move_clock(end_of("2026-01-10", 0))
        .await?;
    reporting.told().await?;
    Ok((reporting, schedule))
}

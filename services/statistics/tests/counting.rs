//! What was told is counted once, whichever stream speaks first, and a published report stays as printed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use huiyin_domain::ids::OrganId;
use huiyin_domain::organs::{PETITION_OFFICE, organ_id};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Instant;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{
    DeadlineEnded, DeadlinePassed, DeadlineSet, MatterForwarded, MatterRegistered, Organ,
    OrgansEstablished, TerritoriesEstablished, Territory,
};
use huiyin_proto::statistics::v1::statistics_service_client::StatisticsServiceClient;
use huiyin_proto::statistics::v1::{
    GetIndicatorsRequest, GetOverviewRequest, GetReportRequest, GetTableRequest,
    PublishReportRequest, Table,
};
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::streams;
use huiyin_service_kit::run::Lists;
use huiyin_service_kit::testing::TestDesk;
use huiyin_service_kit::wire::timestamp;
use huiyin_statistics::{MIGRATIONS, lists};
use tonic::{Code, Request};

const OFFICE: &str = "organ_00000000000000000000000000000001";

fn noon() -> Instant {
    "2025-06-02T04:00:00Z".parse().unwrap()
}

fn matter(number: u32) -> String {
    format!("matter_{number:032x}")
}

fn places() -> Fact {
    let place = |code: &str, name: &str, level: words::Level| Territory {
        code: code.to_owned(),
        name: name.to_owned(),
        level: level.into(),
        parent_code: String::new(),
    };
    Fact::TerritoriesEstablished(TerritoriesEstablished {
        territories: vec![
            place("431200000000", "怀化市", words::Level::City),
            place("431202000000", "鹤城区", words::Level::County),
        ],
    })
}

fn registered(number: u32, channel: words::Channel, persons: u32) -> Fact {
    Fact::MatterRegistered(MatterRegistered {
        matter_id: matter(number),
        channel: channel.into(),
        category: words::Category::Claim.into(),
        subject: "environment".to_owned(),
        place_code: "431202001001".to_owned(),
        persons,
        registered_by: OFFICE.to_owned(),
        received_time: Some(timestamp(noon())),
        ..MatterRegistered::default()
    })
}

fn forwarded(number: u32) -> Fact {
    Fact::MatterForwarded(MatterForwarded {
        matter_id: matter(number),
        to_organ: OFFICE.to_owned(),
        kind: words::ForwardingKind::Transfer.into(),
        ..MatterForwarded::default()
    })
}

fn standing(organ: OrganId, place: &str, function: &str) -> Organ {
    let place: TerritoryCode = place.parse().unwrap();
    Organ {
        organ_id: organ.to_string(),
        level: words::Level::County.into(),
        territory_code: place.to_string(),
        functions: vec![function.to_owned()],
        ..Organ::default()
    }
}

/// As a post of an organ asks.
fn by<T>(organ: OrganId, post: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let caller = format!("organ/{organ}/post/{post}");
    request
        .metadata_mut()
        .insert("x-huiyin-caller", caller.parse().unwrap());
    request
}

struct Bench {
    desk: TestDesk,
    lists: Lists,
}

impl Bench {
    async fn new() -> Self {
        let desk = TestDesk::new(ServiceName::Statistics, &MIGRATIONS, noon())
            .await
            .unwrap();
        let lists = lists(desk.desk.clone()).await.unwrap();
        Self { desk, lists }
    }

    async fn hear(&self, facts: Vec<Fact>) {
        // one function keeps what every stream tells
        let reaction = self.lists.reactions.first().unwrap();
        self.desk.react(reaction, noon(), facts).await.unwrap();
    }

    async fn routing_tells(&self, organs: Vec<Organ>) {
        let routing = streams::ordinary(ServiceName::Routing);
        let mut reactions = self.lists.reactions.iter();
        let reaction = reactions.find(|reaction| reaction.stream == routing);
        let facts = vec![Fact::OrgansEstablished(OrgansEstablished { organs })];
        self.desk
            .react(reaction.unwrap(), noon(), facts)
            .await
            .unwrap();
    }

    fn client(&self) -> StatisticsServiceClient<tonic::service::Routes> {
        StatisticsServiceClient::new(self.desk.open_to_all(self.lists.rpcs.clone()))
    }

    async fn table(&self) -> Table {
        let request = GetTableRequest {
            from_date: "2025-01-01".to_owned(),
            to_date: "2025-12-31".to_owned(),
            place_code: "4312".to_owned(),
        };
        self.client()
            .get_table(request)
            .await
            .unwrap()
            .into_inner()
            .table
            .unwrap()
    }

    /// How many matters of the year a post counts in its place, by all means there are.
    async fn counted(&self, organ: OrganId, post: &str) -> [u64; 3] {
        let guarded = self.desk.guarded(self.lists.rpcs.clone()).unwrap();
        let mut client = StatisticsServiceClient::new(guarded);
        let request = GetTableRequest {
            from_date: "2025-01-01".to_owned(),
            to_date: "2025-12-31".to_owned(),
            place_code: String::new(),
        };
        let table = client.get_table(by(organ, post, request)).await.unwrap();
        let overview = by(organ, post, GetOverviewRequest::default());
        let overview = client.get_overview(overview).await.unwrap().into_inner();
        let request = GetIndicatorsRequest {
            from_date: "2025-01-01".to_owned(),
            to_date: "2025-12-31".to_owned(),
            place_code: String::new(),
        };
        let indicators = client.get_indicators(by(organ, post, request)).await;
        let indicators = indicators.unwrap().into_inner().indicators;
        [
            table.into_inner().table.unwrap().total,
            overview.stages.iter().map(|row| row.count).sum(),
            // the last is the share of repeats
            indicators.last().unwrap().numerator,
        ]
    }

    async fn stages(&self) -> Vec<(words::Stage, u64)> {
        let overview = self
            .client()
            .get_overview(GetOverviewRequest::default())
            .await
            .unwrap()
            .into_inner();
        overview
            .stages
            .iter()
            .map(|row| (row.stage(), row.count))
            .collect()
    }
}

#[tokio::test]
async fn a_forwarding_heard_before_its_registration_is_counted_once_both_are_there() {
    let bench = Bench::new().await;
    bench.hear(vec![forwarded(1)]).await;
    assert_eq!(bench.stages().await, []);
    bench
        .hear(vec![registered(1, words::Channel::Online, 1)])
        .await;
    bench
        .hear(vec![registered(1, words::Channel::Online, 1), forwarded(1)])
        .await;
    assert_eq!(bench.stages().await, [(words::Stage::Forwarded, 1)]);
}

#[tokio::test]
async fn visits_count_in_batches_and_persons_and_the_parts_equal_the_total() {
    let bench = Bench::new().await;
    bench.hear(vec![places()]).await;
    bench
        .hear(vec![
            registered(1, words::Channel::Visit, 12),
            registered(2, words::Channel::Visit, 3),
            registered(3, words::Channel::Letter, 1),
        ])
        .await;
    let table = bench.table().await;
    assert_eq!((table.total, table.persons_total), (3, 15));
    assert!(table.warnings.is_empty() && table.sections.iter().all(|section| section.sum == 3));
    let channel = &table.sections[0];
    let rows: Vec<(&str, &str, u64, u64, &str)> = channel
        .rows
        .iter()
        .map(|row| {
            (
                row.key.as_str(),
                row.unit.as_str(),
                row.count,
                row.persons,
                row.share.as_str(),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("letter", "pieces", 1, 0, "33.3 %"),
            ("visit", "batches", 2, 15, "66.7 %")
        ]
    );
    assert_eq!(table.sections[3].rows[0].key, "431202 鹤城区");
}

#[tokio::test]
async fn a_clock_is_kept_or_passed_whatever_is_heard_first() {
    let bench = Bench::new().await;
    let key = |clock: words::ClockKind| (matter(1), i32::from(clock));
    let (matter_id, clock) = key(words::ClockKind::Acceptance);
    let organ_id = OFFICE.to_owned();
    let due_date = "2025-06-17".to_owned();
    bench
        .hear(vec![
            Fact::DeadlinePassed(DeadlinePassed {
                matter_id: matter_id.clone(),
                clock,
                cycle: 1,
                organ_id: organ_id.clone(),
                due_date: due_date.clone(),
            }),
            Fact::DeadlineSet(DeadlineSet {
                matter_id: matter_id.clone(),
                clock,
                cycle: 1,
                organ_id: organ_id.clone(),
                due_date: due_date.clone(),
                ..DeadlineSet::default()
            }),
        ])
        .await;
    bench
        .hear(vec![registered(1, words::Channel::Online, 1)])
        .await;
    let state = words::ClockState::Overrun.into();
    bench
        .hear(vec![Fact::DeadlineEnded(DeadlineEnded {
            matter_id,
            clock,
            cycle: 1,
            organ_id,
            state,
            due_date,
        })])
        .await;
    let overview = bench
        .client()
        .get_overview(GetOverviewRequest::default())
        .await
        .unwrap()
        .into_inner();
    let clock = &overview.clocks[0];
    assert_eq!(
        (clock.running, clock.kept, clock.passed, clock.lapsed),
        (0, 0, 1, 0)
    );
}

#[tokio::test]
async fn a_denunciation_is_counted_by_posts_for_denunciations_that_it_is_not_sealed_from() {
    let bench = Bench::new().await;
    bench.hear(vec![places()]).await;
    let organ = |place: &str, function: &str| organ_id(&place.parse().unwrap(), function);
    let (county, city) = (
        organ("431202", PETITION_OFFICE),
        organ("4312", PETITION_OFFICE),
    );
    let bureau = organ("431202", "natural_resources");
    bench
        .routing_tells(vec![
            standing(county, "431202", PETITION_OFFICE),
            standing(city, "4312", PETITION_OFFICE),
            standing(bureau, "431202", "natural_resources"),
        ])
        .await;
    let denounced = |number, about: Option<OrganId>, repeat_of: &str| {
        let Fact::MatterRegistered(claim) = registered(number, words::Channel::Online, 1) else {
            unreachable!("a registration")
        };
        Fact::MatterRegistered(MatterRegistered {
            category: words::Category::Denunciation.into(),
            about_organ: about.map(|organ| organ.to_string()).unwrap_or_default(),
            repeat_of: repeat_of.to_owned(),
            ..claim
        })
    };
    bench
        .hear(vec![
            registered(1, words::Channel::Online, 1),
            denounced(2, Some(county), ""),
            // the same petitioner denounces another one, and then nobody in particular
            denounced(3, Some(bureau), &matter(2)),
            denounced(4, None, &matter(2)),
        ])
        .await;
    for (reader, post, counted) in [
        (city, "sealed-desk", [4, 4, 2]),
        // it counts what is not about itself, and learns not even that it repeats something
        (county, "sealed-desk", [3, 3, 0]),
        // it oversees nothing
        (bureau, "sealed-desk", [1, 1, 0]),
        (city, "statistics-desk", [1, 1, 0]),
        (city, "office", [1, 1, 0]),
    ] {
        assert_eq!(
            bench.counted(reader, post).await,
            counted,
            "{post} of {reader}"
        );
    }
    // a report is for everybody
    let request = PublishReportRequest {
        request_id: "year".to_owned(),
        from_date: "2025-01-01".to_owned(),
        to_date: "2025-12-31".to_owned(),
        place_code: "4312".to_owned(),
    };
    let report = bench.client().publish_report(request).await.unwrap();
    let report = report.into_inner().report.unwrap();
    assert_eq!(report.table.unwrap().total, 1);
}

#[tokio::test]
async fn a_published_report_is_the_same_document_after_a_late_registration() {
    let bench = Bench::new().await;
    bench
        .hear(vec![places(), registered(1, words::Channel::Online, 1)])
        .await;
    let request = PublishReportRequest {
        request_id: "june".to_owned(),
        from_date: "2025-01-01".to_owned(),
        to_date: "2025-12-31".to_owned(),
        place_code: "4312".to_owned(),
    };
    let published = bench
        .client()
        .publish_report(request.clone())
        .await
        .unwrap()
        .into_inner()
        .report
        .unwrap();
    bench
        .hear(vec![registered(2, words::Channel::Online, 1)])
        .await;
    let again = bench
        .client()
        .publish_report(request)
        .await
        .unwrap()
        .into_inner()
        .report
        .unwrap();
    let read = GetReportRequest {
        report_id: published.report_id.clone(),
    };
    let read = bench
        .client()
        .get_report(read)
        .await
        .unwrap()
        .into_inner()
        .report
        .unwrap();
    assert_eq!((&published, &published), (&again, &read));
    assert_eq!(read.table.unwrap().total, 1);
    assert_eq!(bench.table().await.total, 2);
}

#[tokio::test]
async fn wrong_dates_and_unknown_places_are_refused() {
    let bench = Bench::new().await;
    let wrong = GetTableRequest {
        from_date: "June".to_owned(),
        to_date: String::new(),
        place_code: "4".to_owned(),
    };
    assert_eq!(
        bench.client().get_table(wrong).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    let unknown = GetTableRequest {
        from_date: "2025-01-01".to_owned(),
        to_date: "2025-12-31".to_owned(),
        place_code: "99".to_owned(),
    };
    assert_eq!(
        bench.client().get_table(unknown).await.unwrap_err().code(),
        Code::NotFound
    );
}

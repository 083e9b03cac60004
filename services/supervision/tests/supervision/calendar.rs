//! A calendar is published, and every open clock is computed anew in one recorded batch.

use std::time::Instant as Stopwatch;

use huiyin_domain::time::Date;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::supervision::v1::*;
use huiyin_proto::vocabulary::v1::{ClockKind, PauseCause};
use tonic::Code;

use crate::office::{Office, accepted, at, forwarded, matter, organ, registered, replied};

/// The notice of 2027 with the Spring Festival from 5 to 12 February.
fn notice(request_id: &str, version: &str) -> PublishCalendarRequest {
    let days = |first: &str, number: usize| {
        let first: Date = first.parse().unwrap();
        first
            .iter_days()
            .take(number)
            .map(|day| day.to_string())
            .collect::<Vec<_>>()
    };
    PublishCalendarRequest {
        request_id: request_id.to_owned(),
        year: 2027,
        version: version.to_owned(),
        source: "notice of the State Council for 2027".to_owned(),
        days_off: [
            days("2027-01-01", 3),
            days("2027-02-05", 8),
            days("2027-10-01", 7),
        ]
        .concat(),
        working_weekends: vec!["2027-02-20".to_owned()],
        post: "director of the petition office".to_owned(),
    }
}

/// Makes a notice wrong.
type Change<'a> = &'a dyn Fn(&mut PublishCalendarRequest);

impl Office {
    async fn publish(&self, wanted: PublishCalendarRequest) -> Result<Reprojection, tonic::Status> {
        let answer = self
            .client
            .clone()
            .publish_calendar(wanted)
            .await?
            .into_inner();
        Ok(answer.reprojection.unwrap())
    }

    /// Lets the batch come to its end; gives it with the clocks it moved.
    async fn reproject(&self, batch_id: String) -> (Reprojection, Vec<MovedDeadline>) {
        let mut client = self.client.clone();
        loop {
            self.test.fire(&self.lists.sweeps[1]).await.unwrap();
            let request = GetReprojectionRequest {
                batch_id: batch_id.clone(),
            };
            let batch = client.get_reprojection(request).await.unwrap().into_inner();
            let batch = batch.reprojection.unwrap();
            if batch.finished_time.is_some() {
                let request = ListMovedDeadlinesRequest {
                    batch_id,
                    ..Default::default()
                };
                let moved = client
                    .list_moved_deadlines(request)
                    .await
                    .unwrap()
                    .into_inner();
                return (batch, moved.moved);
            }
        }
    }

    async fn explain(&self, number: u128, kind: ClockKind) -> ExplainDeadlineResponse {
        let request = ExplainDeadlineRequest {
            matter_id: matter(number),
            kind: kind.into(),
            cycle: 0,
        };
        self.client
            .clone()
            .explain_deadline(request)
            .await
            .unwrap()
            .into_inner()
    }
}

/// Two matters: the opinion of the first is due on 9 February 2027, that of the second was delivered.
async fn office() -> Office {
    let office = Office::open("2026-12-11").await;
    for number in [1, 2] {
        office
            .intake("2026-12-08", vec![registered(number, "2026-12-08")])
            .await;
        office
            .routing("2026-12-09", vec![forwarded(number, 1, 1)])
            .await;
        office.intake("2026-12-11", vec![accepted(number, 1)]).await;
    }
    office.intake("2026-12-12", vec![replied(2, 1)]).await;
    office
}

#[tokio::test]
async fn a_published_year_moves_open_clocks_makes_them_certain_and_says_why() {
    let office = office().await;
    assert_eq!(
        office.clocks(matter(1)).await[3],
        "opinion/1 2027-02-09 running"
    );
    let before = office.clocks(matter(2)).await;
    office.test.move_clock(at("2026-12-20")).await.unwrap();
    let wanted = notice("c", "2027/1");
    let begun = office.publish(wanted.clone()).await.unwrap();
    assert_eq!(
        begun,
        office.publish(wanted).await.unwrap(),
        "asked again with the same request id"
    );
    let (batch, moved) = office.reproject(begun.batch_id.clone()).await;
    // the opinion of the first matter, and the right to a review of that of the second
    assert_eq!((batch.open_clocks, batch.moved, batch.confirmed), (2, 1, 2));
    let expected = MovedDeadline {
        matter_id: matter(1),
        kind: ClockKind::Opinion.into(),
        cycle: 1,
        due_date_before: "2027-02-09".to_owned(),
        due_date: "2027-02-15".to_owned(),
        words: "notice of the State Council for 2027: 2027-02-09 is a day off, 2027-02-10 is a day off, \
                2027-02-11 is a day off, 2027-02-12 is a day off"
            .to_owned(),
    };
    assert_eq!(moved, [expected]);
    assert_eq!(
        office.clocks(matter(1)).await[3],
        "opinion/1 2027-02-15 running"
    );
    assert_eq!(
        office.clocks(matter(2)).await,
        before,
        "what has ended is not scored again"
    );
    let proof = office.explain(1, ClockKind::Opinion).await;
    assert_eq!(
        (proof.calendar.as_str(), proof.clock.unwrap().provisional),
        ("2027/1", false)
    );
    let old = office.explain(2, ClockKind::Acceptance).await;
    assert_eq!(old.calendar, begun.calendar_before);
    let told = office.test.told().await.unwrap();
    let reprojected = told
        .iter()
        .filter(|fact| matches!(fact, Fact::DeadlinesReprojected(_)));
    assert_eq!(reprojected.count(), 1);
    assert_eq!(office.comes("2027-02-01").await, 1, "the right to a review");
    assert_eq!(
        office.comes("2027-02-10").await,
        0,
        "nothing is due on the old day"
    );
    assert_eq!(office.comes("2027-02-16").await, 1);
    assert_eq!(office.orders().await.len(), 1);
}

#[tokio::test]
async fn a_wrong_calendar_is_refused_and_nothing_changes() {
    let office = office().await;
    let before = office.explain(1, ClockKind::Opinion).await;
    let wrong: [(Change, &str); 6] = [
        (
            &|n| n.working_weekends.push("2027-02-06".to_owned()),
            "2027-02-06 is both a day off and a working weekend",
        ),
        (
            &|n| n.days_off.push("2028-01-01".to_owned()),
            "2028-01-01 is listed under the year 2027",
        ),
        (
            &|n| n.days_off.push("2027-02-30".to_owned()),
            "days_off[18] is no day written like",
        ),
        (
            &|n| n.days_off.retain(|day| day != "2027-10-01"),
            "2027-10-01 is a holiday by law but is not among",
        ),
        (&|n| n.year = 2029, "is listed under the year 2029"),
        (&|n| n.post = String::new(), "post is empty"),
    ];
    for (number, (change, words)) in wrong.iter().enumerate() {
        let mut wanted = notice(&format!("wrong-{number}"), "2027/1");
        change(&mut wanted);
        let refused = office.publish(wanted).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(
            refused.message().contains(words),
            "{} lacks {words}",
            refused.message()
        );
    }
    let mut gap = notice("gap", "2028/1");
    gap.year = 2028;
    for days in [&mut gap.days_off, &mut gap.working_weekends] {
        *days = days.iter().map(|day| day.replace("2027", "2028")).collect();
    }
    gap.days_off.push("2028-05-01".to_owned());
    gap.days_off.push("2028-05-02".to_owned());
    gap.working_weekends.clear();
    let refused = office.publish(gap).await.unwrap_err();
    assert!(
        refused
            .message()
            .contains("2027 has no notice; years follow each other"),
        "{}",
        refused.message()
    );
    assert_eq!(office.explain(1, ClockKind::Opinion).await, before);
    office.publish(notice("first", "2027/1")).await.unwrap();
    let again = office
        .publish(notice("second", "2027/1"))
        .await
        .unwrap_err();
    assert!(
        again
            .message()
            .contains("version must have 1 to 64 characters and be another")
    );
}

fn step(on_date: &str, step: supposed_step::Step) -> SupposedStep {
    SupposedStep {
        on_date: on_date.to_owned(),
        step: Some(step),
    }
}

#[tokio::test]
async fn a_what_if_answers_with_days_and_says_which_steps_would_not_count() {
    let office = office().await;
    let appraisal: i32 = PauseCause::ExpertAppraisal.into();
    let mut request = SimulateDeadlineRequest {
        kind: ClockKind::Opinion.into(),
        start_date: "2026-01-05".to_owned(),
        steps: vec![
            step("2026-02-01", supposed_step::Step::ExtendDays(30)),
            step("2026-02-02", supposed_step::Step::ExtendDays(1)),
            step("2026-03-01", supposed_step::Step::Pause(appraisal)),
            step("2026-03-11", supposed_step::Step::Resume(appraisal)),
        ],
        ..Default::default()
    };
    let mut client = office.client.clone();
    let answer = client
        .simulate_deadline(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (answer.raw_due_date.as_str(), answer.due_date.as_str()),
        ("2026-04-15", "2026-04-15")
    );
    assert_eq!((answer.refused.len(), answer.refused[0].place), (1, 1));
    assert_eq!(
        answer
            .days
            .iter()
            .filter(|day| day.effect == "paused")
            .count(),
        10
    );
    request.start_date = String::new();
    request.matter_id = matter(1);
    request.steps.clear();
    let of_matter = client
        .simulate_deadline(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(of_matter.due_date, "2027-02-09");
    request.kind = ClockKind::SimplifiedOpinion.into();
    let missing = client.simulate_deadline(request.clone()).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    request.matter_id = String::new();
    let wrong = client.simulate_deadline(request).await.unwrap_err();
    assert!(
        wrong.message().contains("start_date"),
        "{}",
        wrong.message()
    );
}

fn due_day(request_id: &str, due_date: &str) -> SetDueDayRequest {
    SetDueDayRequest {
        request_id: request_id.to_owned(),
        matter_id: matter(1),
        kind: ClockKind::Opinion.into(),
        due_date: due_date.to_owned(),
        post: POST.to_owned(),
        reason: "the family has no heating".to_owned(),
    }
}

const POST: &str = "head of the county";

impl Office {
    /// What posts decided otherwise: the computed, the decided, the post.
    async fn overridden(&self) -> Vec<(String, String, String)> {
        let told = self.test.told().await.unwrap().into_iter();
        told.filter_map(|fact| match fact {
            Fact::DecisionOverridden(fact) => Some((fact.computed, fact.decided, fact.post)),
            _ => None,
        })
        .collect()
    }
}

#[tokio::test]
async fn a_post_sets_a_due_day_on_record_and_not_to_a_day_that_is_past() {
    let office = office().await;
    let mut client = office.client.clone();
    let set = client
        .set_due_day(due_day("d", "2026-12-30"))
        .await
        .unwrap();
    let clock = set.into_inner().clock.unwrap();
    assert_eq!(
        (clock.due_date.as_str(), clock.set_by_post),
        ("2026-12-30", true)
    );
    let past = client
        .set_due_day(due_day("e", "2026-12-01"))
        .await
        .unwrap_err();
    let words = "2026-12-01 is past; the earliest due day is 2026-12-11";
    assert!(past.message().contains(words), "{}", past.message());
    let proof = office.explain(1, ClockKind::Opinion).await;
    assert_eq!(proof.days.last().unwrap().effect, "set");
    let on_record = (
        "2027-02-09".to_owned(),
        "2026-12-30".to_owned(),
        POST.to_owned(),
    );
    assert_eq!(office.overridden().await, [on_record]);
    assert_eq!(office.comes("2026-12-31").await, 1);
    let late = client
        .set_due_day(due_day("f", "2027-02-01"))
        .await
        .unwrap_err();
    assert_eq!(
        late.code(),
        Code::FailedPrecondition,
        "lateness is not undone"
    );
}

#[tokio::test]
async fn a_post_takes_an_order_back_once_and_on_record() {
    let office = office().await;
    let mut client = office.client.clone();
    office.comes("2027-02-10").await;
    let order_id = office.orders().await.pop().unwrap().order_id;
    let withdrawal = |request_id: &str| WithdrawOrderRequest {
        request_id: request_id.to_owned(),
        order_id: order_id.clone(),
        post: POST.to_owned(),
        reason: "the road was closed by snow".to_owned(),
    };
    let back = client.withdraw_order(withdrawal("w")).await.unwrap();
    assert_eq!(
        back.into_inner().order.unwrap().state(),
        OrderState::Withdrawn
    );
    let twice = client.withdraw_order(withdrawal("x")).await.unwrap_err();
    assert_eq!(twice.code(), Code::FailedPrecondition);
    let answer = AnswerOrderRequest {
        request_id: "a".to_owned(),
        order_id: order_id.clone(),
        organ_id: organ(1),
        answer: "done".to_owned(),
    };
    let answered = client.answer_order(answer).await.unwrap_err();
    assert_eq!(answered.code(), Code::FailedPrecondition);
    let on_record = (order_id, "withdrawn".to_owned(), POST.to_owned());
    assert_eq!(office.overridden().await, [on_record]);
}

/// `HUIYIN_OPEN_CLOCKS` says how many; the nightly run has a million.
#[tokio::test]
async fn many_open_clocks_are_computed_anew_while_registrations_go_on() {
    let open: i32 = std::env::var("HUIYIN_OPEN_CLOCKS").map_or(3_000, |text| text.parse().unwrap());
    let office = Office::open("2026-12-11").await;
    office.fill(open).await;
    let begun = office.publish(notice("c", "2027/1")).await.unwrap();
    let watch = Stopwatch::now();
    let (mut slowest, mut number) = (std::time::Duration::ZERO, 1_u128 << 100);
    let registering = async {
        loop {
            let one = Stopwatch::now();
            office
                .intake("2026-12-11", vec![registered(number, "2026-12-11")])
                .await;
            (slowest, number) = (slowest.max(one.elapsed()), number + 1);
        }
    };
    let (batch, moved) = tokio::select! {
        () = registering => unreachable!("registrations go on"),
        done = office.reproject(begun.batch_id) => done,
    };
    let registered = number - (1_u128 << 100);
    println!(
        "reprojection open_clocks={open} seconds={:.1} goal=300 moved={} registered_meanwhile={registered} slowest_registration_ms={}",
        watch.elapsed().as_secs_f64(),
        batch.moved,
        slowest.as_millis(),
    );
    assert!(batch.open_clocks >= u64::try_from(open).unwrap());
    assert!(batch.moved > 0 && batch.moved < batch.open_clocks && !moved.is_empty());
    assert!(watch.elapsed().as_secs() < 300);
}

impl Office {
    /// Matters of which the opinion is owed, accepted from 3 November to 2 December 2026, written as the service would.
    async fn fill(&self, open: i32) {
        let matters = format!(
            "(SELECT md5(n::text)::uuid AS id, '2026-11-03T02:00:00Z'::timestamptz + (n % 30) * interval '1 day' AS at FROM generate_series(1, {open}) n) m"
        );
        let (registered, sent, organ) = (
            r#"'{"fact": "registered"}'::jsonb"#,
            r#"jsonb_build_object('fact', 'forwarded', 'forwarding', 'forwarding_' || md5('f' || id), 'to', 'organ_' || md5('o'), 'by', 'organ_' || md5('b'), 'kind', 'transfer', 'opinion_clock', true, 'limit_days', null)"#,
            r#"jsonb_build_object('fact', 'accepted', 'by', 'organ_' || md5('o'))"#,
        );
        for statement in [
            format!(
                "INSERT INTO register_line (matter_id, number, registered_by, opened_at, place_code, category, organ_id) SELECT id, 'XF' || id, md5('b')::uuid, at, '431202000000', 'claim', md5('o')::uuid FROM {matters}"
            ),
            format!(
                "INSERT INTO clock_fact (matter_id, event_id, at, fact) SELECT id, md5('1' || id)::uuid, at, {registered} FROM {matters}"
            ),
            format!(
                "INSERT INTO clock_fact (matter_id, event_id, at, fact) SELECT id, md5('2' || id)::uuid, at + interval '1 hour', {sent} FROM {matters}"
            ),
            format!(
                "INSERT INTO clock_fact (matter_id, event_id, at, fact) SELECT id, md5('3' || id)::uuid, at + interval '2 days', {organ} FROM {matters}"
            ),
            format!(
                "INSERT INTO clock (matter_id, kind, cycle, organ_id, started_at, raw_due, due, provisional, state) SELECT id, 'opinion', 1, md5('o')::uuid, at + interval '2 days', (at + interval '62 days 8 hours')::date, (at + interval '62 days 8 hours')::date, true, 'running' FROM {matters}"
            ),
            "ANALYZE".to_owned(),
        ] {
            sqlx::query(sqlx::AssertSqlSafe(statement))
                .execute(self.test.database().writing())
                .await
                .unwrap();
        }
    }
}

//! Territories change by dated decisions: all of a call is kept or nothing, and every question can be asked as of a day.

use crate::city::*;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::routing::v1::routing_service_client::RoutingServiceClient;
use huiyin_proto::routing::v1::*;
use tonic::Code;

fn unit(text: &str) -> TerritoryUnit {
    let (code, name) = text.split_once(' ').unwrap();
    TerritoryUnit {
        code: code.to_owned(),
        name: name.to_owned(),
    }
}

fn change(
    kind: TerritoryChangeKind,
    holds_from: &str,
    from: &[&str],
    to: &[&str],
) -> TerritoryChange {
    TerritoryChange {
        holds_from: holds_from.to_owned(),
        kind: kind.into(),
        from: from.iter().map(|text| unit(text)).collect(),
        to: to.iter().map(|text| unit(text)).collect(),
        document: "a decision of the State Council".to_owned(),
    }
}

/// 中方县 became a district of the city on the third day of the year.
fn recoded() -> TerritoryChange {
    let (from, to) = (["431221 中方县"], ["431203 中方区"]);
    change(TerritoryChangeKind::Recoded, "2026-01-03", &from, &to)
}

impl City {
    async fn load_changes(
        &mut self,
        request_id: &str,
        changes: &[TerritoryChange],
    ) -> LoadTerritoryChangesResponse {
        let rows = changes.iter().zip(2..).map(|(change, line)| {
            let change = Some(change.clone());
            TerritoryChangeRow { line, change }
        });
        let request = LoadTerritoryChangesRequest {
            request_id: request_id.to_owned(),
            rows: rows.collect(),
        };
        let answer = self.client.load_territory_changes(request).await.unwrap();
        answer.into_inner()
    }

    /// Code and name of all that lies in a place on a day.
    async fn subtree(&mut self, parent: &str, on_date: &str) -> Vec<String> {
        let request = ListTerritoriesRequest {
            parent_code: parent.to_owned(),
            on_date: on_date.to_owned(),
            whole_subtree: true,
            ..Default::default()
        };
        let answer = self.client.list_territories(request).await.unwrap();
        shown(&answer.into_inner().territories)
    }

    async fn get(
        &mut self,
        code: &str,
        on_date: &str,
    ) -> Result<GetTerritoryResponse, tonic::Status> {
        let request = GetTerritoryRequest {
            code: code.to_owned(),
            on_date: on_date.to_owned(),
        };
        Ok(self.client.get_territory(request).await?.into_inner())
    }

    async fn seat(&mut self, organ: String) -> String {
        let request = GetOrganRequest { organ_id: organ };
        let answer = self.client.get_organ(request).await.unwrap().into_inner();
        answer.organ.unwrap().territory_code
    }
}

fn shown(territories: &[Territory]) -> Vec<String> {
    let shown = |place: &Territory| format!("{} {}", place.code, place.name);
    territories.iter().map(shown).collect()
}

#[tokio::test]
async fn a_recoded_county_takes_its_townships_and_organs_with_it_and_its_past_can_be_asked_for() {
    let mut city = City::new().await;
    let answer = city.load_changes("c", &[recoded()]).await;
    assert_eq!(
        (answer.loaded, answer.unchanged, answer.problems.len()),
        (1, 0, 0)
    );
    let before = ["431221000000 中方县", "431221100000 中方镇"];
    let after = ["431203000000 中方区", "431203100000 中方镇"];
    assert_eq!(city.subtree("431221", "2026-01-02").await, before);
    assert_eq!(city.subtree("431203", "").await, after);
    let gone = city.get("431221", "").await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
    let then = city
        .get("431221", "2025-06-01")
        .await
        .unwrap()
        .territory
        .unwrap();
    assert_eq!(
        (then.valid_from.as_str(), then.valid_to.as_str()),
        ("1949-10-01", "2026-01-02")
    );
    let organ = office("431221", "petition_office").to_string();
    assert_eq!(city.seat(organ.clone()).await, "431203000000");
    let told = city.desk.told().await.unwrap();
    let moved = told.iter().filter_map(|fact| match fact {
        Fact::OrgansEstablished(organs) => Some(&organs.organs),
        _ => None,
    });
    let moved = moved.flatten().filter(|told| told.organ_id == organ);
    let seats: Vec<_> = moved.map(|organ| organ.territory_code.as_str()).collect();
    assert_eq!(seats, ["431221000000", "431203000000"]);
}

/// Changes that cannot be taken in after 中方县 became a district, each with the reason.
fn wrong() -> [(&'static str, TerritoryChange, &'static str); 4] {
    let kind = TerritoryChangeKind::Split;
    [
        (
            "a split without successor",
            change(kind, "2026-01-03", &["431221 中方县"], &[]),
            "split needs one place before and at least two successors; 1 before and 0 after are given",
        ),
        (
            "in the future",
            TerritoryChange {
                holds_from: "2026-01-06".to_owned(),
                ..recoded()
            },
            "2026-01-06 lies in the future; today is 2026-01-05",
        ),
        (
            "of another name",
            change(
                TerritoryChangeKind::Recoded,
                "2026-01-03",
                &["431221 中间县"],
                &["431203 中方区"],
            ),
            "431221000000 is 中方县, not 中间县",
        ),
        (
            "a code that is in use",
            change(
                TerritoryChangeKind::Recoded,
                "2026-01-04",
                &["431202 鹤城区"],
                &["431203 中方区"],
            ),
            "431203000000 is in force since 2026-01-03 already",
        ),
    ]
}

#[tokio::test]
async fn changes_that_contradict_what_is_known_are_refused_and_nothing_of_the_call_is_kept() {
    let mut city = City::new().await;
    let (told, was) = (
        city.desk.told().await.unwrap().len(),
        city.subtree("", "").await,
    );
    for (request_id, (what, change, reason)) in ["a", "b", "c", "d"].into_iter().zip(wrong()) {
        let answer = city.load_changes(request_id, &[recoded(), change]).await;
        let problems: Vec<_> = answer
            .problems
            .iter()
            .map(|problem| problem.reason.as_str())
            .collect();
        assert_eq!(
            (answer.loaded, problems.len()),
            (0, 1),
            "{what}: {problems:?}"
        );
        assert!(
            problems[0].contains(reason),
            "{what}: {} has no {reason}",
            problems[0]
        );
    }
    assert_eq!(city.subtree("", "").await, was);
    assert_eq!(city.desk.told().await.unwrap().len(), told);
    let organ = office("431221", "petition_office").to_string();
    assert_eq!(city.seat(organ).await, "431221000000");
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_all_listed_with_their_line() {
    let mut city = City::new().await;
    let mut unread = recoded();
    unread.holds_from = "2026-13-01".to_owned();
    unread.kind = 0;
    unread.from[0].code = "43".repeat(9);
    unread.document = String::new();
    let answer = city.load_changes("c", &[recoded(), unread]).await;
    let fields: Vec<_> = answer
        .problems
        .iter()
        .map(|problem| (problem.line, problem.field.as_str()))
        .collect();
    assert_eq!(
        fields,
        [(3, "holds_from"), (3, "kind"), (3, "from"), (3, "document")]
    );
    assert_eq!(answer.loaded, 0);
}

#[tokio::test]
async fn a_rerun_changes_and_tells_nothing() {
    let mut city = City::new().await;
    city.load_changes("c", &[recoded()]).await;
    let told = city.desk.told().await.unwrap().len();
    let answer = city.load_changes("d", &[recoded()]).await;
    assert_eq!((answer.loaded, answer.unchanged), (0, 1));
    assert_eq!(city.desk.told().await.unwrap().len(), told);
}

#[tokio::test]
async fn a_place_is_followed_through_its_codes_in_both_directions() {
    let mut city = City::new().await;
    city.load_changes("c", &[recoded()]).await;
    let trace = |code: &str| TraceTerritoryRequest {
        code: code.to_owned(),
        then_date: "2025-12-31".to_owned(),
        now_date: String::new(),
    };
    let of_old = city.client.trace_territory(trace("431221")).await.unwrap();
    assert_eq!(shown(&of_old.get_ref().became), ["431203000000 中方区"]);
    let of_new = city
        .client
        .trace_territory(trace("431203"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(shown(&of_new.comparable_then), ["431221000000 中方县"]);
    assert_eq!(
        (of_new.changes, of_new.parts_moved),
        (vec![recoded_fully()], false)
    );
    let backwards = TraceTerritoryRequest {
        now_date: "2025-01-01".to_owned(),
        ..trace("431221")
    };
    let refused = city.client.trace_territory(backwards).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

/// The change with the codes in full, as it is shown.
fn recoded_fully() -> TerritoryChange {
    let (from, to) = (["431221000000 中方县"], ["431203000000 中方区"]);
    change(TerritoryChangeKind::Recoded, "2026-01-03", &from, &to)
}

#[tokio::test]
async fn the_lowest_common_superior_is_asked_as_of_a_day() {
    let mut city = City::new().await;
    city.load_changes("c", &[recoded()]).await;
    let ask = |codes: &[&str], on_date: &str| FindCommonSuperiorRequest {
        codes: codes.iter().map(|code| (*code).to_owned()).collect(),
        on_date: on_date.to_owned(),
    };
    let mut of = async |request| {
        let answer = city.client.find_common_superior(request).await?;
        Ok::<_, tonic::Status>(answer.into_inner().territory.unwrap().name)
    };
    assert_eq!(
        of(ask(&[VILLAGE, "431221100"], "2026-01-02"))
            .await
            .unwrap(),
        "怀化市"
    );
    assert_eq!(
        of(ask(&["431203100", "431203"], "")).await.unwrap(),
        "中方区"
    );
    let ended = of(ask(&["431221"], "")).await.unwrap_err();
    assert_eq!(ended.code(), Code::NotFound);
    let none = of(ask(&[], "")).await.unwrap_err();
    assert_eq!(none.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn another_process_of_the_service_sees_what_was_loaded_here() {
    let mut city = City::new().await;
    let lists = huiyin_routing::lists(city.desk.desk.clone()).await.unwrap();
    let mut other = RoutingServiceClient::new(city.desk.open_to_all(lists.rpcs));
    let ask = |code: &str| GetTerritoryRequest {
        code: code.to_owned(),
        on_date: String::new(),
    };
    other.get_territory(ask("431221")).await.unwrap();
    let mut rows = territory_rows(&places());
    rows[4].name = "中方自治县".to_owned();
    city.load_territories("named", rows).await.unwrap();
    let renamed = other
        .get_territory(ask("431221"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(renamed.territory.unwrap().name, "中方自治县");
    let mut again = recoded();
    again.from[0].name = "中方自治县".to_owned();
    assert_eq!(city.load_changes("c", &[again]).await.loaded, 1);
    let moved = other
        .get_territory(ask("431203100"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        shown(&moved.ancestors)[..2],
        ["431203000000 中方区", "431200000000 怀化市"]
    );
}

/// 中方县 ended; its only township went to the second of two successors.
fn split() -> [TerritoryChange; 2] {
    let county = change(
        TerritoryChangeKind::Split,
        "2026-01-03",
        &["431221 中方县"],
        &["431203 中方区", "431204 中圆区"],
    );
    let (from, to) = (["431221100 中方镇"], ["431204001 中方街道"]);
    let township = change(TerritoryChangeKind::Recoded, "2026-01-03", &from, &to);
    [township, county]
}

#[tokio::test]
async fn a_county_is_split_with_its_townships_in_any_order_of_rows_or_not_at_all() {
    let mut city = City::new().await;
    let [township, county] = split();
    let alone = city.load_changes("a", &[county]).await;
    let reason = "431221000000 cannot end while 431221100000 lies in it";
    assert!(
        alone.problems[0].reason.starts_with(reason),
        "{:?}",
        alone.problems
    );
    let alone = city.load_changes("b", &[township]).await;
    let reason = "431204001000 has a missing parent: 431204000000";
    assert!(
        alone.problems[0].reason.starts_with(reason),
        "{:?}",
        alone.problems
    );
    assert_eq!(city.load_changes("c", &split()).await.loaded, 2);
    assert_eq!(city.subtree("431203", "").await, ["431203000000 中方区"]);
    let second = ["431204000000 中圆区", "431204001000 中方街道"];
    assert_eq!(city.subtree("431204", "").await, second);
}

#[tokio::test]
async fn organs_of_a_place_that_was_split_stay_until_somebody_decides() {
    let mut city = City::new().await;
    assert_eq!(city.load_changes("c", &split()).await.loaded, 2);
    let stay = office("431221", "petition_office").to_string();
    assert_eq!(city.seat(stay).await, "431221000000");
    let goes = office("431221100", "township_government").to_string();
    assert_eq!(city.seat(goes).await, "431204001000");
}

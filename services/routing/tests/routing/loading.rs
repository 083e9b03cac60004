//! Territories and organs are loaded row by row, and the lists read back what was loaded.

use crate::city::*;
use huiyin_domain::organs;
use huiyin_domain::territory::{Territory, TerritoryCode};
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::routing::v1::*;
use tonic::Code;

fn found(problems: &[RowProblem]) -> Vec<(u32, &str)> {
    problems
        .iter()
        .map(|problem| (problem.line, problem.field.as_str()))
        .collect()
}

#[tokio::test]
async fn wrong_territories_are_listed_with_line_and_field_and_the_rest_is_loaded() {
    let mut city = City::empty().await;
    let mut rows = territory_rows(&places());
    rows[3].code = "43120".to_owned(); // so line 6 and 8 lose their parent
    rows[4].level = 99;
    rows.push(TerritoryRow {
        line: 9,
        ..rows[2].clone()
    });
    rows.push(TerritoryRow {
        line: 10,
        code: "4313".into(),
        parent_code: "4312".into(),
        ..rows[2].clone()
    });
    rows.push(TerritoryRow {
        line: 11,
        code: "4314".into(),
        name: " ".into(),
        ..rows[2].clone()
    });
    rows.push(TerritoryRow {
        line: 12,
        code: "4315".into(),
        level: 3,
        ..rows[2].clone()
    });
    rows.push(TerritoryRow {
        line: 13,
        code: "4316".into(),
        parent_code: String::new(),
        ..rows[2].clone()
    });
    let answer = city.load_territories("1", rows).await.unwrap();
    assert_eq!((answer.loaded, answer.changed, answer.unchanged), (3, 0, 0));
    let expected = [
        (4, "code"),
        (5, "level"),
        (6, "parent_code"),
        (7, "parent_code"),
        (8, "parent_code"),
        (9, "code"),
        (10, "parent_code"),
        (11, "name"),
        (12, "level"),
        (13, "parent_code"),
    ];
    assert_eq!(found(&answer.problems), expected);
}

#[tokio::test]
async fn a_rerun_changes_and_tells_nothing_and_a_new_name_is_a_change() {
    let mut city = City::new().await;
    let told = city.desk.told().await.unwrap().len();
    let mut rows = territory_rows(&places());
    let answer = city.load_territories("2", rows.clone()).await.unwrap();
    assert_eq!((answer.loaded, answer.changed, answer.unchanged), (0, 0, 8));
    assert_eq!(city.desk.told().await.unwrap().len(), told);
    rows[7].name = "新村".to_owned();
    let answer = city.load_territories("3", rows).await.unwrap();
    assert_eq!((answer.loaded, answer.changed, answer.unchanged), (0, 1, 7));
    let Some(Fact::TerritoriesEstablished(last)) = city.desk.told().await.unwrap().pop() else {
        panic!()
    };
    assert_eq!(last.territories.len(), 1);
    assert_eq!(last.territories[0].name, "新村");
}

/// An organ whose id is left to the rule.
fn centre() -> OrganRow {
    OrganRow {
        line: 1,
        organ_id: String::new(),
        name: "中方县信访中心".to_owned(),
        level: level(huiyin_domain::vocabulary::Level::County),
        territory_code: "431221".to_owned(),
        functions: vec!["petition_centre".to_owned()],
    }
}

#[tokio::test]
async fn wrong_organs_are_listed_and_an_id_is_derived_from_place_and_first_function() {
    let mut city = City::new().await;
    let good = centre();
    let rows = vec![
        good.clone(),
        OrganRow {
            line: 2,
            territory_code: "431299".into(),
            ..good.clone()
        },
        OrganRow {
            line: 3,
            functions: Vec::new(),
            ..good.clone()
        },
        OrganRow {
            line: 4,
            level: 2,
            ..good.clone()
        },
        OrganRow {
            line: 5,
            ..good.clone()
        },
        OrganRow {
            line: 6,
            organ_id: "organ_1".into(),
            functions: vec!["A B".into()],
            ..good.clone()
        },
    ];
    let request = LoadOrgansRequest {
        request_id: "more".to_owned(),
        rows,
    };
    let answer = city.client.load_organs(request).await.unwrap().into_inner();
    assert_eq!((answer.loaded, answer.changed, answer.unchanged), (1, 0, 0));
    let expected = [
        (2, "territory_code"),
        (3, "functions"),
        (4, "level"),
        (5, "organ_id"),
        (6, "functions"),
        (6, "organ_id"),
    ];
    assert_eq!(found(&answer.problems), expected);
    let organ_id = office("431221", "petition_centre").to_string();
    let read = city
        .client
        .get_organ(GetOrganRequest { organ_id })
        .await
        .unwrap()
        .into_inner()
        .organ
        .unwrap();
    assert_eq!(read.name, good.name);
}

#[tokio::test]
async fn two_thousand_villages_are_told_in_events_of_at_most_five_hundred() {
    let mut city = City::new().await;
    let parent: TerritoryCode = code("431221100");
    let villages: Vec<Territory> = (100..999)
        .flat_map(|township| (1..4).map(move |village| format!("431221{township}{village:03}")))
        .take(2000)
        .map(|text| Territory {
            code: code(&text),
            name: text.clone(),
            level: code(&text).level(),
            parent: code(&text).parent(),
        })
        .collect();
    let mut townships: Vec<Territory> = villages
        .iter()
        .filter_map(|village| village.parent)
        .map(|code| Territory {
            code,
            name: code.to_string(),
            level: code.level(),
            parent: code.parent(),
        })
        .collect();
    townships.dedup();
    townships.retain(|township| township.code != parent);
    city.load_territories("towns", territory_rows(&townships))
        .await
        .unwrap();
    let before = city.desk.told().await.unwrap().len();
    let answer = city
        .load_territories("villages", territory_rows(&villages))
        .await
        .unwrap();
    assert_eq!((answer.loaded, answer.problems.len()), (2000, 0));
    let told = city.desk.told().await.unwrap();
    let sizes: Vec<usize> = told[before..]
        .iter()
        .map(|fact| match fact {
            Fact::TerritoriesEstablished(some) => some.territories.len(),
            _ => 0,
        })
        .collect();
    assert_eq!(sizes, [500; 4]);
    let refused = city
        .load_territories("too many", vec![TerritoryRow::default(); 2001])
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_territory_comes_with_its_ancestors_and_its_children_by_pages() {
    let mut city = City::new().await;
    let request = GetTerritoryRequest {
        code: VILLAGE.to_owned(),
        on_date: String::new(),
    };
    let answer = city
        .client
        .get_territory(request)
        .await
        .unwrap()
        .into_inner();
    let ancestors: Vec<_> = answer
        .ancestors
        .iter()
        .map(|ancestor| ancestor.name.as_str())
        .collect();
    assert_eq!(
        ancestors,
        ["城中街道", "鹤城区", "怀化市", "湖南省", "中华人民共和国"]
    );
    let mut request = ListTerritoriesRequest {
        parent_code: "4312".to_owned(),
        page_size: 1,
        ..Default::default()
    };
    let mut names = Vec::new();
    loop {
        let page = city
            .client
            .list_territories(request.clone())
            .await
            .unwrap()
            .into_inner();
        names.extend(page.territories.into_iter().map(|territory| territory.name));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(names, ["鹤城区", "中方县"]);
    request.parent_code = "43".to_owned();
    assert_eq!(
        city.client
            .list_territories(request)
            .await
            .unwrap_err()
            .code(),
        Code::InvalidArgument
    );
    let unknown = GetTerritoryRequest {
        code: "44".to_owned(),
        on_date: String::new(),
    };
    assert_eq!(
        city.client.get_territory(unknown).await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn organs_are_listed_by_place_and_function() {
    let mut city = City::new().await;
    let request = ListOrgansRequest {
        territory_code: "431202".to_owned(),
        function: "petition_office".to_owned(),
        ..Default::default()
    };
    let answer = city.client.list_organs(request).await.unwrap().into_inner();
    let mut names: Vec<_> = answer.organs.into_iter().map(|organ| organ.name).collect();
    names.sort();
    assert_eq!(names, ["城中街道信访工作站", "鹤城区信访局"]);
    let all = ListOrgansRequest {
        page_size: 1000,
        ..Default::default()
    };
    let answer = city.client.list_organs(all).await.unwrap().into_inner();
    assert_eq!(answer.organs.len(), organs::generate(&places()).len());
}

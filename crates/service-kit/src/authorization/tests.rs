//! What the policies say, asked as the door asks them.

use std::collections::BTreeSet;
use std::sync::Arc;

use huiyin_domain::ids::OrganId;
use huiyin_domain::organs::{PETITION_OFFICE, organ_id};
use huiyin_domain::posts::Duty;
use huiyin_domain::standing::Standing;
use huiyin_domain::territory::TerritoryCode;
use sqlx::postgres::PgPoolOptions;
use tonic::Code;

use super::*;
use crate::names::ServiceName;
use crate::server::call::{self, Call};
use crate::status::Problem;

fn standing(place: &str, function: &str) -> Standing {
    let territory: TerritoryCode = place.parse().unwrap();
    let organ = organ_id(&territory, function);
    Standing::new(
        organ,
        (territory.level(), territory),
        &[function.to_owned()],
    )
}

fn post(place: &str, function: &str, post: &str) -> Subject {
    Subject::post(standing(place, function), post)
}

/// No database answers there: what these tests ask about needs none.
fn standings() -> Standings {
    Standings::new(
        PgPoolOptions::new()
            .connect_lazy("postgres://nobody@127.0.0.1:1/none")
            .unwrap(),
    )
}

fn knock(subject: Subject, action: &str) -> Result<Asking, Problem> {
    let rights = Rights::embedded().unwrap();
    Asking::at_the_door(Arc::new(subject), rights, (action, &standings()))
}

async fn ask(subject: Subject, action: &str, about: About, sealed: bool) -> Result<(), Problem> {
    let asking = Arc::new(knock(subject, action)?);
    let call = Call::new("test", None);
    call.scope(call::scope_of(asking, permit_matter(about, sealed)))
        .await
}

#[test]
fn the_policies_are_read_and_every_action_has_one() {
    let rights = Rights::embedded().unwrap();
    for action in rights.actions() {
        assert!(!rights.who(action).is_empty(), "{action}");
    }
    assert!(rights.actions().count() > 60);
}

#[test]
fn the_table_of_rights_in_the_docs_is_that_of_the_policies() {
    let printed = rights_table().unwrap();
    let kept = include_str!("../../../../docs/rights.md");
    assert!(
        printed == kept,
        "docs/rights.md is not up to date: huiyin rights > docs/rights.md"
    );
}

#[tokio::test]
async fn whoever_is_not_known_gets_no_further_than_health() {
    assert!(knock(Subject::stranger(), "health.Check").is_ok());
    for action in Rights::embedded().unwrap().actions() {
        if !action.starts_with("health.") {
            let refused = knock(Subject::stranger(), action).unwrap_err();
            assert_eq!(refused.code(), Code::Unauthenticated, "{action}");
        }
    }
}

#[tokio::test]
async fn an_action_without_a_policy_is_refused() {
    let refused = knock(
        Subject::plain(Who::Operator("night".to_owned())),
        "intake.FindPerson",
    );
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn an_organ_acts_for_itself_alone() {
    let bureau = standing("431202", "natural_resources");
    let handler = || post("431202", "natural_resources", "handler");
    let own = About::Organ(bureau.organ);
    assert!(
        ask(handler(), "intake.AcceptMatter", own, false)
            .await
            .is_ok()
    );
    let other = post("431202", "natural_resources", "registration-desk");
    let refused = ask(other, "intake.AcceptMatter", own, false)
        .await
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "this is for a handling post of the organ that acts"
    );
}

#[tokio::test]
async fn a_denunciation_is_for_posts_for_denunciations() {
    let place = "431202";
    let discipline = "discipline_inspection";
    let own = About::Organ(standing(place, discipline).organ);
    for (name, sealed, allowed) in [
        ("handler", false, true),
        ("handler", true, false),
        ("head", true, false),
        ("sealed-desk", true, true),
    ] {
        let asked = ask(
            post(place, discipline, name),
            "intake.ReadPetition",
            own,
            sealed,
        )
        .await;
        assert_eq!(asked.is_ok(), allowed, "{name} {sealed}");
    }
}

#[tokio::test]
async fn a_statistics_desk_counts_in_its_own_place() {
    let desk = || post("431202", PETITION_OFFICE, "statistics-desk");
    for (place, allowed) in [
        ("431202", true),
        ("431202001", true),
        ("4312", false),
        ("431203", false),
        ("000000000000", false),
    ] {
        let about = About::Place(place.parse().unwrap());
        let asked = ask(desk(), "statistics.GetTable", about, false).await;
        assert_eq!(asked.is_ok(), allowed, "{place}");
    }
}

#[tokio::test]
async fn rules_are_put_in_force_at_the_level_of_a_city_or_above() {
    for (place, allowed) in [("431202", false), ("4312", true), ("43", true)] {
        let desk = post(place, PETITION_OFFICE, "rules-desk");
        let asked = ask(desk, "routing.ActivateRules", About::House, false).await;
        assert_eq!(asked.is_ok(), allowed, "{place}");
    }
}

#[tokio::test]
async fn a_platform_registers_for_every_office_and_reads_no_petition() {
    let platform = || {
        let duties = BTreeSet::from([Duty::Register, Duty::Follow]);
        Subject::platform("national-platform".to_owned(), duties)
    };
    let office = About::Organ(standing("431202", PETITION_OFFICE).organ);
    // where the office stands is not asked: the platform may register for every office
    assert!(knock(platform(), "intake.RegisterMatter").is_ok());
    assert!(knock(platform(), "intake.GetProgress").is_ok());
    let refused = ask(platform(), "intake.ReadPetition", office, false).await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
    let dutiless = Subject::platform("another".to_owned(), BTreeSet::new());
    assert!(knock(dutiless, "intake.RegisterMatter").is_err());
}

#[tokio::test]
async fn a_post_of_an_organ_that_nobody_told_of_is_nobody() {
    let organ = OrganId::from_uuid(uuid::Uuid::from_u128(7));
    let unknown = Subject::plain(Who::Post {
        organ,
        post: "head".to_owned(),
    });
    assert!(knock(unknown, "intake.GetMatter").is_err());
}

#[tokio::test]
async fn the_feed_is_for_services_and_the_clock_for_operators() {
    let service = || Subject::plain(Who::Service(ServiceName::Routing));
    let operator = || Subject::plain(Who::Operator("night".to_owned()));
    assert!(knock(service(), "feed.ReadFeed").is_ok());
    assert!(knock(operator(), "feed.ReadFeed").is_err());
    assert!(knock(operator(), "development.MoveClock").is_ok());
    assert!(knock(service(), "development.MoveClock").is_err());
    assert!(knock(operator(), "intake.ReadPetition").is_err());
}

#[tokio::test]
async fn what_is_about_an_organ_is_not_decided_before_it_was_asked() {
    let handler = post("431202", "natural_resources", "handler");
    let asking = Arc::new(knock(handler, "intake.AcceptMatter").unwrap());
    assert!(!asking.is_decided());
    let own = About::Organ(standing("431202", "natural_resources").organ);
    call::scope_of(Arc::clone(&asking), permit(own))
        .await
        .unwrap();
    assert!(asking.is_decided());
}

#[tokio::test]
async fn outside_of_a_call_nothing_is_permitted() {
    assert!(permit(About::House).await.is_err());
}

#[test]
fn the_database_is_told_ids_and_fixed_words() {
    let words = post("431202", PETITION_OFFICE, "office'; DROP TABLE matter").words();
    let organ = standing("431202", PETITION_OFFICE).organ.uuid();
    assert_eq!(
        words,
        format!(
            "SET LOCAL huiyin.part = 'post'; SET LOCAL huiyin.organ = '{organ}'; SET LOCAL huiyin.territory = \
             '431202000000'; SET LOCAL huiyin.oversees = 'true'; SET LOCAL huiyin.sealed = 'false'"
        )
    );
}

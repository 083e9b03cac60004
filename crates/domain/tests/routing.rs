//! Who must answer, and who is told, in a small city.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its own text fails"
)]

use huiyin_domain::{
    ids::OrganId,
    organs::{
        self, DISCIPLINE_INSPECTION, JOINT_MEETING, PEOPLES_MEDIATION, PETITION_OFFICE,
        POLITICAL_LEGAL, TOWNSHIP_GOVERNMENT, organ_id,
    },
    routing::{
        CompetenceRules, Decision, Directory, MatterToRoute, NoCompetentOrgan, Rules, arbitrate,
        route,
    },
    subject::Subject,
    territory::{Gazetteer, Territory, TerritoryCode},
    vocabulary::{Category, ForwardingKind, Level, StatutoryRoute},
    warning::{RecipientRole, RecipientRule, RecipientRules, URGENT_REPORT, recipients},
};

const VILLAGE: &str = "431202001003";

fn code(text: &str) -> TerritoryCode {
    text.parse().unwrap()
}

fn id(territory: &str, function: &str) -> OrganId {
    organ_id(&code(territory), function)
}

fn rule() -> &'static RecipientRule {
    RecipientRules::embedded()
        .in_force(URGENT_REPORT, "2026-01-05".parse().unwrap())
        .unwrap()
}

fn directory() -> Directory {
    let rows = [
        ("00", "中华人民共和国"),
        ("43", "湖南省"),
        ("4312", "怀化市"),
        ("431202", "鹤城区"),
        ("431221", "中方县"),
        ("431202001", "城中街道"),
        ("431221100", "中方镇"),
        (VILLAGE, "某村"),
    ];
    let territories = rows.map(|(text, name)| Territory {
        code: code(text),
        name: name.to_owned(),
        level: code(text).level(),
        parent: code(text).parent(),
    });
    Directory::new(organs::generate(&territories))
}

fn matter(category: Category, subject: &str, place: &str) -> MatterToRoute {
    MatterToRoute {
        category,
        subject: Subject::from_code(subject).unwrap(),
        place: code(place),
        about: None,
    }
}

fn decided(matter: &MatterToRoute) -> Decision {
    by(matter, &directory()).unwrap()
}

fn by(matter: &MatterToRoute, directory: &Directory) -> Result<Decision, NoCompetentOrgan> {
    let rules = Rules {
        competence: CompetenceRules::embedded(),
        directory,
        places: &Gazetteer::default(),
        on: "2026-01-05".parse().unwrap(),
    };
    route(matter, &rules)
}

#[test]
fn a_claim_on_land_goes_to_the_countys_department_and_runs_the_opinion_clock() {
    let decision = decided(&matter(Category::Claim, "land_and_homestead", VILLAGE));
    assert_eq!(decision.to, id("431202", "natural_resources"));
    assert_eq!(decision.kind, ForwardingKind::Transfer);
    assert_eq!(decision.route, Some(StatutoryRoute::PetitionProcedure));
    assert!(decision.opinion_clock);
    assert_eq!(decision.reasons[0].rule_id, "competence/land_and_homestead");
}

#[test]
fn daily_life_stays_with_the_township_and_restructuring_goes_to_the_city() {
    let daily = decided(&matter(Category::Claim, "daily_life", VILLAGE));
    assert_eq!(daily.to, id("431202001", TOWNSHIP_GOVERNMENT));
    // The government holds both functions, under the id of the first.
    assert_eq!(
        decided(&matter(Category::Claim, "neighbour_dispute", VILLAGE)).to,
        daily.to
    );
    assert!(
        directory()
            .holder(&code("431202001"), PEOPLES_MEDIATION)
            .is_some()
    );
    assert_eq!(
        decided(&matter(
            Category::Claim,
            "enterprise_restructuring",
            VILLAGE
        ))
        .to,
        id("4312", "state_assets")
    );
}

#[test]
fn a_matter_of_an_unknown_village_goes_to_the_petition_office_that_can_find_it() {
    let decision = decided(&matter(Category::Claim, "village_affairs", "431202"));
    assert_eq!(
        (decision.to, decision.kind),
        (id("431202", PETITION_OFFICE), ForwardingKind::HandDown)
    );
    assert_eq!(decision.reasons.len(), 2);
}

#[test]
fn where_there_is_no_county_the_city_answers() {
    let decision = decided(&matter(Category::Claim, "education", "4312"));
    assert_eq!(decision.to, id("4312", "education"));
    assert_eq!(decision.reasons[1].rule_id, "routing/nearest-above art. 24");
}

#[test]
fn a_denunciation_never_stays_within_the_county() {
    for place in [VILLAGE, "431202001", "431202", "4312"] {
        let decision = decided(&matter(
            Category::Denunciation,
            "official_misconduct",
            place,
        ));
        assert_eq!(decision.to, id("4312", DISCIPLINE_INSPECTION));
        assert!(!decision.opinion_clock && decision.route.is_none());
    }
}

#[test]
fn a_denunciation_goes_above_whom_it_is_about() {
    let mut denunciation = matter(Category::Denunciation, "official_misconduct", VILLAGE);
    denunciation.about = Some(id("4312", DISCIPLINE_INSPECTION));
    assert_eq!(decided(&denunciation).to, id("43", DISCIPLINE_INSPECTION));
    denunciation.about = Some(id("43", PETITION_OFFICE));
    let refused = by(&denunciation, &directory()).unwrap_err();
    assert_eq!(refused.function, DISCIPLINE_INSPECTION);
}

#[test]
fn a_matter_about_an_organ_goes_to_the_office_above_it() {
    let mut claim = matter(Category::Claim, "land_and_homestead", VILLAGE);
    claim.about = Some(id("431202", "natural_resources"));
    let decision = decided(&claim);
    assert_eq!(
        (decision.to, decision.kind),
        (id("4312", PETITION_OFFICE), ForwardingKind::ReportUp)
    );
}

#[test]
fn each_statutory_route_is_referred_and_runs_no_opinion_clock() {
    let litigation = decided(&matter(Category::Claim, "litigation_related", VILLAGE));
    assert_eq!(
        (litigation.to, litigation.kind),
        (id("431202", POLITICAL_LEGAL), ForwardingKind::Refer)
    );
    for subject in Subject::all()
        .iter()
        .filter(|subject| subject.route != StatutoryRoute::PetitionProcedure)
    {
        let decision = decided(&matter(Category::Claim, &subject.code, VILLAGE));
        assert_eq!(
            (decision.kind, decision.opinion_clock),
            (ForwardingKind::Refer, false),
            "{}",
            subject.code
        );
    }
}

#[test]
fn every_subject_and_category_finds_an_organ_with_reasons() {
    for subject in Subject::all() {
        for category in Category::all() {
            let decision = decided(&matter(*category, &subject.code, VILLAGE));
            assert!(!decision.reasons.is_empty());
            assert!(decision.opinion_clock <= (*category == Category::Claim));
        }
    }
}

#[test]
fn a_suggestion_is_studied_by_the_competent_organ() {
    let decision = decided(&matter(Category::Suggestion, "transport", VILLAGE));
    assert_eq!(decision.to, id("431202", "transport"));
    assert!(!decision.opinion_clock);
}

#[test]
fn arbitration_is_by_the_lowest_common_superior_that_was_not_tried() {
    let claim = matter(Category::Claim, "land_and_homestead", VILLAGE);
    let arbiter = |tried: &[OrganId]| arbitrate(&claim, tried, &directory()).unwrap().to;
    let (land, housing) = (
        id("431202", "natural_resources"),
        id("431202", "housing_and_construction"),
    );
    assert_eq!(arbiter(&[land, housing]), id("431202", PETITION_OFFICE));
    assert_eq!(
        arbiter(&[land, id("431221", "natural_resources")]),
        id("4312", PETITION_OFFICE)
    );
    assert_eq!(
        arbiter(&[land, id("431202", PETITION_OFFICE)]),
        id("4312", PETITION_OFFICE)
    );
}

#[test]
fn an_empty_directory_names_what_is_missing() {
    let refused = by(
        &matter(Category::Claim, "education", VILLAGE),
        &Directory::default(),
    )
    .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "no organ of 431202000000 or above holds education; the government of the level must designate one"
    );
}

#[test]
fn every_level_above_is_told_at_once_and_nobody_twice() {
    let department = id("431202", "urban_management");
    let told: Vec<_> = recipients(
        rule(),
        &code("431202001"),
        Some(department),
        &directory(),
        &[],
    )
    .into_iter()
    .map(|recipient| (recipient.organ, recipient.level, recipient.role))
    .collect();
    let expected = [
        (
            id("431202001", PETITION_OFFICE),
            Level::Township,
            RecipientRole::OwnLeadership,
        ),
        (
            id("431202", PETITION_OFFICE),
            Level::County,
            RecipientRole::LevelAbove,
        ),
        (
            id("4312", PETITION_OFFICE),
            Level::City,
            RecipientRole::LevelAbove,
        ),
        (
            id("43", PETITION_OFFICE),
            Level::Province,
            RecipientRole::LevelAbove,
        ),
        (
            id("00", PETITION_OFFICE),
            Level::Nation,
            RecipientRole::NationalOffice,
        ),
        (
            department,
            Level::County,
            RecipientRole::CompetentDepartment,
        ),
        (
            id("4312", JOINT_MEETING),
            Level::City,
            RecipientRole::JointMeeting,
        ),
    ];
    assert_eq!(told, expected);
    let office = Some(id("431202", PETITION_OFFICE));
    assert_eq!(
        recipients(rule(), &code("431202001"), office, &directory(), &[]).len(),
        6
    );
}

#[test]
fn a_village_without_organs_is_spoken_for_by_its_township_and_the_excluded_are_not_told() {
    let excluded = id("431202001", PETITION_OFFICE);
    let told = recipients(rule(), &code(VILLAGE), None, &directory(), &[excluded]);
    assert!(told.iter().all(|recipient| recipient.organ != excluded));
    assert_eq!(told.len(), 5);
    assert_eq!(
        recipients(rule(), &code(VILLAGE), None, &directory(), &[])[0].organ,
        excluded
    );
}

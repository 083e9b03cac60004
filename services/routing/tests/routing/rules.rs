//! Competence rules are rehearsed on past matters before they are put in force, and a post may decide otherwise.

use crate::city::*;
use huiyin_domain::routing::CompetenceRules as Checked;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{ComputedDecision, DecisionOverridden, RulesActivated};
use huiyin_proto::routing::v1::*;
use huiyin_proto::vocabulary::v1::{Category, ForwardingKind};
use tonic::Code;

/// The rules of the release under another name, with a rule of 鹤城区 for the environment.
fn proposed(version: &str, valid_from: &str) -> CompetenceRules {
    let file = Checked::embedded().file();
    let rules = file.rules.iter().map(|rule| CompetenceRule {
        subject: rule.subject.clone(),
        place_code: String::new(),
        level: level(rule.level),
        function: String::new(),
    });
    let of_county = CompetenceRule {
        subject: "environment".to_owned(),
        place_code: "431202".to_owned(),
        level: level(huiyin_domain::vocabulary::Level::Township),
        function: "township_government".to_owned(),
    };
    CompetenceRules {
        version: version.to_owned(),
        valid_from: valid_from.to_owned(),
        source: "a decision of the county".to_owned(),
        rules: rules.chain([of_county]).collect(),
    }
}

fn activation(request_id: &str, rules: CompetenceRules) -> ActivateRulesRequest {
    ActivateRulesRequest {
        request_id: request_id.to_owned(),
        rules: Some(rules),
        post: "director of the petition office".to_owned(),
        reason: "the townships have their own officers now".to_owned(),
    }
}

impl City {
    async fn rehearse(
        &mut self,
        rules: CompetenceRules,
        since_date: &str,
    ) -> RehearseRulesResponse {
        let request = RehearseRulesRequest {
            rules: Some(rules),
            since_date: since_date.to_owned(),
        };
        self.client
            .rehearse_rules(request)
            .await
            .unwrap()
            .into_inner()
    }

    /// What was told about rules put in force.
    async fn activations(&self) -> Vec<RulesActivated> {
        let told = self.desk.told().await.unwrap().into_iter();
        let activations = told.filter_map(|fact| match fact {
            Fact::RulesActivated(fact) => Some(fact),
            _ => None,
        });
        activations.collect()
    }

    async fn competent(&mut self, subject: &str, on_date: &str) -> String {
        let request = DecideCompetenceRequest {
            category: Category::Claim.into(),
            subject: subject.to_owned(),
            place_code: VILLAGE.to_owned(),
            on_date: on_date.to_owned(),
            ..Default::default()
        };
        let answer = self.client.decide_competence(request).await.unwrap();
        answer.into_inner().organ.unwrap().name
    }
}

#[tokio::test]
async fn a_rehearsal_says_which_past_matters_would_go_elsewhere_and_changes_nothing() {
    let mut city = City::new().await;
    let mut river = Vec::new();
    for subject in ["environment", "education", "environment", "medical"] {
        let matter = city.claim(subject).await;
        if subject == "environment" {
            river.push(matter.to_string());
        }
    }
    river.sort();
    let told = city.desk.told().await.unwrap().len();
    let report = city
        .rehearse(proposed("2027-01-01", "2027-01-01"), "")
        .await;
    assert_eq!(
        (report.considered, report.elsewhere, report.unrouted),
        (4, 2, 0)
    );
    assert_eq!(report.compared_with, Checked::embedded().version());
    let [moved] = &report.moves[..] else {
        panic!("one move, not {:?}", report.moves)
    };
    let name = |organ: &Option<Organ>| organ.clone().unwrap().name;
    assert_eq!(
        (
            moved.subject.as_str(),
            name(&moved.from),
            name(&moved.to),
            moved.matters
        ),
        (
            "environment",
            "鹤城区生态环境局".to_owned(),
            "城中街道办事处".to_owned(),
            2
        )
    );
    assert_eq!(moved.example_matter_ids, river);
    assert_eq!(
        moved.reasons[0].words,
        "environment is handled at the township by township_government in 431202000000; rules 2027-01-01"
    );
    let none = city
        .rehearse(proposed("2027-01-01", "2027-01-01"), "2026-01-06")
        .await;
    assert_eq!((none.considered, none.elsewhere), (0, 0));
    assert_eq!(city.desk.told().await.unwrap().len(), told);
    assert_eq!(
        city.competent("environment", "2027-06-01").await,
        "鹤城区生态环境局"
    );
}

/// One version was told, whole.
fn assert_told(mut told: Vec<RulesActivated>) {
    let rules = std::mem::take(&mut told[0].rules);
    let own = rules
        .iter()
        .find(|rule| rule.subject == "environment" && rule.place_code != "000000000000");
    assert_eq!(
        own.unwrap().level(),
        huiyin_proto::vocabulary::v1::Level::Township
    );
    let activated = RulesActivated {
        version: "2026-01-07".to_owned(),
        valid_from: "2026-01-07".to_owned(),
        post: "director of the petition office".to_owned(),
        source: told[0].source.clone(),
        rules: Vec::new(),
    };
    assert_eq!(told, [activated]);
}

#[tokio::test]
async fn rules_decide_from_their_first_day_on_and_what_was_decided_stays() {
    let mut city = City::new().await;
    let before = city.claim("environment").await;
    let request = activation("a", proposed("2026-01-07", "2026-01-07"));
    let answer = city
        .client
        .activate_rules(request.clone())
        .await
        .unwrap()
        .into_inner();
    let again = city
        .client
        .activate_rules(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer, again);
    assert!(!answer.version.unwrap().in_force);
    assert_eq!(city.competent("environment", "").await, "鹤城区生态环境局");
    city.desk
        .move_clock(at("2026-01-06T16:00:00Z"))
        .await
        .unwrap();
    assert_eq!(city.competent("environment", "").await, "城中街道办事处");
    assert_eq!(
        city.competent("environment", "2026-01-06").await,
        "鹤城区生态环境局"
    );
    let after = city.claim("environment").await;
    let went = async |matter| city.hops(matter).await[0].to_organ.clone();
    assert_eq!(went(before).await, office("431202", "ecology").to_string());
    assert_eq!(
        went(after).await,
        office("431202001", "township_government").to_string()
    );
    assert_told(city.activations().await);
    let listed = city
        .client
        .list_rules(ListRulesRequest::default())
        .await
        .unwrap()
        .into_inner();
    let listed: Vec<_> = listed
        .versions
        .iter()
        .map(|version| {
            (
                version.rules.as_ref().unwrap().version.as_str(),
                version.in_force,
            )
        })
        .collect();
    assert_eq!(
        listed,
        [(Checked::embedded().version(), false), ("2026-01-07", true)]
    );
}

#[tokio::test]
async fn rules_of_the_past_of_a_taken_day_or_with_gaps_are_refused() {
    let mut city = City::new().await;
    let mut gaps = proposed("x", "2026-02-01");
    gaps.rules.retain(|rule| rule.subject != "medical");
    gaps.rules[0].subject = "weather".to_owned();
    let mut levels = proposed("x", "2026-02-01");
    levels.rules[3].level = 77;
    levels.rules[4].place_code = "43120".to_owned();
    let wrong = [
        (
            proposed("x", "2026-01-04"),
            "is 2026-01-04, but today is 2026-01-05",
        ),
        (
            proposed("2026-01-01", "2026-02-01"),
            "which is the name of a version already",
        ),
        (gaps.clone(), "rules[0].subject: \"weather\" is no subject"),
        (gaps, "the subject medical has no rule for the whole nation"),
        (levels.clone(), "rules.rules[3].level"),
        (levels, "rules.rules[4].place_code"),
    ];
    for (number, (rules, words)) in wrong.into_iter().enumerate() {
        let request = activation(&format!("wrong {number}").replace(' ', "-"), rules);
        let refused = city.client.activate_rules(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(
            refused.message().contains(words),
            "{} lacks {words}",
            refused.message()
        );
    }
    city.client
        .activate_rules(activation("a", proposed("x", "2026-02-01")))
        .await
        .unwrap();
    let taken = activation("b", proposed("y", "2026-02-01"));
    let refused = city.client.activate_rules(taken).await.unwrap_err();
    assert!(
        refused
            .message()
            .contains("first day of another version already")
    );
}

#[tokio::test]
async fn a_post_that_sends_a_matter_elsewhere_than_the_rules_is_on_record() {
    let mut city = City::new().await;
    let matter = city.claim("environment").await;
    let hop = city.hops(matter).await.pop().unwrap();
    let mut request = ForwardMatterRequest {
        request_id: "f".to_owned(),
        matter_id: matter.to_string(),
        from_organ: office("431202", "petition_office").to_string(),
        to_organ: office("431202", "health").to_string(),
        kind: ForwardingKind::Assign.into(),
        limit_days: 30,
        post: "director of the petition office".to_owned(),
        reason: "the clinic runs the incinerator".to_owned(),
        simplified: false,
    };
    city.client.forward_matter(request.clone()).await.unwrap();
    let overridden = async |city: &City| {
        let told = city.desk.told().await.unwrap().into_iter();
        told.filter_map(|fact| match fact {
            Fact::DecisionOverridden(fact) => Some(fact),
            _ => None,
        })
        .collect::<Vec<_>>()
    };
    let expected = DecisionOverridden {
        matter_id: matter.to_string(),
        decision: ComputedDecision::Competence.into(),
        computed: hop.to_organ.clone(),
        decided: request.to_organ.clone(),
        organ_id: request.to_organ.clone(),
        post: request.post.clone(),
        ..Default::default()
    };
    assert_eq!(overridden(&city).await, [expected]);
    request.request_id = "g".to_owned();
    request.to_organ = hop.to_organ;
    city.client.forward_matter(request).await.unwrap();
    assert_eq!(
        overridden(&city).await.len(),
        1,
        "back to where the rules send it is no override"
    );
}

#[tokio::test]
async fn a_matter_of_a_place_that_has_ended_is_decided_for_what_it_became() {
    let mut city = City::new().await;
    let change = TerritoryChange {
        holds_from: "2026-01-03".to_owned(),
        kind: TerritoryChangeKind::Recoded.into(),
        from: vec![TerritoryUnit {
            code: "431202".to_owned(),
            name: "鹤城区".to_owned(),
        }],
        to: vec![TerritoryUnit {
            code: "431203".to_owned(),
            name: "鹤州区".to_owned(),
        }],
        document: "a decision".to_owned(),
    };
    let request = LoadTerritoryChangesRequest {
        request_id: "c".to_owned(),
        rows: vec![TerritoryChangeRow {
            line: 2,
            change: Some(change),
        }],
    };
    let loaded = city
        .client
        .load_territory_changes(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(loaded.loaded, 1, "{:?}", loaded.problems);
    let matter = city.claim("environment").await;
    let hop = city.hops(matter).await.pop().unwrap();
    assert_eq!(hop.to_organ, office("431202", "ecology").to_string());
    assert_eq!(
        hop.reasons[0].words,
        "431202001003 ended on 2026-01-02; the matter is decided for 431203001003"
    );
}

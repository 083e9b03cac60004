//! What happens to a matter: drawn so that most of it may happen at the stage where the matter stands.

use huiyin_domain::organs::PETITION_OFFICE;
use huiyin_proto::intake::v1::{GetMatterRequest, GetMatterResponse, RegisterMatterResponse};
use huiyin_proto::vocabulary::v1::Stage;
use prost::Message as _;
use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

use super::asking::{Answer, ask, service_of};
use super::city;
use super::contract::CONTRACT;
use super::draw::{About, Draw};
use super::pool::{Matter, Pool};
use super::world::World;
use crate::common::calling::Method;

/// Who acts, where nobody is asked who it is.
const ACTOR: &str = "caller/actor";

const DENUNCIATION: u64 = 2;

/// Whose matters are acted on.
pub struct Stock<'a> {
    pub pool: &'a Pool,
    /// Whom its denunciations are about.
    pub denounced: &'a [String],
    /// Whether all of them are denunciations.
    pub is_sealed: bool,
}

/// An act that is about to be done.
pub struct Act {
    pub method: &'static Method,
    pub message: Vec<u8>,
}

pub fn method(action: &str) -> &'static Method {
    &CONTRACT.methods[action]
}

/// What is done next, by how things stand in a world.
pub async fn next(world: &World, chance: &mut ChaCha8Rng, stock: &Stock<'_>) -> Act {
    let matter = stock.pool.matters.choose(chance).cloned();
    let matter = matter.filter(|_| chance.random_bool(0.75));
    let (action, holder) = match &matter {
        None => ("intake.RegisterMatter", String::new()),
        Some(matter) => standing(world, chance, matter).await,
    };
    let method = method(action);
    let mut draw = Draw::new(chance, stock.pool, world.now());
    draw.about = Some(About {
        matter,
        holder,
        denounced: stock.denounced.to_vec(),
        category: stock.is_sealed.then_some(DENUNCIATION),
    });
    let message = draw.message(&method.request);
    Act { method, message }
}

/// Does it; whoever asks is let through.
pub async fn perform(world: &World, act: &Act) -> Answer {
    let routes = world.open(service_of(act.method));
    ask(routes, ACTOR, (act.method, &act.message)).await
}

/// The matter that an act registered.
pub fn registered(act: &Act, answer: &Answer) -> Option<Matter> {
    let is_registration = act.method.action == "intake.RegisterMatter" && answer.is_ok();
    let receipt =
        is_registration.then(|| RegisterMatterResponse::decode(answer.message.as_slice()));
    receipt.map(|receipt| receipt.unwrap().into())
}

/// What may be done where a matter stands, and by which organ.
async fn standing(
    world: &World,
    chance: &mut ChaCha8Rng,
    matter: &Matter,
) -> (&'static str, String) {
    let request = GetMatterRequest {
        matter_id: matter.id.clone(),
        number: String::new(),
    };
    let get = Act {
        method: method("intake.GetMatter"),
        message: request.encode_to_vec(),
    };
    let found = perform(world, &get).await;
    assert!(found.is_ok(), "{}", found.text);
    let found = GetMatterResponse::decode(found.message.as_slice())
        .unwrap()
        .matter
        .unwrap();
    let action = possible(found.stage()).choose(chance).copied().unwrap();
    let holder = match action {
        // the remedy is asked of an organ above
        "supervision.RequestRemedy" | "supervision.DeliverRemedyOpinion" => {
            city::organ("4312", PETITION_OFFICE).to_string()
        }
        "supervision.MakeRecommendation" => city::organ("43", PETITION_OFFICE).to_string(),
        _ if found.organ_id.is_empty() => found.registered_by,
        _ => found.organ_id,
    };
    (action, holder)
}

const OF_FORWARDED: &[&str] = &[
    "intake.AcceptMatter",
    "intake.AcceptMatter",
    "intake.AcceptMatter",
    "intake.DeclineMatter",
    "routing.ForwardMatter",
    "routing.ForwardMatter",
    "routing.ObjectToForwarding",
    "routing.AgreeToObjection",
    "routing.AgreeToObjection",
    "routing.RefuseObjection",
    "supervision.PauseDeadline",
    "supervision.SetDueDay",
    "supervision.AnswerOrder",
    "stability_early_warning.RaiseAlert",
    "stability_early_warning.RaiseAlert",
];

const OF_ACCEPTED: &[&str] = &[
    "routing.IssueOpinion",
    "routing.IssueOpinion",
    "routing.IssueOpinion",
    "supervision.ExtendDeadline",
    "supervision.PauseDeadline",
    "supervision.ResumeDeadline",
    "supervision.MakeRecommendation",
    "supervision.MakeRecommendation",
    "supervision.AnswerOrder",
    "supervision.WithdrawOrder",
    "stability_early_warning.RaiseAlert",
    "stability_early_warning.RaiseAlert",
    "stability_early_warning.AcknowledgeAlert",
];

fn possible(stage: Stage) -> &'static [&'static str] {
    match stage {
        Stage::Unspecified => unreachable!("every matter has a stage"),
        Stage::Registered | Stage::Declined => &[
            "routing.ForwardMatter",
            "routing.ForwardMatter",
            "routing.ForwardMatter",
            "intake.WithdrawMatter",
            "stability_early_warning.RaiseAlert",
            "stability_early_warning.RaiseAlert",
            "stability_early_warning.AcknowledgeAlert",
            "supervision.SetDueDay",
            "supervision.AnswerOrder",
        ],
        Stage::Forwarded => OF_FORWARDED,
        Stage::Accepted => OF_ACCEPTED,
        Stage::OpinionIssued => &[
            "intake.DeliverReply",
            "intake.DeliverReply",
            "supervision.AnswerRecommendation",
        ],
        Stage::Replied => &[
            "intake.EvaluateMatter",
            "intake.EvaluateMatter",
            "routing.ReportCompletion",
            "routing.AcceptCompletion",
            "routing.ReturnCompletion",
            "supervision.RequestRemedy",
            "supervision.RequestRemedy",
            "supervision.DeliverRemedyOpinion",
            "supervision.MakeRecommendation",
            "supervision.AnswerRecommendation",
            "intake.ErasePetitions",
        ],
        Stage::Referred | Stage::Withdrawn => &[
            "stability_early_warning.RaiseAlert",
            "supervision.MakeRecommendation",
            "supervision.AnswerRecommendation",
            "supervision.WithdrawOrder",
            "intake.ErasePetitions",
        ],
    }
}

/// A world of places, organs and open matters at all stages: what both worlds are copied from.
pub async fn furnish(world: &World, chance: &mut ChaCha8Rng) -> Pool {
    load(world).await;
    let mut pool = Pool::default();
    let schedule = super::made::early(world, &mut pool).await;
    let elsewhere: Vec<String> = [
        ("431221", "education"),
        ("431221100", "township_government"),
    ]
    .map(|(place, function)| city::organ(place, function).to_string())
    .to_vec();
    for turn in 0..90 {
        let stock = Stock {
            pool: &pool,
            denounced: if turn % 6 == 0 { &elsewhere } else { &[] },
            is_sealed: turn % 6 == 0,
        };
        let act = match turn < 14 {
            true => {
                next(
                    world,
                    chance,
                    &Stock {
                        pool: &Pool::default(),
                        ..stock
                    },
                )
                .await
            }
            false => next(world, chance, &stock).await,
        };
        let answer = perform(world, &act).await;
        pool.matters.extend(registered(&act, &answer));
        let mut told = world.settle().await.unwrap();
        if turn % 9 == 8 {
            let later = world.now() + chrono::TimeDelta::hours(chance.random_range(3..60));
            told.extend(world.pass_to(later).await.unwrap());
        }
        for event in &told {
            pool.keep(&super::asking::event_text(event));
        }
        if answer.is_ok() {
            pool.keep(&answer.text);
        }
    }
    super::made::late(world, &mut pool, &schedule).await;
    pool
}

async fn load(world: &World) {
    use huiyin_proto::routing::v1::{LoadOrgansRequest, LoadTerritoriesRequest};
    let territories = LoadTerritoriesRequest {
        request_id: "territories".to_owned(),
        rows: city::territory_rows(),
    };
    let organs = LoadOrgansRequest {
        request_id: "organs".to_owned(),
        rows: city::organ_rows(),
    };
    for (action, message) in [
        ("routing.LoadTerritories", territories.encode_to_vec()),
        ("routing.LoadOrgans", organs.encode_to_vec()),
    ] {
        let act = Act {
            method: method(action),
            message,
        };
        let answer = perform(world, &act).await;
        assert!(
            answer.is_ok() && !answer.text.contains("problems"),
            "{}",
            answer.text
        );
    }
    world.settle().await.unwrap();
}

//! What an opinion says lies sealed, and is erased with the petition.

use huiyin_domain::ids::MatterId;
use huiyin_proto::events::v1::PetitionErased;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::routing::v1::{IssueOpinionRequest, IssueOpinionResponse};
use huiyin_proto::vocabulary::v1::OpinionKind;
use huiyin_service_kit::database::begun;
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::safe::{Safe, SafeSettings};
use huiyin_service_kit::settings::Own;
use huiyin_service_kit::vault::{SealedState, Suite, Vault, master_of};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::city::{City, accepted, office};

const REASONS: &str = "金丝雀理由：夜间收受烟酒";
const LEGAL_BASIS: &str = "金丝雀依据：第三十二条";

/// A row of the table, as a backup holds it.
#[derive(Clone, Debug, sqlx::FromRow)]
struct Stored {
    opinion_id: Uuid,
    reasons: Option<String>,
    wrapped_key: Option<Vec<u8>>,
    sealed_reasons: Option<Vec<u8>>,
    sealed_legal_basis: Option<Vec<u8>>,
}

impl Stored {
    /// The reasons and the legal basis, opened; none when they were erased.
    fn opened(&self, safe: &Safe) -> Option<[String; 2]> {
        let key = (self.opinion_id, self.wrapped_key.as_deref().unwrap());
        let open = |field| {
            let opened = safe.open_field(key, field).unwrap()?;
            Some(String::from_utf8(opened.expose_secret().to_vec()).unwrap())
        };
        Some([
            open(("reasons", self.sealed_reasons.as_deref().unwrap()))?,
            open(("legal_basis", self.sealed_legal_basis.as_deref().unwrap()))?,
        ])
    }
}

fn words() -> Option<[String; 2]> {
    Some([REASONS, LEGAL_BASIS].map(str::to_owned))
}

/// The service as another process of it finds its vault.
async fn another(city: &City) -> Safe {
    let settings = city.desk.desk.own.reasons().unwrap();
    let safe = Safe::open(city.desk.database(), "opinions", settings).await;
    safe.unwrap()
}

async fn stored(city: &City, matter: MatterId) -> Stored {
    let mut tx = begun(city.desk.database().writing(), "BEGIN")
        .await
        .unwrap();
    let found = sqlx::query_as("SELECT * FROM opinion WHERE matter_id = $1").bind(matter.uuid());
    found.fetch_one(&mut *tx).await.unwrap()
}

/// Changes the tables by the hand of a superuser.
async fn change(city: &City, statement: &'static str) {
    let mut tx = begun(city.desk.database().writing(), "BEGIN")
        .await
        .unwrap();
    sqlx::query(statement).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
}

/// Whether a question about the tables is answered with yes.
async fn holds(city: &City, question: &'static str) -> bool {
    let pool = city.desk.database().writing();
    sqlx::query_scalar(question).fetch_one(pool).await.unwrap()
}

/// Asks again and again.
async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        tokio::task::yield_now().await;
    }
}

fn start(desk: &Desk, lists: &mut huiyin_service_kit::run::Lists) {
    for work in lists.works.drain(..) {
        desk.stopper.spawn(work.name, work.work);
    }
}

fn opinion(matter: MatterId) -> IssueOpinionRequest {
    IssueOpinionRequest {
        request_id: format!("opinion-{}", matter.uuid()),
        matter_id: matter.to_string(),
        organ_id: office("431202", "education").to_string(),
        kind: OpinionKind::Support.into(),
        reasons: REASONS.to_owned(),
        legal_basis: LEGAL_BASIS.to_owned(),
    }
}

async fn issue(city: &City, matter: MatterId) -> IssueOpinionResponse {
    let issued = city.client.clone().issue_opinion(opinion(matter)).await;
    issued.unwrap().into_inner()
}

/// A matter with its opinion.
async fn answered(city: &City) -> MatterId {
    let matter = city.claim("education").await;
    let school = office("431202", "education");
    city.hears(vec![accepted(matter, school)]).await;
    issue(city, matter).await;
    matter
}

#[tokio::test]
async fn what_an_opinion_says_is_read_with_the_keys_alone() {
    let city = City::new().await;
    let matter = answered(&city).await;
    let row = stored(&city, matter).await;
    assert_eq!(row.opened(&another(&city).await), words());
    let all = "SELECT string_agg(t.line, '') FROM (
        SELECT o::text AS line FROM opinion o UNION ALL SELECT i::text FROM idempotency i
        UNION ALL SELECT x::text FROM outbox x UNION ALL SELECT v::text FROM vault v) t";
    let mut tx = begun(city.desk.database().writing(), "BEGIN")
        .await
        .unwrap();
    let all: String = sqlx::query_scalar(all).fetch_one(&mut *tx).await.unwrap();
    for text in [REASONS, LEGAL_BASIS] {
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!all.contains(text) && !all.contains(&hex), "{text}");
    }
}

#[tokio::test]
async fn what_is_sealed_for_one_place_opens_at_no_other() {
    let city = City::new().await;
    let [one, other] = [answered(&city).await, answered(&city).await];
    let [one, other] = [stored(&city, one).await, stored(&city, other).await];
    let safe = another(&city).await;
    let key = one.wrapped_key.as_deref().unwrap();
    let reasons = one.sealed_reasons.as_deref().unwrap();
    let moved = safe.open_field((one.opinion_id, key), ("legal_basis", reasons));
    assert!(moved.is_err());
    let moved = safe.open_field((other.opinion_id, key), ("reasons", reasons));
    assert!(moved.is_err());
    let key = other.wrapped_key.as_deref().unwrap();
    let moved = safe.open_field((other.opinion_id, key), ("reasons", reasons));
    assert!(moved.is_err());
}

#[tokio::test]
async fn an_opinion_in_the_clear_is_sealed_when_the_service_starts() {
    let mut city = City::new().await;
    let matter = answered(&city).await;
    change(
        &city,
        "UPDATE opinion SET reasons = '金丝雀理由：夜间收受烟酒', legal_basis = '金丝雀依据：第三十二条',
            leaf = NULL, epoch = NULL, wrapped_key = NULL, sealed_reasons = NULL, sealed_legal_basis = NULL",
    )
    .await;
    let desk = city.desk.desk.clone();
    start(&desk, &mut city.lists);
    until(async || stored(&city, matter).await.reasons.is_none()).await;
    let row = stored(&city, matter).await;
    assert_eq!(row.opened(&another(&city).await), words());
}

#[tokio::test]
async fn an_opinion_is_erased_with_the_petition_and_opens_from_no_backup() {
    let mut city = City::new().await;
    let [erased, kept] = [answered(&city).await, answered(&city).await];
    let backup = [stored(&city, erased).await, stored(&city, kept).await];
    let state: Vec<u8> = sqlx::query_scalar("SELECT state FROM vault")
        .fetch_one(city.desk.database().writing())
        .await
        .unwrap();
    let fact = PetitionErased {
        matter_id: erased.to_string(),
        organ_id: office("431202", "petition_office").to_string(),
        ..Default::default()
    };
    city.hears(vec![Fact::PetitionErased(fact)]).await;
    let row = stored(&city, erased).await;
    assert!(row.reasons.is_none() && row.wrapped_key.is_none() && row.sealed_reasons.is_none());
    let desk = city.desk.desk.clone();
    start(&desk, &mut city.lists);
    until(async || holds(&city, "SELECT NOT EXISTS (SELECT FROM leaf_to_destroy)").await).await;
    let safe = another(&city).await;
    assert_eq!(backup[0].opened(&safe), None);
    assert_eq!(backup[1].opened(&safe), words());
    // the state of before is in the same backup
    let master = master_of(&city.desk.desk.own.reasons().unwrap().key).unwrap();
    let older = SealedState::parse(&state).unwrap();
    assert!(Vault::look_into(master, &older).is_err());
}

#[tokio::test]
async fn a_leaf_is_given_while_transactions_hold_every_connection() {
    let city = City::new().await;
    let safe = another(&city).await;
    let writing = city.desk.database().writing();
    let mut held = Vec::new();
    for _ in 0..writing.options().get_max_connections() {
        held.push(begun(writing, "BEGIN").await.unwrap());
    }
    safe.next_leaf().await.unwrap();
}

#[tokio::test]
async fn another_suite_seals_what_comes_and_opens_what_was() {
    let city = City::new().await;
    let before = answered(&city).await;
    let answer = issue(&city, before).await;
    let mut desk = city.desk.desk.clone();
    let settings = desk.own.reasons().unwrap().clone();
    desk.own.own = Own::Reasons(Box::new(SafeSettings {
        suite: Suite::Sm4Sm3,
        ..settings
    }));
    let mut lists = huiyin_routing::lists(desk.clone()).await.unwrap();
    start(&desk, &mut lists);
    until(async || another(&city).await.now().suite() == Suite::Sm4Sm3).await;
    let row = stored(&city, before).await;
    assert_eq!(row.opened(&another(&city).await), words());
    // what was asked under the older suite is known again, by both processes
    assert_eq!(issue(&city, before).await, answer);
}

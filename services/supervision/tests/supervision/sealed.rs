//! What an opinion on a remedy says lies sealed, and is erased with the petition.

use huiyin_proto::events::v1::PetitionErased;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::vocabulary::v1::Remedy;
use huiyin_service_kit::database::begun;
use huiyin_service_kit::safe::Safe;
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use crate::office::{Office, matter, organ};

const REASONS: &str = "the measurement was right";
const LEGAL_BASIS: &str = "Regulations on Petition Work, article 35";

/// A row of the table, as a backup holds it.
#[derive(Clone, Debug, sqlx::FromRow)]
struct Stored {
    remedy_id: Uuid,
    reasons: Option<String>,
    wrapped_key: Option<Vec<u8>>,
    sealed_reasons: Option<Vec<u8>>,
    sealed_legal_basis: Option<Vec<u8>>,
}

impl Stored {
    /// The reasons and the legal basis, opened; none when they were erased.
    fn opened(&self, safe: &Safe) -> Option<[String; 2]> {
        let key = (self.remedy_id, self.wrapped_key.as_deref().unwrap());
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
async fn another(office: &Office) -> Safe {
    let settings = office.test.desk.own.reasons().unwrap();
    let safe = Safe::open(office.test.database(), "remedies", settings).await;
    safe.unwrap()
}

async fn stored(office: &Office) -> Stored {
    let mut tx = begun(office.test.database().writing(), "BEGIN")
        .await
        .unwrap();
    let found = sqlx::query_as("SELECT * FROM remedy").fetch_one(&mut *tx);
    found.await.unwrap()
}

async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        tokio::task::yield_now().await;
    }
}

impl Office {
    /// With a review that was asked for and answered.
    async fn reviewed() -> Self {
        let office = Self::open("2026-01-05").await;
        office.answered_matter().await;
        office.asks("2026-04-13", Remedy::Review, 2).await.unwrap();
        let delivered = office.delivers("2026-05-08", Remedy::Review, 2).await;
        delivered.unwrap();
        office
    }

    fn start(&mut self) {
        for work in self.lists.works.drain(..) {
            self.test.desk.stopper.spawn(work.name, work.work);
        }
    }
}

#[tokio::test]
async fn what_an_opinion_on_a_remedy_says_is_read_with_the_keys_alone() {
    let office = Office::reviewed().await;
    let row = stored(&office).await;
    assert_eq!(row.opened(&another(&office).await), words());
    let mut tx = begun(office.test.database().writing(), "BEGIN")
        .await
        .unwrap();
    let all: String = sqlx::query_scalar("SELECT string_agg(r::text, '') FROM remedy r")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert!(
        !all.contains(REASONS) && !all.contains(LEGAL_BASIS),
        "{all}"
    );
}

#[tokio::test]
async fn an_opinion_on_a_remedy_in_the_clear_is_sealed_when_the_service_starts() {
    let mut office = Office::reviewed().await;
    let mut tx = begun(office.test.database().writing(), "BEGIN")
        .await
        .unwrap();
    sqlx::query(
        "UPDATE remedy SET reasons = $1, legal_basis = $2,
            leaf = NULL, epoch = NULL, wrapped_key = NULL, sealed_reasons = NULL, sealed_legal_basis = NULL",
    )
    .bind(REASONS)
    .bind(LEGAL_BASIS)
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    office.start();
    until(async || stored(&office).await.reasons.is_none()).await;
    let row = stored(&office).await;
    assert_eq!(row.opened(&another(&office).await), words());
}

#[tokio::test]
async fn an_opinion_on_a_remedy_is_erased_with_the_petition_and_opens_from_no_backup() {
    let mut office = Office::reviewed().await;
    let backup = stored(&office).await;
    assert_eq!(backup.opened(&another(&office).await), words());
    let fact = PetitionErased {
        matter_id: matter(1),
        organ_id: organ(99),
        ..Default::default()
    };
    office
        .intake("2027-01-04", vec![Fact::PetitionErased(fact)])
        .await;
    let row = stored(&office).await;
    assert!(row.reasons.is_none() && row.wrapped_key.is_none() && row.sealed_reasons.is_none());
    office.start();
    let pool = office.test.database().writing().clone();
    let is_done = "SELECT NOT EXISTS (SELECT FROM leaf_to_destroy)";
    until(async || sqlx::query_scalar(is_done).fetch_one(&pool).await.unwrap()).await;
    assert_eq!(backup.opened(&another(&office).await), None);
}

//! What is stored is sealed; what is erased is gone; keys are turned while the service runs.

use huiyin_domain::ids::OrganId;
use huiyin_domain::organs::{DISCIPLINE_INSPECTION, PETITION_OFFICE, TOWNSHIP_GOVERNMENT};
use huiyin_proto::events::v1::PetitionErased;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::intake::v1::*;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::database::begun;
use tonic::{Code, Request, Response, Status};

use super::house::{House, by, forwarding, office, organ, petition, refusal};

const NAME: &str = "金丝雀甲";
const ID_NUMBER: &str = "431202197001010018";
const PHONE: &str = "13900001111";
const ADDRESS: &str = "金丝雀巷七号";
const REQUEST: &str = "金丝雀诉求：井水发黑";
const FACTS: &str = "金丝雀事实：上游夜间排放";
const WORDS: &str = "金丝雀评价：无人回访";

fn told(request_id: &str) -> RegisterMatterRequest {
    RegisterMatterRequest {
        petitioner: Some(Petitioner {
            name: NAME.to_owned(),
            address: ADDRESS.to_owned(),
            phone: PHONE.to_owned(),
            id_number: ID_NUMBER.to_owned(),
        }),
        main_request: REQUEST.to_owned(),
        facts: FACTS.to_owned(),
        representatives: vec![NAME.to_owned()],
        ..petition(request_id)
    }
}

fn denunciation(request_id: &str) -> RegisterMatterRequest {
    RegisterMatterRequest {
        category: words::Category::Denunciation.into(),
        about_organ: organ("431202001", TOWNSHIP_GOVERNMENT).to_string(),
        ..told(request_id)
    }
}

fn erasure(matters: &[&str], request_id: &str) -> ErasePetitionsRequest {
    ErasePetitionsRequest {
        matter_ids: matters.iter().map(ToString::to_string).collect(),
        organ_id: office().to_string(),
        grounds: "the time they are kept has ended".to_owned(),
        request_id: request_id.to_owned(),
    }
}

async fn erase(
    house: &House,
    post: &str,
    request: ErasePetitionsRequest,
) -> Result<ErasePetitionsResponse, Status> {
    let mut vault = house.vault.clone();
    let erased = vault.erase_petitions(by(office(), post, request)).await?;
    Ok(erased.into_inner())
}

/// A matter that was withdrawn, four months ago.
async fn withdrawn(house: &House, request: RegisterMatterRequest) -> RegisterMatterResponse {
    let receipt = house.register(request).await;
    let withdrawal = WithdrawMatterRequest {
        request_id: receipt.number.clone(),
        ..super::house::withdrawal(&receipt)
    };
    house
        .intake
        .clone()
        .withdraw_matter(withdrawal)
        .await
        .unwrap();
    receipt
}

fn operator<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let caller = "operator/night".parse().unwrap();
    request.metadata_mut().insert("x-huiyin-caller", caller);
    request
}

async fn vaults(house: &House) -> Vec<Vault> {
    let mut vault = house.vault.clone();
    let answer = vault.get_vaults(operator(GetVaultsRequest {})).await;
    answer.unwrap().into_inner().vaults
}

/// Everything the service has stored, as text; what is stored as bytes also as the bytes it is.
async fn everything(house: &House) -> Vec<u8> {
    let pool = house.test.database().writing();
    let mut tx = begun(pool, "BEGIN").await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c
         WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' ORDER BY c.relname",
    )
    .fetch_all(&mut *tx)
    .await
    .unwrap();
    assert!(tables.len() > 15, "{tables:?}");
    let mut all = Vec::new();
    for table in tables {
        if table == "sealed_petition_text" {
            sqlx::query("SET LOCAL ROLE intake_sealed")
                .execute(&mut *tx)
                .await
                .unwrap();
        }
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "SELECT t::text FROM {table} t"
        )))
        .fetch_all(&mut *tx)
        .await
        .unwrap();
        sqlx::query("RESET ROLE").execute(&mut *tx).await.unwrap();
        for row in rows {
            all.extend_from_slice(row.as_bytes());
            for bytes in row.split("\\x").skip(1) {
                let digits: String = bytes.chars().take_while(char::is_ascii_hexdigit).collect();
                all.extend(hex::decode(&digits[..digits.len() / 2 * 2]).unwrap());
            }
        }
    }
    all
}

#[tokio::test]
async fn nothing_personal_lies_in_the_tables_and_the_organ_that_handles_the_matter_reads_all_of_it()
{
    let house = House::open().await;
    let (receipt, township) = house.replied().await;
    let evaluation = EvaluateMatterRequest {
        number: receipt.number.clone(),
        query_code: receipt.query_code.clone(),
        addressee: words::EvaluationAddressee::HandlingOrgan.into(),
        satisfaction: words::Satisfaction::NotSatisfied.into(),
        text: WORDS.to_owned(),
        request_id: "evaluate".to_owned(),
    };
    house
        .intake
        .clone()
        .evaluate_matter(evaluation)
        .await
        .unwrap();
    assert_eq!(
        house.read(&receipt.matter_id, township).await.evaluations,
        [WORDS]
    );
    let claim = house.register(told("claim")).await;
    let sealed = house.register(denunciation("sealed")).await;
    for matter in [&claim, &sealed] {
        let read = house.read(&matter.matter_id, office()).await;
        assert_eq!(read.petitioner, told("").petitioner);
        assert_eq!(
            (read.main_request, read.facts),
            (REQUEST.to_owned(), FACTS.to_owned())
        );
        assert_eq!(read.representatives, [NAME]);
    }
    let stored = everything(&house).await;
    let found = |text: &str| {
        let text = text.as_bytes();
        stored.windows(text.len()).any(|place| place == text)
    };
    assert!(
        found(&claim.number) && found(&sealed.number),
        "the register was looked through"
    );
    for canary in [
        NAME,
        ID_NUMBER,
        PHONE,
        ADDRESS,
        REQUEST,
        FACTS,
        WORDS,
        &claim.query_code,
        &sealed.query_code,
    ] {
        assert!(!found(canary), "{canary} lies open");
    }
}

#[tokio::test]
async fn texts_of_denunciations_are_not_there_for_the_role_of_the_service() {
    let house = House::open().await;
    house.register(denunciation("sealed")).await;
    let pool = house.test.database().writing();
    for statement in [
        "SELECT count(*) FROM sealed_petition_text",
        "UPDATE sealed_petition_text SET epoch = 1",
        "DELETE FROM sealed_petition_text",
    ] {
        let refused = sqlx::query(statement).execute(pool).await.unwrap_err();
        assert!(
            refused.to_string().contains("permission denied"),
            "{statement}: {refused}"
        );
    }
    // and taking the role on shows nothing to a reader that is not for denunciations
    let mut tx = begun(pool, "BEGIN").await.unwrap();
    for statement in [
        "SET LOCAL huiyin.part = 'reader'",
        "SET LOCAL ROLE intake_sealed",
    ] {
        sqlx::query(statement).execute(&mut *tx).await.unwrap();
    }
    let seen: i64 = sqlx::query_scalar("SELECT count(*) FROM sealed_petition_text")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert_eq!(seen, 0);
}

/// Told for the log last, by the post; on which grounds is told to nobody.
async fn told_of_erasing(house: &House, matter_id: &str) {
    let told = house.test.told().await.unwrap();
    let expected = Fact::PetitionErased(PetitionErased {
        matter_id: matter_id.to_owned(),
        organ_id: office().to_string(),
        post: "archive-desk".to_owned(),
    });
    assert_eq!(told.last(), Some(&expected));
}

#[tokio::test]
async fn a_petition_is_erased_only_when_the_matter_has_ended_and_no_remedy_can_be_asked_for() {
    let house = House::open().await;
    let (receipt, _) = house.replied().await;
    let open = house.register(told("open")).await;
    let withdrawn = withdrawn(&house, told("withdrawn")).await;
    let request = |matter: &str| erasure(&[matter], matter);
    let refused = erase(&house, "archive-desk", request(&open.matter_id))
        .await
        .unwrap_err();
    assert_eq!(
        refusal(&refused),
        (
            Code::FailedPrecondition,
            "ACTION_NOT_ALLOWED_NOW".to_owned()
        )
    );
    assert!(
        refused.message().contains("the state is registered"),
        "{refused}"
    );
    for (now, ended) in [
        ("2025-04-02T15:59:59Z", false),
        ("2025-04-02T16:00:00Z", true),
    ] {
        house.move_clock(now).await;
        let erased = erase(&house, "archive-desk", request(&receipt.matter_id)).await;
        assert_eq!(erased.is_ok(), ended, "{now}: {erased:?}");
        if let Err(refused) = erased {
            assert!(
                refused
                    .message()
                    .contains("may ask for a remedy until 2025-04-02"),
                "{refused}"
            );
        }
    }
    let one = erase(&house, "archive-desk", request(&withdrawn.matter_id))
        .await
        .unwrap();
    assert_eq!((one.erased, one.master_version), (1, 3));
    told_of_erasing(&house, &withdrawn.matter_id).await;
    // asked again, also in another request, nothing more is erased
    let same = erase(&house, "archive-desk", request(&withdrawn.matter_id))
        .await
        .unwrap();
    assert_eq!(same, one);
    let again = erase(
        &house,
        "archive-desk",
        erasure(&[&withdrawn.matter_id], "again"),
    )
    .await;
    assert_eq!(
        (again.clone().unwrap().erased, again.unwrap().master_version),
        (0, 3)
    );
    assert_eq!(house.rows("petition_text").await, 1);
    assert_eq!(house.rows("petition_erasure").await, 2);
    assert_eq!(
        house.matter(&withdrawn.matter_id).await.number,
        withdrawn.number
    );
}

#[tokio::test]
async fn what_was_erased_cannot_be_opened_where_its_rows_are_found_again_and_finds_no_repeat() {
    let house = House::open().await;
    let township = organ("431202001", TOWNSHIP_GOVERNMENT);
    let pool = house.test.database().writing();
    let (receipt, _) = house.replied().await;
    let other = house.register(told("other")).await;
    for copy in [
        "CREATE TABLE backup AS SELECT * FROM petition_text",
        "CREATE TABLE backup_of_vault AS SELECT * FROM vault",
    ] {
        sqlx::query(copy).execute(pool).await.unwrap();
    }
    house.move_clock("2025-09-01T00:00:00Z").await;
    let erased = erase(
        &house,
        "archive-desk",
        erasure(&[&receipt.matter_id], "erase"),
    )
    .await;
    assert_eq!(erased.unwrap().erased, 1);
    let reading = || ReadPetitionRequest {
        matter_id: receipt.matter_id.clone(),
        organ_id: township.to_string(),
        purpose: "examination".to_owned(),
    };
    let restore = "INSERT INTO petition_text SELECT * FROM backup ON CONFLICT DO NOTHING";
    for restored in [false, true] {
        if restored {
            sqlx::query(restore).execute(pool).await.unwrap();
        }
        let gone = house
            .intake
            .clone()
            .read_petition(reading())
            .await
            .unwrap_err();
        assert_eq!(
            refusal(&gone),
            (Code::NotFound, "NOT_FOUND".to_owned()),
            "{restored}"
        );
        assert!(gone.message().contains("it was erased"), "{gone}");
    }
    assert_eq!(house.read(&other.matter_id, office()).await.facts, FACTS);
    // nor with the state of the day before
    sqlx::query("UPDATE vault v SET state = b.state, version = b.version FROM backup_of_vault b WHERE v.kind = b.kind")
        .execute(pool)
        .await
        .unwrap();
    let refused = huiyin_intake::lists(house.test.desk.clone())
        .await
        .err()
        .unwrap();
    assert!(
        refused.to_string().contains("the vault cannot be opened"),
        "{refused}"
    );
}

#[tokio::test]
async fn petitions_are_erased_by_archive_posts_of_the_office_and_denunciations_by_their_own() {
    let house = House::open().await;
    let claim = withdrawn(&house, told("claim")).await;
    let sealed = withdrawn(&house, denunciation("sealed")).await;
    house.move_clock("2025-09-01T00:00:00Z").await;
    let (claim, sealed) = (claim.matter_id.as_str(), sealed.matter_id.as_str());
    for (post, matters, code) in [
        ("office", vec![claim], Some(Code::PermissionDenied)),
        ("sealed-desk", vec![sealed], Some(Code::PermissionDenied)),
        ("archive-desk", vec![sealed], Some(Code::NotFound)),
        ("archive-desk", vec![claim, sealed], Some(Code::NotFound)),
        (
            "sealed-archive-desk",
            vec![claim, sealed],
            Some(Code::InvalidArgument),
        ),
        (
            "archive-desk",
            vec![claim, claim],
            Some(Code::InvalidArgument),
        ),
        ("sealed-archive-desk", vec![sealed], None),
        ("archive-desk", vec![claim], None),
    ] {
        let asked = erasure(&matters, &format!("{post}-{}", matters.len()));
        let answer = erase(&house, post, asked).await;
        assert_eq!(
            answer.as_ref().err().map(Status::code),
            code,
            "{post} {matters:?} {answer:?}"
        );
    }
    // an office that did not register it
    let city: OrganId = organ("4312", PETITION_OFFICE);
    let asked = ErasePetitionsRequest {
        organ_id: city.to_string(),
        ..erasure(&[claim], "city")
    };
    let refused = house
        .vault
        .clone()
        .erase_petitions(by(city, "archive-desk", asked))
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(house.rows("petition_text").await, 0);
}

async fn rotate_both(house: &House) {
    for kind in [VaultKind::Open, VaultKind::Sealed] {
        let rotation = RotateVaultRequest {
            kind: kind.into(),
            suite: "sm4-sm3".to_owned(),
        };
        let rotated = house
            .vault
            .clone()
            .rotate_vault(operator(rotation))
            .await
            .unwrap();
        let vault = rotated.into_inner().vault.unwrap();
        let version = match kind {
            VaultKind::Open => 2,
            // it would tell how often denunciations were erased
            VaultKind::Sealed | VaultKind::Unspecified => 0,
        };
        assert_eq!(
            (vault.suite.as_str(), vault.master_version),
            ("sm4-sm3", version)
        );
        assert_eq!(vault.epochs.len(), 2);
    }
}

async fn drop_epoch(
    house: &House,
    kind: VaultKind,
    epoch: u32,
) -> Result<Response<DropEpochResponse>, Status> {
    let request = DropEpochRequest {
        kind: kind.into(),
        epoch,
    };
    house.vault.clone().drop_epoch(operator(request)).await
}

/// Keys are moved in the background.
async fn until_keys_are_moved(house: &House) {
    let moved = async || {
        vaults(house)
            .await
            .iter()
            .all(|vault| vault.epochs[0].texts == 0)
    };
    let started = std::time::Instant::now();
    while !moved().await {
        assert!(started.elapsed().as_secs() < 60, "keys are not moved");
        tokio::task::yield_now().await;
    }
}

/// Drops the first epoch as soon as nothing is sealed under it.
async fn drop_when_moved(house: &House, kind: VaultKind) -> Vault {
    let started = std::time::Instant::now();
    loop {
        match drop_epoch(house, kind, 1).await {
            Ok(dropped) => return dropped.into_inner().vault.unwrap(),
            Err(refused) => assert!(refused.message().contains("being moved"), "{refused}"),
        }
        assert!(started.elapsed().as_secs() < 60, "keys are not moved");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn keys_are_turned_while_the_service_runs_and_what_was_given_before_stays_good() {
    let house = House::open().await;
    let mut receipts = Vec::new();
    for request in [told("claim"), denunciation("sealed")] {
        receipts.push((house.register(request.clone()).await, request));
    }
    let inspection = organ("431202", DISCIPLINE_INSPECTION);
    let kind = words::ForwardingKind::Transfer;
    let forwarded = forwarding(&receipts[1].0.matter_id, inspection, kind);
    house.routing_tells(vec![forwarded]).await;
    rotate_both(&house).await;
    let drop = |kind, epoch| drop_epoch(&house, kind, epoch);
    let refused = drop(VaultKind::Open, 1).await.unwrap_err();
    assert_eq!(
        refusal(&refused),
        (
            Code::FailedPrecondition,
            "ACTION_NOT_ALLOWED_NOW".to_owned()
        )
    );
    let newest = drop(VaultKind::Open, 2).await.unwrap_err();
    assert!(newest.message().contains("allowed: 1"), "{newest}");
    until_keys_are_moved(&house).await;
    house.move_clock("2025-03-03T01:02:00Z").await;
    // no count of denunciations is told: whether theirs were moved too is known when their epoch may be dropped
    for (kind, texts) in [(VaultKind::Open, 1), (VaultKind::Sealed, 0)] {
        let vault = drop_when_moved(&house, kind).await;
        assert_eq!(vault.epochs, [VaultEpoch { epoch: 2, texts }]);
    }
    for ((receipt, request), reader) in receipts.iter().zip([office(), inspection]) {
        assert_eq!(house.read(&receipt.matter_id, reader).await.facts, FACTS);
        let progress = GetProgressRequest {
            number: receipt.number.clone(),
            query_code: receipt.query_code.clone(),
        };
        house.intake.clone().get_progress(progress).await.unwrap();
        // asked again it is known again, and so is a repeat
        let same = house.register(request.clone()).await;
        assert_eq!(same.matter_id, receipt.matter_id);
        let repeat = RegisterMatterRequest {
            request_id: format!("{}-again", request.request_id),
            ..request.clone()
        };
        assert_eq!(house.register(repeat).await.repeat_of, receipt.matter_id);
    }
}

#[tokio::test]
async fn keys_are_turned_by_operators_alone() {
    let house = House::open().await;
    let post = by(office(), "head", GetVaultsRequest {});
    let refused = house.vault.clone().get_vaults(post).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let wrong = RotateVaultRequest {
        kind: 0,
        suite: "des".to_owned(),
    };
    let refused = house
        .vault
        .clone()
        .rotate_vault(operator(wrong))
        .await
        .unwrap_err();
    assert!(refused.message().contains("kind"), "{refused}");
    assert!(
        refused
            .message()
            .contains("suite must be aes-256-sha-256 or sm4-sm3"),
        "{refused}"
    );
}

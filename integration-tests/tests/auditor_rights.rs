//! What the auditor's role may do, read from the catalogue of all five schemas: it reads ids, places and instants, and nothing else.

mod audited;

use std::collections::BTreeMap;
use std::str::FromStr as _;

use audited::{City, Tested};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::testing::TestDesk;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};

/// What it reads of every service.
const ROAD: [(&str, &str); 8] = [
    ("cursor", "consumer epoch seq stream"),
    ("feed", "epoch event_id seq sha256 stream"),
    ("heartbeat", "at process started_at"),
    ("inbox", "consumer epoch event_id seq stream"),
    ("outbox", "event_id id stream written_at"),
    ("outbox_urgent", "event_id id stream written_at"),
    ("stream_head", "epoch seq stream"),
    ("timer", "fire_at kind ref version"),
];
/// What it reads of stability-early-warning besides.
const ALERTS: [(&str, &str); 7] = [
    ("alert", "alert_id reported_at"),
    ("alert_exclusion", "alert_id organ_id"),
    (
        "alert_recipient",
        "ack_due alert_id escalations level organ_id recipient_id report_due state step",
    ),
    ("alert_told", "alert_id organ_id"),
    ("desk_call", "call notice_id recipient_id rings"),
    ("desk_notice", "calls form notice_id organ_id rings"),
    ("escalation_order", "at count recipient_id step"),
];

async fn all_five(city: &City) -> Result<(), huiyin_service_kit::testing::Broken> {
    for (service, migrations) in [
        (ServiceName::Intake, &huiyin_intake::MIGRATIONS),
        (ServiceName::Supervision, &huiyin_supervision::MIGRATIONS),
        (ServiceName::Statistics, &huiyin_statistics::MIGRATIONS),
    ] {
        TestDesk::over(service, migrations, &city.database).await?;
    }
    Ok(())
}

async fn as_auditor(city: &City) -> Result<PgConnection, huiyin_service_kit::testing::Broken> {
    let options = PgConnectOptions::from_str(&city.database.auditor_address()?)?;
    Ok(options.connect().await?)
}

#[tokio::test]
async fn it_reads_these_columns_and_no_other() -> Tested {
    let city = City::new().await?;
    all_five(&city).await?;
    let mut auditor = as_auditor(&city).await?;
    // what anybody may read, and what it is granted itself: has_column_privilege sees both
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT n.nspname::text, c.relname::text, string_agg(a.attname::text, ' ' ORDER BY a.attname::text)
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg_%'
           AND n.nspname NOT IN ('information_schema', 'development')
           AND has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT')
         GROUP BY 1, 2",
    )
    .fetch_all(&mut auditor)
    .await?;
    let read: BTreeMap<(String, String), String> = rows
        .into_iter()
        .map(|(schema, table, columns)| ((schema, table), columns))
        .collect();
    let mut allowed = BTreeMap::new();
    for service in ServiceName::ALL {
        let alerts = match service {
            ServiceName::StabilityEarlyWarning => ALERTS.as_slice(),
            ServiceName::Intake
            | ServiceName::Routing
            | ServiceName::Supervision
            | ServiceName::Statistics => &[],
        };
        for (table, columns) in ROAD.iter().chain(alerts) {
            let place = (service.key().to_owned(), (*table).to_owned());
            allowed.insert(place, (*columns).to_owned());
        }
    }
    assert_eq!(read, allowed);
    Ok(())
}

#[tokio::test]
async fn it_writes_nothing_and_makes_nothing() -> Tested {
    let city = City::new().await?;
    all_five(&city).await?;
    let mut auditor = as_auditor(&city).await?;
    let writable: Vec<String> = sqlx::query_scalar(
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg_%'
           AND n.nspname NOT IN ('information_schema', 'development')
           AND (has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
                OR has_any_column_privilege(c.oid, 'INSERT, UPDATE, REFERENCES'))",
    )
    .fetch_all(&mut auditor)
    .await?;
    assert_eq!(writable, Vec::<String>::new());
    let schemas: Vec<String> = sqlx::query_scalar(
        "SELECT nspname::text FROM pg_namespace WHERE nspname NOT LIKE 'pg_%' AND nspname <> 'public'
           AND has_schema_privilege(oid, 'CREATE')",
    )
    .fetch_all(&mut auditor)
    .await?;
    assert_eq!(schemas, Vec::<String>::new());
    let read_only: String = sqlx::query_scalar("SHOW default_transaction_read_only")
        .fetch_one(&mut auditor)
        .await?;
    assert_eq!(read_only, "on");
    Ok(())
}

#[tokio::test]
async fn what_an_alert_and_an_event_say_is_refused_to_it() -> Tested {
    let city = City::after_alerts().await?;
    let mut auditor = as_auditor(&city).await?;
    for asked in [
        "SELECT facts FROM alert",
        "SELECT measures FROM alert",
        "SELECT duty_phone FROM alert",
        "SELECT matter_ids FROM alert",
        "SELECT place_code FROM alert",
        "SELECT * FROM alert",
        "SELECT reason FROM alert_recipient",
        "SELECT acked_by_post FROM alert_recipient",
        "SELECT payload FROM feed",
        "SELECT payload FROM outbox_urgent",
        "SELECT reason FROM quarantine",
        "SELECT response FROM idempotency",
        "SET default_transaction_read_only = off; UPDATE timer SET fire_at = now()",
        "SET default_transaction_read_only = off; DELETE FROM feed",
        "SET default_transaction_read_only = off; INSERT INTO heartbeat VALUES ('x', now(), now())",
        // not even by calling itself the service
        "SET huiyin.part = 'house'; SELECT facts FROM alert",
    ] {
        let (before, asked) = asked.rsplit_once("; ").unwrap_or(("SELECT 1", asked));
        for before in ["SET search_path TO stability_early_warning", before] {
            sqlx::raw_sql(before).execute(&mut auditor).await?;
        }
        let answer = sqlx::raw_sql(asked).execute(&mut auditor).await;
        let refused = answer.unwrap_err();
        let code = refused
            .as_database_error()
            .and_then(|error| error.code().map(std::borrow::Cow::into_owned));
        assert_eq!(code.as_deref(), Some("42501"), "{asked}: {refused}");
    }
    let rows: i64 = sqlx::query_scalar("SELECT count(alert_id) FROM alert")
        .fetch_one(&mut auditor)
        .await?;
    assert_eq!(rows, 3, "row-level security lets it count");
    Ok(())
}

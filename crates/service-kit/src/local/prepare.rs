//! One database with a role and a schema for each service, and the clock moved by hand.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use huiyin_domain::time::Instant;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

use crate::local::LocalError;
use crate::names::ServiceName;

/// The addresses of the services' roles in a prepared database.
pub type Addresses = BTreeMap<ServiceName, String>;

/// The role of the texts of denunciations; intake takes it on only to read one. Made once, also by two at a time.
const SEALED_ROLE: &str = "DO $$ BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('intake_sealed'));
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'intake_sealed') THEN
        CREATE ROLE intake_sealed NOLOGIN;
    END IF;
    IF NOT pg_has_role('intake', 'intake_sealed', 'MEMBER') THEN
        ALTER ROLE intake NOINHERIT;
        GRANT intake_sealed TO intake;
    END IF;
END $$";

/// The role of the auditor, which reads and never writes. Made once, also by two at a time.
const AUDITOR_ROLE: &str = "DO $$ BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('auditor'));
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'auditor') THEN
        CREATE ROLE auditor LOGIN PASSWORD 'auditor';
        ALTER ROLE auditor SET default_transaction_read_only = on;
    END IF;
END $$";

fn failed(what: &'static str) -> impl FnOnce(sqlx::Error) -> LocalError {
    move |error| LocalError::Sql { what, error }
}

/// Makes `database` on the server of `admin_url` with one role and one schema a service. With
/// `clock`, a clock moved by hand that starts there is laid beside them.
///
/// # Errors
/// When the server refuses a statement.
pub async fn prepare(
    admin_url: &str,
    database: &str,
    clock: Option<Instant>,
) -> Result<Addresses, LocalError> {
    let options = PgConnectOptions::from_str(admin_url)
        .map_err(failed("the server's address cannot be read"))?;
    let mut server = options
        .clone()
        .connect()
        .await
        .map_err(failed("the server does not answer"))?;
    say(
        &mut server,
        format!("CREATE DATABASE {database}"),
        "the database cannot be made",
    )
    .await?;
    for service in ServiceName::ALL {
        let role = service.key();
        let make = format!(
            "DO $$ BEGIN CREATE ROLE {role} LOGIN PASSWORD '{role}';
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        );
        say(&mut server, make, "a role cannot be made").await?;
    }
    for role in [SEALED_ROLE, AUDITOR_ROLE] {
        say(&mut server, role.to_owned(), "a role cannot be made").await?;
    }
    server
        .close()
        .await
        .map_err(failed("the server does not answer"))?;
    let mut inside = options
        .clone()
        .database(database)
        .connect()
        .await
        .map_err(failed("the database does not answer"))?;
    for service in ServiceName::ALL {
        let role = service.key();
        say(
            &mut inside,
            format!("CREATE SCHEMA {role} AUTHORIZATION {role}"),
            "a schema cannot be made",
        )
        .await?;
    }
    if let Some(clock) = clock {
        lay_clock(&mut inside, clock).await?;
    }
    inside
        .close()
        .await
        .map_err(failed("the database does not answer"))?;
    Ok(ServiceName::ALL
        .into_iter()
        .map(|service| (service, address(&options, database, service)))
        .collect())
}

/// The address of a service's role in a prepared database.
pub(crate) fn address(options: &PgConnectOptions, database: &str, service: ServiceName) -> String {
    let role = service.key();
    format!(
        "postgres://{role}:{role}@{}:{}/{database}",
        options.get_host(),
        options.get_port()
    )
}

/// The address of the auditor's role in a prepared database.
///
/// # Errors
/// When the address of the server cannot be read.
pub fn auditor_address(admin_url: &str, database: &str) -> Result<String, LocalError> {
    let options = PgConnectOptions::from_str(admin_url)
        .map_err(failed("the server's address cannot be read"))?;
    Ok(format!(
        "postgres://auditor:auditor@{}:{}/{database}",
        options.get_host(),
        options.get_port()
    ))
}

async fn lay_clock(inside: &mut PgConnection, clock: Instant) -> Result<(), LocalError> {
    let statements = [
        "CREATE SCHEMA development".to_owned(),
        "CREATE TABLE development.clock (
             one boolean PRIMARY KEY DEFAULT true CHECK (one), now_time timestamptz NOT NULL)"
            .to_owned(),
        format!(
            "INSERT INTO development.clock (now_time) VALUES ('{}')",
            clock.to_rfc3339()
        ),
        "GRANT USAGE ON SCHEMA development TO PUBLIC".to_owned(),
        "GRANT SELECT, UPDATE ON development.clock TO PUBLIC".to_owned(),
    ];
    for statement in statements {
        say(inside, statement, "the clock cannot be laid").await?;
    }
    Ok(())
}

async fn say(
    connection: &mut PgConnection,
    statement: String,
    what: &'static str,
) -> Result<(), LocalError> {
    sqlx::query(AssertSqlSafe(statement))
        .execute(connection)
        .await
        .map_err(failed(what))?;
    Ok(())
}

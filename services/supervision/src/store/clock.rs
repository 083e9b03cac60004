//! The clocks as last computed.

use std::collections::HashMap;

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::law::{ClockId, Due};
use huiyin_domain::time::{Date, Instant};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Page, column, number, word};
use crate::deadline::{Deadline, Key, Standing};

struct Row {
    matter_id: Uuid,
    kind: String,
    cycle: i32,
    organ_id: Uuid,
    started_at: Instant,
    raw_due: Date,
    due: Date,
    provisional: bool,
    paused_since: Option<Date>,
    set_by_post: bool,
    state: String,
    ended_at: Option<Instant>,
    passed_at: Option<Instant>,
}

impl Row {
    fn deadline(&self) -> Result<Deadline, Problem> {
        Ok(Deadline {
            kind: word(&self.kind)?,
            cycle: number(self.cycle),
            organ: OrganId::from_uuid(self.organ_id),
            started: self.started_at,
            due: Due {
                raw: self.raw_due,
                rolled: self.due,
                provisional: self.provisional,
            },
            paused_since: self.paused_since,
            set_by_post: self.set_by_post,
            standing: standing(&self.state, self.ended_at)?,
            passed: self.passed_at,
        })
    }
}

fn standing(state: &str, ended_at: Option<Instant>) -> Result<Standing, Problem> {
    match (state, ended_at) {
        ("running", None) => Ok(Standing::Running),
        ("kept", Some(at)) => Ok(Standing::Kept { at }),
        ("overrun", Some(at)) => Ok(Standing::Overrun { at }),
        ("lapsed", Some(at)) => Ok(Standing::Lapsed { at }),
        (state, ended_at) => Err(Problem::Unexpected(format!(
            "a clock cannot be {state:?} with an end of {ended_at:?}"
        ))),
    }
}

const fn state(standing: Standing) -> &'static str {
    match standing {
        Standing::Running => "running",
        Standing::Kept { .. } => "kept",
        Standing::Overrun { .. } => "overrun",
        Standing::Lapsed { .. } => "lapsed",
    }
}

/// The clocks of these matters.
pub(crate) async fn of(
    connection: &mut PgConnection,
    matters: &[Uuid],
) -> Result<HashMap<MatterId, Vec<Deadline>>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT matter_id, kind, cycle, organ_id, started_at, raw_due, due, provisional, paused_since, set_by_post, state,
                ended_at,
                passed_at
         FROM clock WHERE matter_id = ANY($1)",
        matters,
    )
    .fetch_all(connection)
    .await?;
    let mut clocks: HashMap<MatterId, Vec<Deadline>> = HashMap::with_capacity(matters.len());
    for row in rows {
        clocks
            .entry(MatterId::from_uuid(row.matter_id))
            .or_default()
            .push(row.deadline()?);
    }
    Ok(clocks)
}

/// A page of the clocks of one matter, oldest first; of those that start together, in the order of the law.
pub(crate) async fn page(
    connection: &mut PgConnection,
    matter: MatterId,
    page: &Page<(Instant, Key)>,
) -> Result<Vec<Deadline>, Problem> {
    let after = page.after;
    let order: Vec<String> = ClockId::all().iter().map(ToString::to_string).collect();
    sqlx::query_as!(
        Row,
        "SELECT matter_id, kind, cycle, organ_id, started_at, raw_due, due, provisional, paused_since, set_by_post, state,
                ended_at,
                passed_at
         FROM clock
         WHERE matter_id = $1
           AND ($2::timestamptz IS NULL OR (started_at, array_position($6, kind), cycle)
                                             > ($2, array_position($6, $3::text), $4::integer))
         ORDER BY started_at, array_position($6::text[], kind), cycle LIMIT $5",
        matter.uuid(),
        after.map(|(started, _)| started),
        after.map(|(_, (kind, _))| kind.as_str()),
        after.map(|(_, (_, cycle))| column(cycle)),
        page.limit,
        &order,
    )
    .fetch_all(connection)
    .await?
    .iter()
    .map(Row::deadline)
    .collect()
}

/// Writes new and changed clocks. Their matters are locked, each clock is given once.
pub(crate) async fn write(
    connection: &mut PgConnection,
    clocks: &[(MatterId, Deadline)],
) -> Result<(), sqlx::Error> {
    if clocks.is_empty() {
        return Ok(());
    }
    let matters: Vec<Uuid> = clocks.iter().map(|(matter, _)| matter.uuid()).collect();
    let clocks = || clocks.iter().map(|(_, clock)| clock);
    let kinds: Vec<String> = clocks().map(|clock| clock.kind.to_string()).collect();
    let cycles: Vec<i32> = clocks().map(|clock| column(clock.cycle)).collect();
    let organs: Vec<Uuid> = clocks().map(|clock| clock.organ.uuid()).collect();
    let started: Vec<Instant> = clocks().map(|clock| clock.started).collect();
    let raw_dues: Vec<Date> = clocks().map(|clock| clock.due.raw).collect();
    let dues: Vec<Date> = clocks().map(|clock| clock.due.rolled).collect();
    let provisional: Vec<bool> = clocks().map(|clock| clock.due.provisional).collect();
    let paused: Vec<Option<Date>> = clocks().map(|clock| clock.paused_since).collect();
    let set: Vec<bool> = clocks().map(|clock| clock.set_by_post).collect();
    let states: Vec<String> = clocks()
        .map(|clock| state(clock.standing).to_owned())
        .collect();
    let ended: Vec<Option<Instant>> = clocks().map(|clock| clock.standing.ended_at()).collect();
    let passed: Vec<Option<Instant>> = clocks().map(|clock| clock.passed).collect();
    sqlx::query!(
        "INSERT INTO clock
             (matter_id, kind, cycle, organ_id, started_at, raw_due, due, provisional, paused_since, set_by_post,
              state, ended_at, passed_at)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::uuid[], $5::timestamptz[], $6::date[],
                              $7::date[], $8::boolean[], $9::date[], $10::boolean[], $11::text[],
                              $12::timestamptz[], $13::timestamptz[])
         ON CONFLICT (matter_id, kind, cycle) DO UPDATE
         SET organ_id = excluded.organ_id, started_at = excluded.started_at, raw_due = excluded.raw_due,
             due = excluded.due, provisional = excluded.provisional,
             paused_since = excluded.paused_since, set_by_post = excluded.set_by_post, state = excluded.state,
             ended_at = excluded.ended_at, passed_at = excluded.passed_at",
        &matters,
        &kinds,
        &cycles,
        &organs,
        &started,
        &raw_dues,
        &dues,
        &provisional,
        &paused as &[Option<Date>],
        &set,
        &states,
        &ended as &[Option<Instant>],
        &passed as &[Option<Instant>],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes clocks that never ran.
pub(crate) async fn delete(
    connection: &mut PgConnection,
    gone: &[(MatterId, Key)],
) -> Result<(), sqlx::Error> {
    if gone.is_empty() {
        return Ok(());
    }
    let matters: Vec<Uuid> = gone.iter().map(|(matter, _)| matter.uuid()).collect();
    let kinds: Vec<String> = gone.iter().map(|(_, (kind, _))| kind.to_string()).collect();
    let cycles: Vec<i32> = gone.iter().map(|(_, (_, cycle))| column(*cycle)).collect();
    sqlx::query!(
        "DELETE FROM clock WHERE (matter_id, kind, cycle) IN
             (SELECT * FROM unnest($1::uuid[], $2::text[], $3::integer[]))",
        &matters,
        &kinds,
        &cycles,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Matters with a clock that runs, by id.
pub(crate) async fn running(
    connection: &mut PgConnection,
    after: Option<MatterId>,
    limit: i64,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT DISTINCT matter_id FROM clock
         WHERE state = 'running' AND matter_id > $1
         ORDER BY matter_id LIMIT $2",
        after.map_or(Uuid::nil(), MatterId::uuid),
        limit,
    )
    .fetch_all(connection)
    .await
}

//! A superuser deletes, changes, adds, reorders, cuts back and forges, as carelessly or as carefully as can be; each time the log is
//! checked with the heads that its keeper has. HUIYIN_CASES says how often, up to ten thousand times.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Instant;

use futures::future::join_all;
use huiyin_domain::vocabulary::Level;
use huiyin_proto::vocabulary::v1::Category;
use huiyin_service_kit::evidence::head::{LogName, SignedHead};
use huiyin_service_kit::evidence::key::LogKey;
use huiyin_service_kit::evidence::proof;
use huiyin_service_kit::evidence::verify::{Keeper, Report, verify};
use huiyin_service_kit::names::ServiceName;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, PgPool, Postgres};
use tokio::sync::mpsc;

use super::forger::make_anew;
use super::house::{House, delivered, registered, withdrawn};

/// Attacks of an ordinary run.
const CASES: u64 = 300;
/// Attacks at most, however many cases a night is given.
const MOST: u64 = 10_000;
/// Databases that are attacked at a time.
const SIDES: u64 = 2;

/// Tables that are attacked, and the columns that are changed: each with an expression that gives another value.
const TABLES: [(&str, &[(&str, &str)]); 7] = [
    (
        "feed",
        &[
            ("stream", "stream || '0'"),
            ("epoch", "epoch + 7"),
            ("seq", "seq + 100000"),
            ("event_id", "gen_random_uuid()"),
            (
                "payload",
                "set_byte(payload, 3, (get_byte(payload, 3) + 1) % 256)",
            ),
            ("payload", "payload || '\\x00'::bytea"),
        ],
    ),
    (
        "log_entry",
        &[
            ("index", "index + 100000"),
            ("stream", "stream || '0'"),
            ("epoch", "epoch + 7"),
            ("seq", "seq + 100000"),
            ("event_id", "gen_random_uuid()"),
            (
                "leaf_hash",
                "set_byte(leaf_hash, 31, (get_byte(leaf_hash, 31) + 1) % 256)",
            ),
            ("leaf_hash", "''"),
        ],
    ),
    (
        "log_node",
        &[
            ("level", "level + 1"),
            ("index", "index + 100000"),
            ("hash", "set_byte(hash, 0, (get_byte(hash, 0) + 1) % 256)"),
        ],
    ),
    (
        "log_head",
        &[
            ("suite", "'sm3'"),
            (
                "blind",
                "set_byte(blind, 0, (get_byte(blind, 0) + 1) % 256)",
            ),
            ("origin", "'routing'"),
            ("size", "size + 1"),
            ("size", "size - 1"),
            ("root", "set_byte(root, 0, (get_byte(root, 0) + 1) % 256)"),
            ("signed_at", "signed_at + interval '1 microsecond'"),
            ("kept", "kept + 1"),
            ("kept", "kept - 1"),
            (
                "public_key",
                "set_byte(public_key, 0, (get_byte(public_key, 0) + 1) % 256)",
            ),
            (
                "signature",
                "set_byte(signature, 0, (get_byte(signature, 0) + 1) % 256)",
            ),
            (
                "frontier",
                "set_byte(frontier, 0, (get_byte(frontier, 0) + 1) % 256)",
            ),
        ],
    ),
    (
        "log_head_history",
        &[
            ("number", "number + 1000"),
            ("origin", "'routing'"),
            ("size", "size + 1"),
            ("root", "set_byte(root, 0, (get_byte(root, 0) + 1) % 256)"),
            ("signed_at", "signed_at - interval '1 microsecond'"),
            (
                "public_key",
                "set_byte(public_key, 0, (get_byte(public_key, 0) + 1) % 256)",
            ),
            (
                "signature",
                "set_byte(signature, 0, (get_byte(signature, 0) + 1) % 256)",
            ),
        ],
    ),
    (
        "log_cursor",
        &[
            ("stream", "stream || '0'"),
            ("epoch", "epoch + 1"),
            ("seq", "seq - 1"),
            ("seq", "seq + 1"),
        ],
    ),
    (
        "stream_head",
        &[
            ("stream", "stream || '0'"),
            ("epoch", "epoch + 1"),
            ("seq", "seq - 1"),
            ("seq", "seq + 1"),
        ],
    ),
];

/// Numbers that look like chance and are the same for the same seed.
#[derive(Clone, Debug)]
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn one_of<T: Copy>(&mut self, these: &[T]) -> T {
        these[usize::try_from(self.below(these.len() as u64)).unwrap()]
    }
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Delete,
    Edit,
    Insert,
    Reorder,
    Truncate,
    Forge,
}

const KINDS: [Kind; 6] = [
    Kind::Delete,
    Kind::Edit,
    Kind::Insert,
    Kind::Reorder,
    Kind::Truncate,
    Kind::Forge,
];

/// How much of it is covered up.
#[derive(Clone, Copy, Debug)]
enum Care {
    /// Nothing.
    Careless,
    /// Every hash and root is made anew.
    Recomputed,
    /// And every head is signed anew, by a key of the forger's own.
    Signed,
}

#[derive(Clone, Debug)]
struct Attack {
    kind: Kind,
    statements: String,
    care: Care,
}

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}: {}", self.kind, self.care, self.statements)
    }
}

/// A row by its number in a table.
fn row(table: &str, chance: &mut Chance, rows: &BTreeMap<&str, u64>) -> String {
    let number = chance.below(rows[table]);
    format!("ctid = (SELECT ctid FROM {table} ORDER BY ctid OFFSET {number} LIMIT 1)")
}

/// An event of the main stream with its entry, chosen by chance.
fn event(chance: &mut Chance, rows: &BTreeMap<&str, u64>) -> u64 {
    1 + chance.below(rows["main"])
}

const MAIN: &str = "events:{stability-early-warning:0}";

/// Takes the events from here on off the place they have, by so many, in the feed and in the logs.
fn shifted(from: u64, by: i64) -> String {
    format!(
        "UPDATE feed SET seq = seq + 1000000 WHERE stream = '{MAIN}' AND seq >= {from};
         UPDATE feed SET seq = seq - 1000000 + {by} WHERE stream = '{MAIN}' AND seq >= 1000000;
         UPDATE log_entry SET seq = seq + {by} WHERE stream = '{MAIN}' AND seq >= {from};
         UPDATE stream_head SET seq = seq + {by} WHERE stream = '{MAIN}';
         UPDATE log_cursor SET seq = seq + {by} WHERE stream = '{MAIN}';"
    )
}

/// Takes the entries of a log from here on off the place they have.
fn entries_shifted(log: &str, from: &str, by: i64) -> String {
    format!(
        "UPDATE log_entry SET index = index + 1000000 WHERE log = '{log}' AND index >= {from};
         UPDATE log_entry SET index = index - 1000000 + {by} WHERE log = '{log}' AND index >= 1000000;"
    )
}

impl Attack {
    fn drawn(chance: &mut Chance, rows: &BTreeMap<&str, u64>) -> Self {
        let kind = chance.one_of(&KINDS);
        let care = chance.one_of(&[Care::Careless, Care::Recomputed, Care::Signed]);
        let (statements, care) = match kind {
            Kind::Delete => deletion(chance, rows, care),
            Kind::Edit => edit(chance, rows, care),
            Kind::Insert => insertion(chance, rows, care),
            Kind::Reorder => reordering(chance, rows, care),
            Kind::Truncate => truncation(chance, rows, care),
            Kind::Forge => forgery(chance, rows, care),
        };
        Self {
            kind,
            statements,
            care,
        }
    }
}

fn deletion(chance: &mut Chance, rows: &BTreeMap<&str, u64>, care: Care) -> (String, Care) {
    if chance.below(2) == 0 {
        let table = chance.one_of(&TABLES).0;
        let row = row(table, chance, rows);
        return (format!("DELETE FROM {table} WHERE {row}"), Care::Careless);
    }
    // an event with its entry, and everything behind moves up
    let seq = event(chance, rows);
    let after = shifted(seq + 1, -1);
    let statements = format!(
        "CREATE TEMP TABLE victim AS SELECT log, index FROM log_entry WHERE stream = '{MAIN}' AND seq = {seq};
         DELETE FROM log_entry WHERE stream = '{MAIN}' AND seq = {seq};
         DELETE FROM feed WHERE stream = '{MAIN}' AND seq = {seq};
         UPDATE log_entry e SET index = e.index + 1000000 FROM victim v WHERE e.log = v.log AND e.index > v.index;
         UPDATE log_entry SET index = index - 1000001 WHERE index >= 1000000;
         {after} DROP TABLE victim"
    );
    (statements, care)
}

fn edit(chance: &mut Chance, rows: &BTreeMap<&str, u64>, care: Care) -> (String, Care) {
    if chance.below(20) == 0 {
        let row = row("feed", chance, rows);
        let statements = format!(
            "ALTER TABLE feed ALTER COLUMN sha256 DROP EXPRESSION;
             UPDATE feed SET sha256 = sha256('another') WHERE {row}"
        );
        return (statements, Care::Careless);
    }
    let (table, columns) = chance.one_of(&TABLES);
    let ((column, value), row) = (chance.one_of(columns), row(table, chance, rows));
    // only what an event holds can be covered up
    let care = if matches!((table, column), ("feed", "payload" | "event_id")) {
        care
    } else {
        Care::Careless
    };
    (
        format!("UPDATE {table} SET {column} = {value} WHERE {row}"),
        care,
    )
}

fn insertion(chance: &mut Chance, rows: &BTreeMap<&str, u64>, care: Care) -> (String, Care) {
    let seq = event(chance, rows);
    let copy = format!(
        "INSERT INTO feed (stream, epoch, seq, event_id, payload)
         SELECT stream, epoch, {seq}, gen_random_uuid(), payload || '\\x00'::bytea FROM feed
         WHERE stream = '{MAIN}' AND seq = {next}",
        next = seq + 1,
    );
    match chance.below(7) {
        // an event in the middle, with an entry of its own
        0..=2 => {
            let (make_room, room) = (
                shifted(seq, 1),
                entries_shifted("open", "(SELECT index FROM place)", 1),
            );
            let statements = format!(
                "{make_room} {copy};
                 CREATE TEMP TABLE place AS SELECT max(index) + 1 AS index FROM log_entry
                 WHERE log = 'open' AND (stream <> '{MAIN}' OR seq < {seq}) AND index <= (
                     SELECT coalesce(min(index), 1000000) FROM log_entry WHERE log = 'open' AND stream = '{MAIN}' AND seq > {seq});
                 UPDATE place SET index = coalesce(index, 0);
                 {room}
                 INSERT INTO log_entry SELECT 'open', place.index, stream, epoch, seq, event_id, sha256(payload)
                 FROM feed, place WHERE stream = '{MAIN}' AND seq = {seq};
                 DROP TABLE place"
            );
            (statements, care)
        }
        3 => (format!("{} {copy}", shifted(seq, 1)), Care::Careless),
        4 => {
            let statements = "INSERT INTO feed (stream, epoch, seq, event_id, payload) VALUES ('events:{other:0}', 1, 1, gen_random_uuid(), 'x');
                 INSERT INTO stream_head VALUES ('events:{other:0}', 1, 1);
                 INSERT INTO log_cursor VALUES ('events:{other:0}', 1, 1)";
            (statements.to_owned(), Care::Careless)
        }
        5 => {
            let (level, index) = (1 + chance.below(20), chance.below(40));
            let statements =
                format!("INSERT INTO log_node VALUES ('open', {level}, {index} + 1, sha256('x'))");
            (statements, Care::Careless)
        }
        _ => {
            let statements = "INSERT INTO log_head_history SELECT log, kept + 1, origin, size, root, signed_at, public_key, signature
                              FROM log_head WHERE log = 'open';
                              UPDATE log_head SET kept = kept + 1 WHERE log = 'open'";
            (statements.to_owned(), Care::Careless)
        }
    }
}

fn reordering(chance: &mut Chance, rows: &BTreeMap<&str, u64>, care: Care) -> (String, Care) {
    let one = event(chance, rows);
    let two = 1 + (one - 1 + 1 + chance.below(rows["main"] - 1)) % rows["main"];
    let swap_feed = format!(
        "UPDATE feed SET seq = -{one} WHERE stream = '{MAIN}' AND seq = {one};
         UPDATE feed SET seq = {one} WHERE stream = '{MAIN}' AND seq = {two};
         UPDATE feed SET seq = {two} WHERE stream = '{MAIN}' AND seq = -{one}"
    );
    match chance.below(4) {
        // two events change places in the feed
        0 => (
            format!("ALTER TABLE feed DROP CONSTRAINT feed_seq_check; {swap_feed}"),
            care,
        ),
        // and the entries go with them
        1 => {
            let statements = format!(
                "ALTER TABLE feed DROP CONSTRAINT feed_seq_check; {swap_feed};
                 UPDATE log_entry SET seq = CASE seq WHEN {one} THEN {two} ELSE {one} END
                 WHERE stream = '{MAIN}' AND seq IN ({one}, {two})"
            );
            (statements, care)
        }
        // two entries change places in their log
        2 => {
            let (one, two) = (chance.below(rows["open"]), chance.below(rows["open"] - 1));
            let two = if two >= one { two + 1 } else { two };
            let statements = format!(
                "UPDATE log_entry SET index = 1000000 WHERE log = 'open' AND index = {one};
                 UPDATE log_entry SET index = {one} WHERE log = 'open' AND index = {two};
                 UPDATE log_entry SET index = {two} WHERE log = 'open' AND index = 1000000"
            );
            (statements, care)
        }
        // an entry goes over to the other log
        _ => {
            let index = chance.below(rows["open"]);
            let close = entries_shifted("open", &format!("{}", index + 1), -1);
            let statements = format!(
                "UPDATE log_entry SET log = 'sealed', index = (SELECT max(index) + 1 FROM log_entry WHERE log = 'sealed')
                 WHERE log = 'open' AND index = {index}; {close}"
            );
            (statements, care)
        }
    }
}

fn truncation(chance: &mut Chance, rows: &BTreeMap<&str, u64>, care: Care) -> (String, Care) {
    let seq = event(chance, rows);
    let cut = format!("DELETE FROM feed WHERE stream = '{MAIN}' AND seq >= {seq};");
    let both = format!(
        "{cut} DELETE FROM log_entry WHERE stream = '{MAIN}' AND seq >= {seq};
         WITH dense AS (SELECT log, index, row_number() OVER (PARTITION BY log ORDER BY index) - 1 AS place FROM log_entry)
         UPDATE log_entry e SET index = -1 - dense.place FROM dense WHERE e.log = dense.log AND e.index = dense.index;
         UPDATE log_entry SET index = -1 - index;
         UPDATE stream_head SET seq = {seq} - 1 WHERE stream = '{MAIN}';
         UPDATE log_cursor SET seq = {seq} - 1 WHERE stream = '{MAIN}';
         DELETE FROM stream_head WHERE seq = 0; DELETE FROM log_cursor WHERE seq = 0"
    );
    match chance.below(6) {
        0 => (cut, Care::Careless),
        1 => (
            format!("{cut} UPDATE stream_head SET seq = {seq} - 1 WHERE stream = '{MAIN}'"),
            Care::Careless,
        ),
        2 => {
            let size = chance.below(rows["open"]);
            (
                format!("DELETE FROM log_entry WHERE log = 'open' AND index >= {size}"),
                Care::Careless,
            )
        }
        // back to how it all was at an earlier moment, with the genuine heads of that moment
        3 => {
            let moment = 1 + chance.below(rows["moments"] - 1);
            let tables = TABLES.map(|(table, _)| {
                let columns = if table == "feed" { "(stream, epoch, seq, event_id, payload)" } else { "" };
                let picked = if table == "feed" { "stream, epoch, seq, event_id, payload" } else { "*" };
                format!("TRUNCATE {table}; INSERT INTO {table} {columns} SELECT {picked} FROM moment{moment}.{table};")
            });
            (tables.concat(), Care::Careless)
        }
        4 => (
            TABLES
                .map(|(table, _)| format!("TRUNCATE {table};"))
                .concat(),
            Care::Careless,
        ),
        _ => (
            format!("ALTER TABLE log_entry DROP CONSTRAINT log_entry_index_check; {both}"),
            care,
        ),
    }
}

fn forgery(chance: &mut Chance, rows: &BTreeMap<&str, u64>, care: Care) -> (String, Care) {
    let row = row("feed", chance, rows);
    let careful = match care {
        Care::Careless => Care::Signed,
        other => other,
    };
    match chance.below(5) {
        0 => (
            format!("UPDATE feed SET payload = payload || 'x'::bytea WHERE {row}"),
            careful,
        ),
        // nothing is changed but who signed
        1 => (String::new(), Care::Signed),
        // the signature of another head
        2 => {
            let statements = "UPDATE log_head_history h SET signature = o.signature FROM log_head_history o
                              WHERE h.log = 'open' AND o.log = 'open' AND h.number = 2 AND o.number = 1";
            (statements.to_owned(), Care::Careless)
        }
        3 => {
            let statements = "UPDATE log_head SET signature = (SELECT signature FROM log_head WHERE log = 'sealed') WHERE log = 'open'";
            (statements.to_owned(), Care::Careless)
        }
        // the head of an earlier moment with the entries of today
        _ => {
            let moment = 1 + chance.below(rows["moments"] - 1);
            let statements = format!(
                "DELETE FROM log_head; INSERT INTO log_head SELECT * FROM moment{moment}.log_head"
            );
            (statements, Care::Careless)
        }
    }
}

/// A service that has lived for a while, the heads its keeper has, and how it was at several moments.
struct Victim {
    house: House,
    pool: PgPool,
    superuser: PoolConnection<Postgres>,
    anchors: BTreeMap<LogName, Vec<SignedHead>>,
    rows: BTreeMap<&'static str, u64>,
    forger: LogKey,
}

/// How it looks at the last moment is what is restored.
const MOMENTS: u64 = 4;

impl Victim {
    async fn lived() -> Self {
        let house = House::open(ServiceName::StabilityEarlyWarning).await;
        let pool = house.superuser(16).await;
        let mut superuser = pool.acquire().await.unwrap();
        sqlx::raw_sql("SET session_replication_role = replica; SET client_min_messages = error")
            .execute(&mut *superuser)
            .await
            .unwrap();
        let mut victim = Self {
            superuser,
            pool,
            house,
            anchors: BTreeMap::new(),
            rows: BTreeMap::new(),
            forger: LogKey::drawn().unwrap(),
        };
        for moment in 1..=MOMENTS {
            victim.live(moment).await;
        }
        victim.count().await;
        victim
    }

    async fn live(&mut self, moment: u64) {
        let number = u128::from(moment) * 1000;
        let house = &self.house;
        house
            .tell(vec![registered(number, Category::Denunciation)])
            .await;
        let milliseconds = i64::try_from(moment).unwrap() * 10_000;
        for (part, step) in (0..3).zip([0, 400, 3000]) {
            let facts = (0..25).map(|fact| withdrawn(number + fact % 9));
            house.tell(facts.collect()).await;
            house
                .tell_urgent(Level::City, vec![delivered(number + part)])
                .await;
            house.record_all(milliseconds + step).await;
        }
        let mut reading = house.database().reading().await.unwrap();
        for log in LogName::ALL {
            let head = proof::newest(&mut reading, log).await.unwrap();
            self.anchors.entry(log).or_default().push(head);
        }
        let mut copies = format!("CREATE SCHEMA moment{moment};");
        for (table, _) in TABLES {
            copies.push_str(&format!(
                "CREATE TABLE moment{moment}.{table} AS TABLE {table};"
            ));
        }
        self.force(copies).await;
    }

    async fn count(&mut self) {
        for (table, _) in TABLES {
            let rows = format!("SELECT count(*) FROM {table}");
            let count = self.number(rows).await;
            self.rows.insert(table, count);
        }
        let main = format!("SELECT count(*) FROM feed WHERE stream = '{MAIN}'");
        let main = self.number(main).await;
        let open = self
            .number("SELECT count(*) FROM log_entry WHERE log = 'open'".to_owned())
            .await;
        self.rows
            .extend([("main", main - 1), ("open", open), ("moments", MOMENTS)]);
    }

    async fn number(&mut self, query: String) -> u64 {
        let number: i64 = sqlx::query_scalar(AssertSqlSafe(query))
            .fetch_one(&mut *self.superuser)
            .await
            .unwrap();
        u64::try_from(number).unwrap()
    }

    async fn force(&mut self, statements: String) {
        let forced = sqlx::raw_sql(AssertSqlSafe(statements.clone()));
        let forced = forced.execute(&mut *self.superuser).await;
        assert!(forced.is_ok(), "{statements}: {forced:?}");
    }

    async fn suffer(&mut self, attack: &Attack) {
        self.force(attack.statements.clone()).await;
        match attack.care {
            Care::Careless => {}
            Care::Recomputed => make_anew(&mut self.superuser, None).await,
            Care::Signed => make_anew(&mut self.superuser, Some(&self.forger)).await,
        }
    }

    /// As it was before the attack.
    async fn recover(&mut self, from: &Attack) {
        if from.statements.contains("DROP EXPRESSION") {
            let column = "ALTER TABLE feed DROP COLUMN sha256;
                          ALTER TABLE feed ADD COLUMN sha256 bytea NOT NULL GENERATED ALWAYS AS (sha256(payload)) STORED;";
            self.force(format!("TRUNCATE feed; {column}")).await;
        }
        let mut statements = String::from(
            "ALTER TABLE feed DROP CONSTRAINT IF EXISTS feed_seq_check;
             ALTER TABLE log_entry DROP CONSTRAINT IF EXISTS log_entry_index_check;",
        );
        for (table, _) in TABLES {
            let (columns, picked) = match table {
                "feed" => (
                    "(stream, epoch, seq, event_id, payload)",
                    "stream, epoch, seq, event_id, payload",
                ),
                _ => ("", "*"),
            };
            statements = format!(
                "TRUNCATE {table}; {statements} INSERT INTO {table} {columns} SELECT {picked} FROM moment{MOMENTS}.{table};"
            );
        }
        statements.push_str(
            "ALTER TABLE feed ADD CONSTRAINT feed_seq_check CHECK (seq >= 1);
             ALTER TABLE log_entry ADD CONSTRAINT log_entry_index_check CHECK (index >= 0);",
        );
        self.force(statements).await;
    }

    async fn verify(&self) -> Report {
        let sent = |log: LogName| {
            let (sender, receiver) = mpsc::channel(1);
            let heads = self.anchors[&log].clone();
            sender.try_send(Ok(heads)).unwrap();
            receiver
        };
        let keeper = Keeper::Sent {
            open: sent(LogName::Open),
            sealed: Some(sent(LogName::Sealed)),
        };
        let keys = [*self.house.recorder.key.public()];
        let origin = self.house.recorder.origin.clone();
        verify(&self.pool, origin, (keeper, &keys)).await.unwrap()
    }
}

async fn side(seed: u64, cases: u64) -> BTreeMap<Kind, (u64, u64)> {
    let (mut victim, mut chance) = (Victim::lived().await, Chance(seed));
    let mut found = BTreeMap::new();
    assert!(victim.verify().await.findings.is_empty());
    for case in 0..cases {
        let attack = Attack::drawn(&mut chance, &victim.rows);
        victim.suffer(&attack).await;
        let report = victim.verify().await;
        let (attacks, discovered) = found.entry(attack.kind).or_insert((0, 0));
        *attacks += 1;
        *discovered += u64::from(!report.findings.is_empty());
        assert!(
            !report.findings.is_empty(),
            "seed {seed}, case {case}: {attack}"
        );
        victim.recover(&attack).await;
        if case % 50 == 0 {
            let report = victim.verify().await;
            assert!(report.findings.is_empty(), "{:?}", report.findings);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_attack_of_a_superuser_is_found() {
    let given = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let cases = given("HUIYIN_CASES").unwrap_or(CASES).min(MOST);
    let seed = given("HUIYIN_SEED").unwrap_or(1);
    let begun = Instant::now();
    let sides =
        (0..SIDES).map(|side_number| tokio::spawn(side(seed * SIDES + side_number, cases / SIDES)));
    let mut found: BTreeMap<Kind, (u64, u64)> = BTreeMap::new();
    for side in join_all(sides).await {
        for (kind, (attacks, discovered)) in side.unwrap() {
            let sum = found.entry(kind).or_insert((0, 0));
            *sum = (sum.0 + attacks, sum.1 + discovered);
        }
    }
    for (kind, (attacks, discovered)) in &found {
        println!("{kind:?}: {discovered} of {attacks} found");
    }
    println!("{cases} attacks in {:.0} s", begun.elapsed().as_secs_f64());
    assert!(
        found
            .values()
            .all(|(attacks, discovered)| attacks == discovered)
    );
}

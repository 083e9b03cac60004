//! A superuser who knows exactly how a log is made, and lacks nothing but the key of the service.

use huiyin_service_kit::evidence::digest::{Digest, HashSuite};
use huiyin_service_kit::evidence::entry::{Blind, Place, leaf};
use huiyin_service_kit::evidence::head::{Head, LogName};
use huiyin_service_kit::evidence::key::LogKey;
use huiyin_service_kit::evidence::tree::Frontier;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

const SUITE: HashSuite = HashSuite::Sha256;

/// What a log comes to when it is made anew.
struct Made {
    leaves: Vec<Vec<u8>>,
    nodes: Vec<(i16, i64, Vec<u8>)>,
    /// The root of each size.
    roots: Vec<Digest>,
    frontier: Frontier,
}

/// Makes both logs anew out of the feed as it is now: every hash, every root. The heads keep their signatures, which then fit no
/// longer, or are signed anew by a key of the forger's own.
pub(crate) async fn make_anew(superuser: &mut PgConnection, key: Option<&LogKey>) {
    for log in LogName::ALL {
        let made = made(superuser, log).await;
        let indexes: Vec<i64> = (0..).take(made.leaves.len()).collect();
        sqlx::query(
            "UPDATE log_entry e SET leaf_hash = made.leaf FROM unnest($2::bigint[], $3::bytea[]) AS made (index, leaf)
             WHERE e.log = $1 AND e.index = made.index",
        )
        .bind(log.as_str())
        .bind(&indexes)
        .bind(&made.leaves)
        .execute(&mut *superuser)
        .await
        .unwrap();
        write_nodes(superuser, log, &made).await;
        write_heads(superuser, (log, &made), key).await;
    }
}

async fn made(superuser: &mut PgConnection, log: LogName) -> Made {
    let blind: Vec<u8> = sqlx::query_scalar("SELECT blind FROM log_head WHERE log = $1")
        .bind(log.as_str())
        .fetch_one(&mut *superuser)
        .await
        .unwrap();
    let blind = Blind::of_slice(&blind).unwrap();
    let rows = sqlx::query(
        "SELECT e.stream, e.epoch, e.seq, f.event_id, f.payload
         FROM log_entry e JOIN feed f USING (stream, epoch, seq) WHERE e.log = $1 ORDER BY e.index",
    )
    .bind(log.as_str())
    .fetch_all(&mut *superuser)
    .await
    .unwrap();
    let (mut frontier, mut leaves, mut nodes) = (Frontier::default(), Vec::new(), Vec::new());
    let mut roots = vec![frontier.root(SUITE)];
    for row in rows {
        let (stream, payload): (String, Vec<u8>) = (row.get("stream"), row.get("payload"));
        let place = Place {
            stream: &stream,
            epoch: row.get("epoch"),
            seq: row.get("seq"),
        };
        let event_id: Uuid = row.get("event_id");
        let leaf = leaf(
            SUITE,
            &place.hashed(SUITE, &blind),
            event_id,
            &SUITE.hash(&[&payload]),
        );
        leaves.push(leaf.0.to_vec());
        frontier.push(SUITE, leaf, |subtree, hash| {
            if subtree.level % 8 == 0 {
                let index = i64::try_from(subtree.index).unwrap();
                nodes.push((i16::from(subtree.level), index, hash.0.to_vec()));
            }
        });
        roots.push(frontier.root(SUITE));
    }
    Made {
        leaves,
        nodes,
        roots,
        frontier,
    }
}

async fn write_nodes(superuser: &mut PgConnection, log: LogName, made: &Made) {
    sqlx::query("DELETE FROM log_node WHERE log = $1")
        .bind(log.as_str())
        .execute(&mut *superuser)
        .await
        .unwrap();
    for (level, index, hash) in &made.nodes {
        sqlx::query("INSERT INTO log_node (log, level, index, hash) VALUES ($1, $2, $3, $4)")
            .bind(log.as_str())
            .bind(level)
            .bind(index)
            .bind(hash)
            .execute(&mut *superuser)
            .await
            .unwrap();
    }
}

/// Heads of sizes that are no longer there go; those that are left get the new roots.
async fn write_heads(
    superuser: &mut PgConnection,
    (log, made): (LogName, &Made),
    key: Option<&LogKey>,
) {
    let size = i64::try_from(made.frontier.size()).unwrap();
    sqlx::query("DELETE FROM log_head_history WHERE log = $1 AND size > $2")
        .bind(log.as_str())
        .bind(size)
        .execute(&mut *superuser)
        .await
        .unwrap();
    let kept = sqlx::query(
        "SELECT number, size, origin, signed_at, public_key, signature FROM log_head_history
         WHERE log = $1 ORDER BY number",
    )
    .bind(log.as_str())
    .fetch_all(&mut *superuser)
    .await
    .unwrap();
    let last: i64 = kept.last().map_or(0, |row| row.get("number"));
    let newest =
        "SELECT $2::bigint AS number, $3::bigint AS size, origin, signed_at, public_key, signature
                  FROM log_head WHERE log = $1";
    let newest = sqlx::query(newest).bind(log.as_str()).bind(last).bind(size);
    let newest = newest.fetch_one(&mut *superuser).await.unwrap();
    for row in &kept {
        write_head(superuser, (log, made), (row, KEPT), key).await;
    }
    write_head(superuser, (log, made), (&newest, NEWEST), key).await;
}

const NEWEST: &str = "UPDATE log_head SET kept = $2, size = $3, root = $4, public_key = $5, signature = $6, frontier = $7
                      WHERE log = $1";
const KEPT: &str =
    "UPDATE log_head_history SET size = $3, root = $4, public_key = $5, signature = $6
                    WHERE log = $1 AND number = $2 AND $7::bytea IS NOT NULL";

async fn write_head(
    superuser: &mut PgConnection,
    (log, made): (LogName, &Made),
    (row, statement): (&PgRow, &'static str),
    key: Option<&LogKey>,
) {
    let (number, size): (i64, i64) = (row.get("number"), row.get("size"));
    let root = made.roots[usize::try_from(size).unwrap()];
    let head = Head {
        origin: row.get::<String, _>("origin").parse().unwrap(),
        log,
        suite: SUITE,
        size: u64::try_from(size).unwrap(),
        root,
        at: row.get("signed_at"),
        kept: u64::try_from(number).unwrap(),
    };
    let (public, signature) = match key {
        Some(key) => {
            let signed = head.signed(key);
            (signed.key.as_bytes().to_vec(), signed.signature.to_vec())
        }
        None => (row.get("public_key"), row.get("signature")),
    };
    sqlx::query(statement)
        .bind(log.as_str())
        .bind(number)
        .bind(size)
        .bind(root.0.as_slice())
        .bind(public)
        .bind(signature)
        .bind(made.frontier.to_bytes())
        .execute(superuser)
        .await
        .unwrap();
}

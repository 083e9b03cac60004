//! Numbers of matters: `431200-2025-00000042`, the county or city of the registering office, the year
//! of registration, and a number that is given once.

use std::ops::Range;
use std::sync::Arc;

use chrono::Datelike as _;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Instant, local_date};
use sqlx::PgPool;
use tokio::sync::Mutex;

use crate::store;

/// How many numbers one step of the sequence stands for (migration 0002).
const BLOCK: i64 = 100;

/// Hands out numbers; asks the database for a block only once in a hundred.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    pool: PgPool,
    block: Arc<Mutex<Range<i64>>>,
}

impl Numbers {
    /// Numbers out of this database, none fetched yet.
    pub(crate) fn new(pool: PgPool) -> Self {
        Self {
            pool,
            block: Arc::new(Mutex::new(0..0)),
        }
    }

    /// The next number.
    ///
    /// # Errors
    /// When a new block is needed and the database does not answer.
    pub(crate) async fn next(&self) -> Result<i64, sqlx::Error> {
        let mut block = self.block.lock().await;
        if let Some(number) = block.next() {
            return Ok(number);
        }
        let mut connection = self.pool.acquire().await?;
        let first = store::matter::next_block(&mut connection).await?;
        *block = first + 1..first + BLOCK;
        Ok(first)
    }
}

/// A number as it is quoted in letters.
pub(crate) fn written(office: TerritoryCode, now: Instant, number: i64) -> String {
    let place = office.as_str().get(..6).unwrap_or_default();
    format!("{place}-{}-{number:08}", local_date(now).year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_names_the_place_and_the_year_of_shanghai() {
        let new_year = "2025-12-31T16:00:00Z".parse().unwrap();
        assert_eq!(
            written("4312".parse().unwrap(), new_year, 42),
            "431200-2026-00000042"
        );
        assert_eq!(
            written("431202001".parse().unwrap(), new_year, 123_456_789),
            "431202-2026-123456789"
        );
    }
}

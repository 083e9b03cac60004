//! Keys that are turned: a fresh tree, the texts moved to it in the background, and the old tree dropped when none is left.

use chrono::TimeDelta;
use huiyin_domain::time::Instant;
use huiyin_service_kit::database::begun;
use huiyin_service_kit::lifecycle::Stopper;
use huiyin_service_kit::safe::epoch_column;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::vault::{Epoch, Suite};
use uuid::Uuid;

use super::{Kind, Vaults};
use crate::store;
use crate::store::petition_text::OldKey;

/// How many keys are moved in one transaction.
const MOVED: i64 = 500;
/// How often the texts are looked through after a rotation, a look apart: the last time, nobody puts a key under an older tree.
const PASSES: u32 = 3;
/// By when every process has seen the newest tree, and puts no key under an older one any more.
const SETTLED: TimeDelta = TimeDelta::minutes(1);

/// How far the keys of a vault were moved to its newest epoch.
pub(super) struct Moves {
    pub(super) kind: Kind,
    newest: Option<Epoch>,
    /// How often all texts are still to be looked through.
    passes: u32,
    after: Uuid,
}

impl Moves {
    pub(super) const fn of(kind: Kind) -> Self {
        Self {
            kind,
            newest: None,
            passes: 0,
            after: Uuid::nil(),
        }
    }
}

impl Vaults {
    /// After a rotation, moves every key, again and again until every process has surely seen the newest tree.
    pub(super) async fn keep_moving(
        &self,
        moves: &mut Moves,
        stopper: &Stopper,
    ) -> Result<(), Problem> {
        let newest = self.get(moves.kind).epochs().last().copied();
        if moves.newest != newest {
            (moves.newest, moves.passes) = (newest, PASSES);
        }
        if moves.passes == 0 {
            return Ok(());
        }
        moves.after = Uuid::nil();
        let mut moved = 0;
        while !stopper.is_stopping() {
            let some = self.move_keys(moves.kind, &mut moves.after).await?;
            moved += some;
            if some == 0 {
                moves.passes -= 1;
                break;
            }
        }
        if moved > 0 {
            tracing::info!(
                kind = moves.kind.as_str(),
                keys = moved,
                "keys were moved to the newest epoch"
            );
        }
        Ok(())
    }

    /// Grows a fresh tree of keys by a suite, and a new master key.
    ///
    /// # Errors
    /// As [`Self::change`] and [`Self::finish`]; the state is then the old one or the new one, never between.
    pub(crate) async fn rotate(
        &self,
        kind: Kind,
        suite: Suite,
        now: Instant,
    ) -> Result<(), Problem> {
        self.safe(kind).rotate(suite, now).await?;
        self.derive_keys()
    }

    /// Drops a tree of keys that no text uses.
    ///
    /// # Errors
    /// [`Problem::NotAllowedNow`] when texts have their keys under it, or another process may still put one there; else as
    /// [`Self::rotate`].
    pub(crate) async fn drop_epoch(
        &self,
        kind: Kind,
        epoch: Epoch,
        now: Instant,
    ) -> Result<(), Problem> {
        let refused = |state: String| Problem::NotAllowedNow {
            action: format!("drop epoch {epoch}"),
            state,
            allowed: Vec::new(),
        };
        let mut tx = begun(&self.0.pool, "BEGIN").await?;
        let change = self
            .change(&mut tx, kind, move |vault| vault.drop_epoch(epoch))
            .await?;
        if now - self.safe(kind).rotated_at(&mut tx).await? < SETTLED {
            return Err(refused(
                "the newest epoch is younger than a minute".to_owned(),
            ));
        }
        let counted = store::petition_text::count(&mut tx, kind).await?;
        let left = counted
            .iter()
            .find(|(counted, _)| *counted == epoch_column(epoch));
        if left.is_some() {
            let words = "texts have their keys under it, and are being moved";
            return Err(refused(words.to_owned()));
        }
        tx.commit().await?;
        self.finish(kind, Some(change)).await
    }

    /// How many texts have their keys under each epoch of a vault, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn texts(&self, kind: Kind) -> Result<Vec<(Epoch, u64)>, Problem> {
        let mut tx = begun(&self.0.pool, "BEGIN").await?;
        let counted = store::petition_text::count(&mut tx, kind).await?;
        tx.commit().await?;
        let epochs = self.get(kind).epochs().into_iter();
        let texts = |epoch: Epoch| {
            let found = counted
                .iter()
                .find(|(counted, _)| *counted == epoch_column(epoch));
            found.map_or(0, |(_, texts)| texts.unsigned_abs())
        };
        Ok(epochs.map(|epoch| (epoch, texts(epoch))).collect())
    }

    /// Moves the keys of texts that lie under older epochs to the newest, a few at a time; gives how many were moved.
    ///
    /// # Errors
    /// When the database does not answer, or a key was changed.
    async fn move_keys(&self, kind: Kind, after: &mut Uuid) -> Result<usize, Problem> {
        let Some(newest) = self.get(kind).epochs().last().copied() else {
            return Ok(0);
        };
        let newest = epoch_column(newest);
        let mut tx = begun(&self.0.pool, "BEGIN").await?;
        let old = store::petition_text::old_keys(&mut tx, kind, (*after, newest, MOVED)).await?;
        let (Some(last), moved) = (old.last().map(|key| key.record), old.len()) else {
            return Ok(0);
        };
        let mut fresh = Vec::with_capacity(old.len());
        for key in old {
            let Some(wrapped_key) = self.safe(kind).rewrapped(key.record, &key.wrapped_key)? else {
                continue;
            };
            fresh.push(OldKey {
                record: key.record,
                wrapped_key,
            });
        }
        store::petition_text::rewrap(&mut tx, (kind, newest), fresh).await?;
        tx.commit().await?;
        *after = last;
        Ok(moved)
    }
}

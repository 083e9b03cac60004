//! One bell a level: rung after the commit of what reached its desk, heard by who watches it.

use std::sync::Arc;

use huiyin_domain::vocabulary::Level;
use tokio::sync::watch;

/// The bells of all levels.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bells(Arc<[watch::Sender<u64>; 6]>);

impl Bells {
    /// Wakes everybody who watches the level.
    pub(crate) fn ring(&self, level: Level) {
        self.of(level).send_modify(|rung| *rung += 1);
    }

    /// Hears the level's bell from now on.
    pub(crate) fn hear(&self, level: Level) -> watch::Receiver<u64> {
        self.of(level).subscribe()
    }

    fn of(&self, level: Level) -> &watch::Sender<u64> {
        let [village, township, county, city, province, nation] = &*self.0;
        match level {
            Level::Village => village,
            Level::Township => township,
            Level::County => county,
            Level::City => city,
            Level::Province => province,
            Level::Nation => nation,
        }
    }
}

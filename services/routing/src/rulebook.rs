//! What decisions go by: the organs and the competence rules in memory, shared by every rpc and reaction of a process and
//! read again from the database as soon as they have changed, together with the places and the local rules.

use std::sync::{Arc, PoisonError, RwLock};

use huiyin_domain::local::{Asked, LocalRuleId, LocalRules};
use huiyin_domain::routing::{
    CompetenceRules, Decision, Directory, MatterToRoute, NoCompetentOrgan, NotSimplified, Rules,
    Simplifiable, route,
};
use huiyin_domain::supervision::SimplifiedLimits;
use huiyin_domain::territory::{Gazetteer, TerritoryCode};
use huiyin_domain::time::Date;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;

use crate::places::Places;
use crate::store::{competence_rules, organ, organ_edition};

/// The rules as last read.
#[derive(Clone, Debug)]
pub(crate) struct Rulebook {
    /// The places in memory.
    pub(crate) places: Places,
    local: Arc<LocalRules>,
    known: Arc<RwLock<Known>>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    /// Edition that was read; 0 before the first reading.
    edition: i64,
    directory: Arc<Directory>,
    /// Every version; at least that of this release.
    competence: Arc<Vec<Arc<CompetenceRules>>>,
}

/// What decisions of one day go by.
#[derive(Clone, Debug)]
pub(crate) struct InForce {
    /// The organs.
    pub(crate) directory: Arc<Directory>,
    /// The competence rules of the day.
    pub(crate) competence: Arc<CompetenceRules>,
    /// The places.
    pub(crate) places: Arc<Gazetteer>,
    /// The day.
    pub(crate) on: Date,
    local: Arc<LocalRules>,
}

impl InForce {
    /// The rules, as a decision takes them.
    pub(crate) fn rules(&self) -> Rules<'_> {
        Rules {
            competence: &self.competence,
            directory: &self.directory,
            places: &self.places,
            on: self.on,
        }
    }

    /// After how many forwardings without acceptance a matter of the place goes to arbitration.
    pub(crate) fn bounce_limit(&self, place: TerritoryCode) -> u32 {
        let asked = Asked::of(place, self.on);
        self.local.value(LocalRuleId::BounceLimit, asked)
    }

    /// The limits of the simplified procedure for a matter of the place.
    ///
    /// # Errors
    /// When the procedure is not open for it.
    pub(crate) fn simplified(
        &self,
        matter: &Simplifiable,
        place: TerritoryCode,
    ) -> Result<SimplifiedLimits, NotSimplified> {
        matter.limits(&self.local, (place, self.on))
    }
}

impl Rulebook {
    /// A rulebook of which nothing has been read yet.
    pub(crate) fn new(local: Arc<LocalRules>) -> Self {
        Self {
            places: Places::default(),
            local,
            known: Arc::default(),
        }
    }

    /// The rules of the day: two small statements when nothing has changed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn in_force(
        &self,
        connection: &mut PgConnection,
        on: Date,
    ) -> Result<InForce, Problem> {
        let known = self.known(connection).await?;
        let competence = CompetenceRules::in_force(&known.competence, on);
        Ok(InForce {
            directory: known.directory,
            competence: competence
                .map_or_else(|| Arc::new(CompetenceRules::embedded().clone()), Arc::clone),
            places: self.places.current(connection).await?,
            on,
            local: Arc::clone(&self.local),
        })
    }

    /// Every version of the competence rules, the one of this release first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn competence(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Arc<Vec<Arc<CompetenceRules>>>, Problem> {
        Ok(self.known(connection).await?.competence)
    }

    /// Who must answer. Before it is said that nobody can, the rules are looked at once more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn route(
        &self,
        connection: &mut PgConnection,
        in_force: &mut InForce,
        matter: &MatterToRoute,
    ) -> Result<Result<Decision, NoCompetentOrgan>, Problem> {
        match route(matter, &in_force.rules()) {
            Ok(decision) => Ok(Ok(decision)),
            Err(_) => {
                *in_force = self.in_force(connection, in_force.on).await?;
                Ok(route(matter, &in_force.rules()))
            }
        }
    }

    async fn known(&self, connection: &mut PgConnection) -> Result<Known, Problem> {
        let edition = organ_edition::read(connection).await?;
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if known.edition == edition && !known.competence.is_empty() {
                return Ok(known.clone());
            }
        }
        // Of two holders of a function in one territory the directory finds the first given: rows come
        // ordered by territory and organ id, so the order in which files were loaded decides nothing.
        let profiles = organ::all(connection).await?;
        let of_release = CompetenceRules::embedded().clone();
        let activated = competence_rules::all(connection).await?;
        let competence = std::iter::once(of_release).chain(activated);
        let known = Known {
            edition,
            directory: Arc::new(Directory::new(profiles)),
            competence: Arc::new(competence.map(Arc::new).collect()),
        };
        tracing::info!(
            edition,
            organs = known.directory.iter().count(),
            competence_versions = known.competence.len(),
            "the organs and the competence rules were read"
        );
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known.clone();
        Ok(known)
    }
}

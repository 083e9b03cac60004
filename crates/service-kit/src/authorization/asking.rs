//! One call that is being decided.

use std::collections::{HashMap, HashSet};
use std::str::FromStr as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use cedar_policy::{Entity, EntityTypeName, EntityUid, RestrictedExpression};
use huiyin_domain::ids::OrganId;
use huiyin_domain::standing::Standing;
use huiyin_domain::territory::TerritoryCode;

use super::rights::{Question, Right, Rights, uid};
use super::standings::Standings;
use super::subject::{Subject, Who};
use crate::metrics;
use crate::server::call;
use crate::status::Problem;

/// What a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// An organ: the one that acts, or the one whose affairs are read.
    Organ(OrganId),
    /// A place.
    Place(TerritoryCode),
    /// The service itself.
    House,
}

/// A call whose caller is known: what it asks is decided by the policies.
#[derive(Debug)]
pub struct Asking {
    subject: Arc<Subject>,
    guard: Guard,
    decided: AtomicBool,
}

#[derive(Debug)]
enum Guard {
    Policies {
        action: Arc<str>,
        right: &'static Right,
        standings: Standings,
    },
    /// Everything is allowed: the tests of what services do, not of who may ask it.
    Unguarded,
    /// Everything is allowed and the service looks at nothing, but the database is told who asks: the tests of what row-level
    /// security keeps back by itself.
    Underneath,
}

/// Refuses the call unless the caller may do this about that.
///
/// # Errors
/// [`Problem::NotPermitted`]; also outside of a call, because nobody asks there.
pub async fn permit(about: About) -> Result<(), Problem> {
    permit_matter(about, false).await
}

/// As [`permit`], for something about a matter; `sealed` when it is a denunciation.
///
/// # Errors
/// [`Problem::NotPermitted`].
pub async fn permit_matter(about: About, sealed: bool) -> Result<(), Problem> {
    let asking = call::asking().ok_or_else(|| Problem::NotPermitted {
        words: "nobody asks".to_owned(),
    })?;
    asking.permit(about, sealed).await
}

/// Who asks; nobody outside of a call.
#[must_use]
pub fn subject() -> Option<Arc<Subject>> {
    call::asking().map(|asking| Arc::clone(&asking.subject))
}

impl Asking {
    /// A call of this action by this caller.
    ///
    /// # Errors
    /// [`Problem::NotPermitted`] when there is no such action, or the caller may not do it even about its own.
    pub fn at_the_door(
        subject: Arc<Subject>,
        rights: &'static Rights,
        (action, standings): (&str, &Standings),
    ) -> Result<Self, Problem> {
        let right = rights.right(action).ok_or_else(|| Problem::NotPermitted {
            words: "no policy speaks of this".to_owned(),
        })?;
        let asking = Self {
            subject,
            guard: Guard::Policies {
                action: Arc::from(action),
                right,
                standings: standings.clone(),
            },
            // about the service itself the door has decided already
            decided: AtomicBool::new(right.is_about("House")),
        };
        let standing = asking.subject.standing;
        let own = match standing {
            Some(own) if right.is_about("Organ") => Thing::Organ(own.organ, standing),
            Some(own) if right.is_about("Place") => Thing::Place(own.territory),
            None if right.is_about("Organ") => {
                Thing::Organ(OrganId::from_uuid(uuid::Uuid::nil()), None)
            }
            Some(_) | None => Thing::House,
        };
        asking.decide(own, false)?;
        Ok(asking)
    }

    /// A call to which everything is allowed.
    #[must_use]
    pub(crate) fn unguarded(subject: Arc<Subject>) -> Self {
        Self {
            subject,
            guard: Guard::Unguarded,
            decided: AtomicBool::new(true),
        }
    }

    /// A call to which the service allows everything, and the database what it allows its caller.
    #[must_use]
    pub(crate) fn underneath(subject: Arc<Subject>) -> Self {
        Self {
            guard: Guard::Underneath,
            ..Self::unguarded(subject)
        }
    }

    /// Whether the service allows everything.
    pub(crate) const fn is_unguarded(&self) -> bool {
        matches!(self.guard, Guard::Unguarded | Guard::Underneath)
    }

    /// Who asks.
    #[must_use]
    pub fn subject(&self) -> &Arc<Subject> {
        &self.subject
    }

    /// What the database is told of who asks.
    pub(crate) fn words(&self) -> String {
        match self.guard {
            Guard::Policies { .. } | Guard::Underneath => self.subject.words(),
            Guard::Unguarded => super::subject::HOUSE.to_owned(),
        }
    }

    /// Whether it was decided about what was asked.
    pub(crate) fn is_decided(&self) -> bool {
        self.decided.load(Ordering::Acquire)
    }

    async fn permit(&self, about: About, sealed: bool) -> Result<(), Problem> {
        let Guard::Policies { standings, .. } = &self.guard else {
            return Ok(());
        };
        let thing = match about {
            About::House => Thing::House,
            About::Place(place) => Thing::Place(place),
            About::Organ(organ) => match self.subject.standing {
                Some(own) if own.organ == organ => Thing::Organ(organ, Some(own)),
                Some(_) | None => Thing::Organ(organ, standings.of(organ).await?),
            },
        };
        self.decide(thing, sealed)?;
        self.decided.store(true, Ordering::Release);
        Ok(())
    }

    fn decide(&self, thing: Thing, sealed: bool) -> Result<(), Problem> {
        let Guard::Policies { action, right, .. } = &self.guard else {
            return Ok(());
        };
        let allowed = right.allows(question(&self.subject, &thing, sealed));
        let decision = if allowed { "allowed" } else { "refused" };
        metrics::count(
            "huiyin_decisions",
            1,
            &[("action", action), ("decision", decision)],
        );
        if allowed {
            tracing::debug!(action = %action, who = %self.subject.who, about = %thing, "allowed");
            return Ok(());
        }
        tracing::info!(action = %action, who = %self.subject.who, about = %thing, "refused");
        Err(match self.subject.who {
            Who::Stranger => Problem::NotKnown,
            _ => Problem::NotPermitted {
                words: format!("this is for {}", right.who()),
            },
        })
    }
}

/// What the policies say, without a call: for tables.
pub(super) fn decides(
    rights: &'static Rights,
    action: &str,
    (subject, about, sealed): (Arc<Subject>, About, bool),
) -> bool {
    let thing = match about {
        About::House => Thing::House,
        About::Place(place) => Thing::Place(place),
        About::Organ(organ) => Thing::Organ(organ, subject.standing),
    };
    rights
        .right(action)
        .is_some_and(|right| right.allows(question(&subject, &thing, sealed)))
}

/// What a call is about, with where it stands.
enum Thing {
    Organ(OrganId, Option<Standing>),
    Place(TerritoryCode),
    House,
}

impl std::fmt::Display for Thing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Organ(organ, _) => write!(f, "{organ}"),
            Self::Place(place) => write!(f, "{place}"),
            Self::House => f.write_str("house"),
        }
    }
}

fn question(subject: &Subject, thing: &Thing, sealed: bool) -> Question {
    let mut entities = Vec::with_capacity(8);
    Question {
        principal: subject.entity(&mut entities),
        resource: thing.entity(&mut entities),
        entities: distinct(entities),
        sealed,
    }
}

/// The kinds of the schema.
struct Kinds {
    place: EntityTypeName,
    organ: EntityTypeName,
    house: EntityTypeName,
    post: EntityTypeName,
    platform: EntityTypeName,
    service: EntityTypeName,
    operator: EntityTypeName,
    stranger: EntityTypeName,
}

#[expect(
    clippy::expect_used,
    reason = "the kinds are words of ours, read by every test of this module"
)]
static KINDS: LazyLock<Kinds> = LazyLock::new(|| {
    let kind = |name| EntityTypeName::from_str(name).expect("a kind of the schema");
    Kinds {
        place: kind("Place"),
        organ: kind("Organ"),
        house: kind("House"),
        post: kind("Post"),
        platform: kind("Platform"),
        service: kind("Service"),
        operator: kind("Operator"),
        stranger: kind("Stranger"),
    }
});

/// A place with those above it.
fn place(code: TerritoryCode, entities: &mut Vec<Entity>) -> EntityUid {
    let mut below: Option<EntityUid> = None;
    let mut first = None;
    for code in code.chain() {
        let place = uid(&KINDS.place, code.as_str());
        if let Some(below) = below.replace(place.clone()) {
            entities.push(Entity::new_no_attrs(below, HashSet::from([place.clone()])));
        }
        first.get_or_insert(place);
    }
    if let Some(nation) = below {
        entities.push(Entity::new_no_attrs(nation, HashSet::new()));
    }
    first.unwrap_or_else(|| uid(&KINDS.place, TerritoryCode::NATION.as_str()))
}

fn organ(id: OrganId, standing: Option<Standing>, entities: &mut Vec<Entity>) -> EntityUid {
    let organ = uid(&KINDS.organ, &id.to_string());
    let above = standing.map(|standing| place(standing.territory, entities));
    entities.push(Entity::new_no_attrs(
        organ.clone(),
        above.into_iter().collect(),
    ));
    organ
}

impl Thing {
    fn entity(&self, entities: &mut Vec<Entity>) -> EntityUid {
        match self {
            Self::Organ(id, standing) => organ(*id, *standing, entities),
            Self::Place(code) => place(*code, entities),
            Self::House => uid(&KINDS.house, "house"),
        }
    }
}

impl Subject {
    fn entity(&self, entities: &mut Vec<Entity>) -> EntityUid {
        let (kind, attributes) = match (&self.who, self.standing) {
            (Who::Post { .. }, Some(standing)) => {
                (&KINDS.post, self.post_attributes(standing, entities))
            }
            (Who::Platform(_), _) => (
                &KINDS.platform,
                HashMap::from([("duties".to_owned(), self.duty_set())]),
            ),
            (Who::Service(_), _) => (&KINDS.service, HashMap::new()),
            (Who::Operator(_), _) => (&KINDS.operator, HashMap::new()),
            // a post of an organ that nobody told of is nobody
            (Who::Stranger, _) | (Who::Post { .. }, None) => (&KINDS.stranger, HashMap::new()),
        };
        let me = uid(kind, &self.who.to_string());
        if let Ok(entity) = Entity::new(me.clone(), attributes, HashSet::new()) {
            entities.push(entity);
        }
        me
    }

    fn post_attributes(
        &self,
        standing: Standing,
        entities: &mut Vec<Entity>,
    ) -> HashMap<String, RestrictedExpression> {
        let own = organ(standing.organ, Some(standing), entities);
        let own_place = uid(&KINDS.place, standing.territory.as_str());
        let attributes = [
            ("organ", RestrictedExpression::new_entity_uid(own)),
            ("place", RestrictedExpression::new_entity_uid(own_place)),
            ("level", RestrictedExpression::new_long(rank(standing))),
            (
                "oversees",
                RestrictedExpression::new_bool(standing.oversees),
            ),
            ("duties", self.duty_set()),
        ];
        let named = attributes.into_iter();
        named
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    fn duty_set(&self) -> RestrictedExpression {
        let duties = self.duties.iter();
        RestrictedExpression::new_set(
            duties.map(|duty| RestrictedExpression::new_string(duty.as_str().to_owned())),
        )
    }
}

/// 1 for a village to 6 for the nation.
fn rank(standing: Standing) -> i64 {
    let levels = huiyin_domain::vocabulary::Level::all().iter();
    let below = levels.take_while(|level| **level < standing.level).count();
    i64::try_from(below).map_or(i64::MAX, |below| below + 1)
}

/// Each entity once: what is asked about may stand in the place of who asks.
fn distinct(entities: Vec<Entity>) -> Vec<Entity> {
    let mut seen = HashSet::new();
    let mut kept = Vec::with_capacity(entities.len());
    for entity in entities {
        if seen.insert(entity.uid()) {
            kept.push(entity);
        }
    }
    kept
}

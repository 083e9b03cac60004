//! A world: the five services in this process over one database, and what each tells put through the others' reactions.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use huiyin_domain::time::Instant;
use huiyin_proto::events::v1::Event;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::Reaction;
use huiyin_service_kit::road::sequencer::Sequenced;
use huiyin_service_kit::run::{Desk, Lists};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::testing::{Broken, TestDatabase, TestDesk};
use huiyin_service_kit::timer::Sweep;
use prost::Message as _;
use sqlx::migrate::Migrator;
use tonic::service::Routes;

/// Which of the two barriers stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barriers {
    /// Both.
    Both,
    /// Row-level security alone.
    Underneath,
}

struct Room {
    test: TestDesk,
    /// To everybody, for what happens.
    open: Routes,
    /// As the barriers stand, for who asks.
    asked: Routes,
    reactions: Vec<Reaction>,
    sweeps: Vec<Sweep>,
}

pub struct World {
    rooms: BTreeMap<ServiceName, Room>,
    database: TestDatabase,
}

type Opening = fn(Desk) -> BoxFuture<'static, Result<Lists, Problem>>;

fn house(service: ServiceName) -> (&'static Migrator, Opening) {
    match service {
        ServiceName::Intake => (&huiyin_intake::MIGRATIONS, huiyin_intake::lists),
        ServiceName::Routing => (&huiyin_routing::MIGRATIONS, huiyin_routing::lists),
        ServiceName::Supervision => (&huiyin_supervision::MIGRATIONS, huiyin_supervision::lists),
        ServiceName::StabilityEarlyWarning => (
            &huiyin_stability_early_warning::MIGRATIONS,
            huiyin_stability_early_warning::lists,
        ),
        ServiceName::Statistics => (&huiyin_statistics::MIGRATIONS, huiyin_statistics::lists),
    }
}

impl World {
    pub async fn over(database: TestDatabase, barriers: Barriers) -> Result<Self, Broken> {
        let mut rooms = BTreeMap::new();
        for service in ServiceName::ALL {
            let (migrations, lists) = house(service);
            let test = TestDesk::over(service, migrations, &database).await?;
            let lists = lists(test.desk.clone()).await?;
            let asked = match barriers {
                Barriers::Both => test.guarded(lists.rpcs.clone())?,
                Barriers::Underneath => test.underneath(lists.rpcs.clone())?,
            };
            let room = Room {
                open: test.open_to_all(lists.rpcs),
                asked,
                reactions: lists.reactions,
                sweeps: lists.sweeps,
                test,
            };
            rooms.insert(service, room);
        }
        Ok(Self { rooms, database })
    }

    /// A service's rpcs, as the barriers stand.
    pub fn asked(&self, service: ServiceName) -> Routes {
        self.rooms[&service].asked.clone()
    }

    /// A service's rpcs without any barrier.
    pub fn open(&self, service: ServiceName) -> Routes {
        self.rooms[&service].open.clone()
    }

    pub fn now(&self) -> Instant {
        self.rooms[&ServiceName::Intake].test.database().now()
    }

    /// Puts what each service told through the reactions of the others until nobody tells anything more; gives all of it.
    pub async fn settle(&self) -> Result<Vec<Event>, Broken> {
        let mut told = Vec::new();
        loop {
            let mut runs: BTreeMap<String, Vec<Sequenced>> = BTreeMap::new();
            for room in self.rooms.values() {
                for entry in room.test.take_told().await? {
                    runs.entry(entry.stream.clone()).or_default().push(entry);
                }
            }
            if runs.is_empty() {
                return Ok(told);
            }
            for run in runs.into_values() {
                for entry in &run {
                    told.push(Event::decode(entry.payload.as_slice())?);
                }
                self.follow(run).await?;
            }
        }
    }

    async fn follow(&self, run: Vec<Sequenced>) -> Result<(), Broken> {
        for room in self.rooms.values() {
            let follows = |reaction: &&Reaction| {
                run.first()
                    .is_some_and(|entry| entry.stream == reaction.stream)
            };
            for reaction in room.reactions.iter().filter(follows) {
                room.test.follow(reaction, run.clone()).await?;
            }
        }
        Ok(())
    }

    /// The clock moves on, and everything falls due that does.
    pub async fn pass_to(&self, at: Instant) -> Result<Vec<Event>, Broken> {
        for room in self.rooms.values() {
            room.test.move_clock(at).await?;
        }
        let mut told = Vec::new();
        loop {
            let mut fired = 0;
            for room in self.rooms.values() {
                for sweep in &room.sweeps {
                    fired += room.test.fire(sweep).await?;
                }
            }
            told.extend(self.settle().await?);
            if fired == 0 {
                return Ok(told);
            }
        }
    }

    /// Changes its database by the hand of a superuser.
    pub async fn change(&self, statement: &str) -> Result<(), Broken> {
        self.database.change(statement).await
    }

    /// Ends everything that runs and gives the database, to which nobody is connected any more.
    pub async fn close(self) -> Result<TestDatabase, Broken> {
        for room in self.rooms.into_values() {
            drop((room.open, room.asked));
            room.test.close().await?;
        }
        Ok(self.database)
    }
}

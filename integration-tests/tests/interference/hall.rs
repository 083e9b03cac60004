//! Two worlds that differ in nothing but denunciations, and everybody who must learn nothing of them asking both.
//!
//! Both are copies of one world. Whatever is open happens in both: what posts do behind the barriers, the moves of matters, the
//! clock and what falls due. Denunciations, and whatever becomes of them, happen in the high world alone. A question that is
//! answered otherwise there, in anything but the ids of what was made in both, has told of them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::TimeDelta;
use huiyin_proto::events::v1::Event;
use huiyin_proto::events::v1::event::Fact;
use huiyin_service_kit::server::code_name;
use huiyin_service_kit::testing::Broken;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tonic::Code;

use super::acts::{self, Act, Stock, method, next, perform, registered};
use super::asking::{Answer, asked, event_text, names_its_matter, watched};
use super::contract::CONTRACT;
use super::draw::Draw;
use super::leak::Leak;
use super::names::{Names, Slots, ids};
use super::pool::{Pool, has_number};
use super::readers::{Cast, Reader};
use super::world::{Barriers, World};
use crate::common::calling::Method;

/// Questions that are asked again after every act of a round.
const QUESTIONS: usize = 60;
/// Share of the questions that are readings of a thing that they name.
const POINTED: f64 = 0.4;
/// Acts in a round.
const ACTS: usize = 10;
/// Rounds before two worlds are given up for new ones.
const ROUNDS: usize = 5;
/// What posts do in a round, behind the barriers.
const DEEDS: usize = 12;

/// Leaks of one method that are shown of two worlds.
const SHOWN: usize = 2;

/// Which methods are left out, and why.
fn is_left_out(method: &Method) -> bool {
    match method.package.as_str() {
        // The road between services, and its clock: services and operators alone. Who asks is their whole check, and what they
        // carry is everything; without that check there is nothing underneath. For the same reason only desks of organs are
        // watched (`watch`), and none of a whole level, which is shown to services alone.
        "feed" | "development" => true,
        // Heads of logs, which no process keeps here: for services and operators, and operators are told of the open one alone.
        "log" => true,
        _ => matches!(
            method.action.as_str(),
            // they change for everybody what is answered, and take nothing from matters
            "routing.LoadTerritories" | "routing.LoadTerritoryChanges" | "routing.LoadOrgans"
                // the care of keys, by work that goes on behind the answer
                | "intake.RotateVault" | "intake.DropEpoch"
        ),
    }
}

/// Whether a method changes nothing.
fn only_reads(method: &Method) -> bool {
    let (_, name) = method.action.split_once('.').unwrap();
    const READING: [&str; 9] = [
        "Get", "List", "BatchGet", "Explain", "Simulate", "Rehearse", "Decide", "Find", "Trace",
    ];
    READING.iter().any(|verb| name.starts_with(verb))
}

struct Question {
    reader: Reader,
    method: &'static Method,
    message: Vec<u8>,
    /// What is answered without denunciations; asked anew when the numbers in it change.
    without: Option<Answer>,
}

pub struct Hall {
    seed: u64,
    chance: ChaCha8Rng,
    low: World,
    high: World,
    names: Names,
    /// Ids that were there before the worlds parted.
    base: HashSet<String>,
    pool: Pool,
    sealed: Pool,
    cast: Cast,
    /// Organs that were told of an alert about a denunciation: whoever is told of an alert sees it.
    told: BTreeSet<String>,
    /// Which methods the door never opened to a kind of reader, and how often it was tried.
    closed: BTreeMap<(String, String), u32>,
    barriers: Barriers,
    pub cases: usize,
    pub leaks: Vec<Leak>,
    pub codes: BTreeMap<(String, String), usize>,
    last_act: String,
    pub acts: BTreeMap<(String, bool), usize>,
}

impl Hall {
    pub fn of(seed: u64, barriers: Barriers, (low, high): (World, World), pool: &Pool) -> Self {
        let chance = ChaCha8Rng::seed_from_u64(seed);
        let cast = Cast::of(seed);
        let organs = super::city::profiles();
        let organs = organs.iter().map(|organ| organ.id.to_string());
        let things = pool.others.values().flatten().cloned();
        let matters = pool.matters.iter().map(|matter| matter.id.clone());
        let base = organs.chain(things).chain(matters).flat_map(|id| ids(&id));
        Self {
            seed,
            cast,
            chance,
            low,
            high,
            names: Names::default(),
            base: base.collect(),
            pool: pool.clone(),
            sealed: Pool::default(),
            told: BTreeSet::new(),
            closed: BTreeMap::new(),
            barriers,
            cases: 0,
            leaks: Vec::new(),
            codes: BTreeMap::new(),
            last_act: "nothing".to_owned(),
            acts: BTreeMap::new(),
        }
    }

    /// Everything that happens in it; until so many cases were asked, or something was told where one leak is enough.
    pub async fn run(&mut self, cases: usize, one_leak_is_enough: bool) -> Result<(), Broken> {
        for _ in 0..ROUNDS {
            self.open_things_happen().await?;
            let mut questions = self.questions().await;
            for turn in 0..ACTS {
                if turn > 0 || self.sealed.matters.is_empty() {
                    self.act().await?;
                }
                for question in &mut questions {
                    self.put(question, turn).await;
                }
                if self.cases >= cases || (one_leak_is_enough && !self.leaks.is_empty()) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// What happens in both worlds.
    async fn open_things_happen(&mut self) -> Result<(), Broken> {
        for _ in 0..6 {
            let stock = Stock {
                pool: &self.pool,
                denounced: &[],
                is_sealed: false,
            };
            let act = next(&self.low, &mut self.chance, &stock).await;
            let also = self.in_high(&act);
            let (here, there) = tokio::join!(perform(&self.low, &act), perform(&self.high, &also));
            self.names.learn(&here.text, &there.text);
            self.keep(&act, &here);
            self.settle().await?;
        }
        for _ in 0..DEEDS {
            self.deed().await?;
        }
        let minutes = self.chance.random_range(20..60 * 24 * 14);
        let later = self.low.now() + TimeDelta::minutes(minutes);
        let (here, there) = tokio::try_join!(self.low.pass_to(later), self.high.pass_to(later))?;
        self.pair(here, there);
        self.watch().await
    }

    fn in_high(&self, act: &Act) -> Act {
        Act {
            method: act.method,
            message: self.names.in_high(&act.message, &Slots::new()),
        }
    }

    fn keep(&mut self, act: &Act, answer: &Answer) {
        self.pool.matters.extend(registered(act, answer));
        if answer.is_ok() {
            self.pool.keep(&answer.text);
        }
    }

    async fn settle(&mut self) -> Result<(), Broken> {
        let (here, there) = tokio::try_join!(self.low.settle(), self.high.settle())?;
        self.pair(here, there);
        Ok(())
    }

    /// Finds out which thing of one world is which of the other, by what was told in both, and what is sealed.
    fn pair(&mut self, here: Vec<Event>, there: Vec<Event>) {
        let mut open = Vec::new();
        for event in there {
            let text = event_text(&event);
            if self.is_of_sealed(&text) {
                self.seal(&event, &text);
            } else {
                open.push(text);
            }
        }
        let here: Vec<String> = here.iter().map(event_text).collect();
        assert_eq!(
            here.len(),
            open.len(),
            "what is told of open matters differs: {here:?} {open:?}"
        );
        for (here, there) in here.iter().zip(&open) {
            self.names.learn(here, there);
            self.pool.keep(here);
        }
    }

    /// Whether an event is about something sealed.
    fn is_of_sealed(&self, text: &str) -> bool {
        let subject = |line: &&str| {
            line.contains("matter_id") || line.contains("alert_id: ") || line.contains("order_id: ")
        };
        let mut named = text.lines().filter(subject).flat_map(ids);
        named.any(|id| self.names.is_sealed(&id))
    }

    /// Everything an event about something sealed names is sealed, but for what was known before.
    fn seal(&mut self, event: &Event, text: &str) {
        for id in ids(text) {
            if !self.base.contains(&id) && !self.names.is_known(&id) {
                self.names.seal(&id);
            }
        }
        self.sealed.keep(text);
        let names = &self.names;
        for known in self.sealed.others.values_mut() {
            known.retain(|id| ids(id).iter().all(|id| names.is_sealed(id)));
        }
        if let Some(Fact::AlertRaised(fact)) = &event.fact {
            let told = [fact.recipient_organ.clone(), fact.organ_id.clone()];
            // an organ from which it is sealed is never told, and sees not even what it reported
            let told = told
                .into_iter()
                .filter(|organ| !self.cast.is_sealed_from(organ));
            self.told.extend(told);
        }
    }

    /// A denunciation is registered, or something becomes of one.
    async fn act(&mut self) -> Result<(), Broken> {
        let stock = Stock {
            pool: &self.sealed,
            denounced: &self.cast.denounced,
            is_sealed: true,
        };
        let act = next(&self.high, &mut self.chance, &stock).await;
        let answer = perform(&self.high, &act).await;
        let done = (act.method.action.clone(), answer.is_ok());
        *self.acts.entry(done).or_default() += 1;
        self.last_act = format!(
            "{} ({})",
            act.method.action,
            answer.text.lines().next().unwrap_or_default()
        );
        if let Some(matter) = registered(&act, &answer) {
            self.names.seal(&ids(&matter.id)[0]);
            self.sealed.matters.push(matter);
        }
        for event in self.high.settle().await? {
            let text = event_text(&event);
            self.seal(&event, &text);
        }
        Ok(())
    }

    /// A post does something that is open to it, or tries to: in both worlds, and is answered the same.
    async fn deed(&mut self) -> Result<(), Broken> {
        let (reader, method) = self.drawn(|method| !only_reads(method) && !method.is_streaming);
        let mut draw = Draw::new(&mut self.chance, &self.pool, self.low.now());
        draw.own.clone_from(&reader.organ);
        // Who reports an alert and knows the id of a denunciation sees by its recipients who was left out: an organ that is
        // denounced must not be told, whoever reports (docs/security.md, what is left).
        draw.sealed = if method.action == "stability_early_warning.RaiseAlert" {
            0
        } else {
            15
        };
        let message = draw.message(&method.request);
        let turn = self.chance.random_range(0..ACTS);
        let message = self.sealed.with_numbers(&message, turn);
        let slots = self.sealed.slots(turn);
        if self.sees_alerts(&reader, method) {
            return Ok(());
        }
        let there = self.names.in_high(&message, &slots);
        let (here, there) = tokio::join!(
            asked(&self.low, &reader.caller, (method, &message)),
            asked(&self.high, &reader.caller, (method, &there)),
        );
        let act = Act { method, message };
        self.compare((&reader, &act), (&here, &there), &slots);
        self.keep(&act, &here);
        self.settle().await
    }

    /// Somebody on duty watches: what is delivered up to an alert of its own must be the same.
    async fn watch(&mut self) -> Result<(), Broken> {
        let reader = loop {
            let reader = self.cast.reader(&mut self.chance);
            if reader.organ.is_some()
                && (reader.is_on_duty || self.barriers == Barriers::Underneath)
            {
                break reader;
            }
        };
        if reader
            .organ
            .as_ref()
            .is_some_and(|organ| self.told.contains(organ))
        {
            return Ok(());
        }
        let raise = method("stability_early_warning.RaiseAlert");
        let own = reader.organ.clone().unwrap();
        let message = super::draw::marker(&own, self.low.now(), self.chance.random());
        let here = asked(&self.low, &reader.caller, (raise, &message)).await;
        let there = asked(&self.high, &reader.caller, (raise, &message)).await;
        let act = Act {
            method: raise,
            message,
        };
        self.compare((&reader, &act), (&here, &there), &Slots::new());
        self.keep(&act, &here);
        self.settle().await?;
        if !here.is_ok() || !there.is_ok() {
            return Ok(());
        }
        let watch = method("stability_early_warning.WatchAlerts");
        let message = super::draw::watching(&own);
        let marked = |answer: &Answer| super::contract::alert_of(&answer.message);
        let here = watched(&self.low, &reader.caller, (watch, &message), &marked(&here)).await;
        let there = watched(
            &self.high,
            &reader.caller,
            (watch, &message),
            &marked(&there),
        )
        .await;
        let act = Act {
            method: watch,
            message,
        };
        self.compare((&reader, &act), (&here, &there), &Slots::new());
        Ok(())
    }

    /// Whether a reader was told of an alert about a denunciation, and so may see it.
    fn sees_alerts(&self, reader: &Reader, method: &Method) -> bool {
        let was_told = |organ: &String| self.told.contains(organ);
        method.package == "stability_early_warning" && reader.organ.as_ref().is_some_and(was_told)
    }

    /// Somebody who asks and a method: rarely one that the door keeps from it.
    fn drawn(&mut self, fits: impl Fn(&Method) -> bool) -> (Reader, &'static Method) {
        let methods: Vec<&'static Method> = CONTRACT
            .methods
            .values()
            .filter(|method| !is_left_out(method) && fits(method))
            .collect();
        loop {
            let reader = self.cast.reader(&mut self.chance);
            let method = methods[self.chance.random_range(0..methods.len())];
            let closed = self.closed.get(&kind(&reader, method)).copied();
            if closed.unwrap_or_default() < 3 || self.chance.random_bool(0.03) {
                return (reader, method);
            }
        }
    }

    async fn questions(&mut self) -> Vec<Question> {
        let mut questions = Vec::with_capacity(QUESTIONS);
        while questions.len() < QUESTIONS {
            // most of what could be told is told of a thing that is named
            let is_pointed = self.chance.random_bool(POINTED);
            let asks = |method: &Method| {
                let names = names_its_matter(method);
                match is_pointed {
                    true => only_reads(method) && names,
                    false => !method.is_streaming && (only_reads(method) || names),
                }
            };
            let (reader, method) = self.drawn(asks);
            if self.sees_alerts(&reader, method) {
                continue;
            }
            let mut draw = Draw::new(&mut self.chance, &self.pool, self.low.now());
            draw.own.clone_from(&reader.organ);
            // what changes something names what is sealed, so that it is refused again and again
            draw.sealed = if only_reads(method) { 45 } else { 100 };
            let message = draw.message(&method.request);
            if !only_reads(method) && method.action == "stability_early_warning.RaiseAlert" {
                continue;
            }
            let without = match has_number(&message) {
                true => None,
                false => Some(asked(&self.low, &reader.caller, (method, &message)).await),
            };
            // what a reader is shown others ask for by its id
            if let Some(shown) = without.as_ref().filter(|answer| answer.is_ok()) {
                self.pool.keep(&shown.text);
            }
            questions.push(Question {
                reader,
                method,
                message,
                without,
            });
        }
        questions
    }

    /// Asks the high world, and compares.
    async fn put(&mut self, question: &mut Question, turn: usize) {
        let Question {
            reader,
            method,
            message,
            without,
        } = question;
        if self.sees_alerts(reader, method) {
            return;
        }
        let message = self.sealed.with_numbers(message, turn);
        let here = match without {
            Some(known) => known.clone(),
            None => asked(&self.low, &reader.caller, (method, &message)).await,
        };
        // which answers of each alert by itself: of one that is not there, that it is not
        let answers_of_each = method.action == "stability_early_warning.AcknowledgeAlerts";
        assert!(
            only_reads(method) || answers_of_each || !here.is_ok(),
            "{} was done: {}",
            method.action,
            here.text
        );
        let slots = self.sealed.slots(turn);
        let there = self.names.in_high(&message, &slots);
        let there = asked(&self.high, &reader.caller, (method, &there)).await;
        self.compare((reader, &Act { method, message }), (&here, &there), &slots);
    }

    fn compare(
        &mut self,
        (reader, act): (&Reader, &Act),
        (here, there): (&Answer, &Answer),
        slots: &Slots,
    ) {
        self.cases += 1;
        let code = code_name(here.code);
        let answered = (act.method.action.clone(), code.to_owned());
        *self.codes.entry(answered).or_default() += 1;
        let closed = self.closed.entry(kind(reader, act.method)).or_default();
        *closed = match here.code {
            Code::PermissionDenied | Code::Unauthenticated => closed.saturating_add(1),
            _ => 0,
        };
        if self.names.say_the_same(&here.text, &there.text, slots) {
            return;
        }
        let known = |leak: &Leak| leak.action == act.method.action;
        if self.leaks.iter().filter(|leak| known(leak)).count() >= SHOWN {
            return;
        }
        self.leaks.push(Leak {
            seed: self.seed,
            case: self.cases,
            reader: reader.name.clone(),
            action: act.method.action.clone(),
            request: Leak::request(act.method, &act.message),
            act: self.last_act.clone(),
            without: here.text.clone(),
            with: there.text.clone(),
        });
    }

    /// The two worlds, to be closed.
    pub fn worlds(self) -> [World; 2] {
        [self.low, self.high]
    }
}

/// A kind of reader: its post, without its organ.
fn kind(reader: &Reader, method: &Method) -> (String, String) {
    let post = reader.caller.rsplit('/').next().unwrap_or_default();
    (post.to_owned(), method.action.clone())
}

pub use acts::furnish;

//! The places of a server, shared fairly among callers who wait: a caller waits in its own line, and the lines take turns.
//!
//! Whoever has many calls waiting waits for itself: another caller's next call goes before all but one of them. Lines are bounded,
//! waiting is bounded, and one caller never holds all places, so that there is one for whoever comes next.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::metrics;
use crate::names::ServiceName;

/// Calls of one caller that wait at a time.
const LINE: usize = 64;
/// Calls of all callers that wait at a time.
const LINES: usize = 1_024;

/// The places of one server.
#[derive(Clone, Debug)]
pub(crate) struct Places(Arc<Shared>);

/// No place was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// Too many wait already.
    Lines,
    /// None was free within the time.
    Waited,
}

#[derive(Debug)]
struct Shared {
    service: ServiceName,
    most_of_one: usize,
    all: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    free: usize,
    waiting: usize,
    next_ticket: u64,
    lines: HashMap<u64, Line>,
    /// Callers who wait, in the order of their turns; each once.
    turns: VecDeque<u64>,
}

#[derive(Debug, Default)]
struct Line {
    held: usize,
    has_a_turn: bool,
    waiting: VecDeque<(u64, oneshot::Sender<Place>)>,
}

/// A place that is held until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    /// None once it was given back.
    places: Option<Places>,
    caller: u64,
}

/// What a caller who asks for a place gets.
enum Asked {
    Given(Place),
    InLine(u64, oneshot::Receiver<Place>),
}

/// Leaves the line when it is dropped.
struct Waiting<'a> {
    places: &'a Places,
    caller: u64,
    ticket: u64,
}

impl Places {
    /// So many places, of which one caller holds three quarters at most.
    pub(crate) fn new(service: ServiceName, all: usize) -> Self {
        let state = State {
            free: all,
            ..State::default()
        };
        Self(Arc::new(Shared {
            service,
            most_of_one: (all - all / 4).max(1),
            all,
            state: Mutex::new(state),
        }))
    }

    /// Takes a place for a caller, waiting for its turn when there is none.
    ///
    /// # Errors
    /// [`Full`] when too many wait, or for too long.
    pub(super) async fn take(&self, caller: u64, within: Duration) -> Result<Place, Full> {
        let (ticket, place) = match self.ask(caller)? {
            Asked::Given(place) => {
                self.measure();
                return Ok(place);
            }
            Asked::InLine(ticket, place) => (ticket, place),
        };
        // a place that is given while we leave is given back when the receiver is dropped
        let _leaves = Waiting {
            places: self,
            caller,
            ticket,
        };
        match tokio::time::timeout(within, place).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(Full::Waited),
        }
    }

    /// Places that are held.
    pub(super) fn held(&self) -> usize {
        self.0.all - self.state().free
    }

    fn ask(&self, caller: u64) -> Result<Asked, Full> {
        let mut state = self.state();
        let state = &mut *state;
        let line = state.lines.entry(caller).or_default();
        // a free place has nobody waiting for it but those who hold their most
        if state.free > 0 && line.held < self.0.most_of_one {
            state.free -= 1;
            line.held += 1;
            return Ok(Asked::Given(self.place(caller)));
        }
        if line.waiting.len() >= LINE || state.waiting >= LINES {
            state.forget(caller);
            return Err(Full::Lines);
        }
        state.next_ticket += 1;
        let (given, place) = oneshot::channel();
        line.waiting.push_back((state.next_ticket, given));
        state.waiting += 1;
        if !std::mem::replace(&mut line.has_a_turn, true) {
            state.turns.push_back(caller);
        }
        Ok(Asked::InLine(state.next_ticket, place))
    }

    fn place(&self, caller: u64) -> Place {
        Place {
            places: Some(self.clone()),
            caller,
        }
    }

    fn give_back(&self, caller: u64) {
        let mut state = self.state();
        let state = &mut *state;
        state.free += 1;
        if let Some(line) = state.lines.get_mut(&caller) {
            line.held -= 1;
        }
        self.hand_out(state);
        state.forget(caller);
    }

    /// Gives a free place to the first in the order of turns who holds less than its most; its next turn comes last.
    fn hand_out(&self, state: &mut State) {
        while let Some(caller) = state.next_turn(self.0.most_of_one) {
            let Some(line) = state.lines.get_mut(&caller) else {
                continue;
            };
            line.has_a_turn = false;
            while let Some((_, waiter)) = line.waiting.pop_front() {
                state.waiting -= 1;
                match waiter.send(self.place(caller)) {
                    Ok(()) => {
                        state.free -= 1;
                        line.held += 1;
                        if !line.waiting.is_empty() {
                            line.has_a_turn = true;
                            state.turns.push_back(caller);
                        }
                        return;
                    }
                    // it has just left: the next of its line
                    Err(mut place) => place.places = None,
                }
            }
            state.forget(caller);
        }
    }

    fn leave(&self, caller: u64, ticket: u64) {
        let mut state = self.state();
        let state = &mut *state;
        let Some(line) = state.lines.get_mut(&caller) else {
            return;
        };
        let before = line.waiting.len();
        line.waiting.retain(|(waiting, _)| *waiting != ticket);
        state.waiting -= before - line.waiting.len();
        state.forget(caller);
    }

    #[expect(clippy::cast_precision_loss, reason = "a gauge of places")]
    fn measure(&self) {
        let labels = [("service", self.0.service.as_str())];
        metrics::gauge("huiyin_places_in_use", self.held() as f64, &labels);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes the first caller out of the order of turns who holds less than this.
    fn next_turn(&mut self, most_of_one: usize) -> Option<u64> {
        let lines = &self.lines;
        let may = |caller: &u64| {
            let line = lines.get(caller);
            line.is_none_or(|line| line.held < most_of_one)
        };
        let turn = self.turns.iter().position(may)?;
        self.turns.remove(turn)
    }

    /// Forgets a caller that neither holds nor waits, nor stands in the order of turns.
    fn forget(&mut self, caller: u64) {
        let gone = |line: &Line| line.held == 0 && line.waiting.is_empty() && !line.has_a_turn;
        if self.lines.get(&caller).is_some_and(gone) {
            self.lines.remove(&caller);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(places) = self.places.take() {
            places.give_back(self.caller);
            places.measure();
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.places.leave(self.caller, self.ticket);
    }
}

#[cfg(test)]
mod tests;

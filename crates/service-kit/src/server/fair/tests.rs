use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use tokio::time::Instant;

use super::*;

const LONG: Duration = Duration::from_secs(3600);

/// One step of a future, without anybody to wake.
fn step<F: Future + ?Sized>(future: Pin<&mut F>) -> Option<F::Output> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn now(places: &Places, caller: u64) -> Option<Result<Place, Full>> {
    step(pin!(places.take(caller, LONG)))
}

type Asking<'a> = Pin<Box<dyn Future<Output = Result<Place, Full>> + 'a>>;

/// Asks and stays in line.
fn asking(places: &Places, caller: u64) -> Asking<'_> {
    let mut asking: Asking<'_> = Box::pin(places.take(caller, LONG));
    assert!(step(asking.as_mut()).is_none(), "there was a place");
    asking
}

#[tokio::test]
async fn one_caller_never_holds_all_places() {
    let places = Places::new(ServiceName::Intake, 8);
    let held: Vec<_> = (0..6).map(|_| now(&places, 1).unwrap().unwrap()).collect();
    let mut more = asking(&places, 1);
    let _other = now(&places, 2).unwrap().unwrap();
    assert_eq!(places.held(), 7);
    assert!(step(more.as_mut()).is_none());
    drop(held);
    assert!(step(more.as_mut()).is_some());
}

#[tokio::test]
async fn lines_take_turns_however_long_one_of_them_is() {
    let places = Places::new(ServiceName::Intake, 1);
    let first = now(&places, 1).unwrap().unwrap();
    let callers = std::iter::repeat_n(1, LINE).chain([2, 3, 2]);
    let mut waiting: Vec<_> = callers
        .map(|caller| (caller, asking(&places, caller)))
        .collect();
    assert!(matches!(now(&places, 1), Some(Err(Full::Lines))));
    drop(first);
    let mut order = Vec::new();
    for _ in 0..6 {
        let mut given = Vec::new();
        waiting.retain_mut(|(caller, asking)| match step(asking.as_mut()) {
            Some(place) => {
                given.push(place.unwrap());
                order.push(*caller);
                false
            }
            None => true,
        });
        assert_eq!(given.len(), 1, "one place is given at a time");
    }
    assert_eq!(order, [1, 2, 3, 1, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_too_long_is_told_so_and_leaves_the_line() {
    let places = Places::new(ServiceName::Intake, 1);
    let held = now(&places, 1).unwrap().unwrap();
    let waited = places.take(2, Duration::from_secs(1)).await;
    assert_eq!(waited.unwrap_err(), Full::Waited);
    drop(held);
    assert_eq!(places.held(), 0);
    let state = places.state();
    assert_eq!((state.waiting, state.lines.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_one_caller_costs_the_others_no_more_than_half_of_their_time_again() {
    let (alone, crowded) = (waited(0).await, waited(50).await);
    let (before, after) = (p99(&alone), p99(&crowded));
    println!("p99 of others: {before:?} alone, {after:?} beside a caller at 50 times its share");
    assert!(after.as_secs_f64() <= 1.5 * before.as_secs_f64());
}

/// How long the calls of two honest callers take at a server of 16 places whose calls take 5 to 15 ms each, beside a third caller
/// that calls so many times as often as both.
async fn waited(times: u32) -> Vec<Duration> {
    let places = Places::new(ServiceName::Intake, 16);
    let mut calls = tokio::task::JoinSet::new();
    for turn in 0..1_000_u32 {
        for caller in [1, 2] {
            let places = places.clone();
            calls.spawn(async move { (caller, call(&places, caller, turn).await) });
        }
        for more in 0..2 * times {
            let places = places.clone();
            calls.spawn(async move { (3, call(&places, 3, turn + more).await) });
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let all = calls.join_all().await;
    let honest = all.into_iter().filter(|(caller, _)| *caller != 3);
    honest.map(|(_, took)| took.unwrap()).collect()
}

async fn call(places: &Places, caller: u64, turn: u32) -> Result<Duration, Full> {
    let asked = Instant::now();
    let _place = places.take(caller, Duration::from_secs(1)).await?;
    tokio::time::sleep(Duration::from_millis(5 + u64::from(turn % 11))).await;
    Ok(asked.elapsed())
}

fn p99(took: &[Duration]) -> Duration {
    let mut sorted = took.to_vec();
    sorted.sort();
    sorted[sorted.len() * 99 / 100]
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Ask(u64),
    LeaveOrEnd(usize),
}

proptest! {
    /// Whatever callers do, no place is lost or given twice, nobody holds more than its most, and nobody waits for a free place.
    #[test]
    fn places_are_neither_lost_nor_given_twice(
        acts in proptest::collection::vec(
            prop_oneof![(1..5_u64).prop_map(Act::Ask), (0..64_usize).prop_map(Act::LeaveOrEnd)],
            1..300,
        )
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _inside = runtime.enter();
        let places = Places::new(ServiceName::Intake, 5);
        let mut waiting: Vec<(u64, Asking<'_>)> = Vec::new();
        let mut held: Vec<(u64, Place)> = Vec::new();
        for act in acts {
            match act {
                Act::Ask(caller) => waiting.push((caller, Box::pin(places.take(caller, LONG)))),
                Act::LeaveOrEnd(which) if which % 2 == 0 && !held.is_empty() => drop(held.remove(which % held.len())),
                Act::LeaveOrEnd(which) if !waiting.is_empty() => drop(waiting.remove(which % waiting.len())),
                Act::LeaveOrEnd(_) => {}
            }
            let mut still = Vec::new();
            for (caller, mut asking) in waiting {
                match step(asking.as_mut()) {
                    Some(Ok(place)) => held.push((caller, place)),
                    Some(Err(full)) => prop_assert_eq!(full, Full::Lines),
                    None => still.push((caller, asking)),
                }
            }
            waiting = still;
            prop_assert_eq!(places.held(), held.len());
            for caller in 1..5 {
                let of_one = held.iter().filter(|(holder, _)| *holder == caller).count();
                prop_assert!(of_one <= 4);
                let waits = waiting.iter().any(|(waiter, _)| *waiter == caller);
                prop_assert!(!waits || of_one == 4 || held.len() == 5, "{} waits for a free place", caller);
            }
        }
        drop((waiting, held));
        prop_assert_eq!(places.held(), 0);
    }
}

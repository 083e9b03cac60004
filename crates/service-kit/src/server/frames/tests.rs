use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::super::callers::{Callers, Name};
use super::super::lifeline::Ends;
use super::super::limits::FRAMES;
use super::*;
use crate::settings::{LimitSettings, Quota};

const PING: u8 = 6;
const SECOND: Duration = Duration::from_secs(1);

fn frame(kind: u8, flags: u8, length: usize) -> Vec<u8> {
    let [_, one, two, three] = u32::try_from(length).unwrap().to_be_bytes();
    let mut bytes = vec![one, two, three, kind, flags, 0, 0, 0, 1];
    bytes.extend(std::iter::repeat_n(0xAA, length));
    bytes
}

fn preface() -> Vec<u8> {
    vec![b'x'; PREFACE]
}

#[test]
fn calls_and_frames_that_carry_nothing_are_told_apart() {
    for (kind, flags, length, calls, others) in [
        (HEADERS, 4, 40, 1, 0),
        (DATA, 0, 100, 0, 0),
        (DATA, END_STREAM, 0, 0, 0),
        (DATA, 0, 0, 0, 1),
        (PING, 0, 8, 0, 1),
        (3, 0, 4, 0, 1),
        (9, 0, 0, 0, 1),
        (200, 0, 3, 0, 1),
    ] {
        let mut frames = Frames::new();
        let bytes = [preface(), frame(kind, flags, length)].concat();
        assert_eq!(frames.read(&bytes), Seen { calls, others }, "{kind}");
    }
}

proptest! {
    #[test]
    fn frames_are_counted_alike_however_they_are_cut(
        all in proptest::collection::vec((0..12_u8, any::<u8>(), 0..50_usize), 1..40),
        cuts in proptest::collection::vec(1..60_usize, 1..40),
    ) {
        let mut bytes = preface();
        bytes.extend(all.iter().flat_map(|(kind, flags, length)| frame(*kind, *flags, *length)));
        let whole = Frames::new().read(&bytes);
        let (mut frames, mut rest) = (Frames::new(), bytes.as_slice());
        let mut cut_up = Seen::default();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (part, after) = rest.split_at((*cut).min(rest.len()));
            let seen = frames.read(part);
            cut_up.calls += seen.calls;
            cut_up.others += seen.others;
            rest = after;
        }
        prop_assert_eq!(cut_up, whole);
        prop_assert_eq!(whole.calls as usize, all.iter().filter(|(kind, ..)| *kind == HEADERS).count());
    }
}

/// How long it takes until all of this is read from one caller.
async fn read(callers: &Callers, bytes: Vec<u8>) -> Duration {
    let (near, mut far) = tokio::io::duplex(64 * 1024);
    let ends = Ends {
        idle: SECOND,
        age: SECOND,
    };
    let caller = callers.of(Name::Nobody);
    let mut metered = Metered::new(near, caller, Lifeline::new(ends));
    let length = bytes.len();
    let began = Instant::now();
    let writing = tokio::spawn(async move { far.write_all(&bytes).await });
    let mut buffer = vec![0; 4096];
    let mut come = 0;
    while come < length {
        come += metered.read(&mut buffer).await.unwrap();
    }
    writing.await.unwrap().unwrap();
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_pings_is_read_at_its_pace_whatever_connections_it_comes_by() {
    let callers = Callers::new(LimitSettings::default());
    let flood = |times: u32| {
        let pings = frame(PING, 0, 8).repeat(times as usize);
        [preface(), pings].concat()
    };
    let within_its_burst = read(&callers, flood(9_000)).await;
    assert_eq!(within_its_burst, Duration::ZERO);
    let beyond = read(&callers, flood(21_000)).await;
    let expected = f64::from(30_000 - FRAMES.burst.get()) / f64::from(FRAMES.per_second.get());
    assert!((beyond.as_secs_f64() - expected).abs() < 0.5, "{beyond:?}");
}

#[tokio::test(start_paused = true)]
async fn calls_are_read_twice_as_often_as_they_are_answered_and_no_more() {
    let callers = Callers::new(LimitSettings {
        caller: Quota::of(20, 40),
        ..LimitSettings::default()
    });
    let calls = [preface(), frame(HEADERS, 4, 30).repeat(1_000)].concat();
    let took = read(&callers, calls).await;
    assert!(
        (took.as_secs_f64() - f64::from(1_000 - 80) / 40.0).abs() < 3.0,
        "{took:?}"
    );
}

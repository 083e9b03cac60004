//! Crowds of connections that do nothing.

use std::net::Ipv4Addr;

use tokio::io::AsyncWriteExt as _;

use super::Target;
use super::flood::while_it_lasts;
use super::wire::{Raw, tcp};

/// Addresses of this machine that an attacker calls from.
fn address(number: usize) -> Ipv4Addr {
    let [.., high, low] = u32::try_from(number % 200 + 10).unwrap().to_be_bytes();
    Ipv4Addr::new(127, 0, high + 1, low)
}

/// So many connections that shake hands and then do nothing, from so many addresses; kept as long as they are let.
pub async fn idle(target: Target, most: usize) {
    let mut kept = Vec::new();
    let opening = async {
        for number in 0..most {
            match Raw::open_from(&target, address(number)).await {
                Ok(raw) => {
                    kept.push(raw);
                    target.does();
                }
                Err(_) => target.is_refused(),
            }
        }
        std::future::pending().await
    };
    while_it_lasts(&target, opening).await;
}

/// So many connections that begin to shake hands and go no further.
pub async fn half_open(target: Target, most: usize) {
    let mut kept = Vec::new();
    let opening = async {
        for number in 0..most {
            let Ok(mut stream) = tcp(&target, address(number)).await else {
                target.is_refused();
                continue;
            };
            // the first bytes of a ClientHello that announces more
            let hello = [22, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3];
            if stream.write_all(&hello).await.is_err() {
                target.is_refused();
            }
            target.does();
            kept.push(stream);
            tokio::task::yield_now().await;
        }
        std::future::pending().await
    };
    while_it_lasts(&target, opening).await;
}

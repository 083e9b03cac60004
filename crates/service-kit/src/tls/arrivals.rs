//! Who shakes hands at a time, and how often one address may begin to.
//!
//! Shaking hands costs a signature before anybody is known, so that one address begins only so often. Whoever does not go on with
//! it is not waited for when others come: the one that has been shaking hands for longest makes room.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::server::quota::Bucket;
use crate::settings::Quota;

/// Connections that shake hands at a time.
const AT_A_TIME: usize = 256;
/// Addresses that are remembered.
const ADDRESSES: usize = 4_096;
/// When an address has its quota again, and may be forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);

/// Those who arrive.
#[derive(Debug)]
pub(super) struct Arrivals {
    /// How often one address may begin to shake hands.
    of_one_address: Quota,
    shaking: Arc<Mutex<Shaking>>,
    addresses: HashMap<IpAddr, (Bucket, Instant)>,
}

#[derive(Debug, Default)]
struct Shaking {
    next: u64,
    /// In the order they came.
    all: BTreeMap<u64, CancellationToken>,
}

/// Somebody who shakes hands until this is dropped.
#[derive(Debug)]
pub(super) struct Greeting {
    shaking: Arc<Mutex<Shaking>>,
    number: u64,
    over: CancellationToken,
}

impl Arrivals {
    /// Nobody yet, when one address may begin so often.
    pub(super) fn new(of_one_address: Quota) -> Self {
        Self {
            of_one_address,
            shaking: Arc::default(),
            addresses: HashMap::new(),
        }
    }

    /// Lets somebody shake hands; none when its address begins too often.
    pub(super) fn greet(&mut self, address: IpAddr) -> Option<Greeting> {
        self.take(network(address)).then(|| self.begin())
    }

    fn take(&mut self, network: IpAddr) -> bool {
        let now = Instant::now();
        if self.addresses.len() >= ADDRESSES && !self.addresses.contains_key(&network) {
            let is_recent = |seen: &Instant| now.saturating_duration_since(*seen) < FORGOTTEN_AFTER;
            self.addresses.retain(|_, (_, seen)| is_recent(seen));
            // more addresses at once than there are callers: they are told apart from now on
            if self.addresses.len() >= ADDRESSES {
                self.addresses.clear();
            }
        }
        let of_one = self.of_one_address;
        let entry = self.addresses.entry(network);
        let (bucket, seen) = entry.or_insert_with(|| (Bucket::new(of_one), now));
        *seen = now;
        bucket.take().is_ok()
    }

    fn begin(&self) -> Greeting {
        let mut shaking = lock(&self.shaking);
        if shaking.all.len() >= AT_A_TIME
            && let Some((_, oldest)) = shaking.all.pop_first()
        {
            oldest.cancel();
        }
        shaking.next += 1;
        let (number, over) = (shaking.next, CancellationToken::new());
        shaking.all.insert(number, over.clone());
        Greeting {
            shaking: Arc::clone(&self.shaking),
            number,
            over,
        }
    }
}

/// The address itself, or of IPv6 the network of one host.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [one, two, three, four, ..] = address.segments();
            Ipv6Addr::new(one, two, three, four, 0, 0, 0, 0).into()
        }
    }
}

impl Greeting {
    /// Waits until somebody else needs the room.
    pub(super) async fn is_over(&self) {
        self.over.cancelled().await;
    }
}

impl Drop for Greeting {
    fn drop(&mut self) {
        lock(&self.shaking).all.remove(&self.number);
    }
}

fn lock(shaking: &Mutex<Shaking>) -> MutexGuard<'_, Shaking> {
    shaking.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from(number).into()
    }

    #[tokio::test]
    async fn whoever_has_been_shaking_hands_for_longest_makes_room() {
        let mut arrivals = Arrivals::new(Quota::of(30, 100));
        let mut greetings: Vec<_> = (0..256)
            .map(|number| arrivals.greet(address(number)).unwrap())
            .collect();
        drop(greetings.remove(0));
        let _in_its_room = arrivals.greet(address(1_000)).unwrap();
        assert!(
            greetings
                .iter()
                .all(|greeting| !greeting.over.is_cancelled())
        );
        let _one_more = arrivals.greet(address(1_001)).unwrap();
        let over: Vec<_> = greetings
            .iter()
            .map(|greeting| greeting.over.is_cancelled())
            .collect();
        assert_eq!(over.iter().filter(|over| **over).count(), 1);
        assert!(over[0]);
    }

    #[tokio::test(start_paused = true)]
    async fn one_address_begins_so_often_and_another_not_less_for_it() {
        let mut arrivals = Arrivals::new(Quota::of(30, 100));
        let mut begun = |number: u32| {
            (0..1_000)
                .filter(|_| arrivals.greet(address(number)).is_some())
                .count()
        };
        assert_eq!(begun(1), 100);
        assert_eq!(begun(2), 100);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(begun(1), 30);
    }

    #[tokio::test]
    async fn so_many_addresses_are_remembered() {
        let mut arrivals = Arrivals::new(Quota::of(30, 100));
        for number in 0..20_000 {
            arrivals.greet(address(number));
        }
        assert!(arrivals.addresses.len() <= ADDRESSES);
    }

    #[test]
    fn a_host_of_ipv6_is_one_network() {
        let (one, other) = ("2001:db8::1", "2001:db8::ffff");
        let network = |address: &str| network(address.parse().unwrap());
        assert_eq!(network(one), network(other));
        assert_ne!(network(one), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }
}

//! Networks by their prefix, and what addresses are for.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The addresses that begin alike, such as `10.20.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    length: u8,
}

/// A text that names no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no network like 10.20.0.0/16")]
pub struct InvalidNetwork;

impl Network {
    /// Whether an address lies in it. One of version 4 that is written as one of version 6 is one of version 4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => alike(
                first.to_bits().into(),
                address.to_bits().into(),
                self.length,
                32,
            ),
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                alike(first.to_bits(), address.to_bits(), self.length, 128)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

fn alike(one: u128, other: u128, length: u8, width: u32) -> bool {
    let behind = width - u32::from(length);
    one.checked_shr(behind).unwrap_or(0) == other.checked_shr(behind).unwrap_or(0)
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(given: &str) -> Result<Self, InvalidNetwork> {
        let (first, length) = given.split_once('/').ok_or(InvalidNetwork)?;
        let first: IpAddr = first.parse().map_err(|_| InvalidNetwork)?;
        let length: u8 = length.parse().map_err(|_| InvalidNetwork)?;
        let longest = if first.is_ipv4() { 32 } else { 128 };
        if length == 0 || length > longest || first != first.to_canonical() {
            return Err(InvalidNetwork);
        }
        Ok(Self { first, length })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.length)
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Network {
    Network {
        first: IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
        length,
    }
}

const fn v6(one: u16, two: u16, length: u8) -> Network {
    Network {
        first: IpAddr::V6(Ipv6Addr::new(one, two, 0, 0, 0, 0, 0, 0)),
        length,
    }
}

/// Where machines of a cloud are told their secrets. No setting allows these.
const METADATA: [Network; 4] = [
    v4(169, 254, 169, 254, 32),
    v4(100, 100, 100, 200, 32),
    v4(168, 63, 129, 16, 32),
    Network {
        first: IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
        length: 128,
    },
];

/// What is not of the open internet, by the registries of special addresses (RFC 6890 and those after it).
const SPECIAL: [(Network, &str); 20] = [
    (v4(0, 0, 0, 0, 8), "unspecified"),
    (v4(10, 0, 0, 0, 8), "private"),
    (v4(100, 64, 0, 0, 10), "of a carrier's shared network"),
    (v4(127, 0, 0, 0, 8), "of this machine"),
    (v4(169, 254, 0, 0, 16), "link-local"),
    (v4(172, 16, 0, 0, 12), "private"),
    (v4(192, 0, 0, 0, 24), "reserved"),
    (v4(192, 0, 2, 0, 24), "for documentation"),
    (v4(192, 88, 99, 0, 24), "a relay of 6to4"),
    (v4(192, 168, 0, 0, 16), "private"),
    (v4(198, 18, 0, 0, 15), "for benchmarks"),
    (v4(198, 51, 100, 0, 24), "for documentation"),
    (v4(203, 0, 113, 0, 24), "for documentation"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(240, 0, 0, 0, 4), "reserved"),
    // of those that are otherwise global
    (v6(0x2001, 0, 23), "reserved"),
    (v6(0x2001, 0xdb8, 32), "for documentation"),
    (
        v6(0x2002, 0, 16),
        "of 6to4, which leads to an address of version 4",
    ),
    (v6(0x3fff, 0, 20), "for documentation"),
    (v6(0x5f00, 0, 16), "reserved"),
];

/// What of version 6 is global at all. Loopback, link-local, unique local, multicast and NAT64 addresses lie outside.
const GLOBAL_V6: Network = v6(0x2000, 0, 3);

/// Whether an address tells machines of a cloud their secrets.
pub(super) fn is_metadata(address: IpAddr) -> bool {
    METADATA.iter().any(|known| known.contains(address))
}

/// What an address is, when it is not one of the open internet.
pub(super) fn special(address: IpAddr) -> Option<&'static str> {
    let address = address.to_canonical();
    if address.is_ipv6() && !GLOBAL_V6.contains(address) {
        return Some("not of the open internet");
    }
    let known = SPECIAL.iter().find(|(known, _)| known.contains(address));
    known.map(|(_, words)| *words)
}

//! Who may read a project, from where, and how often.

use crate::Window;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// What the edge asks of a request before any tier is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admission {
    /// How many reads each client may make; the window is one of those that the platform has.
    pub rate_limit: Option<Window>,
    /// Which pages' scripts may read it.
    pub origins: Origins,
    /// From where it may be read; from everywhere if there are none.
    pub networks: Vec<Network>,
}

/// Which pages' scripts may read a project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origins {
    /// All of them.
    #[default]
    Any,
    /// Those of these origins, spelt as browsers do.
    Only(Vec<String>),
}

/// Addresses that begin alike: `203.0.113.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// The first of them.
    pub address: IpAddr,
    /// How many leading bits they share.
    pub prefix: u8,
}

impl Admission {
    /// The limiter that counts for it, by the name under which `read` has it; projects of the same rate share one.
    pub fn limiter(&self) -> Option<String> {
        let Window { limit, per } = self.rate_limit?;
        Some(format!("RATE_{limit}_{}", per.as_secs()))
    }

    /// Whether an address may read; one that is not known only where everybody may.
    pub fn admits(&self, address: Option<IpAddr>) -> bool {
        let inside = |address| self.networks.iter().any(|network| network.contains(address));
        self.networks.is_empty() || address.is_some_and(inside)
    }
}

impl Network {
    /// Whether an address is one of them. An IPv4 address is the same however it is spelt.
    pub fn contains(&self, address: IpAddr) -> bool {
        let prefix = u32::from(self.prefix);
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                alike(u128::from(first.to_bits() ^ address.to_bits()), prefix, 32)
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => alike(first.to_bits() ^ address.to_bits(), prefix, 128),
            _ => false,
        }
    }
}

/// What all addresses of one client have in common: an IPv6 network of 64 bits is a single household's, to choose from.
pub fn household(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => (address.to_bits() >> 64) as u64,
    }
}

/// Whether two addresses of so many bits do not differ in the leading ones.
fn alike(difference: u128, prefix: u32, bits: u32) -> bool {
    difference.checked_shr(bits.saturating_sub(prefix)).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn network(first: &str, prefix: u8) -> Network {
        Network { address: address(first), prefix }
    }

    #[test]
    fn a_network_holds_the_addresses_that_begin_like_it() {
        for (first, prefix, inside, outside) in [
            ("203.0.113.0", 24, "203.0.113.255", "203.0.114.0"),
            ("203.0.113.7", 32, "203.0.113.7", "203.0.113.6"),
            ("203.0.113.128", 25, "203.0.113.128", "203.0.113.127"),
            ("0.0.0.0", 0, "255.255.255.255", "2001:db8::1"),
            ("203.0.113.0", 24, "::ffff:203.0.113.9", "::203.0.113.9"),
            ("2001:db8::", 32, "2001:db8:ffff::1", "2001:db9::"),
            ("2001:db8::1", 128, "2001:db8::1", "2001:db8::2"),
            ("::", 0, "ffff::1", "203.0.113.1"),
        ] {
            let network = network(first, prefix);
            assert!(network.contains(address(inside)), "{inside} in {first}/{prefix}");
            assert!(!network.contains(address(outside)), "{outside} in {first}/{prefix}");
        }
    }

    #[test]
    fn an_address_that_is_not_known_reads_only_where_everybody_may() {
        let everybody = Admission::default();
        assert!(everybody.admits(None) && everybody.admits(Some(address("203.0.113.1"))));
        let some = Admission { networks: vec![network("10.0.0.0", 8), network("2001:db8::", 32)], ..everybody };
        assert!(some.admits(Some(address("10.1.2.3"))) && some.admits(Some(address("2001:db8::1"))));
        assert!(!some.admits(Some(address("11.0.0.1"))) && !some.admits(None));
    }

    #[test]
    fn who_chooses_among_the_addresses_of_one_network_is_one_client() {
        for (sent, one) in [
            ("203.0.113.7", 0xcb00_7107),
            ("::ffff:203.0.113.7", 0xcb00_7107),
            ("2001:db8:1:2:aaaa:bbbb:cccc:dddd", 0x2001_0db8_0001_0002),
        ] {
            assert_eq!(household(address(sent)), one);
        }
    }
}

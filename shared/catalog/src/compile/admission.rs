//! `rate_limit`, `cors`, `allow_ips`: who may read a project, from where, and how often.

use super::fields::{Fields, Value};
use super::{syntax, units};
use crate::{Admission, Network, Origins, Window};
use std::net::IpAddr;

const MAX_ORIGINS: usize = 64;
const MAX_NETWORKS: usize = 256;
/// What the platform's limiter counts in.
const PERIODS_SECS: [u64; 2] = [10, 60];
const MAX_LIMIT: u32 = 1_000_000;

/// Reads what a project asks of its readers; what is wrong is noted and left out.
pub(super) fn admission(fields: &mut Fields<'_>) -> Admission {
    let rate_limit = fields.get("rate_limit").and_then(|value| value.parse(rate_limit));
    let origins = fields.get("cors").map(origins).unwrap_or_default();
    let networks = fields.get("allow_ips").map(networks).unwrap_or_default();
    Admission { rate_limit, origins, networks }
}

fn rate_limit(text: &str) -> Result<Window, String> {
    let window = units::window(text)?;
    if !PERIODS_SECS.contains(&window.per.as_secs()) {
        return Err(format!(
            "is \"{text}\"; the platform counts in 10 seconds or a minute: write \"20/10s\" or \"120/min\""
        ));
    }
    if window.limit > MAX_LIMIT {
        return Err(format!("is \"{text}\"; the highest limit is {MAX_LIMIT}"));
    }
    Ok(window)
}

fn origins(value: Value<'_>) -> Origins {
    let values = value.list();
    if values.len() > MAX_ORIGINS {
        value.refuse::<()>(format!("has {} origins; at most {MAX_ORIGINS} are compared", values.len()));
    }
    Origins::Only(values.into_iter().filter_map(|origin| origin.parse(syntax::origin)).collect())
}

fn networks(value: Value<'_>) -> Vec<Network> {
    let values = value.list();
    // A list that somebody emptied by mistake would open the project to everybody.
    if value.is_list() && !(1..=MAX_NETWORKS).contains(&values.len()) {
        value.refuse::<()>(format!("must have 1 to {MAX_NETWORKS} networks; leave it out to let everybody in"));
    }
    values.into_iter().filter_map(|network| network.parse(self::network)).collect()
}

/// `203.0.113.0/24`, `2001:db8::/32`, or one address.
fn network(text: &str) -> Result<Network, String> {
    let wrong =
        || format!("is \"{text}\"; write a network like \"203.0.113.0/24\" or \"2001:db8::/32\", or an address");
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    if address.to_canonical() != address {
        return Err(format!("is \"{text}\"; write it as the IPv4 network it is"));
    }
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.map_or(Some(bits), units::digits).filter(|prefix| *prefix <= bits).ok_or_else(wrong)?;
    let first = first_of(address, u32::from(bits - prefix));
    if first != address {
        return Err(format!("is \"{text}\", whose first address is {first}; write \"{first}/{prefix}\""));
    }
    Ok(Network { address, prefix })
}

/// The address with its last `free` bits cleared.
fn first_of(address: IpAddr, free: u32) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            std::net::Ipv4Addr::from_bits(address.to_bits() & u32::MAX.checked_shl(free).unwrap_or(0)).into()
        }
        IpAddr::V6(address) => {
            std::net::Ipv6Addr::from_bits(address.to_bits() & u128::MAX.checked_shl(free).unwrap_or(0)).into()
        }
    }
}

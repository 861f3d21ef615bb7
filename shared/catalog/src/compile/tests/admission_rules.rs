//! Who may read a project, from where and how often: what can be written and what is refused.

use super::{DEMO, compiled, refused};
use crate::{Admission, Network, Origins, Window};
use std::time::Duration;

const LINE: &str = "description = \"A demo\"";

/// The demo file's line three is this one.
fn with(line: &str) -> String {
    format!("{LINE}\n{line}")
}

fn refuses(line: &str, reason: &str) {
    refused(&[(LINE, &with(line))], &[&format!("3: {reason}")]);
}

#[test]
fn an_admission_is_what_the_file_says() {
    let lines = "rate_limit = \"120/min\"\ncors = [\"https://fans.example\"]\nallow_ips = [\"203.0.113.0/24\", \"2001:db8::/32\", \"192.0.2.7\"]";
    let Admission { rate_limit, origins, networks } = compiled(&DEMO.replacen(LINE, &with(lines), 1)).admission;
    assert_eq!(rate_limit, Some(Window { limit: 120, per: Duration::from_secs(60) }));
    assert_eq!(origins, Origins::Only(vec!["https://fans.example".into()]));
    let network = |address: &str, prefix| Network { address: address.parse().unwrap(), prefix };
    assert_eq!(networks, [network("203.0.113.0", 24), network("2001:db8::", 32), network("192.0.2.7", 32)]);
}

#[test]
fn a_list_without_origins_closes_a_project_to_every_page() {
    let admission = compiled(&DEMO.replacen(LINE, &with("cors = []"), 1)).admission;
    assert_eq!(admission.origins, Origins::Only(vec![]));
}

#[test]
fn only_periods_that_the_platform_has_limit_a_rate() {
    for (text, secs) in [("20/10s", 10), ("120/min", 60), ("120/60s", 60), ("1000000/min", 60)] {
        let admission = compiled(&DEMO.replacen(LINE, &with(&format!("rate_limit = \"{text}\"")), 1)).admission;
        assert_eq!(admission.rate_limit.map(|window| window.per.as_secs()), Some(secs), "{text}");
    }
    for text in ["5/s", "3000/day", "100/15min", "1/20s"] {
        refuses(
            &format!("rate_limit = \"{text}\""),
            &format!(
                "`rate_limit` is \"{text}\"; the platform counts in 10 seconds or a minute: write \"20/10s\" or \"120/min\""
            ),
        );
    }
    refuses("rate_limit = \"1000001/min\"", "`rate_limit` is \"1000001/min\"; the highest limit is 1000000");
    refuses("rate_limit = 120", "`rate_limit` must be text in quotes");
}

#[test]
fn a_network_is_written_by_its_first_address() {
    let like = "write a network like \"203.0.113.0/24\" or \"2001:db8::/32\", or an address";
    for text in ["", "anywhere", "203.0.113.0/33", "203.0.113/24", "2001:db8::/129", "10.0.0.0/+8", "10.0.0.0/", "/8"] {
        refuses(&format!("allow_ips = [\"{text}\"]"), &format!("`allow_ips` is \"{text}\"; {like}"));
    }
    for (text, first) in
        [("203.0.113.7/24", "203.0.113.0/24"), ("2001:db8::1/32", "2001:db8::/32"), ("1.0.0.0/0", "0.0.0.0/0")]
    {
        let (address, _) = first.split_once('/').unwrap();
        refuses(
            &format!("allow_ips = [\"{text}\"]"),
            &format!("`allow_ips` is \"{text}\", whose first address is {address}; write \"{first}\""),
        );
    }
    refuses(
        "allow_ips = [\"::ffff:10.0.0.0/104\"]",
        "`allow_ips` is \"::ffff:10.0.0.0/104\"; write it as the IPv4 network it is",
    );
    refuses("allow_ips = []", "`allow_ips` must have 1 to 256 networks; leave it out to let everybody in");
    refuses("allow_ips = \"10.0.0.0/8\"", "`allow_ips` must be a list in [ ]");
}

#[test]
fn an_origin_is_no_pattern() {
    refuses("cors = [\"*\"]", "`cors` is \"*\"; write an origin as browsers do, like \"https://fans.example\"");
    refuses("cors = \"https://fans.example\"", "`cors` must be a list in [ ]");
}

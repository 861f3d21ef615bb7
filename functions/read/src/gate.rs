//! Who may read a project and how often: asked when the path is known, and before any tier is.

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use std::net::IpAddr;
use weir_catalog::{Project, Window, household};
use weir_edge::problem::Problem;
use weir_edge::transport::Transport;

/// Where the platform says a request comes from; whoever sends it himself is overruled.
pub(crate) const ADDRESS: HeaderName = HeaderName::from_static("cf-connecting-ip");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    /// Somebody at this address.
    At(IpAddr),
    /// Somebody at this machine, who develops.
    Here,
    /// Nobody knows who.
    Unknown,
}

impl Client {
    /// By what the platform says.
    pub(crate) fn of(headers: &HeaderMap, transport: Transport) -> Self {
        let Some(sent) = headers.get(ADDRESS) else {
            return if transport == Transport::Local { Self::Here } else { Self::Unknown };
        };
        sent.to_str().ok().and_then(|text| text.trim().parse().ok()).map_or(Self::Unknown, Self::At)
    }
}

/// Refuses who may not read a project from where it is.
pub(crate) fn admit(project: &Project, client: Client) -> Result<(), Problem> {
    let admitted = match client {
        Client::At(address) => project.admission.admits(Some(address)),
        Client::Here => true,
        Client::Unknown => project.admission.admits(None),
    };
    let title = "This project is not read from your address";
    admitted.then_some(()).ok_or_else(|| Problem::new(StatusCode::FORBIDDEN, "not-allowed-from-here", title))
}

/// What a client is counted by. It goes to the limiter and nowhere else.
pub(crate) fn counted_as(project: &Project, client: Client) -> String {
    let name = &project.name;
    match client {
        Client::At(address) => format!("{name} {:x}", household(address)),
        Client::Here => format!("{name} here"),
        Client::Unknown => format!("{name} unknown"),
    }
}

/// A client asked more often than the project lets it.
pub(crate) fn too_many(rate: Window) -> Problem {
    let title = "You ask more often than this project lets you";
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", title);
    problem.retry_after(rate.per)
}

/// Tells every client of a project how often it may ask (draft-ietf-httpapi-ratelimit-headers).
///
/// The platform's limiter tells no remainder, so there is no `RateLimit`.
pub(crate) fn tell_policy(headers: &mut HeaderMap, project: &Project) {
    let Some(Window { limit, per }) = project.admission.rate_limit else { return };
    if let Ok(policy) = HeaderValue::try_from(format!("\"default\";q={limit};w={}", per.as_secs())) {
        headers.insert(POLICY, policy);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asked::tests::catalog;
    use std::time::Duration;
    use weir_catalog::{Admission, Network};

    const MINUTE: Window = Window { limit: 120, per: Duration::from_secs(60) };

    fn project(admission: Admission) -> Project {
        Project { admission, ..catalog().projects.remove(0) }
    }

    fn client(address: Option<&str>, transport: Transport) -> Client {
        let mut headers = HeaderMap::new();
        if let Some(address) = address {
            headers.insert(ADDRESS, HeaderValue::from_str(address).unwrap());
        }
        Client::of(&headers, transport)
    }

    #[test]
    fn a_client_is_where_the_platform_says() {
        let at = |address: &str| Client::At(address.parse().unwrap());
        assert_eq!(client(Some("203.0.113.7"), Transport::Secure), at("203.0.113.7"));
        assert_eq!(client(Some("2001:db8::1"), Transport::Local), at("2001:db8::1"));
        assert_eq!(client(None, Transport::Local), Client::Here);
        assert_eq!(client(None, Transport::Secure), Client::Unknown);
        for odd in ["", "203.0.113.7, 10.0.0.1", "localhost", "203.0.113.7:80"] {
            assert_eq!(client(Some(odd), Transport::Local), Client::Unknown, "{odd}");
        }
    }

    #[test]
    fn only_those_in_a_projects_networks_read_it() {
        let network = Network { address: "203.0.113.0".parse().unwrap(), prefix: 24 };
        let some = project(Admission { networks: vec![network], ..Admission::default() });
        let everybody = project(Admission::default());
        for (address, transport, admitted) in [
            (Some("203.0.113.7"), Transport::Secure, true),
            (Some("203.0.114.7"), Transport::Secure, false),
            (Some("203.0.114.7"), Transport::Local, false),
            (Some("nowhere"), Transport::Local, false),
            (None, Transport::Secure, false),
            (None, Transport::Local, true),
        ] {
            let client = client(address, transport);
            assert_eq!(admit(&some, client).is_ok(), admitted, "{address:?} {transport:?}");
            assert_eq!(admit(&everybody, client), Ok(()));
        }
        let problem = admit(&some, Client::Unknown).unwrap_err();
        assert_eq!((problem.kind(), problem.respond::<()>().status().as_u16()), ("not-allowed-from-here", 403));
    }

    #[test]
    fn a_client_is_counted_for_each_project_and_by_its_whole_network() {
        let demo = project(Admission::default());
        for (address, expected) in [
            ("203.0.113.7", "demo cb007107"),
            ("2001:db8:1:2:3:4:5:6", "demo 20010db800010002"),
            ("2001:db8:1:2::ffff", "demo 20010db800010002"),
        ] {
            assert_eq!(counted_as(&demo, client(Some(address), Transport::Secure)), expected);
        }
        assert_eq!(counted_as(&demo, Client::Here), "demo here");
        assert_eq!(counted_as(&demo, Client::Unknown), "demo unknown");
    }

    #[test]
    fn who_asks_too_often_is_told_when_to_come_back() {
        let response = too_many(MINUTE).respond::<()>();
        assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (429, &HeaderValue::from(60)));
        assert_eq!(response.headers()["cache-control"], "no-store");
    }

    #[test]
    fn a_project_with_a_rate_tells_it() {
        let mut headers = HeaderMap::new();
        tell_policy(&mut headers, &project(Admission::default()));
        assert!(headers.is_empty());
        tell_policy(&mut headers, &project(Admission { rate_limit: Some(MINUTE), ..Admission::default() }));
        assert_eq!(headers["ratelimit-policy"], "\"default\";q=120;w=60");
    }
}

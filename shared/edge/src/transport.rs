//! Whether a request came over TLS, and what it is answered where it did not.

use crate::payload::Payload;
use crate::problem::Problem;
use http::header::{CACHE_CONTROL, LOCATION, STRICT_TRANSPORT_SECURITY};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};
use std::net::IpAddr;

/// A year; not the subdomains, which may be somebody else's.
const STRICT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Over TLS.
    Secure,
    /// Without, but to this very machine: somebody develops.
    Local,
    /// Without, over a network.
    Plain,
}

impl Transport {
    /// By the whole address that was asked for.
    pub fn of(address: &Uri) -> Self {
        match address.scheme_str() {
            Some("https") => Self::Secure,
            _ if address.host().is_some_and(is_this_machine) => Self::Local,
            _ => Self::Plain,
        }
    }

    /// Has browsers come over TLS from now on (RFC 6797: said over TLS only).
    pub fn promise(self, headers: &mut HeaderMap) {
        if self == Self::Secure {
            headers.insert(STRICT_TRANSPORT_SECURITY, STRICT);
        }
    }
}

/// The answer to a request that came over a network without TLS: a read is sent to the right address, and whatever
/// carries something is refused, because it must not be sent a second time either.
pub fn insecure<B>(method: &Method, address: &Uri) -> Response<Payload<B>> {
    if let (true, Some(location)) = (matches!(*method, Method::GET | Method::HEAD), secure(address)) {
        let mut response = Response::new(Payload::Empty);
        *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
        response.headers_mut().insert(LOCATION, location);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        return response;
    }
    Problem::new(StatusCode::FORBIDDEN, "https-only", "This is answered over HTTPS only").respond()
}

fn secure(address: &Uri) -> Option<HeaderValue> {
    let rest = address.path_and_query().map_or("/", |rest| rest.as_str());
    HeaderValue::try_from(format!("https://{}{rest}", address.host()?)).ok()
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> Transport {
        Transport::of(&address.parse().unwrap())
    }

    #[test]
    fn only_this_machine_is_spoken_to_without_tls() {
        for address in ["https://weir.example/", "https://localhost/", "HTTPS://weir.example/"] {
            assert_eq!(of(address), Transport::Secure, "{address}");
        }
        for address in ["http://localhost:8787/", "http://127.0.0.1/", "http://[::1]:8787/x", "http://weir.localhost/"]
        {
            assert_eq!(of(address), Transport::Local, "{address}");
        }
        for address in ["http://weir.example/", "http://localhost.weir.example/", "http://127.0.0.1.evil.test/", "/x"] {
            assert_eq!(of(address), Transport::Plain, "{address}");
        }
    }

    #[test]
    fn a_read_without_tls_is_sent_to_the_right_address_and_everything_else_is_refused() {
        let address = "http://weir.example:80/opendota/api/heroes?x=1".parse().unwrap();
        for method in [Method::GET, Method::HEAD] {
            let response = insecure::<()>(&method, &address);
            assert_eq!(response.status(), 308);
            assert_eq!(response.headers()["location"], "https://weir.example/opendota/api/heroes?x=1");
            assert_eq!(response.headers()["cache-control"], "no-store");
        }
        for method in [Method::POST, Method::OPTIONS, Method::DELETE] {
            let response = insecure::<()>(&method, &address);
            assert_eq!(
                (response.status().as_u16(), &response.headers()["cache-control"]),
                (403, &HeaderValue::from_static("no-store"))
            );
            assert!(!response.headers().contains_key("location"));
        }
        assert_eq!(insecure::<()>(&Method::GET, &"/x".parse().unwrap()).status(), 403, "no host to send it to");
    }

    #[test]
    fn the_promise_is_made_over_tls_only() {
        for (transport, promised) in [(Transport::Secure, true), (Transport::Local, false), (Transport::Plain, false)] {
            let mut headers = HeaderMap::new();
            transport.promise(&mut headers);
            assert_eq!(headers.contains_key("strict-transport-security"), promised);
        }
    }
}

//! What another Worker is answered.

use http::header::{CACHE_CONTROL, HeaderName};
use http::{HeaderValue, Response, StatusCode};
use std::time::Duration;
use weir_edge::body::Body;
use weir_edge::payload::Payload;
use weir_edge::problem::Problem;
use weir_edge::wire::{self, write_brought};
use weir_flow::ports::{Brought, Fault, PortError, Refusal};

const BROUGHT: HeaderName = HeaderName::from_static(wire::BROUGHT);

/// The response to a wish.
pub(crate) fn brought<B: From<bytes::Bytes>>(brought: Result<Brought, PortError>) -> Response<Payload<B>> {
    match brought {
        Ok(brought) => {
            let (header, body) = write_brought(brought);
            let Ok(header) = HeaderValue::try_from(header) else { return unreachable(Fault::Permanent) };
            let mut response = Response::new(body.map_or(Payload::Empty, |body| Payload::Entry(body.into())));
            response.headers_mut().insert(BROUGHT, header);
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(error) => unreachable(error.fault),
    }
}

/// The response to a report: what it leads to is done behind it.
pub(crate) fn heard() -> Response<Payload<Body>> {
    let mut response = Response::new(Payload::Empty);
    *response.status_mut() = StatusCode::ACCEPTED;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What was brought, in a word for the log.
pub(crate) fn outcome(brought: &Result<Brought, PortError>) -> &'static str {
    match brought {
        Ok(Brought::Entry(_)) => "entry",
        Ok(Brought::Absent { .. }) => "absent",
        Ok(Brought::Refused { why, .. }) => match why {
            Refusal::Budget => "over-budget",
            Refusal::Breaker => "upstream-failing",
            Refusal::Backoff => "backing-off",
            Refusal::Unreachable => "upstream-unreachable",
            Refusal::BadAnswer => "bad-upstream-answer",
            Refusal::Held => "busy",
            Refusal::Full => "full",
            Refusal::TooOld => "version-not-here",
            Refusal::OutOfReach => "out-of-reach",
        },
        Err(_) => "unavailable",
    }
}

fn unreachable<B>(fault: Fault) -> Response<Payload<B>> {
    let wait = match fault {
        Fault::Transient | Fault::NotAdopted => Duration::from_secs(1),
        Fault::Permanent => Duration::from_secs(60),
    };
    Problem::unavailable().retry_after(wait).respond()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use weir_edge::wire::read_brought;
    use weir_flow::entry::Entry;
    use weir_flow::ports::Port;
    use weir_policy::time::Timestamp;

    #[test]
    fn what_is_brought_arrives_whole() {
        let at = Timestamp::from_ms(1_763_600_000_123);
        let content_type = "application/json".to_owned();
        let entry =
            Entry { version: 7, verified_at: at, changed_at: at, content_type, body: Bytes::from_static(b"[]") };
        for sent in [Brought::Entry(entry), Brought::Absent { retry_at: at }] {
            let response = brought::<Bytes>(Ok(sent.clone()));
            assert_eq!(response.status(), StatusCode::OK);
            let header = response.headers()[BROUGHT].to_str().unwrap().to_owned();
            let body = match response.into_body() {
                Payload::Entry(body) => body,
                Payload::Empty | Payload::Text(_) => Bytes::new(),
            };
            assert_eq!(read_brought(&header, body), Some(sent));
        }
    }

    #[test]
    fn a_persistent_tier_out_of_reach_is_worth_another_try() {
        let response = brought::<Bytes>(Err(PortError::transient(Port::Persistent, "10.0.0.1 refused")));
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["retry-after"], "1");
        let Payload::Text(text) = response.into_body() else { panic!("a problem has words") };
        assert!(!text.contains("10.0.0.1"), "{text}");
    }
}

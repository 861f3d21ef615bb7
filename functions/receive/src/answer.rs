//! What the sender of a delivery is told.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use std::time::Duration;
use weir_catalog::HookScheme;
use weir_edge::payload::Payload;
use weir_edge::problem::Problem;
use weir_flow::ports::{Fault, PortError};
use weir_flow::receive::Receiving;

/// The response to a delivery, and its name for the log.
///
/// Only what is durable is acknowledged, and in the way that its provider wants.
pub(crate) fn respond<B>(
    scheme: HookScheme,
    receiving: &Result<Receiving, PortError>,
) -> (&'static str, Response<Payload<B>>) {
    match receiving {
        Ok(Receiving::Accepted) => ("accepted", acknowledged(scheme, "accepted")),
        Ok(Receiving::Duplicate) => ("duplicate", acknowledged(scheme, "duplicate")),
        Ok(Receiving::Refused) => {
            let title = "The signature does not fit";
            ("refused", Problem::new(StatusCode::UNAUTHORIZED, "bad-signature", title).respond())
        }
        Ok(Receiving::NotConfigured) => {
            let title = "No secret is set for this hook, so nothing can be verified";
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "hook-not-configured", title);
            ("not-configured", problem.retry_after(Duration::from_secs(300)).respond())
        }
        Err(error) => {
            let wait = match error.fault {
                Fault::Transient | Fault::NotAdopted => Duration::from_secs(5),
                Fault::Permanent => Duration::from_secs(60),
            };
            ("unavailable", Problem::unavailable().retry_after(wait).respond())
        }
    }
}

fn acknowledged<B>(scheme: HookScheme, status: &str) -> Response<Payload<B>> {
    let mut response = Response::new(Payload::Text(serde_json::json!({ "status": status }).to_string()));
    *response.status_mut() = match scheme {
        // Exactly this; anything else is "invalid url" to it.
        HookScheme::Tba => StatusCode::OK,
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_flow::ports::Port;

    fn told(receiving: &Result<Receiving, PortError>) -> (u16, bool, String) {
        let (_, response) = respond::<()>(HookScheme::Tba, receiving);
        assert_eq!(response.headers()["cache-control"], "no-store");
        let retry = response.headers().contains_key("retry-after");
        let status = response.status().as_u16();
        let Payload::Text(text) = response.into_body() else { panic!("every answer has words") };
        (status, retry, text)
    }

    #[test]
    fn only_what_is_durable_is_acknowledged() {
        assert_eq!(told(&Ok(Receiving::Accepted)), (200, false, r#"{"status":"accepted"}"#.into()));
        assert_eq!(told(&Ok(Receiving::Duplicate)), (200, false, r#"{"status":"duplicate"}"#.into()));
        for (receiving, status, retry, kind) in [
            (Ok(Receiving::Refused), 401, false, "bad-signature"),
            (Ok(Receiving::NotConfigured), 503, true, "hook-not-configured"),
            (Err(PortError::transient(Port::Persistent, "host 10.0.0.1")), 503, true, "unavailable"),
            (Err(PortError::permanent(Port::Persistent, "host 10.0.0.1")), 503, true, "unavailable"),
        ] {
            let (told_status, told_retry, text) = told(&receiving);
            assert_eq!((told_status, told_retry), (status, retry), "{kind}");
            assert!(text.contains(&format!("urn:weir:problem:{kind}")) && !text.contains("10.0.0.1"), "{text}");
        }
    }
}

//! What a call from another Worker wants, and whether both were built from the same project files.

use http::header::HeaderName;
use http::{Method, Request, StatusCode};
use std::time::Duration;
use weir_edge::missing::is_asked;
use weir_edge::problem::Problem;
use weir_edge::wire::{BRING, CATALOG, TELL};

/// The caller's catalog.
pub(crate) const FINGERPRINT: HeaderName = HeaderName::from_static(CATALOG);

/// What a call wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Called {
    /// An entry brought up to date.
    Bring,
    /// Something noted.
    Tell,
    /// Which secrets are missing.
    Health,
}

/// Reads a call's head. Nobody but the other Workers calls, so whatever else comes is not found.
pub(crate) fn called<B>(request: &Request<B>, fingerprint: &str) -> Result<Called, Problem> {
    if is_asked(request, fingerprint) {
        return Ok(Called::Health);
    }
    let called = match (request.method(), request.uri().path()) {
        (&Method::POST, BRING) => Called::Bring,
        (&Method::POST, TELL) => Called::Tell,
        _ => return Err(Problem::not_found()),
    };
    if request.headers().get(FINGERPRINT).is_some_and(|theirs| theirs == fingerprint) {
        return Ok(called);
    }
    let title = "The Workers were built from different project files";
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "catalog-mismatch", title);
    // A deployment replaces one Worker after the other.
    Err(problem.retry_after(Duration::from_secs(10)))
}

/// The body of a call makes no sense.
pub(crate) fn bad_call() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-call", "This is no call of another Worker")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: &str, path: &str, fingerprint: Option<&str>) -> Result<Called, u16> {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(fingerprint) = fingerprint {
            request = request.header(CATALOG, fingerprint);
        }
        let called = called(&request.body(()).unwrap(), "00ff");
        called.map_err(|problem| problem.respond::<()>().status().as_u16())
    }

    #[test]
    fn only_a_worker_with_the_same_catalog_is_answered() {
        assert_eq!(status("POST", "/bring", Some("00ff")), Ok(Called::Bring));
        assert_eq!(status("POST", "/tell", Some("00ff")), Ok(Called::Tell));
        assert_eq!(status("POST", "/bring", Some("00fe")), Err(503));
        assert_eq!(status("POST", "/bring", None), Err(503));
        assert_eq!(status("GET", "/health", Some("00ff")), Ok(Called::Health));
        assert_eq!(status("GET", "/health", Some("00fe")), Err(404));
        assert_eq!(status("GET", "/bring", Some("00ff")), Err(404));
        assert_eq!(status("POST", "/", Some("00ff")), Err(404));
        assert_eq!(status("GET", "/demo/api/players/1", None), Err(404));
    }
}

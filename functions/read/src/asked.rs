//! What a request asks of Weir.

use http::header::HeaderName;
use http::{HeaderMap, Method, Request, StatusCode};
use std::time::Duration;
use weir_catalog::{Catalog, Route, RouteError, Routes};
use weir_edge::problem::Problem;
use weir_edge::request::single;
use weir_policy::time::Timestamp;

/// The lowest version that a client will have.
pub(crate) const MIN_VERSION: HeaderName = HeaderName::from_static("weir-min-version");

/// What an entry's path knows.
pub(crate) const ENTRY_METHODS: &str = "GET, HEAD, OPTIONS";
/// What Weir's own pages know.
const OWN_METHODS: &str = "GET, HEAD";
/// More than any resource declares, with room for what clients add.
const MOST_PARAMS: usize = 100;
/// How far clocks may differ.
const SKEW: Duration = Duration::from_secs(2);

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// An entry.
    Entry {
        /// Which.
        route: Route,
        /// None older than this; 0 if the client did not say.
        min_version: u64,
    },
    /// Whether a browser's page may ask for an entry.
    Preflight,
    /// Where to begin.
    Index,
    /// How the tiers are.
    Health,
    /// What another Worker answers.
    HandOver,
    /// Nothing that there is.
    Refused(Problem),
}

impl From<Problem> for Asked {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

/// Reads a request.
pub(crate) fn asked<B>(request: &Request<B>, catalog: &Catalog, routes: &Routes, now: Timestamp) -> Asked {
    let (method, path, query) = (request.method(), request.uri().path(), request.uri().query());
    if query.is_some_and(|query| query.split('&').count() > MOST_PARAMS) {
        let problem = Problem::new(StatusCode::BAD_REQUEST, "too-many-parameters", "The query has too many parameters");
        return problem.detail(format!("At most {MOST_PARAMS} are read.")).into();
    }
    match path {
        "/" => return own(method, Asked::Index),
        "/-/health" => return own(method, Asked::Health),
        _ if path.starts_with("/hooks/") => return Asked::HandOver,
        _ => {}
    }
    let route = routes.find(catalog, path, query);
    let declared = !matches!(route, Err(RouteError::NotFound | RouteError::BadPath { .. }));
    match (method, route) {
        (&Method::GET | &Method::HEAD, Ok(route)) => entry(route, request.headers(), now),
        (&Method::GET | &Method::HEAD, Err(error)) => no_route(error).into(),
        (&Method::OPTIONS, _) if declared => Asked::Preflight,
        (_, _) if declared => Problem::method_not_allowed(ENTRY_METHODS).into(),
        (&Method::POST | &Method::PUT | &Method::PATCH | &Method::DELETE, _) => Asked::HandOver,
        _ => Problem::not_found().into(),
    }
}

/// The name of the project whose path this is, if it is any project's.
pub(crate) fn owner(path: &str) -> &str {
    path.strip_prefix('/').and_then(|rest| rest.split('/').next()).unwrap_or_default()
}

fn own(method: &Method, page: Asked) -> Asked {
    match *method {
        Method::GET | Method::HEAD => page,
        _ => Problem::method_not_allowed(OWN_METHODS).into(),
    }
}

/// Versions begin with the instant of the first one and a change takes longer than a millisecond, so none is from the
/// future. Who asks for one would make Weir ask the upstream in vain, every time.
fn entry(route: Route, headers: &HeaderMap, now: Timestamp) -> Asked {
    let value = match single(headers, &MIN_VERSION) {
        Ok(Some(value)) => value,
        Ok(None) => return Asked::Entry { route, min_version: 0 },
        Err(problem) => return problem.into(),
    };
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let latest = (now + SKEW).as_ms();
    if let Some(min_version) = digits.and_then(|text| text.parse().ok()).filter(|version| *version <= latest) {
        return Asked::Entry { route, min_version };
    }
    let title = "Weir-Min-Version is no version that exists";
    let problem = Problem::new(StatusCode::BAD_REQUEST, "bad-min-version", title);
    problem.detail("Send the number that an earlier answer had as Weir-Version.").into()
}

fn no_route(error: RouteError) -> Problem {
    let bad_query = || Problem::new(StatusCode::BAD_REQUEST, "bad-query", "A query parameter is missing or wrong");
    match error {
        RouteError::NotFound | RouteError::BadPath { .. } => Problem::not_found(),
        // What is told is declared in the project file; nothing that was sent is repeated.
        error @ (RouteError::BadQuery { .. } | RouteError::MissingQuery { .. }) => {
            bad_query().detail(error.to_string())
        }
        RouteError::TooLong => {
            Problem::new(StatusCode::URI_TOO_LONG, "uri-too-long", "The path and its query are too long")
        }
    }
}

#[cfg(test)]
#[path = "asked_tests.rs"]
pub(crate) mod tests;

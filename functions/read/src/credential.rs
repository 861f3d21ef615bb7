//! The key that a client shows to read a project that is not everybody's, and what its answers say to caches.

use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderName, VARY, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use std::time::Duration;
use weir_catalog::{Auth, Project, Resource, Slot};
use weir_edge::problem::Problem;
use weir_flow::opening::Opening;
use weir_policy::api_key::ApiKey;

/// Where a key goes for those who do not speak of bearers.
pub(crate) const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The key in a request: as a bearer, as `X-API-Key`, or where the upstream has its own credential, so that a client
/// library of the upstream's needs no change. What cannot be a key is none, and nobody is asked about it.
pub(crate) fn shown(
    project: &Project,
    resource: &Resource,
    header: impl Fn(&str) -> Option<String>,
    query: Option<&str>,
) -> Option<ApiKey> {
    let bearer = || header(AUTHORIZATION.as_str()).and_then(|value| ApiKey::parse(bearer_token(&value)?));
    let own = || header(X_API_KEY.as_str()).and_then(|value| ApiKey::parse(&value));
    let upstreams = || match slot(project, resource)? {
        Slot::Query(name) => {
            query?.split('&').find_map(|pair| ApiKey::parse(pair.strip_prefix(name)?.strip_prefix('=')?))
        }
        Slot::Header(name) => header(name).and_then(|value| ApiKey::parse(&value)),
        Slot::Bearer => None,
    };
    bearer().or_else(own).or_else(upstreams)
}

/// Lets in who may be let in.
pub(crate) fn let_in(opening: Opening) -> Result<(), Problem> {
    match opening {
        Opening::Open => Ok(()),
        Opening::NoKey => Err(key_required()),
        Opening::LacksScope => {
            let challenge =
                HeaderValue::from_static("Bearer realm=\"weir\", error=\"insufficient_scope\", scope=\"read\"");
            let problem = Problem::new(StatusCode::FORBIDDEN, "key-lacks-scope", "Your key is not for reading");
            Err(problem.header(WWW_AUTHENTICATE, challenge))
        }
        Opening::OutOfReach => Err(Problem::unavailable().retry_after(Duration::from_secs(5))),
    }
}

/// The same for no key, a mistyped, an unknown, another project's, an expired and a revoked one: which of them it is
/// helps only those who try keys out.
pub(crate) fn key_required() -> Problem {
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "key-required", "This project is read with a valid key only");
    let problem = problem.header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"weir\""));
    problem.detail("Send it as Authorization: Bearer, as X-API-Key, or where you send the upstream's own.")
}

/// Nobody but the client's own cache may keep an answer, and that only for requests with the same key.
pub(crate) fn keep_private(headers: &mut HeaderMap, project: &Project, resource: &Resource) {
    let said = headers.get(CACHE_CONTROL).and_then(|value| value.to_str().ok());
    let private = said.and_then(|said| HeaderValue::try_from(format!("private{}", said.strip_prefix("public")?)).ok());
    if let Some(private) = private {
        headers.insert(CACHE_CONTROL, private);
    }
    headers.append(VARY, HeaderValue::from_static("Authorization, X-API-Key"));
    if let Some(Slot::Header(name)) = slot(project, resource)
        && let Ok(name) = HeaderValue::try_from(name)
    {
        headers.append(VARY, name);
    }
}

/// RFC 9110 §11.1: the scheme's case does not matter.
fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn slot<'p>(project: &'p Project, resource: &Resource) -> Option<&'p Slot> {
    let Auth { slot, .. } = project.upstreams.get(resource.upstream)?.auth.as_ref()?;
    Some(slot)
}

#[cfg(test)]
#[path = "credential_tests.rs"]
mod tests;

//! An entry as a response: status, validators, how long it may be used, and where it came from.

use crate::cache_status::{Source, cache_status};
use crate::validators::{etag, http_date, is_held};
use http::header::{AGE, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, LAST_MODIFIED, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use std::time::Duration;
use weir_edge::payload::Payload;
use weir_flow::answer::{Served, Step};
use weir_policy::freshness::Rule;

/// Which version an answer is; a client that must not go back sends it as `Weir-Min-Version`.
pub(crate) const VERSION: HeaderName = HeaderName::from_static("weir-version");
/// RFC 9211.
pub(crate) const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The response that serves an entry: all of it, its headers only, or word that the client's copy is this very version.
pub(crate) fn respond<B, R>(
    served: Served<B>,
    trail: &[Step],
    rule: Rule,
    request: &Request<R>,
    took: Duration,
) -> Response<Payload<B>> {
    let Served { entry, age, freshness: _, tier, outdated } = served;
    let tag = etag(entry.version);
    let held = is_held(request.headers(), &tag, entry.changed_at);
    let mut headers = HeaderMap::with_capacity(16);
    let mut set = |name, value: String| {
        // What Weir writes is fit for a header; of what an upstream sent, that which is not is left out.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    set(ETAG, tag);
    set(LAST_MODIFIED, http_date(entry.changed_at));
    set(AGE, age.as_secs().to_string());
    set(CACHE_CONTROL, if outdated { "no-store".to_owned() } else { cache_control(rule) });
    set(VERSION, entry.version.to_string());
    let source = Source { tier, ttl_secs: secs(rule.ttl) - secs(age), outdated };
    set(CACHE_STATUS, cache_status(trail, Some(source)));
    set(SERVER_TIMING, format!("weir;dur={}", took.as_millis()));
    if !held {
        set(CONTENT_TYPE, entry.content_type);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let payload = if held || request.method() == Method::HEAD { Payload::Empty } else { Payload::Entry(entry.body) };
    let mut response = Response::new(payload);
    *response.status_mut() = if held { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    *response.headers_mut() = headers;
    response
}

/// RFC 9111 and 5861. The spans are whole ones: what is left of them follows from `Age`, which every cache subtracts.
fn cache_control(rule: Rule) -> String {
    let (ttl, grace) = (rule.ttl.as_secs(), rule.grace.as_secs());
    let kept = rule.keep.saturating_sub(rule.ttl).as_secs();
    format!("public, max-age={ttl}, stale-while-revalidate={grace}, stale-if-error={kept}")
}

fn secs(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "served_tests.rs"]
mod tests;

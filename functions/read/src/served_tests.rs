//! The headers of every kind of answer.

use super::*;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
use weir_flow::answer::{Found, Tier};
use weir_flow::entry::Entry;
use weir_policy::freshness::Freshness;
use weir_policy::time::Timestamp;

const RULE: Rule =
    Rule { ttl: Duration::from_secs(60), grace: Duration::from_secs(600), keep: Duration::from_secs(3600) };
const TRAIL: [Step; 1] = [Step { tier: Tier::Memory, found: Found::Hit }];

fn entry(age_ms: u64) -> Served<&'static str> {
    let entry = Entry {
        version: 36,
        verified_at: Timestamp::ZERO,
        changed_at: Timestamp::from_ms(784_111_777_900),
        content_type: "application/json; charset=utf-8".into(),
        body: "[1]",
    };
    let age = Duration::from_millis(age_ms);
    Served { entry, age, freshness: Freshness::Fresh, tier: Tier::Memory, outdated: false }
}

fn request(method: Method, conditions: &[(HeaderName, &str)]) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = method;
    for (name, value) in conditions {
        request.headers_mut().insert(name.clone(), HeaderValue::from_str(value).unwrap());
    }
    request
}

fn answer(served: Served<&'static str>, request: &Request<()>) -> Response<Payload<&'static str>> {
    respond(served, &TRAIL, RULE, request, Duration::from_millis(2))
}

#[test]
fn an_entry_is_served_with_everything_a_cache_needs() {
    let response = answer(entry(12_900), &request(Method::GET, &[]));
    assert_eq!((response.status().as_u16(), response.body()), (200, &Payload::Entry("[1]")));
    let headers = response.headers();
    for (name, expected) in [
        ("etag", "\"10\""),
        ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("age", "12"),
        ("cache-control", "public, max-age=60, stale-while-revalidate=600, stale-if-error=3540"),
        ("cache-status", "WeirMemory; hit; ttl=48"),
        ("server-timing", "weir;dur=2"),
        ("weir-version", "36"),
        ("content-type", "application/json; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(headers[name], expected, "{name}");
    }
}

#[test]
fn what_a_client_holds_is_not_sent_again() {
    for (name, value, status) in [
        (IF_NONE_MATCH, "\"10\"", 304),
        (IF_NONE_MATCH, "W/\"10\"", 304),
        (IF_NONE_MATCH, "\"11\"", 200),
        (IF_MODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:37 GMT", 304),
        (IF_MODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:36 GMT", 200),
    ] {
        let response = answer(entry(0), &request(Method::GET, &[(name, value)]));
        assert_eq!(response.status().as_u16(), status, "{value}");
        assert_eq!(response.body() == &Payload::Empty, status == 304, "{value}");
        let content_type = response.headers().contains_key("content-type");
        assert_eq!(content_type, status == 200, "a 304 describes nothing: {value}");
        for kept in ["etag", "cache-control", "age", "weir-version"] {
            assert!(response.headers().contains_key(kept), "{kept} of {status}");
        }
    }
}

#[test]
fn head_is_get_without_a_body() {
    let get = answer(entry(0), &request(Method::GET, &[]));
    let head = answer(entry(0), &request(Method::HEAD, &[]));
    assert_eq!((head.status(), head.headers()), (get.status(), get.headers()));
    assert_eq!(head.body(), &Payload::Empty);
}

#[test]
fn age_runs_out_of_the_span_that_is_promised() {
    let late = answer(entry(661_000), &request(Method::GET, &[]));
    assert_eq!(late.headers()["age"], "661");
    assert_eq!(late.headers()["cache-status"], "WeirMemory; hit; ttl=-601");
}

#[test]
fn an_outdated_copy_is_not_to_be_stored() {
    let outdated = Served { outdated: true, tier: Tier::Hot, ..entry(5_000) };
    let response = answer(outdated, &request(Method::GET, &[]));
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert!(response.headers()["cache-status"].to_str().unwrap().contains("detail=outdated"));
}

#[test]
fn a_content_type_that_is_no_header_is_left_out() {
    let mut odd = entry(0);
    odd.entry.content_type = "text/\nplain".into();
    assert!(!answer(odd, &request(Method::GET, &[])).headers().contains_key("content-type"));
}

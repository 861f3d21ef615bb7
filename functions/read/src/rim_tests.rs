//! Whatever is sent, the rim answers with a route or a problem, and tells nothing of what was sent or of what is inside.

use crate::asked::tests::catalog;
use crate::asked::{Asked, MIN_VERSION, asked, owner};
use crate::credential::{X_API_KEY, keep_private, key_required, shown};
use crate::gate::{ADDRESS, Client, admit, counted_as};
use http::header::{AUTHORIZATION, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, ORIGIN};
use http::{HeaderValue, Request, Response};
use proptest::prelude::*;
use serde_json::Value;
use weir_catalog::{Access, Admission, Auth, Network, Origins, Routes, Secret, Slot};
use weir_edge::payload::Payload;
use weir_edge::problem::Problem;
use weir_edge::request::begun;
use weir_edge::transport::{Transport, insecure};
use weir_policy::time::Timestamp;

const NOW: Timestamp = Timestamp::from_ms(1_763_600_000_000);
/// Stands in everything that is sent, so that an answer that repeats any of it is found out.
const MARK: &str = "s3cret";

const INJECTIONS: [&str; 10] = [
    "' or 1=1 --",
    "1; drop table weir.entries; --",
    "1%27%20union%20select%20null",
    "\\'; select pg_sleep(9)--",
    "$$; reset role; $$",
    "../../../etc/passwd",
    "%00",
    "%2e%2e%2f",
    "{{7*7}}",
    "<script>alert(1)</script>",
];

/// Every byte as `%xx`.
fn encoded(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("%{byte:02x}"))
}

/// What an attacker puts where a value belongs.
fn value() -> impl Strategy<Value = String> {
    let percent = prop::collection::vec(any::<u8>(), 0..12).prop_map(|bytes| encoded(&bytes));
    prop_oneof![
        prop::sample::select(INJECTIONS.as_slice()).prop_map(str::to_owned),
        any::<String>(),
        percent,
        "[0-9]{1,20}",
        Just(String::new()),
        Just("a".repeat(9_000)),
    ]
}

fn path() -> impl Strategy<Value = String> {
    let prefix = prop::sample::select(
        ["/demo/api/players/", "/demo/api/heroes", "/demo/", "/demo/-/", "/hooks/demo/", "/-/health", "/", "//", ""]
            .as_slice(),
    );
    (prefix, value()).prop_map(|(prefix, value)| format!("{prefix}{value}"))
}

fn query() -> impl Strategy<Value = String> {
    let name = prop::sample::select(["limit", "api_key", "lim%69t", "", "x"].as_slice());
    let pair = (name, value()).prop_map(|(name, value)| format!("{name}={value}"));
    prop_oneof![
        4 => prop::collection::vec(pair, 0..4).prop_map(|pairs| pairs.join("&")),
        1 => (90..120_usize).prop_map(|count| vec!["limit=1"; count].join("&")),
    ]
}

fn method() -> impl Strategy<Value = String> {
    let known = prop::sample::select(
        ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "CONNECT", "get", ""].as_slice(),
    );
    prop_oneof![5 => known.prop_map(str::to_owned), 1 => any::<String>()]
}

fn headers() -> impl Strategy<Value = Vec<(HeaderName, Vec<u8>)>> {
    let names = vec![MIN_VERSION, ADDRESS, IF_NONE_MATCH, IF_MODIFIED_SINCE, ORIGIN, AUTHORIZATION, X_API_KEY];
    let value = prop_oneof![prop::collection::vec(any::<u8>(), 0..20), value().prop_map(String::into_bytes)];
    prop::collection::vec((prop::sample::select(names), value), 0..6)
}

/// The request as the platform would hand it over, and what the rim makes of it.
fn answer(method: &str, address: &str, headers: &[(HeaderName, Vec<u8>)]) -> Result<(), TestCaseError> {
    let mut request: Request<()> = match begun(method, address) {
        Ok(request) => request,
        Err(problem) => return is_problem(problem),
    };
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            request.headers_mut().append(name, value);
        }
    }
    let transport = Transport::of(request.uri());
    if transport == Transport::Plain {
        return is_answer(insecure::<()>(request.method(), request.uri()));
    }
    let mut catalog = catalog();
    let networks = vec![Network { address: "10.0.0.0".parse().unwrap(), prefix: 8 }];
    let origins = Origins::Only(vec!["https://fans.example".into()]);
    catalog.projects[0].admission = Admission { networks, origins: origins.clone(), rate_limit: None };
    let secret = Secret { name: "API_KEY".into(), optional: true };
    catalog.projects[0].upstreams[0].auth = Some(Auth { slot: Slot::Query("api_key".into()), secret });
    catalog.projects[0].access = Access::Key;
    let _name: &str = owner(request.uri().path());
    match asked(&request, &catalog, &Routes::new(&catalog, &["demo"]), NOW) {
        Asked::Entry { route, min_version } => {
            let (project, client) = (&catalog.projects[route.project], Client::of(request.headers(), transport));
            prop_assert!(route.key.as_str().starts_with("demo/api/") && min_version <= NOW.as_ms() + 2_000);
            prop_assert!(counted_as(project, client).starts_with("demo "));
            admit(project, client).map_or_else(is_problem, Ok)?;
            let sent = |name: &str| Some(request.headers().get(name)?.to_str().ok()?.to_owned());
            let resource = &project.resources[route.resource];
            prop_assert_eq!(shown(project, resource, sent, request.uri().query()), None, "nobody guesses a key");
            let mut refused = key_required().respond::<()>();
            keep_private(refused.headers_mut(), project, resource);
            is_answer(refused)?;
        }
        Asked::Preflight | Asked::Index | Asked::Health | Asked::HandOver => {}
        Asked::Refused(problem) => is_problem(problem)?,
    }
    let mut opened = http::HeaderMap::new();
    crate::cors::open(&mut opened, &origins, request.headers());
    prop_assert!(
        !opened.contains_key("access-control-allow-credentials"),
        "a key is shown by the page, never by the browser"
    );
    let allowed = opened.get("access-control-allow-origin");
    prop_assert!(allowed.is_none_or(|origin| origin == "https://fans.example"), "{allowed:?}");
    Ok(())
}

fn is_problem(problem: Problem) -> Result<(), TestCaseError> {
    let kind = problem.kind();
    let response = problem.respond::<()>();
    let status = response.status().as_u16();
    prop_assert!(matches!(status, 400 | 403 | 404 | 405 | 414), "{status} {kind}");
    is_answer(response)
}

/// A problem document of its status, or a redirect; never to be stored, and with no word of what was sent.
fn is_answer(response: Response<Payload<()>>) -> Result<(), TestCaseError> {
    prop_assert_eq!(&response.headers()["cache-control"], "no-store");
    let status = response.status().as_u16();
    let Payload::Text(text) = response.into_body() else {
        prop_assert_eq!(status, 308);
        return Ok(());
    };
    let document: Value = serde_json::from_str(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(&document["status"], &Value::from(status));
    let kind = document["type"].as_str().unwrap_or_default();
    prop_assert!(kind.strip_prefix("urn:weir:problem:").is_some_and(|kind| !kind.is_empty()), "{kind}");
    let inner = [MARK, "weir.", "postgres", "select", "script", "passwd", ".rs"];
    prop_assert!(inner.iter().all(|word| !text.contains(word)), "{text}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_is_sent_there_is_a_route_or_a_problem_and_no_inner_text(
        method in method(),
        origin in prop::sample::select(["https://weir.example", "http://weir.example", "http://127.0.0.1:8787", ""].as_slice()),
        path in path(),
        query in query(),
        headers in headers(),
    ) {
        let address = format!("{origin}{path}?{query}&{MARK}={MARK}");
        answer(&method, &address, &headers)?;
    }

    #[test]
    fn bytes_of_any_kind_in_a_path_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let raw = String::from_utf8_lossy(&bytes);
        for path in [&*raw, &encoded(&bytes)] {
            for prefix in ["https://weir.example/", "https://weir.example/demo/api/players/"] {
                answer("GET", &format!("{prefix}{path}"), &[])?;
            }
        }
    }
}

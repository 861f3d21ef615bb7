//! Whatever is sent, the rim answers with a hook or a problem, and tells nothing of what was sent or of what is inside.

use crate::target::tests::project;
use crate::target::{TBA_HMAC, signature, target};
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, HeaderName};
use proptest::prelude::*;
use weir_edge::payload::Payload;
use weir_edge::problem::Problem;
use weir_edge::request::{Head, begun, bounded};

/// Stands in everything that is sent, so that an answer that repeats any of it is found out.
const MARK: &str = "s3cret";

const INJECTIONS: [&str; 8] = [
    "' or 1=1 --",
    "played'; drop table weir.deliveries; --",
    "%27%3Bselect%20pg_sleep%289%29",
    "$$; reset role; $$",
    "../played",
    "%00",
    "played%2f..",
    "<script>alert(1)</script>",
];

/// Every byte as `%xx`.
fn encoded(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("%{byte:02x}"))
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(INJECTIONS.as_slice()).prop_map(str::to_owned),
        any::<String>(),
        prop::collection::vec(any::<u8>(), 0..12).prop_map(|bytes| encoded(&bytes)),
        "[0-9]{1,24}",
        "[0-9a-f]{64}",
        Just("played".to_owned()),
        Just(String::new()),
        Just("a".repeat(9_000)),
    ]
}

fn path() -> impl Strategy<Value = String> {
    let prefix = prop::sample::select(["/hooks/demo/", "/hooks/", "/hooks", "/demo/", "/", ""].as_slice());
    (prefix, value()).prop_map(|(prefix, value)| format!("{prefix}{value}"))
}

fn method() -> impl Strategy<Value = String> {
    let known = prop::sample::select(["POST", "GET", "HEAD", "PUT", "DELETE", "PURGE", "post", ""].as_slice());
    prop_oneof![5 => known.prop_map(str::to_owned), 1 => any::<String>()]
}

fn headers() -> impl Strategy<Value = Vec<(HeaderName, Vec<u8>)>> {
    let value = prop_oneof![prop::collection::vec(any::<u8>(), 0..20), value().prop_map(String::into_bytes)];
    prop::collection::vec((prop::sample::select(vec![TBA_HMAC, CONTENT_LENGTH]), value), 0..4)
}

fn is_problem(problem: Problem) -> Result<(), TestCaseError> {
    let response = problem.respond::<()>();
    let status = response.status().as_u16();
    prop_assert!(matches!(status, 400 | 404 | 405 | 413 | 414 | 431), "{status}");
    prop_assert_eq!(&response.headers()["cache-control"], "no-store");
    prop_assert_eq!(&response.headers()["content-type"], "application/problem+json");
    let Payload::Text(text) = response.into_body() else { return Err(TestCaseError::fail("a problem has words")) };
    let document: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(&document["status"], &serde_json::Value::from(status));
    let inner = [MARK, "weir.", "postgres", "select", "drop", "script", ".rs"];
    prop_assert!(inner.iter().all(|word| !text.contains(word)), "{text}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_is_sent_there_is_a_hook_or_a_problem_and_no_inner_text(
        method in method(), path in path(), headers in headers(), head in (0..120_u32, 0..40_000_u32),
    ) {
        let address = format!("https://weir.example{path}?{MARK}={MARK}");
        let project = project();
        let request = bounded(Head { headers: head.0, bytes: head.1 }).and_then(|()| begun(&method, &address)).map(|mut request| {
            for (name, value) in &headers {
                if let Ok(value) = HeaderValue::from_bytes(value) {
                    request.headers_mut().append(name, value);
                }
            }
            request
        });
        match request {
            Err(problem) => is_problem(problem)?,
            Ok(request) => match target(&request, |name| (name == "demo").then_some(&project)) {
                Err(problem) => is_problem(problem)?,
                Ok((_, hook)) => {
                    prop_assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/hooks/demo/played"));
                    prop_assert!(signature(hook, &request).is_none_or(|signature| !signature.contains(',')));
                }
            },
        }
    }
}

//! Which request is answered by whom, and how the others are refused.

use super::*;
use weir_catalog::{Access, Admission, Expected, Param, Project, QueryParam, Resource, Upstream};
use weir_edge::payload::Payload;

const NOW: Timestamp = Timestamp::from_ms(1_763_600_000_000);

pub(crate) fn resource(name: &str, path: &str) -> Resource {
    let number = Expected::Number { max: 1000 };
    let params =
        if path.contains("{id}") { vec![Param { name: "id".into(), expected: number.clone() }] } else { vec![] };
    Resource {
        name: name.into(),
        upstream: 0,
        path: path.into(),
        params,
        query: vec![QueryParam { name: "limit".into(), expected: number, required: false, repeated: false }],
        ttl: Duration::from_secs(60),
        grace: Duration::from_secs(600),
        keep: Duration::from_secs(3600),
        refresh: None,
        expect: vec![],
        unless: vec![],
        never_empty: false,
        ignore: vec![],
        drop: vec![],
        track: vec![],
        admit_second: false,
        max_entries: 10,
        history: Duration::ZERO,
    }
}

pub(crate) fn catalog() -> Catalog {
    let upstream = Upstream {
        name: "api".into(),
        base_url: "https://api.example".into(),
        mount: "/api".into(),
        auth: None,
        budget: vec![],
        reserve_percent: 0,
        timeout: Duration::from_secs(5),
        max_bytes: 1000,
    };
    let project = Project {
        name: "demo".into(),
        description: "A demo".into(),
        access: Access::Public,
        admission: Admission::default(),
        board_shards: 1,
        upstreams: vec![upstream],
        resources: vec![resource("heroes", "/heroes"), resource("player", "/players/{id}")],
        hooks: vec![],
    };
    Catalog { projects: vec![project] }
}

fn ask(method: &str, uri: &str, min_version: Option<&str>) -> Asked {
    let catalog = catalog();
    let routes = Routes::new(&catalog, &["demo"]);
    let mut request = Request::builder().method(method).uri(uri);
    if let Some(value) = min_version {
        request = request.header(MIN_VERSION, value);
    }
    asked(&request.body(()).unwrap(), &catalog, &routes, NOW)
}

/// `GET /path`: the status of its problem and its `Allow`, or what it asks for.
fn outcome(method: &str, uri: &str) -> String {
    match ask(method, uri, None) {
        Asked::Entry { route, .. } => route.key.as_str().to_owned(),
        Asked::Preflight => "preflight".to_owned(),
        Asked::Index => "index".to_owned(),
        Asked::Health => "health".to_owned(),
        Asked::HandOver => "hand over".to_owned(),
        Asked::Refused(problem) => {
            let response = problem.respond::<()>();
            let allowed = response.headers().get("allow").map(|value| format!(" {}", value.to_str().unwrap()));
            format!("{}{}", response.status().as_u16(), allowed.unwrap_or_default())
        }
    }
}

#[test]
fn every_method_and_path_has_one_answer() {
    let long = format!("/demo/api/players/{}", "1".repeat(600));
    for (method, uri, expected) in [
        ("GET", "/demo/api/heroes", "demo/api/heroes"),
        ("HEAD", "/demo/api/heroes", "demo/api/heroes"),
        ("GET", "/demo/api/players/7?limit=2&api_key=x", "demo/api/players/7?limit=2"),
        ("GET", "/demo/api/players/x", "404"),
        ("GET", &long, "404"),
        ("GET", "/demo/api/players/7?limit=many", "400"),
        ("GET", "/demo/api/nothing", "404"),
        ("GET", "/other/api/heroes", "404"),
        ("POST", "/demo/api/heroes", "405 GET, HEAD, OPTIONS"),
        ("DELETE", "/demo/api/players/7?limit=many", "405 GET, HEAD, OPTIONS"),
        ("PURGE", "/demo/api/heroes", "405 GET, HEAD, OPTIONS"),
        ("OPTIONS", "/demo/api/heroes", "preflight"),
        ("OPTIONS", "/demo/api/nothing", "404"),
        ("PURGE", "/demo/api/nothing", "404"),
        ("POST", "/demo/-/refresh", "hand over"),
        ("PUT", "/demo/roster", "hand over"),
        ("POST", "/hooks/demo/played", "hand over"),
        ("GET", "/hooks/demo/played", "hand over"),
        ("GET", "/", "index"),
        ("HEAD", "/", "index"),
        ("POST", "/", "405 GET, HEAD"),
        ("GET", "/-/health", "health"),
        ("PUT", "/-/health", "405 GET, HEAD"),
        // What the Workers ask each other is never handed over as it is asked.
        ("GET", "/health", "404"),
        ("HEAD", "/health", "404"),
        ("POST", "/health", "hand over"),
    ] {
        assert_eq!(outcome(method, uri), expected, "{method} {uri}");
    }
}

#[test]
fn a_client_may_name_the_oldest_version_it_will_have() {
    for (value, expected) in [
        (None, Some(0)),
        (Some("1763600000000"), Some(1_763_600_000_000)),
        (Some("1763600002000"), Some(1_763_600_002_000)),
        (Some("1763600002001"), None),
        (Some("0"), Some(0)),
        (Some("-1"), None),
        (Some("+1"), None),
        (Some("1.5"), None),
        (Some("x"), None),
        (Some(""), None),
        (Some("99999999999999999999"), None),
    ] {
        let min_version = match ask("GET", "/demo/api/heroes", value) {
            Asked::Entry { min_version, .. } => Some(min_version),
            Asked::Refused(problem) => {
                assert_eq!((problem.kind(), problem.respond::<()>().status().as_u16()), ("bad-min-version", 400));
                None
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(min_version, expected, "{value:?}");
    }
}

#[test]
fn a_version_that_is_named_twice_is_none() {
    let catalog = catalog();
    let routes = Routes::new(&catalog, &["demo"]);
    let request = Request::builder().uri("/demo/api/heroes").header(MIN_VERSION, "1").header(MIN_VERSION, "1");
    let Asked::Refused(problem) = asked(&request.body(()).unwrap(), &catalog, &routes, NOW) else { panic!("refused") };
    assert_eq!((problem.kind(), problem.respond::<()>().status().as_u16()), ("doubled-header", 400));
}

#[test]
fn a_query_has_a_hundred_parameters_at_most() {
    let query = |count: usize| format!("/demo/api/heroes?{}", vec!["x=1"; count].join("&"));
    assert_eq!(outcome("GET", &query(100)), "demo/api/heroes");
    assert_eq!(outcome("GET", &query(101)), "400");
}

#[test]
fn a_path_says_whose_it_is() {
    for (path, expected) in [("/demo/api/heroes", "demo"), ("/demo", "demo"), ("/", ""), ("", ""), ("/-/health", "-")] {
        assert_eq!(owner(path), expected);
    }
}

#[test]
fn a_key_that_does_not_fit_is_too_long() {
    let Asked::Refused(problem) = Asked::from(no_route(RouteError::TooLong)) else { panic!("refused") };
    assert_eq!(problem.respond::<()>().status().as_u16(), 414);
}

#[test]
fn a_wrong_parameter_is_named_but_what_was_sent_is_not_repeated() {
    let Asked::Refused(problem) = ask("GET", "/demo/api/heroes?limit=s3cret", None) else { panic!("refused") };
    let Payload::Text(text) = problem.respond::<()>().into_body() else { panic!("a problem has words") };
    assert!(text.contains("`limit` must be a number from 0 to 1000") && !text.contains("s3cret"), "{text}");
}

//! Which requests exist, and that each has one key however it is spelt.

use super::*;
use crate::{Access, Admission, Param, Population, Refresh, Upstream};
use proptest::prelude::*;
use std::time::Duration;

const ID: Expected = Expected::Number { max: 4_294_967_295 };
const NAME: Expected = Expected::Text { min: 1, max: 40 };

fn upstream(mount: &str) -> Upstream {
    Upstream {
        name: format!("at{}", mount.replace('/', "-")),
        base_url: "https://up.example.com/v1".into(),
        mount: mount.into(),
        auth: None,
        budget: vec![],
        reserve_percent: 20,
        timeout: Duration::from_secs(5),
        max_bytes: 1_000,
    }
}

fn resource(path: &str, upstream: usize, params: &[(&str, Expected)], query: Vec<QueryParam>) -> Resource {
    let every = Duration::from_secs(3_600);
    let params = params.iter().map(|(name, expected)| Param { name: (*name).into(), expected: expected.clone() });
    let params: Vec<Param> = params.collect();
    Resource {
        name: path.trim_start_matches('/').replace('/', "-"),
        upstream,
        path: path.into(),
        query,
        ttl: Duration::from_secs(60),
        grace: Duration::ZERO,
        keep: Duration::from_secs(60),
        refresh: params.is_empty().then_some(Refresh { every, of: Population::All }),
        params,
        expect: vec![],
        unless: vec![],
        never_empty: false,
        ignore: vec![],
        drop: vec![],
        track: vec![],
        admit_second: false,
        max_entries: 100,
        history: Duration::ZERO,
    }
}

fn query(name: &str, expected: Expected, required: bool, repeated: bool) -> QueryParam {
    QueryParam { name: name.into(), expected, required, repeated }
}

/// Two projects; the first has one upstream below `/api` and one at its root.
fn catalog() -> Catalog {
    let filters =
        vec![query("hero", ID, false, false), query("limit", ID, false, false), query("with", ID, false, true)];
    let project = |name: &str, resources| Project {
        name: name.into(),
        description: String::new(),
        access: Access::Public,
        admission: Admission::default(),
        board_shards: 1,
        upstreams: vec![upstream("/api"), upstream("")],
        resources,
        hooks: vec![],
    };
    let resources = vec![
        resource("/players/{id}", 0, &[("id", ID)], vec![]),
        resource("/players/{player}/matches", 0, &[("player", ID)], filters),
        resource("/search", 0, &[], vec![query("q", NAME, true, false)]),
        resource("/clubs/{club}", 1, &[("club", NAME)], vec![query("a b", NAME, false, false)]),
        resource("/clubs/all", 1, &[], vec![]),
    ];
    let other = vec![resource("/players/{id}", 0, &[("id", ID)], vec![])];
    Catalog { projects: vec![project("demo", resources), project("other", other)] }
}

fn find(path: &str, query: Option<&str>) -> Result<Route, RouteError> {
    let catalog = catalog();
    Routes::new(&catalog, &["demo"]).find(&catalog, path, query)
}

/// The key of a path with its query, as a client would write it.
fn key(request: &str) -> Result<String, RouteError> {
    let (path, query) = request.split_once('?').map_or((request, None), |(path, query)| (path, Some(query)));
    find(path, query).map(|route| route.key.to_string())
}

fn bad_query(param: &str, reason: &str) -> RouteError {
    RouteError::BadQuery { param: param.into(), reason: reason.into() }
}

#[test]
fn requests_of_one_meaning_have_one_key() {
    for (request, expected) in [
        ("/demo/api/players/1", "demo/api/players/1"),
        ("/demo/api/players/%31", "demo/api/players/1"),
        ("/demo/%61pi/players/1", "demo/api/players/1"),
        ("/demo/api/players/1?", "demo/api/players/1"),
        ("/demo/api/players/1?limit=5&api_key=d34db33f", "demo/api/players/1"),
        ("/demo/api/players/1/matches?limit=5&hero=9", "demo/api/players/1/matches?hero=9&limit=5"),
        ("/demo/api/players/1/matches?&&api_key=x&limi%74=%35&hero=&=&%FF=1", "demo/api/players/1/matches?limit=5"),
        ("/demo/api/players/1/matches?hero&limit=", "demo/api/players/1/matches"),
        ("/demo/api/players/1/matches?hero=&hero=9", "demo/api/players/1/matches?hero=9"),
        (
            "/demo/api/players/1/matches?with=9&limit=1&with=10&with=9",
            "demo/api/players/1/matches?limit=1&with=10&with=9",
        ),
        ("/demo/api/search?q=a+b%20c", "demo/api/search?q=a%20b%20c"),
        ("/demo/api/search?q=a%2Bb", "demo/api/search?q=a%2Bb"),
        ("/demo/api/search?q=a=b", "demo/api/search?q=a%3Db"),
        ("/demo/clubs/F%c3%a5-B%C3%A5", "demo/clubs/F%C3%A5-B%C3%A5"),
        ("/demo/clubs/FåB", "demo/clubs/F%C3%A5B"),
        ("/demo/clubs/a+b", "demo/clubs/a%2Bb"),
        ("/demo/clubs/all", "demo/clubs/all"),
        ("/demo/clubs/allies?a+b=1", "demo/clubs/allies?a%20b=1"),
        ("/demo/clubs/...", "demo/clubs/..."),
    ] {
        assert_eq!(key(request).as_deref(), Ok(expected), "{request}");
    }
}

#[test]
fn paths_that_were_not_declared_do_not_exist() {
    for path in [
        "",
        "/",
        "//",
        "demo/api/players/1",
        "/demo",
        "/demo/api",
        "/demo/api/players",
        "/demo/api/players/",
        "/demo/api/players/1/",
        "/demo//api/players/1",
        "//demo/api/players/1",
        "/demo/api/players/1/matches/2",
        "/demo/api/players/1%2Fmatches",
        "/demo/api%2Fplayers/1",
        "/demo/api/players/%",
        "/demo/api/players/%FF",
        "/demo/players/1",
        "/demo/api/./players/1",
        "/Demo/api/players/1",
        "/demo/clubs/a%2fb",
        "/demo/clubs/",
        "/other/api/players/1",
        "/demo/api/players/{id}/x",
    ] {
        assert_eq!(find(path, None), Err(RouteError::NotFound), "{path}");
    }
}

#[test]
fn no_pattern_reaches_weirs_own_paths() {
    let mut catalog = catalog();
    catalog.projects[0].resources = vec![resource("/{a}/{b}", 1, &[("a", NAME), ("b", NAME)], vec![])];
    let routes = Routes::new(&catalog, &["demo"]);
    assert!(routes.find(&catalog, "/demo/--/entries", None).is_ok());
    for path in ["/demo/-/entries", "/demo/%2D/entries"] {
        assert_eq!(routes.find(&catalog, path, None), Err(RouteError::NotFound), "{path}");
    }
    assert_eq!(catalog.projects[0].key(0, &[("a", "-"), ("b", "entries")]), None);
}

#[test]
fn a_value_that_cannot_exist_is_told_from_a_path_that_does_not() {
    for (path, param) in [
        ("/demo/api/players/4294967296", "id"),
        ("/demo/api/players/01", "id"),
        ("/demo/api/players/-1", "id"),
        ("/demo/api/players/{id}", "id"),
        ("/demo/api/players/me/matches", "player"),
        ("/demo/clubs/.", "club"),
        ("/demo/clubs/..", "club"),
        ("/demo/clubs/%2e%2E", "club"),
        ("/demo/clubs/a%00b", "club"),
        ("/demo/clubs/a%0d%0ab", "club"),
        ("/demo/clubs/12345678901234567890123456789012345678901", "club"),
    ] {
        assert_eq!(find(path, None), Err(RouteError::BadPath { param: param.into() }), "{path}");
    }
}

#[test]
fn a_query_is_refused_with_the_parameter_that_is_wrong() {
    let number = "must be a number from 0 to 4294967295";
    for (request, error) in [
        ("/demo/api/players/1/matches?limit=x", bad_query("limit", number)),
        ("/demo/api/players/1/matches?limit=%FF", bad_query("limit", number)),
        ("/demo/api/players/1/matches?with=1&with=x", bad_query("with", number)),
        ("/demo/api/players/1/matches?limit=1&limit=2", bad_query("limit", "must appear only once")),
        ("/demo/api/players/1/matches?limit=1&hero=2&limit=1", bad_query("limit", "must appear only once")),
        ("/demo/api/search", RouteError::MissingQuery { param: "q".into() }),
        ("/demo/api/search?q=", RouteError::MissingQuery { param: "q".into() }),
        ("/demo/api/search?Q=abc", RouteError::MissingQuery { param: "q".into() }),
    ] {
        assert_eq!(key(request), Err(error), "{request}");
    }
}

#[test]
fn a_key_the_hot_tier_cannot_hold_is_too_long() {
    assert_eq!(key(&format!("/demo/api/search?q={}", "å".repeat(40))).unwrap().len(), "demo/api/search?q=".len() + 240);
    assert_eq!(key(&format!("/demo/api/search?q={}", "😀".repeat(40))), Err(RouteError::TooLong));
}

#[test]
fn only_running_projects_exist() {
    let catalog = catalog();
    let of = |running: &[&str]| {
        Routes::new(&catalog, running).find(&catalog, "/other/api/players/1", None).map(|route| route.project)
    };
    assert_eq!(of(&["other"]), Ok(1));
    assert_eq!(of(&["demo", "other", "unknown"]), Ok(1));
    assert_eq!(of(&[]), Err(RouteError::NotFound));
}

#[test]
fn a_hook_reaches_the_keys_that_requests_do_and_no_others() {
    let catalog = catalog();
    let demo = catalog.project("demo").unwrap();
    let (matches, _) = demo.resource("players-{player}-matches").unwrap();
    let key = |params: &[(&str, &str)]| demo.key(matches, params).map(|key| key.to_string());
    assert_eq!(key(&[("player", "1"), ("team", "7")]).as_deref(), Some("demo/api/players/1/matches"));
    assert_eq!(
        key(&[("with", "9"), ("player", "1"), ("with", "10")]).as_deref(),
        Some("demo/api/players/1/matches?with=10&with=9")
    );
    for wrong in
        [&[][..], &[("player", "me")], &[("player", "1/../2")], &[("player", "")], &[("player", "1"), ("limit", "x")]]
    {
        assert_eq!(key(wrong), None, "{wrong:?}");
    }
    assert_eq!(demo.key(99, &[]), None);
}

#[test]
fn static_keys_are_those_of_resources_that_are_refreshed_whole() {
    let catalog = catalog();
    let keys = catalog.projects[0].static_keys();
    // `/search` is refreshed whole in this catalog too, but has no key without `q`.
    assert_eq!(keys, [(4, Key::new("demo/clubs/all".into()).unwrap())]);
}

#[test]
fn an_upstreams_url_is_its_base_and_what_follows_the_mount() {
    let catalog = catalog();
    for (path, query, url) in [
        ("/demo/api/players/1/matches", Some("limit=5"), "https://up.example.com/v1/players/1/matches?limit=5"),
        ("/demo/clubs/F%C3%A5B", None, "https://up.example.com/v1/clubs/F%C3%A5B"),
    ] {
        let route = find(path, query).unwrap();
        let project = &catalog.projects[route.project];
        assert_eq!(project.upstream_url(&project.resources[route.resource], &route.key), url);
    }
}

/// Encodes some bytes of a value that need not be, in either case.
fn respelt(text: &str, choices: &[u8]) -> String {
    let choice = |index: usize| choices.get(index % choices.len().max(1)).copied().unwrap_or(0);
    let spell = |(index, byte): (usize, u8)| match choice(index) % 3 {
        0 if spelling::is_unreserved(byte) => char::from(byte).to_string(),
        1 => format!("%{byte:02x}"),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().enumerate().map(spell).collect()
}

proptest! {
    #[test]
    fn no_request_panics(path in any::<String>(), query in any::<Option<String>>()) {
        let _either = find(&path, query.as_deref());
        let _either = find(&format!("/demo/clubs/{path}"), query.as_deref());
        let _either = find("/demo/api/players/1/matches", Some(&format!("limit={path}&with={path}")));
    }

    #[test]
    fn a_key_is_the_request_for_itself(club in any::<String>(), text in any::<String>(), query in "[a-z=&+%0-9]{0,40}") {
        let requests = [
            (format!("/demo/clubs/{club}"), query.clone()),
            (format!("/demo/clubs/{}", respelt(&club, &[1])), format!("a+b={}", respelt(&text, &[1]))),
            ("/demo/api/search".to_owned(), format!("q={text}")),
            ("/demo/api/players/1/matches".to_owned(), format!("with={text}&{query}&with=3&limit=2")),
        ];
        for (path, query) in requests {
            if let Ok(route) = find(&path, Some(&query)) {
                prop_assert_eq!(key(&format!("/{}", route.key)), Ok(route.key.to_string()));
            }
        }
    }

    #[test]
    fn spelling_and_order_make_no_second_key(
        text in "[^/\\p{Cc}]{1,40}", choices in prop::collection::vec(any::<u8>(), 1..9), with in prop::collection::vec(any::<u32>(), 0..5),
    ) {
        prop_assume!(text != "." && text != "..");
        let path = |choices: &[u8]| key(&format!("/demo/clubs/{}", respelt(&text, choices)));
        prop_assert_eq!(path(&choices), path(&[1]));
        let query = |choices: &[u8]| key(&format!("/demo/api/search?x=1&q={}&api_key=y", respelt(&text, choices)));
        prop_assert_eq!(query(&choices), query(&[2]));
        let pairs: Vec<String> = with.iter().map(|id| format!("with={id}")).collect();
        let backwards: Vec<String> = pairs.iter().rev().cloned().chain(pairs.first().cloned()).collect();
        let matches = |pairs: &[String]| key(&format!("/demo/api/players/1/matches?{}", pairs.join("&")));
        prop_assert_eq!(matches(&pairs), matches(&backwards));
    }
}

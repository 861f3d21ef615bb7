//! Wrong requests get a problem document, and cost no tier anything.

use crate::asking::{PLAYER, nothing_untoward_was_logged};
use serde_json::Value;
use weir_e2e::{Options, Response, World};

/// Asserts that an answer is a problem document of this kind.
pub(crate) fn is_problem(answer: &Response, status: u16, kind: &str) {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (status, Some("application/problem+json")),
        "{}",
        answer.text()
    );
    let problem: Value = answer.json();
    assert_eq!(problem["type"], format!("urn:weir:problem:{kind}"), "{problem}");
    assert_eq!(problem["status"], status);
    assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_declared_does_not_exist() {
    let world = World::start(Options::default()).await;
    for path in [
        "/nothing",
        "/opendota",
        "/opendota/api",
        "/opendota/api/",
        "/opendota/api/explorer",
        "/opendota/api/players/abc",
        "/opendota/api/players/4294967296",
        "/opendota/api/players/1/",
        "/opendota/api/players/1%2Fwl",
        "/opendota/api/players//wl",
        "/other/api/players/1",
        "/hooks/opendota/other",
    ] {
        is_problem(&world.get(1, path, &[]).await, 404, "not-found");
    }
    assert_eq!(world.demo().total_calls().await, 0);
    assert_eq!(world.database().connections(), 0, "no tier is asked");
    nothing_untoward_was_logged(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_bad_parameters_and_long_paths_are_told_what_is_wrong() {
    let world = World::start(Options::default()).await;
    for method in ["POST", "PUT", "DELETE", "PATCH", "PURGE"] {
        let answer = world.request(1, method, PLAYER, &[], b"{}".to_vec()).await;
        is_problem(&answer, 405, "method-not-allowed");
        assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS"));
    }
    is_problem(&world.get(1, "/opendota/api/search?q=ab", &[]).await, 400, "bad-query");
    is_problem(&world.get(1, "/opendota/api/search", &[]).await, 400, "bad-query");
    is_problem(&world.get(1, &format!("{PLAYER}/wl?limit=x"), &[]).await, 400, "bad-query");
    let filters = (0..60).fold(String::new(), |filters, hero| filters + &format!("&with_hero_id={}", 1000 + hero));
    is_problem(&world.get(1, &format!("{PLAYER}/wl?limit=1{filters}"), &[]).await, 414, "uri-too-long");
    assert_eq!(world.demo().total_calls().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_delivery_is_refused_unread() {
    let world = World::start(Options::default()).await;
    let answer = world.post("/hooks/opendota/played", &[("x-tba-hmac", "00")], vec![b' '; 70_000]).await;
    is_problem(&answer, 413, "too-large");
    is_problem(&world.get(1, "/hooks/opendota/played", &[]).await, 405, "method-not-allowed");
    assert_eq!(world.database().connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_upstream_does_not_know_is_a_404_that_is_asked_for_once() {
    let world = World::start(Options { isolates: 2, ..Options::default() }).await;
    for isolate in [1, 2, 1, 2] {
        let answer = world.get(isolate, "/opendota/api/players/70404", &[]).await;
        assert_eq!(answer.status, 404, "{}", answer.text());
        assert!(answer.text().contains("urn:weir:problem:no-such-entry"), "{}", answer.text());
    }
    assert_eq!(world.demo().calls_of("/api.opendota.com/api/players/70404").await, 1);
}

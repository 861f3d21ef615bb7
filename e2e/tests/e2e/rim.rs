//! Who is let in, and how large and how often a request may be.

use crate::asking::{PLAYER, nothing_untoward_was_logged};
use crate::refusals::is_problem;
use weir_e2e::{CLIENT, Options, World};

/// What workerd takes for the address that was asked for, whatever the connection says.
const ASKED_FOR: &str = "mf-original-url";

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_too_often_is_told_so_and_nobody_else_is() {
    let world = World::start(Options::default()).await;
    let greedy = [(CLIENT, "203.0.113.77")];
    let mut refused = None;
    // The limiter's minute may end once while this runs; it does not end twice.
    for _ in 0..=2 * 120 {
        let answer = world.get(1, PLAYER, &greedy).await;
        assert_eq!(answer.header("ratelimit-policy"), Some("\"default\";q=120;w=60"));
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("one of 241 requests is too many");
    is_problem(&refused, 429, "too-many-requests");
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(refused.header("access-control-allow-origin"), Some("*"));
    assert_eq!(world.get(1, PLAYER, &[(CLIENT, "203.0.113.78")]).await.status, 200);
    // What is not there or not right costs no tier anything, and is not counted.
    assert_eq!(world.get(1, "/opendota/api/nothing", &greedy).await.status, 404);
    let logs = world.logs().await;
    assert!(logs.iter().all(|line| !line.to_string().contains("203.0.113.7")), "no address is logged");
    assert!(logs.iter().all(|line| !line.to_string().contains("nobody is limited")), "the limiter is bound");
    nothing_untoward_was_logged(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_may_ask_beforehand_and_read_every_answer_of_an_open_project() {
    let world = World::start(Options::default()).await;
    let page = [("origin", "https://fans.example"), ("access-control-request-method", "GET")];
    let asked = world.request(1, "OPTIONS", PLAYER, &page, Vec::new()).await;
    assert_eq!((asked.status, asked.header("access-control-allow-methods")), (204, Some("GET, HEAD, OPTIONS")));
    assert_eq!(asked.header("cache-control"), Some("no-store"));
    for answer in [asked, world.get(1, PLAYER, &page).await, world.get(1, "/opendota/api/nothing", &page).await] {
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{answer:?}");
        let exposed = answer.header("access-control-expose-headers").unwrap_or_default();
        assert!(exposed.contains("RateLimit-Policy") && exposed.contains("Weir-Version"), "{exposed}");
        assert_eq!(answer.header("vary"), None, "one answer for all pages");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_network_only_https_is_answered() {
    let world = World::start(Options::default()).await;
    let plain = [(ASKED_FOR, "http://weir.example/opendota/api/players/86745912?api_key=x")];
    let redirected = world.get(1, "/", &plain).await;
    assert_eq!((redirected.status, redirected.header("cache-control")), (308, Some("no-store")));
    assert_eq!(
        redirected.header("location"),
        Some("https://weir.example/opendota/api/players/86745912?api_key=x"),
        "{redirected:?}"
    );
    assert_eq!(redirected.header("strict-transport-security"), None);
    let hook = [(ASKED_FOR, "http://weir.example/hooks/opendota/played"), ("x-tba-hmac", "00")];
    is_problem(&world.post("/", &hook, "{}").await, 403, "https-only");
    assert_eq!(world.database().connections(), 0);
    for (method, address, status) in [
        ("GET", "https://weir.example/opendota/api/players/86745912", 200),
        ("GET", "https://weir.example/nothing", 404),
        ("POST", "https://weir.example/hooks/opendota/played", 401),
    ] {
        let answer = world.request(1, method, "/", &[(ASKED_FOR, address)], Vec::new()).await;
        assert_eq!(answer.status, status, "{address}: {}", answer.text());
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"), "{address}");
    }
    assert_eq!(world.get(1, PLAYER, &[]).await.header("strict-transport-security"), None, "http://127.0.0.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_larger_than_anybody_needs_and_doubled_headers_are_refused() {
    let world = World::start(Options::default()).await;
    is_problem(&world.get(1, &format!("{PLAYER}?x={}", "a".repeat(8_200)), &[]).await, 414, "uri-too-long");
    let many = (0..101).map(|index| format!("x-{index}")).collect::<Vec<_>>();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "1")).collect();
    let large = "a".repeat(33_000);
    is_problem(&world.get(1, PLAYER, &[("if-none-match", &large)]).await, 431, "headers-too-large");
    is_problem(&world.post("/hooks/opendota/played", &many, "{}").await, 431, "headers-too-large");
    is_problem(&world.get(1, &format!("{PLAYER}?{}", "x=1&".repeat(100)), &[]).await, 400, "too-many-parameters");
    let twice = [("weir-min-version", "1"), ("weir-min-version", "1")];
    is_problem(&world.get(1, PLAYER, &twice).await, 400, "doubled-header");
    let signatures = [("x-tba-hmac", "00"), ("x-tba-hmac", "11")];
    is_problem(&world.post("/hooks/opendota/played", &signatures, "{}").await, 400, "doubled-header");
    assert_eq!(world.demo().total_calls().await, 0);
    assert_eq!(world.database().connections(), 0, "no tier is asked");
    let tag = world.get(1, PLAYER, &[]).await.header("etag").expect("an ETag").to_owned();
    let tags = [("if-none-match", "\"other\""), ("if-none-match", &tag)];
    assert_eq!(world.get(1, PLAYER, &tags).await.status, 304, "a list may come in several headers");
    let with_body = world.request(1, "GET", PLAYER, &[], vec![b' '; 70_000]).await;
    assert_eq!(with_body.status, 200, "a read has no body: {}", with_body.text());
    nothing_untoward_was_logged(&world).await;
}

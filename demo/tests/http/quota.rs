//! Call limits: what is left, what is refused, and when it comes back.

use crate::running::{PLAYER, Running, header};
use weir_demo::Config;

const KEY: &str = "0f9c1d2e-3b4a-4c5d-8e6f-0123456789ab";

async fn limited(limit_minute: u32, limit_day: u32) -> Running {
    Running::start_with(Config { limit_minute, limit_day, ..Config::default() }).await
}

#[tokio::test]
async fn a_call_says_what_is_left_and_for_whom() {
    let demo = Running::start().await;
    let answer = demo.get(PLAYER).await;
    assert_eq!(header(&answer, "x-rate-limit-remaining-minute").as_deref(), Some("59"));
    assert_eq!(header(&answer, "x-rate-limit-remaining-day").as_deref(), Some("2999"));
    assert_eq!(header(&answer, "x-ip-address").as_deref(), Some("127.0.0.1"));
    assert_eq!(header(&answer, "content-type").as_deref(), Some("application/json; charset=utf-8"));
}

#[tokio::test]
async fn the_minute_limit_refuses_until_the_minute_ends() {
    let demo = limited(2, 3_000).await;
    assert_eq!([demo.status(PLAYER).await, demo.status(PLAYER).await], [200, 200]);
    let refused = demo.get(PLAYER).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(header(&refused, "x-rate-limit-remaining-minute").as_deref(), Some("-1"));
    assert_eq!(refused.text().await.unwrap(), r#"{"error":"minute rate limit exceeded"}"#);
    demo.advance(23).await;
    assert_eq!(demo.status(PLAYER).await, 429);
    demo.advance(1).await;
    assert_eq!(demo.status(PLAYER).await, 200);
}

#[tokio::test]
async fn the_daily_limit_refuses_until_the_day_ends() {
    let demo = limited(60, 1).await;
    assert_eq!(demo.status(PLAYER).await, 200);
    demo.advance(60).await;
    let refused = demo.get(PLAYER).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.text().await.unwrap(), r#"{"error":"daily api limit exceeded"}"#);
    demo.advance(86_400).await;
    assert_eq!(demo.status(PLAYER).await, 200);
}

#[tokio::test]
async fn what_is_not_found_is_not_billed_and_what_is_not_modified_is() {
    let demo = limited(2, 3_000).await;
    for _ in 0..3 {
        assert_eq!(demo.status("/api.opendota.com/api/players/1404").await, 404);
    }
    let etag = header(&demo.get(PLAYER).await, "etag").unwrap();
    let unchanged = demo.request("GET", PLAYER).header("if-none-match", etag).send().await.unwrap();
    assert_eq!(unchanged.status(), 304);
    assert_eq!(header(&unchanged, "x-rate-limit-remaining-minute").as_deref(), Some("0"));
}

#[tokio::test]
async fn a_key_raises_the_minute_limit_and_lifts_the_daily_one() {
    let demo = limited(1, 1).await;
    let by_query = demo.get(&format!("{PLAYER}?api_key={KEY}")).await;
    assert_eq!(header(&by_query, "x-rate-limit-remaining-minute").as_deref(), Some("299"));
    assert_eq!(header(&by_query, "x-rate-limit-remaining-day"), None);
    let by_header = demo.request("GET", PLAYER).bearer_auth(KEY).send().await.unwrap();
    assert_eq!(header(&by_header, "x-rate-limit-remaining-minute").as_deref(), Some("298"));
    assert_eq!(demo.status(PLAYER).await, 200);
}

#[tokio::test]
async fn a_key_that_is_no_uuid_is_refused() {
    let demo = Running::start().await;
    let refused = demo.get(&format!("{PLAYER}?api_key=secret")).await;
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.text().await.unwrap(), r#"{"error":"Invalid API key format"}"#);
}

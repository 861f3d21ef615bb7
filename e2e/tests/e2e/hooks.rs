//! Webhooks as a provider sends them.

use crate::asking::{PLAYER, PLAYER_UPSTREAM, count, nothing_untoward_was_logged, player};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::path::Path;
use weir_e2e::{HOOK_SECRET, Options, World, until};

pub(crate) const HOOK: &str = "/hooks/opendota/played";
pub(crate) const PLAYED: &str = r#"{"message_type": "played", "message_data": {"account_id": 86745912}}"#;

/// The lowercase hex HMAC-SHA256 of a body.
pub(crate) fn sign(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key will do");
    mac.update(body.as_bytes());
    format!("{:x}", mac.finalize().into_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_delivery_is_accepted_once_and_refreshes_what_it_names() {
    let world = World::start(Options::default()).await;
    world.demo().set_override(PLAYER_UPSTREAM, player("before")).await;
    world.get(1, PLAYER, &[]).await;
    world.demo().set_override(PLAYER_UPSTREAM, player("after")).await;
    let signature = sign(HOOK_SECRET, PLAYED);
    let headers = [("x-tba-hmac", signature.as_str()), ("content-type", "application/json; charset=utf-8")];
    let first = world.post(HOOK, &headers, PLAYED).await;
    assert_eq!((first.status, first.text().as_str()), (200, r#"{"status":"accepted"}"#));
    assert_eq!(first.header("cache-control"), Some("no-store"));
    let second = world.post(HOOK, &headers, PLAYED).await;
    assert_eq!((second.status, second.text().as_str()), (200, r#"{"status":"duplicate"}"#));
    until("the player is fetched again", async || {
        let run = "select count(*) from weir.runs where cause = 'hook' and changed > 0 and deliveries = 1";
        (count(&world, run).await == 1).then_some(())
    })
    .await;
    assert_eq!(count(&world, "select count(*) from weir.deliveries where done_at is not null").await, 1);
    world.restart_workers().await;
    assert_eq!(world.get(1, PLAYER, &[]).await.text(), player("after"));
    nothing_untoward_was_logged(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_is_refused_counted_and_leaves_nothing_behind() {
    let world = World::start(Options::default()).await;
    let (forged, other) = (sign("guess", PLAYED), sign(HOOK_SECRET, "{}"));
    let attempts: [&[(&str, &str)]; 5] = [
        &[],
        &[("x-tba-hmac", "")],
        &[("x-tba-hmac", &forged)],
        &[("x-tba-hmac", &other)],
        &[("x-tba-checksum", "82bb620ceffa9ee31480e60b98f1881251fb68c3")],
    ];
    for headers in attempts {
        let answer = world.post(HOOK, headers, PLAYED).await;
        assert_eq!((answer.status, answer.header("content-type")), (401, Some("application/problem+json")));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    until("every refusal is counted", async || {
        let refused = "select coalesce(sum(times), 0)::bigint from weir.hook_counts where hook = 'played' and outcome = 'refused'";
        (count(&world, refused).await == 5).then_some(())
    })
    .await;
    assert_eq!(count(&world, "select count(*) from weir.deliveries").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_before_it_is_durable() {
    let world = World::start(Options::default()).await;
    let signature = sign(HOOK_SECRET, PLAYED);
    world.database().cut().await;
    let refused = world.post(HOOK, &[("x-tba-hmac", &signature)], PLAYED).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
    world.database().restore().await;
    until("a later attempt is accepted", async || {
        (world.post(HOOK, &[("x-tba-hmac", &signature)], PLAYED).await.status == 200).then_some(())
    })
    .await;
    assert_eq!(count(&world, "select count(*) from weir.deliveries").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_without_its_secret_says_so() {
    let vars = vec![("weir-receive", "OPENDOTA_HOOK_SECRET".to_owned(), None)];
    let world = World::start(Options { vars, ..Options::default() }).await;
    let signature = sign("", PLAYED);
    let answer = world.post(HOOK, &[("x-tba-hmac", &signature)], PLAYED).await;
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("urn:weir:problem:hook-not-configured"), "{}", answer.text());
    let health = world.get(1, "/-/health", &[]).await;
    let page: serde_json::Value = serde_json::from_str(&health.text()).expect("health is JSON");
    let hook = serde_json::json!({ "project": "opendota", "hook": "played", "secrets": ["OPENDOTA_HOOK_SECRET"] });
    assert_eq!(page["missing"], serde_json::json!({ "hooks": [hook], "upstreams": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_workers_ask_each_other_nobody_else_is_told() {
    let world = World::start(Options::default()).await;
    let page: serde_json::Value =
        serde_json::from_str(&world.get(1, "/-/health", &[]).await.text()).expect("health is JSON");
    assert_eq!(page["missing"], serde_json::json!({ "hooks": [], "upstreams": [] }));
    // Everybody can compute it from the project files.
    let catalog = weir_catalog::compile_dir(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../projects"))
        .expect("the project files are right");
    let fingerprint = format!("{:016x}", catalog.fingerprint());
    for method in ["GET", "HEAD", "POST", "PUT", "OPTIONS"] {
        for path in ["/health", "//health", "/hooks/health"] {
            let answer = world.request(1, method, path, &[("weir-catalog", &fingerprint)], Vec::new()).await;
            assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
        }
    }
}

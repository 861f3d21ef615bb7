//! Any one tier may be down, and reads go on: each time with Workers whose memory is empty.

use crate::asking::{PLAYER, age_by, count, nothing_untoward_was_logged, publish, served_by};
use weir_e2e::{Options, World, until};

#[tokio::test(flavor = "multi_thread")]
async fn without_the_upstream_reads_go_on_from_kv() {
    let world = World::start(Options::default()).await;
    let first = publish(&world, PLAYER).await;
    world.demo().kill();
    world.restart_workers().await;
    let answer = world.get(1, PLAYER, &[]).await;
    assert_eq!((answer.status, served_by(&answer).as_str(), answer.body), (200, "WeirKV", first.body));
    let missing = world.get(1, "/opendota/api/players/86745913", &[]).await;
    assert_eq!((missing.status, missing.header("cache-control")), (503, Some("no-store")), "{}", missing.text());
    assert!(missing.header("retry-after").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_entry_is_served_within_a_second_while_the_upstream_hangs() {
    let world = World::start(Options::default()).await;
    let first = publish(&world, PLAYER).await;
    age_by(&world, "3 days").await;
    world.demo().fault(serde_json::json!({ "kind": "hang" })).await;
    world.restart_workers().await;
    world.kv_clear().await;
    let begun = std::time::Instant::now();
    let kept = world.get(1, PLAYER, &[]).await;
    let waited = begun.elapsed();
    assert_eq!((kept.status, kept.body), (200, first.body));
    assert!(waited.as_millis() < 4_800, "it waits 0.8 s for the upstream, not its whole timeout of 5 s: {waited:?}");
    world.demo().clear_faults().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_kv_reads_go_on_from_postgres_and_kv_comes_back() {
    let world = World::start(Options::default()).await;
    let first = publish(&world, PLAYER).await;
    // Long enough ago that a version should be in KV.
    age_by(&world, "5 min").await;
    world.kv_clear().await;
    world.restart_workers().await;
    let answer = world.get(1, PLAYER, &[]).await;
    assert_eq!((answer.status, served_by(&answer).as_str(), &answer.body), (200, "WeirPostgres", &first.body));
    until("the lost board is reported", async || {
        (count(&world, "select count(*) from weir.boards where news > published").await == 1).then_some(())
    })
    .await;
    world.tick().await;
    world.restart_workers().await;
    assert_eq!(served_by(&world.get(1, PLAYER, &[]).await), "WeirPostgres", "the board names a slot that is missing");
    until("the slot comes back", async || {
        (!world.kv_list("e/opendota/api/players/86745912/").await.is_empty()).then_some(())
    })
    .await;
    world.restart_workers().await;
    let again = world.get(1, PLAYER, &[]).await;
    assert_eq!((again.status, served_by(&again).as_str(), again.body), (200, "WeirKV", first.body));
    nothing_untoward_was_logged(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_postgres_reads_go_on_from_kv_and_no_upstream_is_called() {
    let world = World::start(Options::default()).await;
    let first = publish(&world, PLAYER).await;
    world.database().cut().await;
    world.restart_workers().await;
    let answer = world.get(1, PLAYER, &[]).await;
    assert_eq!((answer.status, served_by(&answer).as_str(), answer.body), (200, "WeirKV", first.body));
    let calls = world.demo().total_calls().await;
    world.tick().await;
    let missing = world.get(1, "/opendota/api/players/86745913", &[]).await;
    assert_eq!(missing.status, 503, "{}", missing.text());
    assert_eq!(world.demo().total_calls().await, calls);
    world.database().restore().await;
    until("Postgres is believed again", async || {
        (world.get(1, "/opendota/api/players/86745913", &[]).await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_only_slots_are_left_the_newest_is_served_and_labelled() {
    let world = World::start(Options::default()).await;
    let first = publish(&world, PLAYER).await;
    // No board names the key any more, and nothing that knows can be reached.
    world.kv_put("b/opendota/0", "not a board", &serde_json::json!({})).await;
    world.database().cut().await;
    world.restart_workers().await;
    let answer = world.get(1, PLAYER, &[]).await;
    assert_eq!((answer.status, &answer.body), (200, &first.body));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(
        answer.header("cache-status").is_some_and(|status| status.contains("detail=outdated")),
        "{:?}",
        answer.headers
    );
}

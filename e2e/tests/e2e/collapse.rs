//! Many readers of one missing key.

use crate::asking::{PLAYER, PLAYER_UPSTREAM, nothing_untoward_was_logged};
use serde_json::json;
use std::sync::Arc;
use weir_e2e::{Options, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_readers_of_a_missing_key_make_one_call_and_see_no_error() {
    let world = Arc::new(World::start(Options { isolates: 3, ..Options::default() }).await);
    world.demo().fault(json!({ "kind": "latency", "ms": 300 })).await;
    let mut readers = tokio::task::JoinSet::new();
    for reader in 0..1000_u16 {
        let world = world.clone();
        readers.spawn(async move { world.get(u8::try_from(reader % 3).unwrap_or_default() + 1, PLAYER, &[]).await });
    }
    let answers = readers.join_all().await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == answers[0].body));
    assert_eq!(world.demo().calls_of(PLAYER_UPSTREAM).await, 1);
    // Two for each of four isolates.
    assert!(world.database().most_connections() <= 8, "{} connections", world.database().most_connections());
    nothing_untoward_was_logged(&world).await;
}

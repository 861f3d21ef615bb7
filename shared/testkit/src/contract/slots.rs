//! W2: which slots the hot tier is owed.

use super::World;
use super::stage::{Stage, stage};
use weir_catalog::Key;
use weir_flow::entry::Entry;
use weir_flow::ports::Publishing;

pub async fn a_new_version_is_owed_until_it_is_put<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    stage.lease(&stage.key(2)).await;
    let version = stage.keep(&key, "[7]").await;
    let entry = stage.entry(&key).await.expect("kept");
    assert_eq!(owed(&stage, 10).await, [(key.clone(), entry)]);
    put(&stage, &key, version).await;
    assert_eq!(owed(&stage, 10).await, []);
    let version = stage.keep(&key, "[8]").await;
    assert_eq!(owed(&stage, 10).await.len(), 1);
    put(&stage, &key, version).await;
    assert_eq!(owed(&stage, 10).await, []);
}

pub async fn an_older_slot_does_not_pay_for_a_newer<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    let first = stage.keep(&key, "[7]").await;
    let second = stage.keep(&key, "[8]").await;
    put(&stage, &key, first).await;
    assert_eq!(owed(&stage, 10).await.len(), 1);
    put(&stage, &key, second).await;
    // Word of the older put comes late.
    put(&stage, &key, first).await;
    assert_eq!(owed(&stage, 10).await, []);
}

pub async fn a_lost_slot_is_owed_again<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    let version = stage.keep(&key, "[7]").await;
    put(&stage, &key, version).await;
    world.refresh().slot_lost(&key, version - 1).await.expect("noting a lost slot");
    assert_eq!(owed(&stage, 10).await, []);
    world.refresh().slot_lost(&key, version).await.expect("noting a lost slot");
    assert_eq!(owed(&stage, 10).await.len(), 1);
    put(&stage, &key, version).await;
    assert_eq!(owed(&stage, 10).await, []);
}

pub async fn no_more_is_owed_than_asked_for<W: World>(world: &W) {
    let stage = stage(world).await;
    for id in 0..4 {
        stage.keep(&stage.key(id), "[7]").await;
    }
    assert_eq!(owed(&stage, 3).await.len(), 3);
    let paid: Vec<(Key, u64)> = owed(&stage, 3).await.into_iter().map(|(key, entry)| (key, entry.version)).collect();
    world.refresh().slots_put(stage.name(), &paid).await.expect("noting slots");
    assert_eq!(owed(&stage, 3).await.len(), 1);
}

async fn owed<W: World>(stage: &Stage<'_, W>, limit: u32) -> Vec<(Key, Entry)> {
    stage.world.refresh().slots_owed(stage.name(), limit).await.expect("what is owed")
}

async fn put<W: World>(stage: &Stage<'_, W>, key: &Key, version: u64) {
    stage.world.refresh().slots_put(stage.name(), &[(key.clone(), version)]).await.expect("noting a slot");
}

//! What ticks lease.

use super::World;
use super::stage::{MINUTE, SECOND, SPAN, adopted, declared, failed, new, stage, window};
use futures_util::future::join;
use std::collections::BTreeSet;
use weir_catalog::Key;
use weir_flow::ports::{DueWanted, Leases, Save};

pub async fn a_tick_leases_what_is_due_once<W: World>(world: &W) {
    let stage = stage(world).await;
    let (due, not_yet, never) = (stage.key(1), stage.key(2), stage.key(3));
    stage.keep_due(&due, MINUTE).await;
    stage.keep(&never, "[7]").await;
    let lease = stage.lease(&not_yet).await;
    let due_at = Some(stage.now() + MINUTE);
    stage.save_one(Save { due_at, ..stage.save_of(&lease, new("[7]")) }).await;
    let leases = stage.tick(10).await;
    assert_eq!(leases.iter().map(|lease| &lease.key).collect::<Vec<_>>(), [&due]);
    assert!(leases[0].held.is_some());
    assert_eq!(stage.tick(10).await, []);
    world.advance(MINUTE).await;
    stage.later().await;
    assert_eq!(stage.tick(10).await.len(), 2);
}

pub async fn two_ticks_at_once_share_the_work<W: World>(world: &W) {
    let stage = stage(world).await;
    for id in 0..30 {
        stage.keep_due(&stage.key(id), MINUTE).await;
    }
    let (mut leases, others) = join(stage.tick(20), stage.tick(20)).await;
    leases.extend(others);
    leases.extend(stage.tick(20).await);
    let keys: BTreeSet<&Key> = leases.iter().map(|lease| &lease.key).collect();
    assert_eq!((leases.len(), keys.len()), (30, 30));
}

pub async fn a_lease_that_ran_out_is_due_again<W: World>(world: &W) {
    let stage = stage(world).await;
    stage.keep_due(&stage.key(1), MINUTE).await;
    let first = stage.tick(10).await.remove(0);
    world.advance(SPAN).await;
    stage.later().await;
    let second = stage.tick(10).await.remove(0);
    assert_eq!(first.key, second.key);
    assert_ne!(first.token, second.token);
}

pub async fn a_tick_takes_no_more_than_it_wants<W: World>(world: &W) {
    let stage = stage(world).await;
    for id in 0..5 {
        stage.keep_due(&stage.key(id), MINUTE).await;
    }
    assert_eq!(stage.tick(2).await.len(), 2);
    assert_eq!(stage.tick(0).await, []);
    assert_eq!(stage.tick(10).await.len(), 3);
}

pub async fn what_is_due_longest_comes_first<W: World>(world: &W) {
    let stage = stage(world).await;
    stage.keep_due(&stage.key(1), MINUTE).await;
    stage.keep_due(&stage.key(2), MINUTE * 3).await;
    stage.keep_due(&stage.key(3), MINUTE * 2).await;
    let keys: Vec<Key> = stage.tick(2).await.into_iter().map(|lease| lease.key).collect();
    assert_eq!(keys, [stage.key(2), stage.key(3)]);
}

pub async fn what_failed_waits_although_it_is_due<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    stage.keep(&key, "[7]").await;
    stage.later().await;
    let lease = stage.lease(&key).await;
    let retry_at = stage.now() + MINUTE;
    let due_at = Some(stage.now() - SECOND);
    stage.save_one(Save { due_at, ..stage.save_of(&lease, failed(retry_at)) }).await;
    assert_eq!(stage.tick(10).await, []);
    world.advance(MINUTE).await;
    stage.later().await;
    assert_eq!(stage.tick(10).await[0].failures, 1);
}

pub async fn each_tenant_gets_its_own<W: World>(world: &W) {
    let first = stage(world).await;
    let second = adopted(world, declared(world.project(1), vec![window(2, MINUTE)], 0)).await;
    for id in 0..3 {
        first.keep_due(&first.key(id), MINUTE).await;
    }
    second.keep_due(&second.key(0), MINUTE).await;
    // The second's other call is all it has left, and the first does not feel it.
    let wanted = [first.name(), second.name()].map(|project| DueWanted { project, upstream: "api", limit: 2 });
    let leases = world.refresh().lease_due(&wanted, SPAN).await.expect("leasing what is due");
    let of = |project: &str| leases.iter().filter(|lease| lease.key.project() == project).count();
    assert_eq!((leases.len(), of(first.name()), of(second.name())), (3, 2, 1));
}

//! Demand: what somebody wants, ticks keep fresh.

use super::World;
use super::stage::{DAY, HOUR, MINUTE, SAME, SPAN, Stage, assert_ahead, stage};
use weir_catalog::Key;
use weir_flow::ports::{LeaseWanted, Leased, Leases};
use weir_policy::time::Timestamp;

pub async fn demand_wakes_what_nobody_wanted<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    stage.keep(&key, "[7]").await;
    assert_eq!(stage.tick(10).await, []);
    let until = stage.now() + HOUR;
    demand(&stage, &[(key.clone(), until)]).await;
    let due = stage.tick(10).await;
    assert_eq!(due.iter().map(|lease| (&lease.key, lease.demanded_until)).collect::<Vec<_>>(), [(&key, until)]);
}

pub async fn demand_never_shrinks<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    stage.keep(&key, "[7]").await;
    let until = stage.now() + HOUR;
    let (more, less) = ((key.clone(), until), (key.clone(), until - MINUTE));
    demand(&stage, &[less.clone(), more, less.clone()]).await;
    demand(&stage, &[less]).await;
    assert_eq!(stage.lease(&key).await.demanded_until, until);
}

pub async fn a_shorter_demand_wakes_a_key_and_leaves_it_the_longer<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    stage.keep(&key, "[7]").await;
    demand(&stage, &[(key.clone(), stage.now() + HOUR)]).await;
    // A save may put it to sleep all the same.
    stage.refresh(&key, SAME).await;
    assert_eq!(stage.tick(10).await, []);
    demand(&stage, &[(key.clone(), stage.now() + MINUTE)]).await;
    assert_ahead(&stage, stage.tick(10).await[0].demanded_until, HOUR);
}

pub async fn demand_for_what_is_not_kept_is_nothing<W: World>(world: &W) {
    let stage = stage(world).await;
    let (unknown, asked_once) = (stage.key(1), stage.key(2));
    stage.lease(&asked_once).await;
    world.advance(SPAN * 2).await;
    demand(&stage, &[(unknown.clone(), stage.now() + HOUR), (asked_once, stage.now() + HOUR)]).await;
    demand(&stage, &[]).await;
    assert_eq!(stage.tick(10).await, []);
    assert_eq!(stage.lease(&unknown).await.demanded_until, Timestamp::ZERO);
}

pub async fn a_wish_that_needs_no_call_is_demand<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    stage.keep(&key, "[7]").await;
    let until = stage.now() + DAY;
    let wish = LeaseWanted { fresh_after: stage.now() - MINUTE, demanded_until: Some(until), ..stage.wish(&key) };
    assert!(matches!(stage.ask(&wish).await, Leased::Current(_)));
    assert_eq!(stage.lease(&key).await.demanded_until, until);
}

async fn demand<W: World>(stage: &Stage<'_, W>, wanted: &[(Key, Timestamp)]) {
    stage.world.refresh().demand(stage.name(), wanted).await.expect("demanding");
}

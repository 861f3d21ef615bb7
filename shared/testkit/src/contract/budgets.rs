//! No upstream is called more often than its budget in any window, by everyone together.

use super::World;
use super::stage::{HOUR, MINUTE, Stage, adopted, declared, window};
use std::time::Duration;
use weir_catalog::Window;
use weir_flow::ports::{LeaseWanted, Leased};
use weir_policy::time::Timestamp;

pub async fn a_client_has_the_whole_budget_and_no_more<W: World>(world: &W) {
    let stage = with_budget(world, vec![window(3, HOUR)], 50).await;
    assert_eq!(misses(&stage, 0, 5).await, 3);
    world.advance(HOUR / 2).await;
    assert_eq!(misses(&stage, 5, 2).await, 0);
    // By then every slice that any hour can touch has passed.
    world.advance(HOUR).await;
    assert_eq!(misses(&stage, 7, 5).await, 3);
}

pub async fn a_tick_leaves_the_reserve_to_clients<W: World>(world: &W) {
    let stage = with_budget(world, vec![window(100, HOUR)], 0).await;
    for id in 0..40 {
        stage.keep_due(&stage.key(id), MINUTE).await;
    }
    let stage = reduced(stage, vec![window(50, HOUR)], 10).await;
    // Forty of fifty are spent, and of each window five are the clients'.
    assert_eq!(stage.tick(100).await.len(), 5);
    assert_eq!(stage.tick(100).await, []);
    assert_eq!(misses(&stage, 100, 9).await, 5);
}

pub async fn every_window_counts<W: World>(world: &W) {
    let stage = with_budget(world, vec![window(2, MINUTE), window(3, HOUR)], 0).await;
    assert_eq!(misses(&stage, 0, 4).await, 2);
    world.advance(MINUTE * 2).await;
    assert_eq!(misses(&stage, 4, 4).await, 1);
    world.advance(MINUTE * 2).await;
    assert_eq!(misses(&stage, 8, 4).await, 0);
}

pub async fn whoever_waits_as_told_is_granted_a_call<W: World>(world: &W) {
    let stage = with_budget(world, vec![window(2, HOUR)], 0).await;
    assert_eq!(misses(&stage, 0, 1).await, 1);
    world.advance(HOUR / 2).await;
    assert_eq!(misses(&stage, 1, 1).await, 1);
    let retry_at = refused_until(&stage, 2).await;
    let wait = retry_at.since(stage.now());
    assert!(wait > HOUR / 3 && wait <= HOUR * 6 / 10, "{wait:?}");
    // A slice is the unit in which time is counted here.
    world.advance(wait + HOUR / 10).await;
    assert_eq!(misses(&stage, 3, 2).await, 1);
}

pub async fn only_calls_are_counted<W: World>(world: &W) {
    let stage = with_budget(world, vec![window(3, HOUR)], 0).await;
    let key = stage.key(1);
    stage.keep(&key, "[7]").await;
    let fresh = LeaseWanted { fresh_after: stage.now() - MINUTE, ..stage.wish(&key) };
    let held = stage.key(2);
    stage.lease(&held).await;
    for _ in 0..3 {
        assert!(matches!(stage.ask(&fresh).await, Leased::Current(_)));
        assert!(matches!(stage.ask(&stage.wish(&held)).await, Leased::Held { .. }));
        assert_eq!(stage.tick(10).await, []);
    }
    assert_eq!(misses(&stage, 10, 2).await, 1);
}

pub async fn a_changed_budget_goes_on_counting<W: World>(world: &W) {
    let stage = with_budget(world, vec![window(4, HOUR)], 0).await;
    assert_eq!(misses(&stage, 0, 3).await, 3);
    let stage = reduced(stage, vec![window(50, MINUTE), window(5, HOUR)], 0).await;
    assert_eq!(misses(&stage, 3, 4).await, 2);
}

async fn with_budget<W: World>(world: &W, budget: Vec<Window>, reserve_percent: u8) -> Stage<'_, W> {
    adopted(world, declared(world.project(0), budget, reserve_percent)).await
}

/// The same project with another budget.
async fn reduced<W: World>(mut stage: Stage<'_, W>, budget: Vec<Window>, reserve_percent: u8) -> Stage<'_, W> {
    stage.project.upstreams[0].budget = budget;
    stage.project.upstreams[0].reserve_percent = reserve_percent;
    stage.adopt().await;
    stage
}

/// How many of `count` misses, from this id on, are granted a call.
async fn misses<W: World>(stage: &Stage<'_, W>, from: u32, count: u32) -> u32 {
    let mut granted = 0;
    for id in from..from + count {
        match stage.ask(&stage.wish(&stage.key(id))).await {
            Leased::Granted(_) => granted += 1,
            Leased::OverBudget { retry_at } => assert!(retry_at.since(stage.now()) > Duration::ZERO),
            other => panic!("{other:?}"),
        }
    }
    granted
}

async fn refused_until<W: World>(stage: &Stage<'_, W>, id: u32) -> Timestamp {
    match stage.ask(&stage.wish(&stage.key(id))).await {
        Leased::OverBudget { retry_at } => retry_at,
        other => panic!("{other:?}"),
    }
}

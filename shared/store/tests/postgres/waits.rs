//! Who had to wait for a lock looks again, and nobody waits for each other.

use crate::steps::{HOUR, SECOND, adopted, keep, keys, lease, new, save, saved, wish};
use crate::world::{Postgres, connect};
use std::time::Duration;
use weir_catalog::Key;
use weir_flow::ports::{DueWanted, Keeping, LeaseWanted, Leased, Leases, Publishing, Save, Saved};
use weir_policy::time::Timestamp;
use weir_testkit::contract::World;

#[tokio::test]
async fn savers_in_opposite_order_lock_in_the_same() {
    let world = adopted().await;
    let keys = keys(&world, 0..9);
    let mut saves = Vec::new();
    for key in &keys {
        saves.push(save(&world, &lease(&world, key).await, new("[1]")));
    }
    let opposite: Vec<Save> = saves.iter().rev().cloned().collect();
    hold(&world, "weir.schedule s join weir.entries e on e.id = s.entry", &format!("e.key = '{}'", keys[4]), "s").await;
    let release = release_when_waiting(&world, "save_batch", 2);
    let (one, other, ()) = tokio::join!(saved(&world, &saves), saved(&world, &opposite), release);
    let kept = one.iter().chain(&other).filter(|saved| matches!(saved, Saved::Kept { .. })).count();
    assert_eq!(kept, 9, "{one:?} and {other:?}");
}

#[tokio::test]
async fn wishes_that_waited_find_a_missing_key_leased() {
    let world = adopted().await;
    assert_one_of_three(&world, &keys(&world, 0..1)[0], false).await;
}

#[tokio::test]
async fn wishes_that_waited_find_a_kept_key_leased() {
    let world = adopted().await;
    let key = &keys(&world, 0..1)[0];
    keep(&world, key, new("[1]")).await;
    world.advance(SECOND).await;
    assert_one_of_three(&world, key, false).await;
}

#[tokio::test]
async fn first_wishes_that_waited_find_each_other() {
    let world = adopted().await;
    assert_one_of_three(&world, &keys(&world, 0..1)[0], true).await;
}

#[tokio::test]
async fn a_builder_that_waited_finds_the_board_built() {
    let world = adopted().await;
    let project = world.project(0);
    hold(&world, "weir.boards b", &format!("b.project = '{project}'"), "b").await;
    let build = || Box::pin(async { world.refresh().board(&project, 0).await.unwrap() });
    let (one, other, ()) = tokio::join!(build(), build(), release_when_waiting(&world, "weir.board(", 2));
    assert_eq!([one, other].iter().flatten().count(), 1);
}

#[tokio::test]
async fn a_sweep_that_waited_does_not_take_anothers_rows_for_the_end() {
    let world = adopted().await;
    let key = &keys(&world, 0..1)[0];
    for body in ["[1]", "[2]", "[3]", "[4]", "[5]"] {
        keep(&world, key, new(body)).await;
    }
    world.advance(HOUR).await;
    let project = world.project(0);
    hold(&world, "weir.replaced r", &format!("r.project = '{project}'"), "r").await;
    let sweep = || Box::pin(async { world.refresh().sweep(&project, &[("thing", SECOND)], 2).await.unwrap() });
    let (one, other, ()) = tokio::join!(sweep(), sweep(), release_when_waiting(&world, "weir.sweep(", 2));
    assert_eq!((one.versions, other.versions), (2, 2));
    assert_eq!(world.refresh().swept(&[&project]).await, Ok(vec![Timestamp::ZERO]));
}

#[tokio::test]
async fn a_tick_passes_over_what_somebody_holds() {
    let world = adopted().await;
    let keys = keys(&world, 0..3);
    for key in &keys {
        let lease = lease(&world, key).await;
        let due_at = Some(world.now() - SECOND);
        saved(&world, &[Save { due_at, ..save(&world, &lease, new("[1]")) }]).await;
    }
    hold(&world, "weir.schedule s join weir.entries e on e.id = s.entry", &format!("e.key = '{}'", keys[1]), "s").await;
    let project = world.project(0);
    let wanted = [DueWanted { project: &project, upstream: "api", limit: 9 }];
    let tick = tokio::time::timeout(SECOND * 20, world.refresh().lease_due(&wanted, SECOND)).await;
    let leased: Vec<Key> = tick.expect("no wait").unwrap().into_iter().map(|lease| lease.key).collect();
    assert_eq!(leased, [keys[0].clone(), keys[2].clone()]);
    world.admin.batch_execute("rollback").await.unwrap();
}

/// Three wishes go as far as they can while somebody holds the budget; one of them is granted, or the first passes.
async fn assert_one_of_three(world: &Postgres, key: &Key, admit_second: bool) {
    hold(world, "weir.upstreams u", &format!("u.project = '{}'", world.project(0)), "u").await;
    let wish = LeaseWanted { admit_second, ..wish(world, key) };
    let ask = || Box::pin(async { world.refresh().lease(&wish).await.unwrap() });
    let (one, two, three, ()) = tokio::join!(ask(), ask(), ask(), release_when_waiting(world, "weir.lease(", 3));
    let leased = [one, two, three];
    let count = |is: fn(&Leased) -> bool| leased.iter().filter(|leased| is(leased)).count();
    assert_eq!(count(|leased| matches!(leased, Leased::Granted(_))), 1, "{leased:?}");
    assert_eq!(count(|leased| *leased == Leased::Passing), usize::from(admit_second), "{leased:?}");
}

/// Takes a row's lock and keeps it.
async fn hold(world: &Postgres, tables: &str, condition: &str, of: &str) {
    let sql = format!("begin; select from {tables} where {condition} for update of {of}");
    world.admin.batch_execute(&sql).await.unwrap();
}

/// Gives the lock back once so many calls of a function wait for one.
async fn release_when_waiting(world: &Postgres, function: &str, calls: i64) {
    let waiting = "select count(*) from pg_stat_activity
                   where datname = current_database() and wait_event_type = 'Lock' and position($1 in query) > 0";
    let watcher = connect(&world.database.config).await;
    while watcher.query_one(waiting, &[&function]).await.unwrap().get::<_, i64>(0) < calls {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    world.admin.batch_execute("commit").await.unwrap();
}

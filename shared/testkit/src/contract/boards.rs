//! W3: when a board is built, and what it says.

use super::World;
use super::stage::{
    DAY, HOUR, MINUTE, SAME, SECOND, SPAN, Stage, adopted, assert_ahead, declared, failed, granted, new, read, stage,
    window,
};
use std::time::Duration;
use weir_catalog::Key;
use weir_flow::ports::{Finding, LeaseWanted, Leases, Publishing, Save, Saved};
use weir_policy::board::ROW_BYTES;
use weir_policy::time::Timestamp;

pub async fn what_has_no_news_is_not_built<W: World>(world: &W) {
    let stage = stage(world).await;
    stage.keep(&stage.key(1), "[7]").await;
    assert!(stage.publish().await.is_some());
    assert_eq!(stage.build(0).await, None);
    // A lease and a failure are no news.
    stage.refresh(&stage.key(1), failed(stage.now())).await;
    assert_eq!(stage.build(0).await, None);
}

pub async fn a_version_is_news<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    let first = stage.keep(&key, "[7]").await;
    let built = stage.publish().await.expect("news");
    assert_eq!((built.closed.len(), built.rows.len()), (0, ROW_BYTES));
    assert_eq!(read(&built).row(key.hash()).map(|row| row.version), Some(first));
    stage.keep(&key, "[8]").await;
    let entry = stage.entry(&key).await.expect("kept");
    let next = stage.publish().await.expect("news");
    assert!(next.seq > built.seq);
    let row = read(&next).row(key.hash()).expect("on the board");
    // Seconds are what a board counts in; instants from before the publishing moved a little.
    assert_eq!((row.version, row.demanded_until), (first + 1, Timestamp::ZERO));
    assert!(entry.verified_at.since(row.verified_at) <= SECOND * 4);
    assert!(next.made_at.since(row.verified_at) < SECOND * 4 && next.made_at > row.verified_at);
}

pub async fn one_builds_at_a_time<W: World>(world: &W) {
    let stage = stage(world).await;
    stage.keep(&stage.key(1), "[7]").await;
    stage.later().await;
    let builds = futures_util::future::join_all((0..10).map(|_| stage.build(0))).await;
    assert_eq!(builds.iter().flatten().count(), 1);
}

pub async fn a_board_never_put_is_built_again<W: World>(world: &W) {
    let stage = stage(world).await;
    stage.keep(&stage.key(1), "[7]").await;
    let lost = stage.build(0).await.expect("news");
    assert_eq!(stage.build(0).await, None);
    world.advance(SECOND * 11).await;
    let built = stage.build(0).await.expect("still news");
    assert!(built.seq > lost.seq && built.rows.len() == lost.rows.len());
}

pub async fn small_gains_add_up<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    stage.keep(&key, "[7]").await;
    stage.publish().await.expect("news");
    verify(&stage, &key).await;
    assert_eq!(stage.build(0).await, None);
    // The gain before this one is on no board yet.
    verify(&stage, &key).await;
    assert!(stage.publish().await.is_some());
}

pub async fn a_large_gain_is_news<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    stage.keep(&key, "[7]").await;
    stage.publish().await.expect("news");
    world.advance(HOUR).await;
    verify(&stage, &key).await;
    let verified_at = stage.entry(&key).await.expect("kept").verified_at;
    let built = stage.build(0).await.expect("news");
    assert_eq!(read(&built).row(key.hash()).map(|row| row.verified_at.as_secs()), Some(verified_at.as_secs()));
}

pub async fn news_during_a_put_stays_news<W: World>(world: &W) {
    let stage = stage(world).await;
    stage.keep(&stage.key(1), "[7]").await;
    stage.later().await;
    let built = stage.build(0).await.expect("news");
    stage.keep(&stage.key(2), "[7]").await;
    stage.put(0, &built).await;
    let next = stage.build(0).await.expect("what came meanwhile");
    assert_eq!(read(&next).len(), 2);
    stage.put(0, &next).await;
    // A late word of the older one takes nothing back.
    stage.put(0, &built).await;
    assert_eq!(stage.build(0).await, None);
}

pub async fn demand_is_news<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    stage.keep(&key, "[7]").await;
    stage.publish().await.expect("news");
    let until = stage.now() + DAY;
    world.refresh().demand(stage.name(), &[(key.clone(), until)]).await.expect("demanding");
    let built = stage.build(0).await.expect("news");
    assert_eq!(read(&built).row(key.hash()).map(|row| row.demanded_until.as_secs()), Some(until.as_secs()));
    stage.put(0, &built).await;
    world.refresh().demand(stage.name(), &[(key, until - MINUTE)]).await.expect("demanding");
    assert_eq!(stage.build(0).await, None);
}

pub async fn what_nobody_wants_leaves_after_a_day<W: World>(world: &W) {
    let stage = stage(world).await;
    let [unwanted, due, demanded, kept] = [1, 2, 3, 4].map(|id| stage.key(id));
    stage.keep(&unwanted, "[7]").await;
    stage.keep_due(&due, MINUTE).await;
    let wish = LeaseWanted { demanded_until: Some(stage.now() + HOUR), ..stage.wish(&demanded) };
    let lease = granted(stage.ask(&wish).await);
    stage.save_one(stage.save_of(&lease, new("[7]"))).await;
    assert_eq!(read(&stage.publish().await.expect("news")).len(), 3);
    world.advance(DAY).await;
    stage.keep(&kept, "[7]").await;
    let board = read(&stage.publish().await.expect("news"));
    let covered = [&unwanted, &due, &demanded, &kept].map(|key| board.row(key.hash()).is_some());
    assert_eq!(covered, [false, true, true, true]);
}

pub async fn a_lost_board_is_built_again_once<W: World>(world: &W) {
    let stage = stage(world).await;
    let lost = async || world.refresh().board_lost(stage.name(), 0).await.expect("reporting a lost board");
    stage.keep(&stage.key(1), "[7]").await;
    let first = stage.publish().await.expect("news");
    assert!(stage.publish().await.is_none());
    // Many readers find out at once.
    lost().await;
    lost().await;
    let again = stage.publish().await.expect("it is owed again");
    assert!(again.seq > first.seq);
    assert!(stage.publish().await.is_none());
}

pub async fn an_open_breaker_is_on_it<W: World>(world: &W) {
    let stage = stage(world).await;
    stage.keep(&stage.key(1), "[7]").await;
    stage.publish().await;
    let lease = stage.lease(&stage.key(2)).await;
    let pause_until = stage.now() + MINUTE;
    let limited = Finding::Failed { reason: "429".into(), retry_at: pause_until, pause_until: Some(pause_until) };
    stage.save_one(stage.save_of(&lease, limited)).await;
    let built = stage.build(0).await.expect("that it opened is news");
    assert_eq!(built.closed, [("api".to_owned(), pause_until)]);
    assert_eq!(read(&built).paused_until("api").map(Timestamp::as_secs), Some(pause_until.as_secs()));
}

pub async fn a_shard_has_its_own_keys<W: World>(world: &W) {
    let mut project = declared(world.project(0), vec![window(100, MINUTE)], 0);
    project.board_shards = 3;
    let stage = adopted(world, project).await;
    let keys: Vec<Key> = (0..12).map(|id| stage.key(id)).collect();
    for key in &keys {
        stage.keep(key, "[7]").await;
    }
    for shard in 0..3 {
        let board = read(&stage.build(shard).await.expect("news"));
        let of_shard: Vec<&Key> = keys.iter().filter(|key| stage.shard(key) == shard).collect();
        assert!(of_shard.iter().all(|key| board.row(key.hash()).is_some()));
        assert_eq!(board.len(), of_shard.len());
    }
}

pub async fn rows_are_sorted_for_the_reader<W: World>(world: &W) {
    let stage = stage(world).await;
    let keys: Vec<Key> = (0..50).map(|id| stage.key(id)).collect();
    for key in &keys {
        stage.keep(key, "[7]").await;
    }
    let built = stage.build(0).await.expect("news");
    assert!(built.rows.chunks(ROW_BYTES).is_sorted());
    let board = read(&built);
    assert!(keys.iter().all(|key| board.row(key.hash()).is_some()));
    assert_ahead(&stage, built.made_at, Duration::ZERO);
}

/// Verifies a key a few seconds after the last time; by itself that is no news.
async fn verify<W: World>(stage: &Stage<'_, W>, key: &Key) {
    stage.world.advance(SECOND * 3).await;
    let lease = granted(stage.ask(&LeaseWanted { span: SPAN, ..stage.wish(key) }).await);
    let saved = stage.save_one(Save { news_after: MINUTE, ..stage.save_of(&lease, SAME) }).await;
    assert!(matches!(saved, Saved::Kept { changed: false, .. }), "{saved:?}");
}

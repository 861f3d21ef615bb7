//! Any one tier may be down, and reads go on.

use std::time::Duration;
use weir_flow::answer::{Answer, Found, Outcome, Tier};
use weir_flow::ports::{Refusal, Reply};
use weir_flow::reader::Setback;
use weir_policy::freshness::Freshness;
use weir_testkit::hot::Body;
use weir_testkit::projects::catalog;
use weir_testkit::upstream::Mood;
use weir_testkit::world::World;

const ONE: &str = r#"{"is":"one"}"#;
const TWO: &str = r#"{"is":"two"}"#;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A world in which `/scores` and `/live/1` are in every tier, and boards name them.
fn warm() -> World {
    let world = World::new(2, catalog());
    world.upstream.say("/scores", ONE);
    world.upstream.say("/live/1", ONE);
    world.time.block_on(async {
        world.isolate().read("/scores").await;
        world.isolate().read("/live/1").await;
        world.time.sleep(secs(1)).await;
        world.tick().await;
    });
    world
}

fn tier(answer: &Answer<Body>) -> Option<(Tier, bool)> {
    match &answer.outcome {
        Outcome::Served(served) => Some((served.tier, served.outdated)),
        Outcome::Failed(_) => None,
    }
}

#[test]
fn without_the_upstream_reads_go_on_from_the_hot_tier() {
    let world = warm();
    world.upstream.be(Mood::Saying(Reply::Broken { detail: "down".into() }));
    world.time.block_on(async {
        assert_eq!(tier(&world.isolate().read("/scores").await), Some((Tier::Hot, false)));
        world.time.sleep(secs(3600)).await;
        let kept = world.isolate().read("/live/1").await;
        assert!(matches!(&kept.outcome, Outcome::Served(served) if served.freshness == Freshness::Kept));
    });
}

#[test]
fn without_postgres_reads_go_on_from_the_hot_tier() {
    let world = warm();
    world.store.set_down(true);
    world.time.block_on(async {
        assert_eq!(tier(&world.isolate().read("/scores").await), Some((Tier::Hot, false)));
    });
    let calls = world.upstream.calls().len();
    world.time.block_on(async {
        world.time.sleep(secs(120)).await;
        world.tick().await;
        world.isolate().read("/live/2").await;
    });
    assert_eq!(world.upstream.calls().len(), calls, "nothing new is asked of an upstream while Postgres is down");
}

#[test]
fn without_the_hot_tier_reads_go_on_from_postgres() {
    let world = warm();
    world.hot.set_down(true);
    world.time.block_on(async {
        assert_eq!(tier(&world.isolate().read("/scores").await), Some((Tier::Persistent, false)));
    });
}

#[test]
fn an_emptied_hot_tier_fills_again() {
    let world = warm();
    world.time.block_on(async {
        world.time.sleep(secs(130)).await;
        world.hot.clear();
        assert_eq!(tier(&world.isolate().read("/live/1").await), Some((Tier::Persistent, false)));
        world.time.sleep(secs(1)).await;
        // The reader said that there is no board; now there is one, and slots are missed and reported one by one.
        world.tick().await;
        for path in ["/live/1", "/scores"] {
            assert_eq!(tier(&world.isolate().read(path).await), Some((Tier::Persistent, false)), "{path}");
            world.time.sleep(secs(1)).await;
            assert_eq!(tier(&world.isolate().read(path).await), Some((Tier::Hot, false)), "{path}");
        }
    });
}

#[test]
fn when_nothing_that_knows_can_be_reached_the_newest_slot_is_served_and_labelled() {
    let world = warm();
    let isolate = world.isolate();
    world.time.block_on(async {
        // The isolate's board does not name the key: it begins without one.
        world.hot.set_down(true);
        isolate.read("/scores").await;
        world.hot.set_down(false);
        world.store.set_down(true);
        world.refresh_down.set(true);
        let answer = isolate.read("/live/1").await;
        assert_eq!(tier(&answer), Some((Tier::Hot, true)));
        let unreachable: Vec<Tier> =
            answer.trail.iter().filter(|step| step.found == Found::Unreachable).map(|step| step.tier).collect();
        assert_eq!(unreachable, [Tier::Persistent, Tier::Upstream]);
    });
}

#[test]
fn an_outdated_slot_older_than_what_was_told_is_not_served() {
    let world = warm();
    let isolate = world.isolate();
    world.time.block_on(async {
        world.store.set_down(true);
        world.refresh_down.set(true);
        let answer = isolate.read_at_least("/live/1", u64::MAX).await;
        assert!(matches!(answer.outcome, Outcome::Failed(Setback::Refused { why: Refusal::OutOfReach, .. })));
    });
}

#[test]
fn without_refresh_reads_go_on_and_stale_is_served_as_stale() {
    let world = warm();
    world.refresh_down.set(true);
    world.time.block_on(async {
        world.time.sleep(secs(100)).await;
        let answer = world.isolate().read("/live/1").await;
        assert!(matches!(&answer.outcome, Outcome::Served(served) if served.freshness == Freshness::Stale));
    });
}

#[test]
fn an_upstream_that_comes_back_is_believed_again() {
    let world = warm();
    let isolate = world.isolate();
    world.time.block_on(async {
        world.upstream.be(Mood::Saying(Reply::Broken { detail: "down".into() }));
        for _ in 0..40 {
            world.time.sleep(secs(60)).await;
            world.tick().await;
        }
        let calls = world.upstream.calls().len();
        assert!(calls < 40, "a failing upstream is left alone: {calls} calls in 40 minutes");
        world.upstream.be(Mood::Well);
        world.upstream.say("/scores", TWO);
        for _ in 0..20 {
            world.time.sleep(secs(60)).await;
            world.tick().await;
        }
        let answer = isolate.read("/scores").await;
        assert!(matches!(&answer.outcome, Outcome::Served(served)
            if served.freshness == Freshness::Fresh && served.entry.body.0 == TWO));
    });
}

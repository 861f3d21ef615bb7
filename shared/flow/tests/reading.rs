//! Reads, tier by tier: the answer, and which ports were asked for it.

#![expect(clippy::panic, reason = "a test that cannot go on has failed")]

use bytes::Bytes;
use std::time::Duration;
use weir_flow::answer::{Answer, Outcome, Served, Tier};
use weir_flow::ports::{LeaseWanted, Leased, Leases, Refusal, Reply};
use weir_flow::reader::Setback;
use weir_policy::freshness::Freshness;
use weir_testkit::hot::Body;
use weir_testkit::projects::catalog;
use weir_testkit::upstream::Mood;
use weir_testkit::world::World;

const PLAYER: &str = "/players/1";
const ONE: &str = r#"{"is":"one"}"#;
const TWO: &str = r#"{"is":"two"}"#;

fn world() -> World {
    let world = World::new(1, catalog());
    world.upstream.say("/scores", ONE);
    world.upstream.say(PLAYER, ONE);
    world
}

fn served(answer: &Answer<Body>) -> &Served<Body> {
    match &answer.outcome {
        Outcome::Served(served) => served,
        Outcome::Failed(setback) => panic!("{setback:?} after {:?}", answer.trail),
    }
}

fn how(answer: &Answer<Body>) -> (Tier, Freshness, &[u8]) {
    let served = served(answer);
    (served.tier, served.freshness, &served.entry.body.0)
}

fn traced(world: &World) -> Vec<&'static str> {
    std::mem::take(&mut *world.trace.borrow_mut())
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn a_miss_is_fetched_once_and_then_served_from_memory() {
    let world = world();
    let isolate = world.isolate();
    world.time.block_on(async {
        let first = isolate.read(PLAYER).await;
        assert_eq!(how(&first), (Tier::Upstream, Freshness::Fresh, ONE.as_bytes()));
        world.time.sleep(secs(1)).await;
        assert_eq!(traced(&world), ["board", "entry", "bring", "tell"], "and told that there is no board");
        let second = isolate.read(PLAYER).await;
        assert_eq!(how(&second), (Tier::Memory, Freshness::Fresh, ONE.as_bytes()));
        assert_eq!(served(&second).entry.version, served(&first).entry.version);
        world.time.sleep(secs(1)).await;
        assert_eq!(traced(&world), [""; 0], "a memory hit asks and tells nobody");
        assert_eq!(world.upstream.calls_of(PLAYER), 1);
    });
}

#[test]
fn another_isolate_reads_the_slot_that_the_board_names() {
    let world = world();
    world.time.block_on(async {
        world.isolate().read(PLAYER).await;
        world.time.sleep(secs(1)).await;
        world.tick().await;
        traced(&world);
        let answer = world.isolate().read(PLAYER).await;
        assert_eq!(how(&answer), (Tier::Hot, Freshness::Fresh, ONE.as_bytes()));
        assert_eq!(traced(&world), ["board", "slot"]);
    });
}

#[test]
fn a_key_no_board_names_is_never_looked_for_in_the_hot_tier() {
    let world = world();
    world.time.block_on(async {
        world.tick().await;
        traced(&world);
        world.isolate().read("/players/999").await;
        assert_eq!(traced(&world), ["board", "entry", "bring"]);
    });
}

#[test]
fn a_thousand_readers_of_a_missing_key_make_one_call() {
    let world = world();
    let isolates = [world.isolate(), world.isolate(), world.isolate()];
    world.time.block_on(async {
        let reads = (0..1000).map(|n| isolates[n % 3].read(PLAYER));
        let answers = futures_util::future::join_all(reads).await;
        assert!(answers.iter().all(|answer| how(answer).2 == ONE.as_bytes()));
    });
    assert_eq!(world.upstream.calls_of(PLAYER), 1);
    let asked = |what| traced_count(&world, what);
    assert!(asked("bring") <= 3 && asked("entry") <= 3, "one request of each isolate asks");
}

fn traced_count(world: &World, what: &str) -> usize {
    world.trace.borrow().iter().filter(|call| **call == what).count()
}

#[test]
fn a_stale_entry_is_served_at_once_and_refreshed_behind() {
    let world = world();
    let isolate = world.isolate();
    world.upstream.say("/live/1", ONE);
    world.time.block_on(async {
        isolate.read("/live/1").await;
        world.upstream.say("/live/1", TWO);
        world.time.sleep(secs(61)).await;
        let before = world.time.now();
        let stale = isolate.read("/live/1").await;
        assert_eq!(how(&stale), (Tier::Memory, Freshness::Stale, ONE.as_bytes()));
        assert_eq!(world.time.now(), before, "nobody waited");
        world.time.sleep(secs(1)).await;
        assert_eq!(how(&isolate.read("/live/1").await), (Tier::Memory, Freshness::Fresh, TWO.as_bytes()));
    });
}

#[test]
fn a_stale_key_that_the_tick_owns_is_left_to_it() {
    let world = world();
    world.time.block_on(async {
        world.tick().await;
        world.time.sleep(secs(215)).await;
        let (scores, key) = world.find("/scores");
        // A tick has the key in hand and takes its time; the next one has news of others.
        let upstream = &world.project().upstreams[0];
        let wanted = LeaseWanted {
            key: &key,
            resource: &scores.name,
            upstream: &upstream.name,
            shard: 0,
            fresh_after: world.time.now(),
            span: secs(120),
            demanded_until: None,
            admit_second: false,
            max_entries: 9,
        };
        assert!(matches!(world.store.lease(&wanted).await, Ok(Leased::Granted(_))));
        world.isolate().read(PLAYER).await;
        world.tick().await;
        let isolate = world.isolate();
        traced(&world);
        let answer = isolate.read("/scores").await;
        assert_eq!(how(&answer), (Tier::Hot, Freshness::Stale, ONE.as_bytes()));
        world.time.sleep(secs(1)).await;
        assert_eq!(traced(&world), ["board", "slot"], "no reader asks for it");
        world.time.sleep(secs(125)).await;
        isolate.read("/scores").await;
        world.time.sleep(secs(1)).await;
        assert!(traced(&world).contains(&"bring"), "no board for two ticks: the readers see to it themselves");
    });
}

#[test]
fn a_kept_entry_is_served_after_a_short_wait_when_the_upstream_fails() {
    let world = world();
    let isolate = world.isolate();
    world.upstream.say("/live/1", ONE);
    world.time.block_on(async {
        isolate.read("/live/1").await;
        world.time.sleep(secs(700)).await;
        world.upstream.be(Mood::Silent);
        let before = world.time.now();
        let kept = isolate.read("/live/1").await;
        assert_eq!(how(&kept), (Tier::Memory, Freshness::Kept, ONE.as_bytes()));
        let waited = world.time.now().since(before);
        assert!(waited >= Duration::from_millis(800) && waited < Duration::from_millis(850), "{waited:?}");
    });
}

#[test]
fn a_kept_entry_is_not_served_when_the_upstream_answers() {
    let world = world();
    let isolate = world.isolate();
    world.upstream.say("/live/1", ONE);
    world.time.block_on(async {
        isolate.read("/live/1").await;
        world.upstream.say("/live/1", TWO);
        world.time.sleep(secs(700)).await;
        assert_eq!(how(&isolate.read("/live/1").await), (Tier::Upstream, Freshness::Fresh, TWO.as_bytes()));
    });
}

#[test]
fn nobody_waits_for_an_upstream_whose_breaker_the_board_calls_open() {
    let world = world();
    world.upstream.say("/live/1", ONE);
    world.time.block_on(async {
        world.isolate().read("/live/1").await;
        world.time.sleep(secs(700)).await;
        world.upstream.be(Mood::Saying(Reply::Limited { retry_after: Some(secs(600)) }));
        world.isolate().read("/live/2").await;
        world.time.sleep(secs(60)).await;
        world.tick().await;
        let isolate = world.isolate();
        isolate.read("/scores").await;
        let before = world.time.now();
        assert_eq!(how(&isolate.read("/live/1").await).1, Freshness::Kept);
        assert_eq!(world.time.now(), before);
    });
}

#[test]
fn an_expired_entry_is_not_served() {
    let world = world();
    let isolate = world.isolate();
    world.upstream.say("/live/1", ONE);
    world.time.block_on(async {
        isolate.read("/live/1").await;
        world.time.sleep(secs(7200)).await;
        world.upstream.be(Mood::Saying(Reply::Broken { detail: "down".into() }));
        let answer = isolate.read("/live/1").await;
        assert!(matches!(answer.outcome, Outcome::Failed(Setback::Refused { why: Refusal::Unreachable, .. })));
    });
}

#[test]
fn what_does_not_exist_is_asked_for_once() {
    let world = world();
    let isolate = world.isolate();
    world.time.block_on(async {
        for _ in 0..5 {
            let answer = isolate.read("/players/404").await;
            assert!(matches!(answer.outcome, Outcome::Failed(Setback::Absent { .. })));
        }
        let other = world.isolate().read("/players/404").await;
        assert!(
            matches!(other.outcome, Outcome::Failed(Setback::Absent { .. })),
            "other isolates learn it from Postgres"
        );
    });
    assert_eq!(world.upstream.calls_of("/players/404"), 1);
}

#[test]
fn a_client_that_saw_a_newer_version_gets_no_older_one() {
    let world = world();
    let (early, late) = (world.isolate(), world.isolate());
    world.upstream.say("/live/1", ONE);
    world.time.block_on(async {
        let first = served(&early.read("/live/1").await).entry.version;
        world.time.sleep(secs(61)).await;
        world.upstream.say("/live/1", TWO);
        late.read("/live/1").await;
        world.time.sleep(secs(2)).await;
        let newest = served(&late.read("/live/1").await).entry.version;
        assert_eq!(newest, first + 1);
        assert_eq!(how(&early.read_at_least("/live/1", newest).await).2, TWO.as_bytes());
    });
}

#[test]
fn a_searched_key_is_kept_from_the_second_wish_on() {
    let world = world();
    world.upstream.say("/search/7", ONE);
    world.time.block_on(async {
        let first = world.isolate().read("/search/7").await;
        assert_eq!(how(&first), (Tier::Upstream, Freshness::Fresh, ONE.as_bytes()));
        assert_eq!(world.store.changes(), [], "nothing durable before the second wish");
        let second = world.isolate().read("/search/7").await;
        assert!(served(&second).entry.version > served(&first).entry.version);
        assert_eq!(world.store.changes().len(), 1);
        world.isolate().read("/search/7").await;
    });
    assert_eq!(world.upstream.calls_of("/search/7"), 2);
}

#[test]
fn demand_is_reported_once_and_brings_a_key_back_to_life() {
    let world = world();
    let (_, key) = world.find(PLAYER);
    world.time.block_on(async {
        world.isolate().read(PLAYER).await;
        for _ in 0..70 {
            world.time.sleep(secs(60)).await;
            world.tick().await;
        }
        assert_eq!(world.store.due_at(&key), None, "nobody wants it any more");
        let isolate = world.isolate();
        traced(&world);
        for _ in 0..3 {
            isolate.read(PLAYER).await;
            world.time.sleep(secs(1)).await;
        }
        assert_eq!(traced(&world).iter().filter(|call| **call == "tell").count(), 1);
        assert!(world.store.due_at(&key).is_some());
    });
}

#[test]
fn a_body_is_the_same_bytes_in_every_tier() {
    let spelt = "{ \"is\" :\t\"\\u00e9\", \"n\": 1.0 }\n";
    let world = world();
    world.upstream.say(PLAYER, spelt);
    world.time.block_on(async {
        let isolate = world.isolate();
        let mut seen: Vec<(Tier, Bytes)> = Vec::new();
        for answer in [isolate.read(PLAYER).await, isolate.read(PLAYER).await] {
            seen.push((served(&answer).tier, served(&answer).entry.body.0.clone()));
        }
        let cold = world.isolate().read(PLAYER).await;
        seen.push((served(&cold).tier, served(&cold).entry.body.0.clone()));
        world.time.sleep(secs(1)).await;
        world.tick().await;
        let hot = world.isolate().read(PLAYER).await;
        seen.push((served(&hot).tier, served(&hot).entry.body.0.clone()));
        let tiers: Vec<Tier> = seen.iter().map(|(tier, _)| *tier).collect();
        assert_eq!(tiers, [Tier::Upstream, Tier::Memory, Tier::Persistent, Tier::Hot]);
        assert!(seen.iter().all(|(_, body)| body == spelt));
    });
}

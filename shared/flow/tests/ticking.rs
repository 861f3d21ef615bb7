//! Ticks: what is due, what is saved, what is refused, what is recorded.

use bytes::Bytes;
use std::time::Duration;
use weir_catalog::Window;
use weir_flow::entry::Validators;
use weir_flow::ports::{Reply, Run, Runs};
use weir_testkit::persistent::Trouble;
use weir_testkit::projects::{PROJECT, catalog, catalog_with_budget};
use weir_testkit::upstream::Mood;
use weir_testkit::world::World;

const ONE: &str = r#"{"is":"one","rank":1}"#;
const TWO: &str = r#"{"is":"two","rank":1}"#;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn world() -> World {
    let world = World::new(3, catalog());
    world.upstream.say("/scores", ONE);
    world.upstream.say("/players/1", ONE);
    world
}

fn full(content_type: &str, body: &'static str) -> Reply {
    Reply::Full {
        content_type: Some(content_type.into()),
        validators: Validators::default(),
        age: Duration::ZERO,
        body: Bytes::from_static(body.as_bytes()),
    }
}

async fn tick(world: &World) -> Run {
    world.tick().await.swap_remove(0)
}

#[test]
fn a_first_tick_fetches_what_is_always_due_and_publishes_it() {
    let world = world();
    let run = world.time.block_on(tick(&world));
    assert_eq!((run.leased, run.called, run.changed, run.slots, run.boards), (1, 1, 1, 1, 1));
    assert_eq!((run.project.as_str(), run.cause.as_str(), run.trouble.as_str()), (PROJECT, "cron", ""));
    assert_eq!(world.store.runs(), [run]);
    assert_eq!(world.hot.puts(), 2);
}

#[test]
fn what_did_not_change_is_verified_and_costs_no_slot() {
    let world = world();
    world.time.block_on(async {
        tick(&world).await;
        world.time.sleep(secs(60)).await;
        let run = tick(&world).await;
        assert_eq!((run.called, run.verified, run.changed, run.slots, run.boards), (1, 1, 0, 0, 1));
    });
    assert_eq!(world.store.changes().len(), 1);
}

#[test]
fn a_tick_with_nothing_due_writes_nothing_into_the_hot_tier() {
    let world = world();
    world.time.block_on(async {
        tick(&world).await;
        let puts = world.hot.puts();
        world.time.sleep(secs(5)).await;
        let run = tick(&world).await;
        assert_eq!((run.leased, run.slots, run.boards), (0, 0, 0));
        assert_eq!(world.hot.puts(), puts);
    });
}

#[test]
fn the_same_meaning_in_other_bytes_keeps_the_version_and_its_bytes() {
    let world = world();
    world.time.block_on(async {
        tick(&world).await;
        world.upstream.say("/scores", "{ \"rank\": 1, \"is\": \"one\" }");
        world.time.sleep(secs(60)).await;
        assert_eq!(tick(&world).await.verified, 1);
        let (_, key) = world.find("/scores");
        let versions = world.store.changes();
        assert_eq!(versions.len(), 1);
        assert_eq!(world.store.body_of(&key, versions[0].version).unwrap(), ONE);
    });
}

#[test]
fn bad_answers_are_quarantined_and_the_old_entry_stays() {
    let world = world();
    world.time.block_on(async {
        tick(&world).await;
        let bad = [
            full("text/html", "<html>Sorry</html>"),
            full("application/json", r#"{"is":"#),
            full("application/json", ""),
            full("application/json", r#"{"error":"Internal Server Error"}"#),
            Reply::Absent,
            Reply::Unusable { detail: "redirect".into() },
        ];
        let count = bad.len();
        for answer in bad {
            world.upstream.be(Mood::Saying(answer));
            world.time.sleep(secs(1200)).await;
            assert_eq!(tick(&world).await.refused, 1);
        }
        let reasons: Vec<String> = world.store.quarantine().into_iter().map(|refused| refused.reason).collect();
        assert_eq!(reasons.len(), count);
        assert_eq!(reasons[0], "content type \"text/html\" instead of JSON");
        assert_eq!(reasons[5], "redirect");
        assert_eq!(world.store.changes().len(), 1, "no bad answer became a version");
    });
}

#[test]
fn a_guard_refuses_an_answer_that_looks_like_a_wipe() {
    let world = world();
    world.time.block_on(async {
        world.isolate().read("/players/1").await;
        world.upstream.say("/players/1", r#"{"is":"hidden","hidden":true}"#);
        world.time.sleep(secs(121)).await;
        assert_eq!(tick(&world).await.refused, 1);
        assert_eq!(world.store.quarantine()[0].reason, "/hidden is set");
    });
}

#[test]
fn a_key_that_began_weak_may_stay_so() {
    let world = world();
    world.upstream.say("/players/2", r#"{"is":"hidden","hidden":true}"#);
    world.time.block_on(async {
        world.isolate().read("/players/2").await;
        world.upstream.say("/players/2", r#"{"is":"still hidden","hidden":true}"#);
        world.time.sleep(secs(121)).await;
        let run = tick(&world).await;
        assert_eq!((run.refused, run.changed), (0, 2), "the player and the scores");
        assert_eq!(world.store.quarantine(), []);
    });
}

#[test]
fn tracked_values_are_recorded_when_they_change() {
    let world = world();
    let (_, key) = world.find("/players/1");
    world.time.block_on(async {
        world.isolate().read("/players/1").await;
        for (body, wait) in [(TWO, 121), (r#"{"is":"two","rank":2}"#, 121)] {
            world.upstream.say("/players/1", body);
            world.time.sleep(secs(wait)).await;
            tick(&world).await;
        }
    });
    let observed = world.store.observations(&key);
    assert_eq!(observed, [("rank".to_owned(), "1".to_owned()), ("rank".to_owned(), "2".to_owned())]);
}

#[test]
fn two_ticks_at_once_share_the_work() {
    let world = world();
    world.upstream.set_latency(secs(2));
    world.time.block_on(async {
        let (one, other) = futures_util::future::join(tick(&world), tick(&world)).await;
        assert_eq!(one.called + other.called, 1);
    });
    assert_eq!(world.upstream.calls_of("/scores"), 1);
}

#[test]
fn a_tick_stays_within_budget_and_leaves_the_reserve_to_clients() {
    let world = World::new(4, catalog_with_budget(vec![Window { limit: 10, per: secs(60) }]));
    for player in 0..30 {
        world.upstream.say(&format!("/players/{player}"), ONE);
    }
    world.time.block_on(async {
        let isolate = world.isolate();
        for player in 0..30 {
            isolate.read(&format!("/players/{player}")).await;
            world.time.sleep(secs(10)).await;
        }
        world.time.sleep(secs(300)).await;
        let run = tick(&world).await;
        assert_eq!(run.called, 8, "ten a minute, two of them for clients");
        world.upstream.say("/live/1", ONE);
        world.upstream.say("/live/2", ONE);
        world.upstream.say("/live/3", ONE);
        let served =
            |answer: &weir_flow::answer::Answer<_>| matches!(answer.outcome, weir_flow::answer::Outcome::Served(_));
        assert!(served(&isolate.read("/live/1").await) && served(&isolate.read("/live/2").await));
        assert!(!served(&isolate.read("/live/3").await), "the budget is spent");
    });
}

#[test]
fn a_tick_does_not_go_on_calling_an_upstream_that_only_fails() {
    let world = world();
    world.time.block_on(async {
        let isolate = world.isolate();
        for player in 0..40 {
            world.upstream.say(&format!("/players/{player}"), ONE);
            isolate.read(&format!("/players/{player}")).await;
        }
        world.time.sleep(secs(300)).await;
        world.upstream.be(Mood::Saying(Reply::Broken { detail: "down".into() }));
        let run = tick(&world).await;
        assert_eq!(run.leased, 41);
        // Five failures, and those that were under way then.
        assert!((5..10).contains(&run.called), "{} calls", run.called);
        assert_eq!(run.failed, run.called);
    });
}

#[test]
fn an_upstream_that_says_wait_is_left_alone_for_as_long_as_it_says() {
    let world = world();
    world.time.block_on(async {
        world.upstream.be(Mood::Saying(Reply::Limited { retry_after: Some(secs(300)) }));
        assert_eq!(tick(&world).await.failed, 1);
        for _ in 0..4 {
            world.time.sleep(secs(60)).await;
            assert_eq!(tick(&world).await.called, 0);
        }
        world.time.sleep(secs(61)).await;
        assert_eq!(tick(&world).await.called, 1);
    });
}

#[test]
fn what_is_old_goes_once_a_day() {
    let world = world();
    let (_, key) = world.find("/scores");
    world.time.block_on(async {
        tick(&world).await;
        let first = world.store.changes()[0].version;
        world.upstream.say("/scores", TWO);
        world.time.sleep(secs(60)).await;
        tick(&world).await;
        // Half a day, then on every other day: replaced a day ago, it goes with the sweep after that.
        let until_midnight = secs(86_400 - u64::from(world.time.now().as_secs() % 86_400));
        for (wait, sweeps, is_kept) in [(until_midnight, 2, true), (secs(86_399), 2, true), (secs(1), 3, false)] {
            world.time.sleep(wait).await;
            assert_eq!(tick(&world).await.trouble, "");
            assert_eq!((world.store.sweeps(), world.store.body_of(&key, first).is_some()), (sweeps, is_kept));
        }
        assert_eq!(world.store.body_of(&key, first + 1).unwrap(), TWO);
    });
}

#[test]
fn a_sweep_goes_on_until_nothing_is_old_or_time_is_up() {
    let world = world();
    world.time.block_on(async {
        tick(&world).await;
        world.time.sleep(secs(86_400)).await;
        for _ in 0..10_001 {
            world.store.record_run(&Run { project: PROJECT.into(), ..Run::default() }).await.unwrap();
        }
        world.store.set_trouble(Trouble { latency: secs(45), ..Trouble::default() });
        tick(&world).await;
        assert_eq!(world.store.sweeps(), 1, "no time was left");
        world.store.set_trouble(Trouble::default());
        tick(&world).await;
        assert_eq!((world.store.sweeps(), world.store.runs().len()), (4, 3), "5,000 rows each");
    });
}

#[test]
fn a_sweep_that_fails_stops_nothing_and_is_tried_again() {
    let world = world();
    world.time.block_on(async {
        world.store.set_sweeps_refused(true);
        let run = tick(&world).await;
        assert_eq!((run.changed, run.boards), (1, 1));
        assert!(run.trouble.contains("no sweep"), "{}", run.trouble);
        assert_eq!(world.store.runs(), [run]);
        world.store.set_sweeps_refused(false);
        tick(&world).await;
        tick(&world).await;
        assert_eq!(world.store.sweeps(), 1);
    });
}

#[test]
fn without_postgres_a_tick_does_nothing_and_says_so() {
    let world = world();
    world.store.set_down(true);
    let run = world.time.block_on(tick(&world));
    assert_eq!(run.called, 0);
    assert!(run.trouble.contains("Persistent"), "{}", run.trouble);
    assert_eq!(world.upstream.calls(), []);
}

//! The freshness protocol against the worst that KV, Postgres, upstreams and ticks may do (BOARD.md).
//!
//! Puts are up to 200 s late or lost, every read of KV sees any state of the last 60 s, ticks are missed, overlap and
//! die, statements fail or their answers are lost, the upstream and Postgres go down, and clients miss at any moment.

#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;
use weir_catalog::{Key, Window};
use weir_flow::answer::{Outcome, Served};
use weir_policy::freshness::{Freshness, Rule};
use weir_policy::time::Timestamp;
use weir_testkit::hot::{Body, Malice};
use weir_testkit::persistent::Trouble;
use weir_testkit::projects::catalog_with_budget;
use weir_testkit::upstream::Mood;
use weir_testkit::world::{Isolate, World};

const SEEDS: u64 = 600;
const STORY: Duration = Duration::from_secs(25 * 60);
/// Of clocks, and of the board's whole seconds.
const SKEW: Duration = Duration::from_secs(3);
const PATHS: [&str; 5] = ["/scores", "/players/1", "/players/2", "/live/1", "/live/2"];
const BUDGET: Window = Window { limit: 60, per: Duration::from_secs(60) };

const ADVERSARY: Malice = Malice { late: Duration::from_secs(200), lost_percent: 10, behind: Duration::from_secs(60) };

#[derive(Default)]
struct Count {
    served: Cell<u32>,
    fresh: Cell<u32>,
    from_hot: Cell<u32>,
    outdated: Cell<u32>,
    failed: Cell<u32>,
}

fn add(cell: &Cell<u32>) {
    cell.set(cell.get() + 1);
}

/// What one isolate has served of each key: the highest version.
type Told = Rc<RefCell<HashMap<Key, u64>>>;

#[test]
fn nothing_false_is_ever_served() {
    let count = Count::default();
    for seed in 0..SEEDS {
        story(seed, &count);
    }
    // Stories in which nothing happens would prove nothing.
    let [served, fresh, from_hot, outdated, failed] =
        [&count.served, &count.fresh, &count.from_hot, &count.outdated, &count.failed].map(Cell::get);
    println!(
        "{SEEDS} stories: {served} served, {fresh} fresh, {from_hot} from the hot tier, {outdated} outdated, {failed} failed"
    );
    assert!(served > 100_000 && fresh > served / 2 && from_hot > 5_000 && outdated > 0 && failed > 100);
}

fn story(seed: u64, count: &Count) {
    let world = World::new(seed, catalog_with_budget(vec![BUDGET]));
    world.hot.be(ADVERSARY);
    world.store.set_trouble(Trouble { latency: Duration::from_millis(300), refused_percent: 1, unheard_percent: 1 });
    world.upstream.set_latency(Duration::from_secs(2));
    for path in PATHS {
        world.upstream.say(path, truth(path, 0));
    }
    let quiet = Rc::new(Cell::new(false));
    spawn_changes(&world, quiet.clone());
    spawn_ticks(&world);
    spawn_outages(&world, quiet.clone());
    let begin = |ahead_ms| (world.isolate().ahead_by(Duration::from_millis(ahead_ms)), Told::default());
    let mut isolates: Vec<(Isolate, Told)> = [0, 400, 900].map(begin).to_vec();
    world.time.block_on(async {
        let end = world.time.now() + STORY;
        while world.time.now() < end {
            world.time.sleep(world.chance.span(Duration::from_millis(5_000))).await;
            let (isolate, told) = &mut isolates[usize::try_from(world.chance.below(3)).unwrap()];
            if world.chance.percent(5) {
                // The platform ends isolates as it likes, and begins others with an empty memory.
                (*isolate, *told) = begin(world.chance.below(1_000));
            }
            let path = PATHS[usize::try_from(world.chance.below(5)).unwrap()];
            check_read(seed, &world, isolate, told, path, count).await;
        }
    });
    versions_only_grow(seed, &world);
    budget_was_kept(seed, &world);
    quiet.set(true);
    all_is_well_in_the_end(seed, &world, &isolates);
}

fn truth(path: &str, edition: u32) -> Bytes {
    format!("{{\"is\":\"{path}\",\"edition\":{edition}}}").into()
}

fn spawn_changes(world: &World, quiet: Rc<Cell<bool>>) {
    let world = world.clone();
    world.time.clone().spawn(async move {
        let mut edition = 1;
        while !quiet.get() {
            world.time.sleep(world.chance.span(Duration::from_secs(40))).await;
            let path = PATHS[usize::try_from(world.chance.below(5)).unwrap()];
            world.upstream.say(path, truth(path, edition));
            edition += 1;
        }
    });
}

/// Every minute; one in six is missed, and one in six dies in the middle. Slow ones overlap.
fn spawn_ticks(world: &World) {
    let world = world.clone();
    let clock = world.time.clone();
    clock.clone().spawn(async move {
        loop {
            let world = world.clone();
            let fate = world.chance.below(6);
            let dies_after = world.chance.span(Duration::from_secs(8));
            let alarm = clock.sleep(dies_after);
            clock.spawn(async move {
                match fate {
                    0 => {}
                    1 => {
                        futures_util::future::select(std::pin::pin!(world.tick()), std::pin::pin!(alarm)).await;
                    }
                    _ => drop(world.tick().await),
                }
            });
            clock.sleep(Duration::from_secs(55) + Duration::from_millis(fate * 2_000)).await;
        }
    });
}

fn spawn_outages(world: &World, quiet: Rc<Cell<bool>>) {
    let world = world.clone();
    let clock = world.time.clone();
    clock.clone().spawn(async move {
        while !quiet.get() {
            clock.sleep(world.chance.span(Duration::from_secs(400))).await;
            let span = world.chance.span(Duration::from_secs(150));
            match world.chance.below(4) {
                0 => world.store.set_down(true),
                1 => world.upstream.be(Mood::Silent),
                2 => world.hot.set_down(true),
                _ => world.refresh_down.set(true),
            }
            clock.sleep(span).await;
            make_well(&world);
        }
    });
}

fn make_well(world: &World) {
    world.store.set_down(false);
    world.upstream.be(Mood::Well);
    world.hot.set_down(false);
    world.refresh_down.set(false);
}

async fn check_read(seed: u64, world: &World, isolate: &Isolate, told: &Told, path: &str, count: &Count) {
    let (resource, key) = world.find(path);
    let rule = Rule::of(resource);
    let told_before = told.borrow().get(&key).copied().unwrap_or_default();
    // One client in eight saw something elsewhere and says so.
    let newest = world.store.changes().iter().rev().find(|change| change.key == key).map_or(0, |change| change.version);
    let min_version = if world.chance.percent(12) { newest } else { 0 };
    let answer = isolate.read_at_least(path, min_version).await;
    let context = || format!("seed {seed}, {path} at {:?}: {:?}", world.time.now(), answer.trail);
    let Outcome::Served(served) = &answer.outcome else {
        add(&count.failed);
        return;
    };
    add(&count.served);
    if served.tier == weir_flow::answer::Tier::Hot {
        add(&count.from_hot);
    }
    bytes_belong_to_the_version(world, &key, served, &context);
    assert!(served.entry.version >= told_before.max(min_version), "older than told: {}", context());
    truth_is_as_young_as_claimed(world, path, served, rule, &context);
    if served.outdated {
        add(&count.outdated);
    } else if served.freshness == Freshness::Fresh {
        add(&count.fresh);
    }
    let mut told = told.borrow_mut();
    let highest = told.entry(key).or_default();
    *highest = served.entry.version.max(*highest);
}

fn bytes_belong_to_the_version(world: &World, key: &Key, served: &Served<Body>, context: &dyn Fn() -> String) {
    let saved = world.store.body_of(key, served.entry.version);
    assert_eq!(saved.as_ref(), Some(&served.entry.body.0), "wrong bytes: {}", context());
}

fn truth_is_as_young_as_claimed(
    world: &World,
    path: &str,
    served: &Served<Body>,
    rule: Rule,
    context: &dyn Fn() -> String,
) {
    let bound = match served.freshness {
        Freshness::Fresh => rule.ttl,
        Freshness::Stale => rule.ttl + rule.grace,
        Freshness::Kept => rule.keep,
        Freshness::Expired => panic!("served though expired: {}", context()),
    };
    let now = world.time.now();
    let from = now - (bound + SKEW);
    assert!(
        world.upstream.was_true(path, &served.entry.body.0, from, now),
        "{:?} is not true: {}",
        served.freshness,
        context()
    );
    let claimed_from = now - (served.age + SKEW);
    assert!(
        world.upstream.was_true(path, &served.entry.body.0, claimed_from, now),
        "age {:?} is not true: {}",
        served.age,
        context()
    );
}

fn versions_only_grow(seed: u64, world: &World) {
    let mut newest: HashMap<Key, u64> = HashMap::new();
    for change in world.store.changes() {
        let before = newest.insert(change.key.clone(), change.version);
        assert!(before.is_none_or(|before| before < change.version), "seed {seed}: {change:?} after {before:?}");
    }
}

fn budget_was_kept(seed: u64, world: &World) {
    let calls: Vec<Timestamp> = world.upstream.calls().into_iter().map(|(at, _)| at).collect();
    for (first, at) in calls.iter().enumerate() {
        let in_window = calls[first..].iter().take_while(|later| later.since(*at) < BUDGET.per).count();
        assert!(in_window <= BUDGET.limit as usize, "seed {seed}: {in_window} calls in a minute");
    }
}

/// Once nothing fails and nothing changes any more, every isolate serves the truth of every key, fresh, before long.
/// The hot tier stays as bad as it was, and ticks go on being missed and dying.
fn all_is_well_in_the_end(seed: u64, world: &World, isolates: &[(Isolate, Told)]) {
    world.time.block_on(async {
        let deadline = world.time.now() + Duration::from_secs(45 * 60);
        let mut behind: Vec<(&Isolate, &str)> =
            isolates.iter().flat_map(|(isolate, _)| PATHS.iter().map(move |path| (isolate, *path))).collect();
        while !behind.is_empty() {
            assert!(world.time.now() < deadline, "seed {seed}: {} keys are behind after 45 minutes", behind.len());
            world.time.sleep(Duration::from_secs(20)).await;
            let mut still_behind = Vec::new();
            for (isolate, path) in behind {
                let answer = isolate.read(path).await;
                let well = matches!(&answer.outcome, Outcome::Served(served)
                    if served.freshness == Freshness::Fresh && !served.outdated && served.entry.body.0 == world.upstream.newest(path));
                if !well {
                    still_behind.push((isolate, path));
                }
            }
            behind = still_behind;
        }
    });
}

//! What a project drops is stored nowhere: not in a version, not in KV, not with a refusal, and no answer holds it.

#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use bytes::Bytes;
use std::rc::Rc;
use std::time::Duration;
use weir_catalog::Catalog;
use weir_flow::answer::{Answer, Outcome};
use weir_flow::entry::Validators;
use weir_flow::ports::Reply;
use weir_policy::slot::{SLOTS, slot_name};
use weir_testkit::hot::{Body, Value};
use weir_testkit::projects::catalog;
use weir_testkit::upstream::Mood;
use weir_testkit::world::World;

const BORN: &str = "1990-01-31";
const WITH: &str = r#"{"rows": [{"name": "x", "birthDate": "1990-01-31"}], "rank": 1.50, "is": "one"}"#;
const WITHOUT: &str = r#"{"is":"one","rank":1.50,"rows":[{"name":"x"}]}"#;

/// The test project; every resource drops birth dates.
fn dropping() -> Catalog {
    let mut catalog = catalog();
    for resource in &mut catalog.projects[0].resources {
        resource.drop = vec!["/rows/*/birthDate".into()];
    }
    catalog
}

fn body(answer: &Answer<Body>) -> &[u8] {
    match &answer.outcome {
        Outcome::Served(served) => &served.entry.body.0,
        Outcome::Failed(setback) => panic!("{setback:?}"),
    }
}

/// Everything that is stored of a path: bodies of versions and slots, observed values, excerpts and reasons.
fn stored(world: &World, path: &str) -> Vec<Bytes> {
    let (_, key) = world.find(path);
    let mut stored: Vec<Bytes> = Vec::new();
    for change in world.store.changes().iter().filter(|change| change.key == key) {
        stored.extend(world.store.body_of(&key, change.version));
    }
    for slot in 0..SLOTS {
        if let Some(Value::Slot(entry)) = world.hot.get(&slot_name(&key, slot_of(slot))) {
            stored.push(entry.body);
        }
    }
    stored.extend(world.store.observations(&key).into_iter().map(|(_, value)| Bytes::from(value)));
    for refused in world.store.quarantine() {
        stored.extend([refused.excerpt, Bytes::from(refused.reason)]);
    }
    stored
}

fn slot_of(slot: u64) -> u8 {
    weir_policy::slot::slot_of(slot)
}

fn holds(stored: &[Bytes], text: &str) -> bool {
    stored.iter().any(|bytes| str::from_utf8(bytes).unwrap().contains(text))
}

async fn tick_after(world: &World, secs: u64) -> u32 {
    world.time.sleep(Duration::from_secs(secs)).await;
    world.tick().await.swap_remove(0).refused
}

#[test]
fn an_answer_is_kept_and_served_without_what_is_dropped() {
    let world = World::new(1, dropping());
    for path in ["/players/1", "/search/1", "/scores"] {
        world.upstream.say(path, WITH);
        world.time.block_on(async {
            // Once from the upstream (of a search nothing is kept yet), then from memory, then from the tiers.
            let isolate = world.isolate();
            assert_eq!(body(&isolate.read(path).await), WITHOUT.as_bytes(), "{path}");
            assert_eq!(body(&isolate.read(path).await), WITHOUT.as_bytes(), "{path}");
            world.time.sleep(Duration::from_secs(1)).await;
            assert_eq!(body(&world.isolate().read(path).await), WITHOUT.as_bytes(), "{path}");
        });
        let stored = stored(&world, path);
        assert!(holds(&stored, WITHOUT) && stored.len() >= 2, "a version and its slot of {path}: {stored:?}");
        assert!(!holds(&stored, BORN), "{path}: {stored:?}");
    }
}

#[test]
fn a_change_of_what_is_dropped_is_none() {
    let world = World::new(2, dropping());
    world.upstream.say("/scores", WITH);
    world.time.block_on(async {
        tick_after(&world, 0).await;
        world.upstream.say("/scores", WITH.replace(BORN, "2001-02-03"));
        tick_after(&world, 61).await;
    });
    assert_eq!((world.upstream.calls_of("/scores"), world.store.changes().len()), (2, 1));
}

#[test]
fn a_refused_answer_leaves_its_reason_and_nothing_of_itself() {
    let world = World::new(3, dropping());
    world.upstream.say("/scores", WITH);
    world.time.block_on(async {
        tick_after(&world, 0).await;
        for (content_type, bad) in [
            ("application/json", WITH.replace("is\"", "was\"")),
            ("application/json", WITH.replace("\"one\"}", "")),
            ("text/html", WITH.to_owned()),
        ] {
            world.upstream.be(Mood::Saying(Reply::Full {
                content_type: Some(content_type.into()),
                validators: Validators::default(),
                age: Duration::ZERO,
                body: bad.into(),
            }));
            assert_eq!(tick_after(&world, 1200).await, 1);
        }
    });
    let refused = world.store.quarantine();
    assert!(refused.iter().all(|refused| refused.excerpt.is_empty()), "{refused:?}");
    assert_eq!(refused[0].reason, "/is is missing");
    assert!(!holds(&stored(&world, "/scores"), BORN));
}

#[test]
fn what_a_project_begins_to_drop_goes_with_the_next_call_even_if_nothing_changed() {
    // Both ignore it, so the meaning was without it before.
    let ignoring = |mut catalog: Catalog| {
        catalog.projects[0].resources[0].ignore = vec!["/rows/*/birthDate".into()];
        catalog
    };
    let mut world = World::new(4, ignoring(catalog()));
    world.upstream.say("/scores", WITH);
    world.time.block_on(async {
        tick_after(&world, 0).await;
        assert_eq!(body(&world.isolate().read("/scores").await), WITH.as_bytes(), "it is kept as it came");
    });
    world.catalog = Rc::new(ignoring(dropping()));
    world.time.block_on(async {
        tick_after(&world, 61).await;
        world.time.sleep(Duration::from_secs(61)).await;
        assert_eq!(body(&world.isolate().read("/scores").await), WITHOUT.as_bytes());
    });
    assert_eq!(world.store.changes().len(), 2);
}

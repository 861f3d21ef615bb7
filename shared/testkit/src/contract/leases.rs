//! One key, wished for by clients.

use super::World;
use super::stage::{
    DAY, HOUR, MINUTE, SPAN, Stage, adopted, assert_ahead, declared, failed, granted, new, stage, window,
};
use futures_util::future::join_all;
use weir_catalog::Key;
use weir_flow::entry::Validators;
use weir_flow::ports::{Finding, HeldMeta, LeaseWanted, Leased};
use weir_policy::time::Timestamp;

pub async fn a_missing_key_is_leased_with_nothing_held<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    let lease = stage.lease(&key).await;
    assert_eq!((&lease.key, lease.resource.as_str(), lease.failures), (&key, "thing", 0));
    assert_eq!((lease.held, lease.demanded_until), (None, Timestamp::ZERO));
    assert_ahead(&stage, lease.until, SPAN);
    assert_eq!(stage.entry(&key).await, None);
}

pub async fn a_kept_key_is_leased_with_what_is_held<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    let version = stage.keep(&key, "{}").await;
    stage.later().await;
    let demanded_until = stage.now() + HOUR;
    let lease = granted(stage.ask(&LeaseWanted { demanded_until: Some(demanded_until), ..stage.wish(&key) }).await);
    let kept = stage.entry(&key).await.expect("kept");
    let validators = Validators { etag: Some("\"{}\"".to_owned()), last_modified: None };
    let verified_at = kept.verified_at;
    assert_eq!(lease.held, Some(HeldMeta { version, verified_at, validators, meaning: b"{}".to_vec(), weak: true }));
    assert_eq!(lease.demanded_until, demanded_until);
}

pub async fn a_fresh_entry_needs_no_call<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    stage.keep(&key, "[7]").await;
    let wish = LeaseWanted { fresh_after: stage.now() - MINUTE, ..stage.wish(&key) };
    let kept = stage.entry(&key).await.expect("kept");
    assert_eq!(stage.ask(&wish).await, Leased::Current(kept.clone()));
    // As old as that is not after it.
    let wish = LeaseWanted { fresh_after: kept.verified_at, ..stage.wish(&key) };
    granted(stage.ask(&wish).await);
}

pub async fn a_key_is_held_until_its_lease_ends<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    let first = stage.lease(&key).await;
    assert_eq!(stage.ask(&stage.wish(&key)).await, Leased::Held { until: first.until });
    world.advance(SPAN).await;
    stage.later().await;
    let second = stage.lease(&key).await;
    assert_ne!(first.token, second.token);
}

pub async fn forty_wishes_at_once_lease_a_missing_key_once<W: World>(world: &W) {
    let stage = adopted(world, declared(world.project(0), vec![window(2, HOUR)], 0)).await;
    let key = stage.key(1);
    assert_one_of_forty(&stage, &stage.wish(&key)).await;
    // The forty took one call of two.
    stage.lease(&stage.key(2)).await;
    assert!(matches!(stage.ask(&stage.wish(&stage.key(3))).await, Leased::OverBudget { .. }));
}

pub async fn forty_wishes_at_once_lease_a_kept_key_once<W: World>(world: &W) {
    let stage = adopted(world, declared(world.project(0), vec![window(3, HOUR)], 0)).await;
    let key = stage.key(1);
    stage.keep(&key, "[7]").await;
    stage.later().await;
    let wish = LeaseWanted { demanded_until: Some(stage.now() + DAY), ..stage.wish(&key) };
    assert_one_of_forty(&stage, &wish).await;
    stage.lease(&stage.key(2)).await;
    assert!(matches!(stage.ask(&stage.wish(&stage.key(3))).await, Leased::OverBudget { .. }));
}

async fn assert_one_of_forty<W: World>(stage: &Stage<'_, W>, wish: &LeaseWanted<'_>) {
    let leased = join_all((0..40).map(|_| stage.ask(wish))).await;
    let count = |is: fn(&Leased) -> bool| leased.iter().filter(|leased| is(leased)).count();
    let (granted, held) =
        (count(|leased| matches!(leased, Leased::Granted(_))), count(|leased| matches!(leased, Leased::Held { .. })));
    assert_eq!((granted, held), (1, 39), "{leased:?}");
}

pub async fn what_is_absent_is_not_asked_for_before_its_time<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    let retry_at = stage.now() + MINUTE;
    let lease = stage.lease(&key).await;
    stage.save_one(stage.save_of(&lease, Finding::Absent { retry_at })).await;
    assert_eq!(stage.ask(&stage.wish(&key)).await, Leased::Absent { retry_at });
    world.advance(MINUTE).await;
    stage.later().await;
    assert_eq!(stage.lease(&key).await.failures, 1);
}

pub async fn what_failed_is_not_asked_for_before_its_time<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    let retry_at = stage.now() + MINUTE;
    let lease = stage.lease(&key).await;
    stage.save_one(stage.save_of(&lease, failed(retry_at))).await;
    assert_eq!(stage.ask(&stage.wish(&key)).await, Leased::BackingOff { retry_at });
    world.advance(MINUTE).await;
    stage.later().await;
    assert_eq!(stage.lease(&key).await.failures, 1);
}

pub async fn a_full_resource_makes_no_new_entry<W: World>(world: &W) {
    let stage = stage(world).await;
    let (one, two, three) = (stage.key(1), stage.key(2), stage.key(3));
    for key in [&one, &two] {
        granted(stage.ask(&LeaseWanted { max_entries: 2, ..stage.wish(key) }).await);
    }
    assert_eq!(stage.ask(&LeaseWanted { max_entries: 2, ..stage.wish(&three) }).await, Leased::Full);
    // Another resource has its own number, and what has an entry keeps it.
    world.advance(SPAN).await;
    stage.later().await;
    granted(stage.ask(&LeaseWanted { max_entries: 2, ..stage.wish(&one) }).await);
    granted(stage.ask(&LeaseWanted { max_entries: 2, resource: "other", ..stage.wish(&three) }).await);
}

pub async fn a_first_wish_passes_and_a_second_leases<W: World>(world: &W) {
    let stage = stage(world).await;
    let (key, late) = (stage.key(1), stage.key(2));
    assert_eq!(first_wish(&stage, &key).await, Leased::Passing);
    assert_eq!(first_wish(&stage, &late).await, Leased::Passing);
    granted(first_wish(&stage, &key).await);
    // A day later the first wish is forgotten.
    world.advance(DAY).await;
    stage.later().await;
    assert_eq!(first_wish(&stage, &late).await, Leased::Passing);
}

pub async fn forty_first_wishes_at_once_pass_once<W: World>(world: &W) {
    let stage = adopted(world, declared(world.project(0), vec![window(3, HOUR)], 0)).await;
    let key = stage.key(1);
    let leased = join_all((0..40).map(|_| first_wish(&stage, &key))).await;
    let passing = leased.iter().filter(|leased| **leased == Leased::Passing).count();
    let held = leased.iter().filter(|leased| matches!(leased, Leased::Held { .. })).count();
    assert_eq!((passing, held), (1, 38), "{leased:?}");
    // One passed and one leased: two calls of three.
    assert_eq!(first_wish(&stage, &stage.key(2)).await, Leased::Passing);
    assert!(matches!(first_wish(&stage, &stage.key(3)).await, Leased::OverBudget { .. }));
    let lease = leased.into_iter().find(|leased| matches!(leased, Leased::Granted(_))).map(granted);
    let lease = lease.expect("the second wish has a lease");
    stage.save_one(stage.save_of(&lease, new("[7]"))).await;
    assert!(stage.entry(&key).await.is_some());
}

async fn first_wish<W: World>(stage: &Stage<'_, W>, key: &Key) -> Leased {
    stage.ask(&LeaseWanted { admit_second: true, ..stage.wish(key) }).await
}

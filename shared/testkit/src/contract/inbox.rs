//! Deliveries from both sides of the inbox, and the record of ticks.

use super::World;
use super::stage::{HOUR, MINUTE, SAME, SECOND, Stage, adopted, declared, failed, stage, window};
use bytes::Bytes;
use futures_util::future::join_all;
use weir_catalog::Key;
use weir_flow::ports::{Delivery, Inbox, Receipt, Receipts, Recorded, Run, Runs, Save};

pub async fn a_delivery_is_recorded_once<W: World>(world: &W) {
    let stage = stage(world).await;
    assert_eq!(record(&stage, &receipt(&stage, b"1")).await, Recorded::New);
    assert_eq!(record(&stage, &receipt(&stage, b"1")).await, Recorded::Duplicate);
    assert_eq!(record(&stage, &receipt(&stage, b"2")).await, Recorded::New);
    let waiting = waiting(&stage, 10).await;
    assert_eq!(waiting.len(), 2);
    let Delivery { hook, event, body, .. } = &waiting[0];
    assert_eq!((hook.as_str(), event.as_str(), &body[..]), ("scores", "match_score", &b"\x00\xff1"[..]));
    // Done or not, it was here.
    make_due(&stage, &[], &[waiting[0].id]).await;
    assert_eq!(record(&stage, &receipt(&stage, b"1")).await, Recorded::Duplicate);
}

pub async fn forty_copies_at_once_are_one_delivery<W: World>(world: &W) {
    let stage = stage(world).await;
    let receipt = receipt(&stage, b"1");
    let recorded = join_all((0..40).map(|_| record(&stage, &receipt))).await;
    assert_eq!(recorded.iter().filter(|recorded| **recorded == Recorded::New).count(), 1);
    assert_eq!(waiting(&stage, 50).await.len(), 1);
}

pub async fn another_hook_or_project_has_its_own_deliveries<W: World>(world: &W) {
    let stage = stage(world).await;
    let other = adopted(world, declared(world.project(1), vec![window(9, MINUTE)], 0)).await;
    let here = receipt(&stage, b"1");
    assert_eq!(record(&stage, &here).await, Recorded::New);
    assert_eq!(record(&stage, &Receipt { hook: "teams".to_owned(), ..here.clone() }).await, Recorded::New);
    assert_eq!(record(&stage, &Receipt { project: other.name().to_owned(), ..here }).await, Recorded::New);
    assert_eq!((waiting(&stage, 10).await.len(), waiting(&other, 10).await.len()), (2, 1));
}

pub async fn deliveries_wait_oldest_first_until_they_are_done<W: World>(world: &W) {
    let stage = stage(world).await;
    for dedupe in [b"1", b"2", b"3"] {
        record(&stage, &receipt(&stage, dedupe)).await;
    }
    let first_two = waiting(&stage, 2).await;
    assert!(first_two[0].body.ends_with(b"1") && first_two[1].body.ends_with(b"2"));
    let done: Vec<i64> = first_two.iter().map(|delivery| delivery.id).collect();
    assert_eq!(make_due(&stage, &[], &done).await, 0);
    let rest = waiting(&stage, 10).await;
    assert!(rest.len() == 1 && rest[0].body.ends_with(b"3"));
}

pub async fn a_delivery_makes_known_keys_due_before_all_others<W: World>(world: &W) {
    let stage = stage(world).await;
    let (named, unknown, asked_once) = (stage.key(1), stage.key(8), stage.key(9));
    stage.lease(&asked_once).await;
    stage.keep(&named, "[7]").await;
    stage.keep_due(&stage.key(2), HOUR).await;
    assert_eq!(make_due(&stage, &[named.clone(), unknown, asked_once], &[]).await, 1);
    let lease = stage.tick(1).await.remove(0);
    assert_eq!(lease.key, named);
    // Once answered, it is like the others again.
    stage.later().await;
    let due_at = Some(stage.now());
    stage.save_one(Save { due_at, ..stage.save_of(&lease, SAME) }).await;
    stage.later().await;
    assert_eq!(stage.tick(1).await[0].key, stage.key(2));
}

pub async fn a_delivery_ends_the_backing_off<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    stage.keep(&key, "[7]").await;
    stage.refresh(&key, failed(stage.now() + HOUR)).await;
    assert_eq!(stage.tick(10).await, []);
    assert_eq!(make_due(&stage, &[key], &[]).await, 1);
    assert_eq!(stage.tick(10).await.len(), 1);
}

pub async fn what_was_made_due_during_a_call_stays_due<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    stage.keep(&key, "[7]").await;
    stage.later().await;
    stage.later().await;
    let lease = stage.lease(&key).await;
    // The call is under way: its answer may be older than what the delivery tells of.
    let asked_at = stage.now() - SECOND;
    make_due(&stage, std::slice::from_ref(&key), &[]).await;
    let due_at = Some(stage.now() + HOUR);
    stage.save_one(Save { asked_at, due_at, ..stage.save_of(&lease, SAME) }).await;
    assert_eq!(stage.tick(10).await.len(), 1);
}

pub async fn refused_deliveries_are_only_counted<W: World>(world: &W) {
    let stage = stage(world).await;
    for times in [1, 7] {
        world.receive().count_refused(stage.name(), "scores", times).await.expect("counting");
    }
    assert_eq!(waiting(&stage, 10).await, []);
}

pub async fn a_run_is_recorded<W: World>(world: &W) {
    let stage = stage(world).await;
    let run = Run {
        project: stage.name().to_owned(),
        cause: "cron".to_owned(),
        started_at: stage.now(),
        ended_at: stage.now(),
        leased: 3,
        trouble: "a board was not put".to_owned(),
        ..Run::default()
    };
    world.refresh().record_run(&run).await.expect("recording");
}

fn receipt<W: World>(stage: &Stage<'_, W>, dedupe: &[u8]) -> Receipt {
    Receipt {
        project: stage.name().to_owned(),
        hook: "scores".to_owned(),
        dedupe: dedupe.to_vec(),
        event: "match_score".to_owned(),
        body: Bytes::from([b"\x00\xff", dedupe].concat()),
    }
}

async fn record<W: World>(stage: &Stage<'_, W>, receipt: &Receipt) -> Recorded {
    stage.world.receive().record(receipt).await.expect("recording")
}

async fn waiting<W: World>(stage: &Stage<'_, W>, limit: u32) -> Vec<Delivery> {
    stage.world.refresh().deliveries(stage.name(), limit).await.expect("the inbox")
}

async fn make_due<W: World>(stage: &Stage<'_, W>, keys: &[Key], done: &[i64]) -> u32 {
    stage.world.refresh().make_due(stage.name(), keys, done).await.expect("making due")
}

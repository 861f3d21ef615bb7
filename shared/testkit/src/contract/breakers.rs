//! When an upstream is left alone.

use super::World;
use super::stage::{MINUTE, SECOND, SPAN, Stage, assert_ahead, failed, new, stage};
use std::time::Duration;
use weir_flow::ports::{Finding, Leased, Saved};
use weir_policy::time::Timestamp;

pub async fn five_failures_in_a_row_open_it<W: World>(world: &W) {
    let stage = stage(world).await;
    stage.keep_due(&stage.key(99), MINUTE).await;
    fail(&stage, 4).await;
    stage.lease(&stage.key(50)).await;
    fail(&stage, 1).await;
    assert_ahead(&stage, open_until(&stage).await, Duration::from_secs(30));
    assert_eq!(stage.tick(10).await, []);
}

pub async fn after_the_pause_one_failure_opens_it_for_longer<W: World>(world: &W) {
    let stage = stage(world).await;
    fail(&stage, 5).await;
    world.advance(Duration::from_secs(31)).await;
    fail(&stage, 1).await;
    assert_ahead(&stage, open_until(&stage).await, MINUTE);
    world.advance(MINUTE + SECOND).await;
    // One answer closes it for good.
    stage.keep(&stage.key(99), "[7]").await;
    fail(&stage, 4).await;
    stage.lease(&stage.key(50)).await;
}

pub async fn an_answer_counts_from_zero<W: World>(world: &W) {
    let stage = stage(world).await;
    let retry_at = stage.now();
    let excerpt = bytes::Bytes::new();
    let answers = [new("[7]"), Finding::Absent { retry_at }, Finding::Bad { reason: "bad".into(), excerpt, retry_at }];
    for (id, answer) in (200..).zip(answers) {
        fail(&stage, 4).await;
        stage.refresh(&stage.key(id), answer).await;
    }
    stage.lease(&stage.key(50)).await;
}

pub async fn an_answer_within_a_batch_counts_from_zero<W: World>(world: &W) {
    let stage = stage(world).await;
    let mut saves = Vec::new();
    for id in 0..9 {
        let lease = stage.lease(&stage.key(id)).await;
        let finding = if id == 4 { new("[7]") } else { failed(Timestamp::ZERO) };
        saves.push(stage.save_of(&lease, finding));
    }
    stage.save(&saves).await;
    stage.lease(&stage.key(50)).await;
    fail(&stage, 1).await;
    assert_ahead(&stage, open_until(&stage).await, Duration::from_secs(30));
}

pub async fn an_upstream_that_asks_for_a_pause_gets_it<W: World>(world: &W) {
    let stage = stage(world).await;
    let lease = stage.lease(&stage.key(1)).await;
    let pause_until = stage.now() + MINUTE;
    let limited = Finding::Failed { reason: "429".into(), retry_at: pause_until, pause_until: Some(pause_until) };
    stage.save_one(stage.save_of(&lease, limited)).await;
    assert_eq!(open_until(&stage).await, pause_until);
    world.advance(MINUTE + SECOND).await;
    stage.lease(&stage.key(50)).await;
}

/// So many calls fail one after another, each for another key and none of them backing off.
async fn fail<W: World>(stage: &Stage<'_, W>, times: u32) {
    for id in 0..times {
        let key = stage.key(100 + id);
        let wish = weir_flow::ports::LeaseWanted { span: SPAN, ..stage.wish(&key) };
        let lease = super::stage::granted(stage.ask(&wish).await);
        assert_eq!(stage.save_one(stage.save_of(&lease, failed(Timestamp::ZERO))).await, Saved::Noted);
    }
}

async fn open_until<W: World>(stage: &Stage<'_, W>) -> Timestamp {
    match stage.ask(&stage.wish(&stage.key(77))).await {
        Leased::BreakerOpen { retry_at } => retry_at,
        other => panic!("{other:?}"),
    }
}

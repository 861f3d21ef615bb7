//! What is old goes, and nothing else does.

use super::World;
use super::stage::{
    DAY, HOUR, MINUTE, Stage, adopted, assert_ahead, declared, failed, new_entry, resource, stage, window,
};
use bytes::Bytes;
use futures_util::future::join;
use std::time::Duration;
use weir_catalog::Population;
use weir_flow::ports::{
    Finding, Inbox, Keeping, LeaseWanted, Leased, NewEntry, Receipt, Receipts, Recorded, Run, Runs, Swept,
};
use weir_policy::time::Timestamp;

const ALL: u32 = 5_000;

pub async fn a_version_goes_once_it_was_replaced_longer_ago_than_its_history<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    for body in ["[7]", "[8]", "[9]"] {
        stage.keep(&key, body).await;
    }
    let before = stage.entry(&key).await.expect("kept");
    assert_eq!(sweep(&stage, ALL).await, Swept::default());
    world.advance(HOUR * 23).await;
    assert_eq!(sweep(&stage, ALL).await, Swept::default());
    world.advance(HOUR * 2).await;
    assert_eq!(sweep(&stage, ALL).await, Swept { versions: 2, ..Swept::default() });
    assert_eq!(sweep(&stage, ALL).await, Swept::default());
    let after = stage.entry(&key).await.expect("still kept");
    assert_eq!((after.version, after.body), (before.version, before.body));
}

pub async fn the_current_version_never_goes<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    stage.keep(&key, "[7]").await;
    world.advance(DAY * 400).await;
    assert_eq!(sweep(&stage, ALL).await, Swept { changes: 1, ..Swept::default() });
    assert_eq!(&stage.entry(&key).await.expect("kept").body[..], b"[7]");
    // Replaced a moment ago, however old it is.
    stage.keep(&key, "[8]").await;
    assert_eq!(sweep(&stage, ALL).await, Swept::default());
}

pub async fn each_resource_has_its_own_history<W: World>(world: &W) {
    let stage = stage(world).await;
    for body in ["[7]", "[8]"] {
        stage.keep(&stage.key(1), body).await;
    }
    world.advance(DAY).await;
    let kept_longer = [("other", DAY / 2), ("thing", DAY * 2)];
    assert_eq!(sweep_by(&stage, &kept_longer, ALL).await, Swept::default());
    // What belongs to no resource any more is kept as long as any.
    assert_eq!(sweep_by(&stage, &[("other", DAY / 2), ("another", DAY * 2)], ALL).await, Swept::default());
    assert_eq!(sweep_by(&stage, &[("other", DAY / 2)], ALL).await, Swept { versions: 1, ..Swept::default() });
}

pub async fn the_longest_history_there_is_keeps_everything<W: World>(world: &W) {
    let stage = stage(world).await;
    for body in ["[7]", "[8]"] {
        stage.keep(&stage.key(1), body).await;
    }
    assert_eq!(sweep_by(&stage, &[("thing", Duration::MAX)], ALL).await, Swept::default());
}

pub async fn an_observation_goes_with_the_version_it_was_replaced_with<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    for (body, rank) in [("[1]", "7"), ("[2]", "8"), ("[3]", "8"), ("[4]", "9")] {
        let observed = vec![("rank".to_owned(), rank.to_owned()), ("name".to_owned(), "\"a\"".to_owned())];
        stage.refresh(&key, Finding::New(NewEntry { observed, ..new_entry(body) })).await;
    }
    world.advance(DAY * 2).await;
    // The last rank and the only name are still true.
    assert_eq!(sweep(&stage, ALL).await, Swept { versions: 3, observations: 2, ..Swept::default() });
}

pub async fn an_observation_replaced_lately_stays<W: World>(world: &W) {
    let stage = stage(world).await;
    for (body, rank, wait) in [("[1]", "7", HOUR), ("[2]", "7", DAY * 2), ("[3]", "8", HOUR)] {
        let observed = vec![("rank".to_owned(), rank.to_owned())];
        stage.refresh(&stage.key(1), Finding::New(NewEntry { observed, ..new_entry(body) })).await;
        world.advance(wait).await;
    }
    // Only the first version was followed by another that long ago.
    assert_eq!(sweep(&stage, ALL).await, Swept { versions: 1, ..Swept::default() });
    world.advance(DAY).await;
    assert_eq!(sweep(&stage, ALL).await, Swept { versions: 1, observations: 1, ..Swept::default() });
}

pub async fn a_sweep_removes_no_more_than_its_limit<W: World>(world: &W) {
    let stage = with_old(world).await;
    let mut swept = Vec::new();
    for _ in 0..2 {
        swept.push(sweep(&stage, 3).await);
        assert_eq!(swept_at(&stage).await, Timestamp::ZERO);
    }
    swept.push(sweep(&stage, 3).await);
    assert_eq!(swept.iter().map(|swept| swept.total()).collect::<Vec<_>>(), [3, 3, 2]);
    assert_eq!(swept.iter().map(|swept| swept.versions).sum::<u32>(), 4);
    assert_eq!(swept.iter().map(|swept| swept.observations).sum::<u32>(), 4);
    assert_ahead(&stage, swept_at(&stage).await, Duration::ZERO);
}

pub async fn two_sweeps_at_once_remove_nothing_twice<W: World>(world: &W) {
    let stage = with_old(world).await;
    let (one, other) = join(sweep(&stage, 3), sweep(&stage, 3)).await;
    assert_eq!((one.total(), other.total()), (3, 3));
    assert_eq!(swept_at(&stage).await, Timestamp::ZERO);
    assert_eq!(sweep(&stage, 3).await.total(), 2);
}

pub async fn adopting_a_change_does_not_forget_the_sweep<W: World>(world: &W) {
    let mut stage = stage(world).await;
    sweep(&stage, ALL).await;
    stage.project.description.push('!');
    stage.adopt().await;
    assert_ahead(&stage, swept_at(&stage).await, Duration::ZERO);
}

pub async fn what_was_never_answered_goes_after_a_week<W: World>(world: &W) {
    let stage = stage(world).await;
    let (asked, failing) = (stage.key(1), stage.key(2));
    stage.lease(&asked).await;
    stage.refresh(&failing, failed(stage.now() + HOUR)).await;
    world.advance(DAY * 6).await;
    assert_eq!(sweep(&stage, ALL).await, Swept::default());
    world.advance(DAY + MINUTE).await;
    assert_eq!(sweep(&stage, ALL).await, Swept { entries: 1, ..Swept::default() });
    world.advance(HOUR).await;
    assert_eq!(sweep(&stage, ALL).await, Swept { entries: 1, ..Swept::default() });
    assert_eq!(stage.lease(&asked).await.held, None);
}

pub async fn what_is_wanted_or_scheduled_stays_unanswered<W: World>(world: &W) {
    let mut project = declared(world.project(0), vec![window(100, MINUTE)], 0);
    project.resources.push(resource("list", "/list", Some(Population::All)));
    let stage = adopted(world, project).await;
    let wanted = stage.key(1);
    let demanded_until = Some(stage.now() + DAY * 30);
    let leased = stage.ask(&LeaseWanted { demanded_until, ..stage.wish(&wanted) }).await;
    assert!(matches!(leased, Leased::Granted(_)), "{leased:?}");
    world.advance(DAY * 36).await;
    assert_eq!(sweep(&stage, ALL).await, Swept::default());
    world.advance(DAY * 2).await;
    assert_eq!(sweep(&stage, ALL).await, Swept { entries: 1, ..Swept::default() });
    assert_eq!(stage.tick(9).await.len(), 1);
}

pub async fn records_go_after_a_month_and_changes_after_three<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    stage.keep(&key, "[7]").await;
    let retry_at = stage.now();
    stage.refresh(&key, Finding::Bad { reason: "empty".to_owned(), excerpt: Bytes::new(), retry_at }).await;
    world.receive().record(&receipt(&stage)).await.expect("recording");
    let (project, started_at) = (stage.name().to_owned(), stage.now());
    world.refresh().record_run(&Run { project, started_at, ..Run::default() }).await.expect("recording");
    world.advance(DAY * 29).await;
    assert_eq!(sweep(&stage, ALL).await, Swept::default());
    world.advance(DAY + HOUR).await;
    let month = Swept { quarantine: 1, deliveries: 1, runs: 1, ..Swept::default() };
    assert_eq!(sweep(&stage, ALL).await, month);
    world.advance(DAY * 59).await;
    assert_eq!(sweep(&stage, ALL).await, Swept::default());
    world.advance(DAY).await;
    assert_eq!(sweep(&stage, ALL).await, Swept { changes: 1, ..Swept::default() });
    // What is forgotten may come again.
    assert_eq!(world.receive().record(&receipt(&stage)).await, Ok(Recorded::New));
    assert_eq!(world.refresh().deliveries(stage.name(), 9).await.expect("the inbox").len(), 1);
}

pub async fn a_first_wish_goes_after_a_day<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    let wish = LeaseWanted { admit_second: true, ..stage.wish(&key) };
    assert_eq!(stage.ask(&wish).await, Leased::Passing);
    world.advance(HOUR * 23).await;
    assert_eq!(sweep(&stage, ALL).await, Swept::default());
    world.advance(HOUR * 2).await;
    assert_eq!(sweep(&stage, ALL).await, Swept { sightings: 1, ..Swept::default() });
}

pub async fn a_sweep_leaves_other_projects_alone<W: World>(world: &W) {
    let stage = stage(world).await;
    let other = adopted(world, super::declared(world.project(1))).await;
    for stage in [&stage, &other] {
        for body in ["[7]", "[8]"] {
            stage.keep(&stage.key(1), body).await;
        }
        stage.lease(&stage.key(2)).await;
        world.receive().record(&receipt(stage)).await.expect("recording");
    }
    world.advance(DAY * 100).await;
    let all = Swept { entries: 1, versions: 1, changes: 2, deliveries: 1, ..Swept::default() };
    assert_eq!(sweep(&stage, ALL).await, all);
    assert_eq!(swept_at(&other).await, Timestamp::ZERO);
    assert_eq!(sweep(&other, ALL).await, all);
}

/// Four versions and four observations that are old, and one of each that is not.
async fn with_old<W: World>(world: &W) -> Stage<'_, W> {
    let stage = stage(world).await;
    for rank in 0..5 {
        let observed = vec![("rank".to_owned(), rank.to_string())];
        stage.refresh(&stage.key(1), Finding::New(NewEntry { observed, ..new_entry(&format!("[{rank}]")) })).await;
    }
    world.advance(DAY * 2).await;
    stage
}

async fn sweep<W: World>(stage: &Stage<'_, W>, limit: u32) -> Swept {
    sweep_by(stage, &[("thing", DAY)], limit).await
}

async fn sweep_by<W: World>(stage: &Stage<'_, W>, history: &[(&str, Duration)], limit: u32) -> Swept {
    stage.world.refresh().sweep(stage.name(), history, limit).await.expect("sweeping")
}

async fn swept_at<W: World>(stage: &Stage<'_, W>) -> Timestamp {
    let swept = stage.world.refresh().swept(&["nobody", stage.name()]).await.expect("when it was swept");
    assert_eq!((swept.len(), swept[0]), (2, Timestamp::ZERO));
    swept[1]
}

fn receipt<W: World>(stage: &Stage<'_, W>) -> Receipt {
    Receipt {
        project: stage.name().to_owned(),
        hook: "scores".to_owned(),
        dedupe: b"1".to_vec(),
        event: "match_score".to_owned(),
        body: Bytes::from_static(b"{}"),
    }
}

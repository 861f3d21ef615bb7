//! W1: what a save does, and to whom it happens that it does nothing.

use super::World;
use super::stage::{
    HOUR, MINUTE, SAME, SPAN, adopted, assert_ahead, declared, failed, granted, new, new_entry, stage, window,
};
use bytes::Bytes;
use futures_util::future::{join, join_all};
use std::time::Duration;
use weir_catalog::Key;
use weir_flow::entry::Validators;
use weir_flow::ports::{Entries, Finding, Lease, LeaseWanted, Leases, NewEntry, Save, Saved};

pub async fn the_first_answer_makes_a_version<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    let lease = stage.lease(&key).await;
    let save = stage.save_of(&lease, new("[7]"));
    let asked_at = save.asked_at;
    let Saved::Kept { version, changed: true, changed_at } = stage.save_one(save).await else {
        panic!("not kept");
    };
    // The first version is the time, so that a key erased and made again never goes back.
    assert_ahead(&stage, weir_policy::time::Timestamp::from_ms(version), Duration::ZERO);
    let entry = stage.entry(&key).await.expect("kept");
    assert_eq!((entry.version, entry.verified_at, entry.changed_at), (version, asked_at, changed_at));
    assert_eq!((entry.content_type.as_str(), &entry.body[..]), ("application/json", &b"[7]"[..]));
    assert_eq!(world.refresh().entry(&key).await, Ok(Some(entry)));
}

pub async fn another_meaning_is_the_next_version<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    let first = stage.keep(&key, "[7]").await;
    assert_eq!(stage.keep(&key, "[8]").await, first + 1);
    let entry = stage.entry(&key).await.expect("kept");
    assert_eq!((entry.version, &entry.body[..]), (first + 1, &b"[8]"[..]));
}

pub async fn the_same_meaning_is_only_verified<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    let version = stage.keep(&key, "[7]").await;
    stage.later().await;
    let before = stage.entry(&key).await.expect("kept");
    let lease = stage.lease(&key).await;
    let save = stage.save_of(&lease, SAME);
    let asked_at = save.asked_at;
    let saved = stage.save_one(save).await;
    assert_eq!(saved, Saved::Kept { version, changed: false, changed_at: before.changed_at });
    let after = stage.entry(&key).await.expect("kept");
    assert!(asked_at > before.verified_at);
    assert_eq!(after, weir_flow::entry::Entry { verified_at: asked_at, ..before });
}

pub async fn validators_sent_anew_are_kept<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    stage.keep(&key, "[7]").await;
    let sent = Validators { etag: Some("\"newer\"".to_owned()), last_modified: Some("Friday".to_owned()) };
    stage.refresh(&key, Finding::Same { validators: Some(sent.clone()) }).await;
    // Not sent at all, they stay.
    stage.refresh(&key, SAME).await;
    stage.later().await;
    assert_eq!(stage.lease(&key).await.held.map(|held| held.validators), Some(sent));
}

pub async fn a_body_is_kept_byte_for_byte<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    let every_byte: Vec<u8> = (0..=255_u8).cycle().take(300_000).collect();
    let body = Bytes::from(every_byte);
    let content_type = "text/html; charset=\"utf-8\"".to_owned();
    let finding = Finding::New(NewEntry { body: body.clone(), content_type: content_type.clone(), ..new_entry("") });
    stage.refresh(&key, finding).await;
    let entry = stage.entry(&key).await.expect("kept");
    assert!(entry.body == body && entry.content_type == content_type);
}

pub async fn a_stale_saver_saves_nothing<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    let outdated = stage.lease(&key).await;
    world.advance(SPAN).await;
    stage.later().await;
    let holder = stage.lease(&key).await;
    assert_eq!(stage.save_one(stage.save_of(&outdated, new("[7]"))).await, Saved::Lost);
    assert_eq!(stage.entry(&key).await, None);
    assert!(matches!(stage.save_one(stage.save_of(&holder, new("[8]"))).await, Saved::Kept { changed: true, .. }));
}

pub async fn a_lease_is_good_for_one_save<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    let lease = stage.lease(&key).await;
    stage.save_one(stage.save_of(&lease, new("[7]"))).await;
    stage.later().await;
    assert_eq!(stage.save_one(stage.save_of(&lease, new("[8]"))).await, Saved::Lost);
    // It ended with the save: somebody else may go on at once.
    stage.lease(&key).await;
}

pub async fn two_savers_of_one_lease_save_once<W: World>(world: &W) {
    let stage = stage(world).await;
    let lease = stage.lease(&stage.key(1)).await;
    let save = stage.save_of(&lease, new("[7]"));
    let (one, other) = join(stage.save_one(save.clone()), stage.save_one(save)).await;
    let kept = [one, other].into_iter().filter(|saved| matches!(saved, Saved::Kept { .. })).count();
    assert_eq!(kept, 1, "{one:?} and {other:?}");
}

pub async fn an_older_answer_saves_nothing_and_ends_the_lease<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    let version = stage.keep(&key, "[7]").await;
    stage.later().await;
    let lease = stage.lease(&key).await;
    let verified_at = stage.entry(&key).await.expect("kept").verified_at;
    // The answer had been under way in somebody's cache since before what is held.
    let old = Save { asked_at: verified_at, ..stage.save_of(&lease, new("[6]")) };
    assert_eq!(stage.save_one(old).await, Saved::Lost);
    assert_eq!(stage.entry(&key).await.map(|entry| entry.version), Some(version));
    stage.lease(&key).await;
}

pub async fn a_confirmation_of_nothing_saves_nothing<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    assert_eq!(stage.refresh(&key, SAME).await, Saved::Lost);
    assert_eq!(stage.entry(&key).await, None);
    stage.keep(&key, "[7]").await;
}

pub async fn a_batch_is_answered_in_order<W: World>(world: &W) {
    let stage = stage(world).await;
    let keys = [5, 3, 9, 1].map(|id| stage.key(id));
    let verified = stage.keep(&keys[3], "[3]").await;
    stage.later().await;
    let mut leases = Vec::new();
    for key in &keys {
        leases.push(stage.lease(key).await);
    }
    let foreign = Lease { token: leases[1].token + 1, ..leases[1].clone() };
    let retry_at = stage.now() + MINUTE;
    let saves = [
        stage.save_of(&leases[0], new("[0]")),
        stage.save_of(&foreign, new("[1]")),
        stage.save_of(&leases[2], failed(retry_at)),
        stage.save_of(&leases[3], SAME),
    ];
    let answers = stage.save(&saves).await;
    assert!(matches!(answers[0], Saved::Kept { changed: true, .. }), "{answers:?}");
    assert_eq!((answers[1], answers[2]), (Saved::Lost, Saved::Noted));
    assert!(matches!(answers[3], Saved::Kept { version, changed: false, .. } if version == verified), "{answers:?}");
    assert_eq!(stage.save(&[]).await, []);
}

pub async fn overlapping_batches_in_opposite_order_both_end<W: World>(world: &W) {
    let stage = stage(world).await;
    let keys: Vec<Key> = (0..60).map(|id| stage.key(id)).collect();
    for round in 0..4 {
        stage.later().await;
        let leases = join_all(keys.iter().map(|key| stage.lease(key))).await;
        let saves: Vec<Save> = leases.iter().map(|lease| stage.save_of(lease, new(&format!("[{round}]")))).collect();
        let opposite: Vec<Save> = saves.iter().rev().cloned().collect();
        let answers =
            join_all([&saves, &opposite, &saves, &opposite, &saves, &opposite].map(|batch| stage.save(batch))).await;
        let kept = answers.iter().flatten().filter(|saved| matches!(saved, Saved::Kept { .. })).count();
        assert_eq!(kept, 60, "{answers:?}");
    }
}

pub async fn a_bad_answer_changes_nothing_for_readers<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    stage.keep(&key, "[7]").await;
    stage.later().await;
    let before = stage.entry(&key).await;
    let lease = stage.lease(&key).await;
    let retry_at = stage.now() + MINUTE;
    let excerpt = Bytes::from(vec![b'<'; 10_000]);
    let finding = Finding::Bad { reason: "no JSON".to_owned(), excerpt, retry_at };
    assert_eq!(stage.save_one(stage.save_of(&lease, finding)).await, Saved::Noted);
    assert_eq!(stage.entry(&key).await, before);
    assert!(matches!(stage.ask(&stage.wish(&key)).await, weir_flow::ports::Leased::BackingOff { .. }));
}

pub async fn an_absence_changes_nothing_for_readers<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    stage.keep(&key, "[7]").await;
    stage.later().await;
    let before = stage.entry(&key).await;
    let lease = stage.lease(&key).await;
    let finding = Finding::Absent { retry_at: stage.now() + MINUTE };
    assert_eq!(stage.save_one(stage.save_of(&lease, finding)).await, Saved::Noted);
    assert_eq!(stage.entry(&key).await, before);
}

pub async fn a_save_makes_no_entry<W: World>(world: &W) {
    let stage = stage(world).await;
    let lease = stage.lease(&stage.key(1)).await;
    let never_leased = Lease { key: stage.key(2), ..lease };
    assert_eq!(stage.save_one(stage.save_of(&never_leased, new("[7]"))).await, Saved::Lost);
    assert_eq!(stage.entry(&never_leased.key).await, None);
}

pub async fn nobody_saves_what_belongs_to_another_project<W: World>(world: &W) {
    let stage = stage(world).await;
    let other = adopted(world, declared(world.project(1), vec![window(9, MINUTE)], 0)).await;
    let foreign = other.lease(&other.key(1)).await;
    assert_eq!(stage.save_one(stage.save_of(&foreign, new("[7]"))).await, Saved::Lost);
    assert_eq!(other.entry(&foreign.key).await, None);
    let saved = world.refresh().save(other.name(), &[other.save_of(&foreign, new("[7]"))]).await.expect("saving");
    assert!(matches!(saved[0], Saved::Kept { .. }));
}

pub async fn a_success_forgets_the_failures<W: World>(world: &W) {
    let stage = stage(world).await;
    let key = stage.key(1);
    for failures in 0..2 {
        stage.later().await;
        let lease = stage.lease(&key).await;
        assert_eq!(lease.failures, failures);
        stage.save_one(stage.save_of(&lease, failed(stage.now()))).await;
    }
    stage.keep(&key, "[7]").await;
    stage.later().await;
    let wish = LeaseWanted { span: HOUR, ..stage.wish(&key) };
    assert_eq!(granted(stage.ask(&wish).await).failures, 0);
}

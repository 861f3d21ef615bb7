//! Everything lost, and brought back from one file.

use crate::asking::{PLAYER, PLAYER_UPSTREAM, age_by, count, nothing_untoward_was_logged, player, publish, served_by};
use crate::hooks::{HOOK, PLAYED, sign};
use std::path::PathBuf;
use weir_e2e::{HOOK_SECRET, Options, Response, World, until};

const HEROES: &str = "/opendota/api/heroes";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_backed_up_is_served_again_byte_for_byte() {
    let world = World::start(Options::default()).await;
    fill(&world).await;
    let before = [world.get(1, PLAYER, &[]).await, world.get(1, HEROES, &[]).await];
    let file = Backup::named("whole");
    let said = world.database().back_up(&file.0).await;
    assert!(said.contains("  versions: ") && said.contains("backed up "), "{said}");
    let runs = count(&world, "select count(*) from weir.runs").await;
    // Made after the backup, so it is lost.
    world.demo().set_override(PLAYER_UPSTREAM, player("lost")).await;
    age_by(&world, "25 min").await;
    world.tick().await;
    world.restart_workers().await;
    assert_eq!(world.get(1, PLAYER, &[]).await.text(), player("lost"));

    world.demo().kill();
    world.database().lose_everything().await;
    world.kv_clear().await;
    world.restart_workers().await;
    assert_eq!(world.get(1, PLAYER, &[]).await.status, 503, "nothing is left");

    let said = world.database().bring_back(&file.0).await;
    assert!(said.contains("applied ") && said.contains("restored "), "{said}");
    assert_eq!(count(&world, "select count(*) from weir.runs").await, runs);
    assert_eq!(count(&world, "select count(*) from weir.deliveries where done_at is not null").await, 1);
    for (path, before) in [PLAYER, HEROES].into_iter().zip(&before) {
        let kept = until("Postgres is believed again", async || {
            let kept = world.get(1, path, &[]).await;
            (kept.status == 200).then_some(kept)
        })
        .await;
        assert_eq!(served_by(&kept), "WeirPostgres", "{path}");
        assert_eq!(identity(&kept), identity(before), "{path}");
    }
    // A delivery that came before the backup is not new.
    let signature = sign(HOOK_SECRET, PLAYED);
    assert_eq!(world.post(HOOK, &[("x-tba-hmac", &signature)], PLAYED).await.text(), r#"{"status":"duplicate"}"#);
    until("KV is filled again", async || {
        world.tick().await;
        let owed = "select count(*) from weir.entries where version is not null and slot_version <> version";
        (count(&world, owed).await == 0).then_some(())
    })
    .await;
    world.restart_workers().await;
    for (path, before) in [PLAYER, HEROES].into_iter().zip(&before) {
        let kept = world.get(1, path, &[]).await;
        assert_eq!((served_by(&kept).as_str(), identity(&kept)), ("WeirKV", identity(before)), "{path}");
    }
    nothing_untoward_was_logged(&world).await;
}

/// Reads, a tick, and a delivery that changed a player.
async fn fill(world: &World) {
    world.demo().set_override(PLAYER_UPSTREAM, player("before")).await;
    publish(world, PLAYER).await;
    world.demo().set_override(PLAYER_UPSTREAM, player("after")).await;
    let signature = sign(HOOK_SECRET, PLAYED);
    assert_eq!(world.post(HOOK, &[("x-tba-hmac", &signature)], PLAYED).await.status, 200);
    until("the player is fetched again", async || {
        let done = "select count(*) from weir.runs where cause = 'hook' and changed > 0 and deliveries = 1";
        (count(world, done).await == 1).then_some(())
    })
    .await;
    world.restart_workers().await;
    assert_eq!(world.get(1, PLAYER, &[]).await.text(), player("after"));
}

/// Everything by which a client tells one version from another, and the bytes.
fn identity(answer: &Response) -> [Option<Vec<u8>>; 5] {
    let header = |name: &str| answer.header(name).map(|value| value.as_bytes().to_vec());
    let names = ["etag", "weir-version", "last-modified", "content-type"].map(header);
    let [etag, version, changed, kind] = names;
    assert!(etag.is_some() && version.is_some(), "{answer:?}");
    [etag, version, changed, kind, Some(answer.body.clone())]
}

/// A file's name; the file is gone when it is dropped.
struct Backup(PathBuf);

impl Backup {
    fn named(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("weir-e2e-{}-{name}.gz", std::process::id())))
    }
}

impl Drop for Backup {
    fn drop(&mut self) {
        // What a failed test did not write is not there either.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_no_reader_is_held_back_by_what_was_lost() {
    let world = World::start(Options::default()).await;
    fill(&world).await;
    let file = Backup::named("lost");
    world.database().back_up(&file.0).await;
    world.demo().set_override(PLAYER_UPSTREAM, player("lost")).await;
    age_by(&world, "25 min").await;
    world.tick().await;
    world.restart_workers().await;
    let lost = world.get(1, PLAYER, &[]).await;
    assert_eq!(lost.text(), player("lost"));
    // KV and the Workers' memory still know it.
    world.database().lose_everything().await;
    world.database().bring_back(&file.0).await;
    world.demo().set_override(PLAYER_UPSTREAM, player("newest")).await;
    age_by(&world, "25 min").await;
    world.tick().await;
    let version = lost.header("weir-version").expect("every answer has one").to_owned();
    let newest = until("the reader hears of it", async || {
        let answer = world.get(1, PLAYER, &[("weir-min-version", &version)]).await;
        (answer.text() == player("newest")).then_some(answer)
    })
    .await;
    let number = |text: &str| text.parse::<u64>().expect("a number");
    assert!(number(newest.header("weir-version").expect("every answer has one")) > number(&version), "{newest:?}");
    world.restart_workers().await;
    assert_eq!(world.get(1, PLAYER, &[]).await.text(), player("newest"));
}

//! Webhooks: verified, recorded once, and what they name is fresh within seconds.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use bytes::Bytes;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::time::Duration;
use weir_flow::ports::{Delivery, Fault};
use weir_flow::receive::{Attempt, Receiving, receive};
use weir_testkit::projects::{HOOK, PROJECT, catalog};
use weir_testkit::world::World;

const PLAYED: &str = r#"{"message_type": "played", "message_data": {"id": 1}}"#;

fn sign(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    format!("{:x}", mac.finalize().into_bytes())
}

async fn post(world: &World, body: &str, signature: Option<&str>) -> Receiving {
    let secrets = ["old".to_owned(), "new".to_owned()];
    let project = world.project();
    let body = Bytes::copy_from_slice(body.as_bytes());
    let attempt = Attempt { project, hook: &project.hooks[0], secrets: &secrets, signature, body };
    receive(&world.store, attempt).await.unwrap()
}

fn world() -> World {
    let world = World::new(5, catalog());
    world.upstream.say("/scores", r#"{"is":0}"#);
    world.upstream.say("/players/1", r#"{"is":1}"#);
    world
}

#[test]
fn a_signed_delivery_refreshes_what_it_names_at_once() {
    let world = world();
    world.time.block_on(async {
        world.isolate().read("/players/1").await;
        world.upstream.say("/players/1", r#"{"is":2}"#);
        world.time.sleep(Duration::from_secs(1)).await;
        assert_eq!(post(&world, PLAYED, Some(&sign("new", PLAYED))).await, Receiving::Accepted);
        world.refresh().delivered().await;
        let newest = world.store.changes().pop().unwrap();
        assert_eq!(world.store.body_of(&newest.key, newest.version).unwrap(), r#"{"is":2}"#);
        let run = world.store.runs().pop().unwrap();
        assert_eq!((run.cause.as_str(), run.deliveries, run.changed), ("hook", 1, 2));
    });
}

#[test]
fn the_same_delivery_again_is_a_duplicate_and_does_nothing() {
    let world = world();
    world.time.block_on(async {
        let signature = sign("old", PLAYED);
        assert_eq!(post(&world, PLAYED, Some(&signature)).await, Receiving::Accepted);
        assert_eq!(post(&world, PLAYED, Some(&signature)).await, Receiving::Duplicate);
        assert_eq!(world.store.deliveries_kept(), 1);
    });
}

#[test]
fn what_is_not_signed_leaves_nothing_behind() {
    let world = world();
    world.time.block_on(async {
        let forged = sign("wrong", PLAYED);
        let other = sign("new", "{}");
        for signature in [None, Some("nonsense"), Some(forged.as_str()), Some(other.as_str())] {
            assert_eq!(post(&world, PLAYED, signature).await, Receiving::Refused);
        }
    });
    assert_eq!(world.store.deliveries_kept(), 0);
    assert_eq!(world.store.statements(), 0, "Postgres was not even asked");
}

#[test]
fn without_a_secret_nothing_is_believed() {
    let world = world();
    let project = world.project();
    let signature = sign("", PLAYED);
    let body = Bytes::from_static(PLAYED.as_bytes());
    let attempt = Attempt { project, hook: &project.hooks[0], secrets: &[], signature: Some(&signature), body };
    assert_eq!(world.time.block_on(receive(&world.store, attempt)), Ok(Receiving::NotConfigured));
}

#[test]
fn what_cannot_be_recorded_is_not_acknowledged() {
    let world = world();
    world.store.set_down(true);
    let project = world.project();
    let (secrets, signature) = (["new".to_owned()], sign("new", PLAYED));
    let body = Bytes::from_static(PLAYED.as_bytes());
    let attempt = Attempt { project, hook: &project.hooks[0], secrets: &secrets, signature: Some(&signature), body };
    let error = world.time.block_on(receive(&world.store, attempt)).unwrap_err();
    assert_eq!(error.fault, Fault::Transient);
}

#[test]
fn a_delivery_is_about_the_keys_that_the_project_file_maps() {
    let world = world();
    let about = |event: &str, body: &str| {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let delivery = Delivery { id: 1, hook: HOOK.into(), event: event.into(), body };
        weir_flow::inbox::due_keys(world.project(), &delivery).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(about("played", PLAYED), [format!("{PROJECT}/api/players/1")]);
    assert_eq!(about("played", r#"{"message_data":{"id":"17"}}"#), [format!("{PROJECT}/api/players/17")]);
    for (event, body) in [
        ("other", PLAYED),
        ("played", "{}"),
        ("played", "not json"),
        ("played", r#"{"message_data":{"id":"../x"}}"#),
        ("played", r#"{"message_data":{"id":99999}}"#),
        ("played", r#"{"message_data":{"id":[1]}}"#),
    ] {
        assert_eq!(about(event, body), [""; 0], "{event} {body}");
    }
}

//! Wrong answers of an upstream: none of them replaces a good entry, and each is told apart.

use crate::asking::{PLAYER, age_by, count, nothing_untoward_was_logged, publish};
use serde_json::{Value, json};
use weir_e2e::{Options, World};

async fn outcome_of(world: &World, fault: Value) -> (String, Option<String>) {
    world.demo().clear_faults().await;
    world.demo().fault(fault).await;
    age_by(world, "25 min").await;
    // A breaker that an earlier fault opened is not what this is about.
    let sql = world.database().sql().await;
    sql.batch_execute("update weir.upstreams set open_until = 'epoch', failures = 0; delete from weir.quarantine")
        .await
        .expect("reset");
    world.tick().await;
    let row = "select s.last_outcome, (select q.reason from weir.quarantine q where q.entry = e.id) \
               from weir.entries e join weir.schedule s on s.entry = e.id where e.key = 'opendota/api/players/86745912'";
    let row = sql.query_one(row, &[]).await.expect("the player is kept");
    (row.get(0), row.get(1))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_wrong_answer_replaces_a_good_entry() {
    let world = World::start(Options::default()).await;
    let good = publish(&world, PLAYER).await;
    let because = |reason: &str| Some(reason.to_owned());
    for (fault, outcome, reason) in [
        (json!({ "kind": "html" }), "bad", because("content type \"text/html; charset=utf-8\" instead of JSON")),
        (json!({ "kind": "empty" }), "bad", because("empty body")),
        (json!({ "kind": "status", "status": 404 }), "bad", because("there is no such thing any more")),
        (json!({ "kind": "status", "status": 401 }), "bad", because("status 401")),
        (json!({ "kind": "status", "status": 500 }), "failed", None),
        (json!({ "kind": "status", "status": 503, "retry_after_secs": 60 }), "failed", None),
        (json!({ "kind": "status", "status": 429 }), "failed", None),
        (json!({ "kind": "down" }), "failed", None),
        (json!({ "kind": "hang" }), "failed", None),
    ] {
        let told = format!("{fault}");
        assert_eq!(outcome_of(&world, fault).await, (outcome.to_owned(), reason), "{told}");
    }
    let (outcome, reason) = outcome_of(&world, json!({ "kind": "truncated" })).await;
    assert!(
        outcome == "bad" && reason.as_ref().is_some_and(|reason| reason.starts_with("not JSON: EOF")),
        "{reason:?}"
    );
    let (outcome, reason) = outcome_of(&world, json!({ "kind": "oversized", "bytes": 9_000_000 })).await;
    assert!(outcome == "bad" && reason.as_ref().is_some_and(|reason| reason.contains("max_size")), "{reason:?}");
    let elsewhere = format!("{}/api.opendota.com/api/players/1", world.demo().url());
    let (outcome, reason) = outcome_of(&world, json!({ "kind": "redirect", "to": elsewhere })).await;
    assert!(outcome == "bad" && reason.as_ref().is_some_and(|reason| reason.contains("redirect")), "{reason:?}");
    assert_eq!(world.demo().calls_of("/api.opendota.com/api/players/1").await, 0, "no redirect is followed");
    world.demo().clear_faults().await;
    assert_eq!(
        count(
            &world,
            "select count(*) from weir.versions v join weir.entries e on e.id = v.entry where e.key like '%86745912'"
        )
        .await,
        1
    );
    world.restart_workers().await;
    let still = world.get(1, PLAYER, &[]).await;
    assert_eq!((still.status, still.body), (200, good.body));
    nothing_untoward_was_logged(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_turns_private_does_not_wipe_what_is_known() {
    let world = World::start(Options::default()).await;
    let good = publish(&world, PLAYER).await;
    let hidden = br#"{"profile":{"account_id":86745912,"fh_unavailable":true}}"#;
    world.demo().set_override("/api.opendota.com/api/players/86745912", hidden.to_vec()).await;
    age_by(&world, "25 min").await;
    world.tick().await;
    assert_eq!(
        count(&world, "select count(*) from weir.quarantine where reason = '/profile/fh_unavailable is set'").await,
        1
    );
    world.restart_workers().await;
    assert_eq!(world.get(1, PLAYER, &[]).await.body, good.body);
    // Who was always private is served as that.
    let private = br#"{"profile":{"account_id":77,"fh_unavailable":true}}"#;
    world.demo().set_override("/api.opendota.com/api/players/77", private.to_vec()).await;
    let answer = world.get(1, "/opendota/api/players/77", &[]).await;
    assert_eq!((answer.status, answer.body.as_slice()), (200, private.as_slice()));
}

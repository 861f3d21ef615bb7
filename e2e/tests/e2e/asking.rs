//! What the tests ask again and again.

use serde_json::Value;
use weir_e2e::{Response, World, until};

/// A player of the demo that is neither private nor missing.
pub(crate) const PLAYER: &str = "/opendota/api/players/86745912";
/// The same in the demo.
pub(crate) const PLAYER_UPSTREAM: &str = "/api.opendota.com/api/players/86745912";

/// A player's answer whose meaning a test chooses.
pub(crate) fn player(name: &str) -> String {
    format!(
        "{{\"profile\":{{\"account_id\":86745912,\"personaname\":\"{name}\",\"fh_unavailable\":false}},\"rank_tier\":80}}"
    )
}

/// The member of `Cache-Status` that is nearest to the client.
pub(crate) fn nearest(response: &Response) -> String {
    let status = response.header("cache-status").unwrap_or_default();
    status.rsplit(", ").next().unwrap_or_default().to_owned()
}

/// The tier that served an answer, by its `Cache-Status`: the only member that is a hit, or the upstream's.
pub(crate) fn served_by(response: &Response) -> String {
    let status = response.header("cache-status").unwrap_or_default();
    let hit = status.split(", ").find(|member| member.contains("; hit"));
    let member = hit.or_else(|| status.split(", ").next()).unwrap_or_default();
    member.split(';').next().unwrap_or_default().to_owned()
}

/// Lets time pass for what is kept: everything was verified and changed that much earlier.
pub(crate) async fn age_by(world: &World, span: &str) {
    let sql = world.database().sql().await;
    let statements = format!(
        "update weir.schedule set verified_at = verified_at - interval '{span}', due_at = due_at - interval '{span}', \
         retry_at = retry_at - interval '{span}' where verified_at > 'epoch' or retry_at > 'epoch';\
         update weir.entries set changed_at = changed_at - interval '{span}';\
         update weir.boards set news = news + 1;"
    );
    sql.batch_execute(&statements).await.expect("time passes");
}

/// One number out of the database.
pub(crate) async fn count(world: &World, query: &str) -> i64 {
    let sql = world.database().sql().await;
    sql.query_one(query, &[]).await.expect("the query is right").get(0)
}

/// Fills KV: reads a path, waits for its slot to be acknowledged, and ticks, so that a board names it.
pub(crate) async fn publish(world: &World, path: &str) -> Response {
    let first = world.get(1, path, &[]).await;
    assert_eq!(first.status, 200, "{}", first.text());
    until("the slot is acknowledged", async || {
        let owed = "select count(*) from weir.entries where version is not null and slot_version <> version";
        (count(world, owed).await == 0).then_some(())
    })
    .await;
    world.tick().await;
    first
}

/// Every invocation stayed within the platform's limits, which workerd does not enforce, and no line tells a secret.
pub(crate) async fn nothing_untoward_was_logged(world: &World) {
    let logs = world.logs().await;
    assert!(!logs.is_empty(), "the Workers log a line per request");
    for line in logs {
        let text = line.to_string();
        assert!(line.get("limit").is_none_or(Value::is_null), "a limit of the platform: {text}");
        assert!(!text.contains(weir_e2e::HOOK_SECRET) && !text.contains("postgres://"), "a secret: {text}");
        assert!(!text.contains("panicked"), "{text}");
    }
}

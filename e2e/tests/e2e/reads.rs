//! Reads as a client sees them: tiers, validators, headers.

use crate::asking::{
    PLAYER, PLAYER_UPSTREAM, age_by, nearest, nothing_untoward_was_logged, player, publish, served_by,
};
use weir_e2e::{Options, World, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_miss_and_then_a_hit_with_the_upstreams_own_bytes() {
    let world = World::start(Options::default()).await;
    let spelt = player("\\u00e9").replace(',', " ,\n");
    world.demo().set_override(PLAYER_UPSTREAM, spelt.clone()).await;
    let miss = world.get(1, PLAYER, &[]).await;
    assert_eq!((miss.status, served_by(&miss).as_str()), (200, "WeirUpstream"));
    let hit = world.get(1, PLAYER, &[]).await;
    assert_eq!((hit.status, served_by(&hit).as_str()), (200, "WeirMemory"));
    assert_eq!((miss.text(), hit.text()), (spelt.clone(), spelt));
    assert_eq!(world.demo().calls_of(PLAYER_UPSTREAM).await, 1);
    assert_eq!(hit.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(
        hit.header("cache-control"),
        Some("public, max-age=1080, stale-while-revalidate=86400, stale-if-error=2590920")
    );
    assert_eq!(hit.header("access-control-allow-origin"), Some("*"));
    for header in ["etag", "last-modified", "age", "weir-version"] {
        assert!(hit.header(header).is_some(), "{header}");
        assert!(header == "age" || hit.header(header) == miss.header(header), "{header}");
    }
    nothing_untoward_was_logged(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_has_the_version_is_told_so_in_either_form_of_its_tag() {
    let world = World::start(Options::default()).await;
    let first = world.get(1, PLAYER, &[]).await;
    let tag = first.header("etag").expect("an ETag").to_owned();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let answer = world.get(1, PLAYER, &[("if-none-match", &known)]).await;
        assert_eq!((answer.status, answer.body.len()), (304, 0), "{known}");
        for header in ["etag", "cache-control", "weir-version"] {
            assert_eq!(answer.header(header), first.header(header), "{header}");
        }
    }
    let since = first.header("last-modified").expect("Last-Modified").to_owned();
    assert_eq!(world.get(1, PLAYER, &[("if-modified-since", &since)]).await.status, 304);
    let other = [("if-none-match", "\"other\""), ("if-modified-since", since.as_str())];
    assert_eq!(world.get(1, PLAYER, &other).await.status, 200, "If-None-Match beats If-Modified-Since");
    let head = world.request(1, "HEAD", PLAYER, &[], Vec::new()).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    for header in ["etag", "content-type", "cache-control", "weir-version"] {
        assert_eq!(head.header(header), first.header(header), "{header}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_tick_another_isolate_reads_the_slot_that_the_board_names() {
    let world = World::start(Options { isolates: 2, ..Options::default() }).await;
    let first = publish(&world, PLAYER).await;
    let boards = world.kv_list("b/").await;
    assert_eq!(boards.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["b/opendota/0"]);
    let statements = world.logs().await.len();
    let hot = world.get(2, PLAYER, &[]).await;
    assert_eq!((hot.status, served_by(&hot).as_str()), (200, "WeirKV"));
    assert_eq!((hot.body, hot.headers.get("etag")), (first.body, first.headers.get("etag")));
    let lines = world.logs().await;
    let line = lines[statements..].iter().find(|line| line["what"] == "read").expect("a line for the read");
    assert_eq!(
        (&line["tier"], &line["kv"], &line["sql"], &line["calls"]),
        (&"kv".into(), &2.into(), &0.into(), &0.into())
    );
    nothing_untoward_was_logged(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_entry_is_served_at_once_and_refreshed_behind() {
    let world = World::start(Options::default()).await;
    world.demo().set_override(PLAYER_UPSTREAM, player("old")).await;
    world.get(1, PLAYER, &[]).await;
    world.demo().set_override(PLAYER_UPSTREAM, player("new")).await;
    age_by(&world, "30 min").await;
    world.restart_workers().await;
    let stale = world.get(1, PLAYER, &[]).await;
    assert_eq!((stale.status, stale.text()), (200, player("old")));
    assert!(stale.header("age").is_some_and(|age| age.parse::<u64>().is_ok_and(|age| age >= 1800)));
    assert!(nearest(&stale).contains("WeirMemory"));
    assert!(
        stale.header("cache-status").is_some_and(|status| status.contains("WeirPostgres; hit; ttl=-7")),
        "{stale:?}"
    );
    until("the new answer is there", async || (world.get(1, PLAYER, &[]).await.text() == player("new")).then_some(()))
        .await;
    nothing_untoward_was_logged(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_may_ask_for_no_older_version_than_it_saw() {
    let world = World::start(Options { isolates: 2, ..Options::default() }).await;
    world.demo().set_override(PLAYER_UPSTREAM, player("old")).await;
    let old = world.get(1, PLAYER, &[]).await;
    assert_eq!(world.get(2, PLAYER, &[]).await.text(), player("old"));
    world.demo().set_override(PLAYER_UPSTREAM, player("new")).await;
    age_by(&world, "30 min").await;
    world.tick().await;
    let newer = old.header("weir-version").and_then(|version| version.parse::<u64>().ok()).expect("a version") + 1;
    let answer = world.get(2, PLAYER, &[("weir-min-version", &newer.to_string())]).await;
    assert_eq!((answer.status, answer.text()), (200, player("new")));
    assert_eq!(answer.header("weir-version"), Some(newer.to_string().as_str()));
    assert_eq!(world.get(1, PLAYER, &[("weir-min-version", "newest")]).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clients_credentials_and_unknown_parameters_go_nowhere() {
    let world = World::start(Options::default()).await;
    let path = format!("{PLAYER}?api_key=0b7c6b1e-3a5e-4d1c-9a53-2f5f8d1d6a11&utm=1");
    let answer = world
        .get(1, &path, &[("authorization", "Bearer private"), ("cookie", "a=private"), ("x-api-key", "private")])
        .await;
    assert_eq!(answer.status, 200);
    let seen = world.demo().last(PLAYER_UPSTREAM).await.to_string();
    assert!(
        seen.contains("accept") && !seen.contains("private") && !seen.contains("0b7c6b1e") && !seen.contains("utm"),
        "{seen}"
    );
    let kept = format!(
        "{:?} {:?}",
        world.kv_list("").await.iter().map(|key| key.name.clone()).collect::<Vec<_>>(),
        world.logs().await
    );
    assert!(!kept.contains("private") && !kept.contains("0b7c6b1e"), "{kept}");
    assert_eq!(served_by(&world.get(1, PLAYER, &[]).await), "WeirMemory", "it is the same entry");
}

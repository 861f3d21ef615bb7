//! Ticks as an operator sees them: rows, versions, boards.

use crate::asking::{PLAYER, PLAYER_UPSTREAM, age_by, count, nothing_untoward_was_logged, player, publish};
use weir_e2e::{Options, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_fetches_what_is_always_due_and_records_its_run() {
    let world = World::start(Options::default()).await;
    world.tick().await;
    let run = "select count(*) from weir.runs where project = 'opendota' and cause = 'cron' and trouble = '' \
               and called = 3 and changed = 3 and slots = 3 and boards = 1 and ended_at > started_at";
    assert_eq!(count(&world, run).await, 1);
    for path in ["/heroes", "/heroStats", "/constants/heroes"] {
        assert_eq!(world.demo().calls_of(&format!("/api.opendota.com/api{path}")).await, 1, "{path}");
        let answer = world.get(1, &format!("/opendota/api{path}"), &[]).await;
        assert_eq!((answer.status, crate::asking::served_by(&answer).as_str()), (200, "WeirKV"), "{path}");
    }
    let lines = world.logs().await;
    let line = lines.iter().find(|line| line["what"] == "tick").expect("a line per tick");
    assert_eq!(
        (&line["worker"], &line["project"], &line["outcome"]),
        (&"refresh".into(), &"opendota".into(), &"done".into())
    );
    nothing_untoward_was_logged(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_change_is_asked_for_conditionally_and_keeps_its_version() {
    let world = World::start(Options::default()).await;
    world.demo().set_override(PLAYER_UPSTREAM, player("same")).await;
    let first = publish(&world, PLAYER).await;
    let puts = world.kv_list("e/").await.len();
    age_by(&world, "25 min").await;
    world.tick().await;
    let seen = world.demo().last(PLAYER_UPSTREAM).await.to_string();
    assert!(seen.contains("if-none-match"), "{seen}");
    assert_eq!(
        count(
            &world,
            "select count(*) from weir.schedule s join weir.entries e on e.id = s.entry \
        where e.key like '%86745912' and s.last_outcome = 'same' and s.verified_at > now() - interval '1 min'"
        )
        .await,
        1
    );
    assert_eq!(world.kv_list("e/").await.len(), puts, "no slot is written to say that nothing changed");
    world.restart_workers().await;
    let again = world.get(1, PLAYER, &[]).await;
    assert_eq!(again.header("weir-version"), first.header("weir-version"));
    assert!(
        again.header("age").is_some_and(|age| age.parse::<u64>().is_ok_and(|age| age < 60)),
        "the board says when: {again:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_ignored_fields_is_none_and_a_real_one_is_recorded() {
    let world = World::start(Options::default()).await;
    let login = |at: &str, rank: u32| {
        format!(
            "{{\"profile\":{{\"account_id\":86745912,\"last_login\":\"{at}\"}},\"rank_tier\":{rank},\"leaderboard_rank\":null}}"
        )
    };
    world.demo().set_override(PLAYER_UPSTREAM, login("2026-01-01", 75)).await;
    publish(&world, PLAYER).await;
    for (answer, versions, observed) in [(login("2026-01-02", 75), 1, 1), (login("2026-01-02", 80), 2, 2)] {
        world.demo().set_override(PLAYER_UPSTREAM, answer).await;
        age_by(&world, "25 min").await;
        world.tick().await;
        let of_player = "from weir.entries e where e.id = x.entry and e.key like '%86745912'";
        assert_eq!(
            count(&world, &format!("select count(*) from weir.versions x where exists (select {of_player})")).await,
            versions
        );
        assert_eq!(
            count(&world, &format!("select count(*) from weir.changes x where exists (select {of_player})")).await,
            versions
        );
        let ranks = format!(
            "select count(*) from weir.observations x where name = 'rank_tier' and exists (select {of_player})"
        );
        assert_eq!(count(&world, &ranks).await, observed);
    }
}

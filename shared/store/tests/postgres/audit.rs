//! What an operator answers for is written down, and nobody can make it unwritten.

use crate::steps::{adopt, adopted, declared, run};
use crate::world::{OWNER, Postgres, connect};
use weir_testkit::contract::World;

#[tokio::test]
async fn a_project_that_comes_changes_and_goes_is_written_down() {
    let world = adopted().await;
    let mut project = declared(&world);
    adopt(&world, &project).await;
    let actions = written(&world).await;
    assert_eq!(actions.len(), 1, "{actions:?}");
    let name = world.project(0);
    assert!(actions[0].starts_with(&format!("postgres postgres project added {name} ")), "{actions:?}");
    assert!(actions[0].contains(r#""access": [null, "public"]"#) && actions[0].contains(r#""shards": [null, 1]"#));
    project.board_shards = 3;
    adopt(&world, &project).await;
    let changed = written(&world).await.remove(1);
    assert!(changed.starts_with(&format!("postgres postgres project changed {name} ")), "{changed}");
    assert!(changed.contains(r#""shards": [1, 3]"#) && !changed.contains("access"), "{changed}");
    run(&world, "delete from weir.projects where project = $1").await;
    assert!(written(&world).await[2].contains("project removed"));
}

#[tokio::test]
async fn only_an_upstreams_mode_is_written_down() {
    let world = adopted().await;
    run(&world, "update weir.upstreams set failures = 3, used = used, mode = 'live' where project = $1").await;
    run(&world, "update weir.projects set last_swept_at = now() where project = $1").await;
    assert_eq!(written(&world).await.len(), 1);
    run(&world, "update weir.upstreams set mode = 'paused' where project = $1").await;
    let changed = written(&world).await.remove(1);
    assert_eq!(changed, r#"postgres postgres upstream changed api {"mode": ["live", "paused"]}"#);
}

#[tokio::test]
async fn the_actor_is_who_the_caller_was_found_to_be() {
    let world = adopted().await;
    for actor in ["key operations", ""] {
        world.admin.execute("select set_config('weir.actor', $1, false)", &[&actor]).await.unwrap();
        run(&world, "update weir.upstreams set mode = 'paused' where project = $1").await;
        run(&world, "update weir.upstreams set mode = 'live' where project = $1").await;
    }
    let actors: Vec<String> = written(&world).await.iter().map(|row| row.replace(" upstream", "\n")).collect();
    assert!(actors[1].starts_with("key operations postgres\n") && actors[4].starts_with("postgres postgres\n"));
}

#[tokio::test]
async fn what_is_written_stays() {
    let world = adopted().await;
    let role = connect(&world.database.acting_as("weir_refresh_fn")).await;
    role.execute("select set_config('weir.project', $1, false)", &[&world.project(0)]).await.unwrap();
    for denied in [
        "update weir.audit set actor = 'somebody'",
        "delete from weir.audit",
        "truncate weir.audit",
        "select from weir.audit",
        // When it was and by which login, nobody makes up.
        "insert into weir.audit (project, actor, action, subject, detail, login) values ('p', '', '', '', '{}', 'x')",
        "insert into weir.audit (project, actor, action, subject, detail, at) values ('p', '', '', '', '{}', now())",
    ] {
        let refused = role.batch_execute(denied).await.unwrap_err();
        let message = refused.as_db_error().unwrap().message();
        assert_eq!(message, "permission denied for table audit", "{denied}");
    }
    let elsewhere = "insert into weir.audit (project, actor, action, subject, detail) values ('x', '', '', '', '{}')";
    let refused = role.batch_execute(elsewhere).await.unwrap_err();
    assert!(refused.as_db_error().unwrap().message().contains("row-level security"), "{refused:?}");
    let owner = connect(&world.database.acting_as(OWNER)).await;
    let seen = owner.query("select from weir.audit where project = $1", &[&world.project(0)]).await.unwrap();
    assert_eq!(seen.len(), 1, "an operator reads it");
}

async fn written(world: &Postgres) -> Vec<String> {
    let sql = "select concat_ws(' ', actor, login, action, subject, detail) from weir.audit
               where project = $1 and at between now() - interval '1 hour' and clock_timestamp() order by id";
    let rows = world.admin.query(sql, &[&world.project(0)]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

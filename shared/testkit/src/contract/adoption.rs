//! How projects become known, and what a change of their files does to what is kept.

use super::World;
use super::stage::{MINUTE, Stage, adopted, declared, new, resource, stage, window};
use weir_catalog::{Key, Population, Project};
use weir_flow::ports::{DueWanted, Fault, Leases, Save};

pub async fn a_project_that_was_never_adopted_is_named_so<W: World>(world: &W) {
    let stage = Stage { world, project: declared(world.project(0), vec![window(10, MINUTE)], 0) };
    let key = stage.key(1);
    let leased = world.refresh().lease(&stage.wish(&key)).await.map(drop);
    assert_eq!(leased.expect_err("nobody knows it").fault, Fault::NotAdopted);
    let wanted = DueWanted { project: stage.name(), upstream: "api", limit: 1 };
    let due = world.refresh().lease_due(&[wanted], MINUTE).await.map(drop);
    assert_eq!(due.expect_err("nobody knows it").fault, Fault::NotAdopted);
}

pub async fn adopting_twice_says_nothing_twice<W: World>(world: &W) {
    let stage = adopted(world, with_list(world)).await;
    let lease = stage.tick(9).await.remove(0);
    let due_at = Some(stage.now() + MINUTE);
    stage.save_one(Save { due_at, ..stage.save_of(&lease, new("[1]")) }).await;
    stage.adopt().await;
    assert_eq!(stage.tick(9).await, []);
}

pub async fn a_key_that_exists_unasked_is_due_at_once<W: World>(world: &W) {
    let stage = adopted(world, with_list(world)).await;
    let due = stage.tick(9).await;
    assert_eq!(due.len(), 1);
    assert_eq!((due[0].key.clone(), due[0].resource.as_str()), (list(&stage.project), "list"));
    assert_eq!(due[0].held, None);
}

pub async fn an_adopted_change_reaches_what_is_kept<W: World>(world: &W) {
    let mut stage = adopted(world, declared(world.project(0), vec![window(100, MINUTE)], 0)).await;
    stage.project.resources.push(resource("list", "/list", Some(Population::All)));
    stage.adopt().await;
    assert_eq!(stage.tick(9).await.len(), 1);
}

pub async fn a_retired_resource_is_not_due_any_more<W: World>(world: &W) {
    let mut stage = stage(world).await;
    stage.keep_due(&stage.key(1), MINUTE).await;
    stage.project.resources = vec![resource("list", "/list", Some(Population::All))];
    stage.adopt().await;
    let due: Vec<Key> = stage.tick(9).await.into_iter().map(|lease| lease.key).collect();
    assert_eq!(due, [list(&stage.project)]);
}

fn with_list<W: World>(world: &W) -> Project {
    let mut project = declared(world.project(0), vec![window(100, MINUTE)], 0);
    project.resources.push(resource("list", "/list", Some(Population::All)));
    project
}

fn list(project: &Project) -> Key {
    Key::new(format!("{}/api/list", project.name)).expect("a short key")
}

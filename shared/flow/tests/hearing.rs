//! What `refresh` knows of keys, and what it makes of reports.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;
use weir_catalog::{Key, Routes};
use weir_flow::grounds::Grounds;
use weir_flow::hear::hear;
use weir_flow::ports::Tidings;
use weir_testkit::projects::{PROJECT, catalog};
use weir_testkit::world::World;

fn key(name: &str) -> Key {
    Key::new(name.into()).unwrap()
}

#[test]
fn a_key_leads_back_to_its_resource() {
    let catalog = catalog();
    let named = |running: &[&str], name: &str| {
        let routes = Routes::new(&catalog, running);
        let grounds = Grounds { catalog: &catalog, routes: &routes, running: &[] };
        grounds.subject(&key(name)).map(|subject| subject.resource.name.clone())
    };
    assert_eq!(named(&[PROJECT], "games/api/players/7").as_deref(), Some("player"));
    assert_eq!(named(&[PROJECT], "games/api/players/7?x=1"), None, "not the key's one spelling");
    assert_eq!(named(&[PROJECT], "games/api/players/07"), None);
    assert_eq!(named(&[PROJECT], "other/api/players/7"), None);
    assert_eq!(named(&[], "games/api/players/7"), None, "a project that does not run has no keys");
}

#[test]
fn demand_reported_before_anything_is_adopted_is_not_lost() {
    let world = World::new(6, catalog());
    world.upstream.say("/players/1", r#"{"is":1}"#);
    world.time.block_on(async {
        let refresh = world.refresh();
        let (project, routes) = (world.project(), Routes::new(&world.catalog, &[PROJECT]));
        let running = [project];
        let grounds = Grounds { catalog: &world.catalog, routes: &routes, running: &running };
        let demanded =
            Tidings::Demanded(vec![key("games/api/players/1"), key("games/api/live/1"), key("games/api/none")]);
        assert_eq!(hear(&refresh, grounds, &demanded).await, Ok(None));
        world.isolate().read("/players/1").await;
        for _ in 0..70 {
            world.time.sleep(Duration::from_secs(60)).await;
            world.tick().await;
        }
        assert_eq!(world.store.due_at(&key("games/api/players/1")), None);
        assert_eq!(hear(&refresh, grounds, &demanded).await, Ok(None));
        assert!(world.store.due_at(&key("games/api/players/1")).is_some(), "it is due again");
    });
}

#[test]
fn a_lost_board_is_put_again_by_the_next_tick() {
    let world = World::new(7, catalog());
    world.upstream.say("/scores", r#"{"is":1}"#);
    world.time.block_on(async {
        world.tick().await;
        world.time.sleep(Duration::from_secs(5)).await;
        assert_eq!(world.tick().await[0].boards, 0, "there is no news");
        world.hot.clear();
        world.isolate().read("/scores").await;
        world.time.sleep(Duration::from_secs(5)).await;
        assert_eq!(world.tick().await[0].boards, 1);
    });
}

//! A project for tests: one resource of each kind, with short times.

use std::time::Duration;
use weir_catalog::{
    Access, Admission, Catalog, Expected, Hook, HookScheme, MakesDue, Param, Population, Project, Refresh, Resource,
    Secret, Upstream, Window,
};

/// The project's name.
pub const PROJECT: &str = "games";
/// Every key of it is refreshed: `games/api/scores`.
pub const ALL: &str = "scores";
/// Demanded keys are refreshed: `games/api/players/1`.
pub const DEMANDED: &str = "player";
/// Only reads refresh it: `games/api/live/1`.
pub const UNSCHEDULED: &str = "live";
/// Kept from the second wish on: `games/api/search/x`.
pub const SEARCH: &str = "search";
/// Its secret is `SECRET`; the event `played` makes a player due.
pub const HOOK: &str = "played";

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A catalog of one project with a budget that is never spent.
pub fn catalog() -> Catalog {
    catalog_with_budget(Vec::new())
}

/// The same with a budget.
pub fn catalog_with_budget(budget: Vec<Window>) -> Catalog {
    let upstream = Upstream {
        name: "api".into(),
        base_url: "https://games.example/v1".into(),
        mount: "/api".into(),
        auth: None,
        budget,
        reserve_percent: 20,
        timeout: secs(5),
        max_bytes: 1_000_000,
    };
    Catalog {
        projects: vec![Project {
            name: PROJECT.into(),
            description: "Games".into(),
            access: Access::Public,
            admission: Admission::default(),
            board_shards: 1,
            upstreams: vec![upstream],
            resources: resources(),
            hooks: vec![hook()],
        }],
    }
}

fn resources() -> Vec<Resource> {
    let within = secs(3600);
    let every = |every, of| Some(Refresh { every: secs(every), of });
    vec![
        Resource { refresh: every(60, Population::All), ttl: secs(210), ..resource(ALL, "/scores") },
        Resource {
            refresh: every(120, Population::Demanded { within }),
            ttl: secs(270),
            unless: vec!["/hidden".into()],
            track: vec![("rank".into(), "/rank".into())],
            ..resource(DEMANDED, "/players/{id}")
        },
        resource(UNSCHEDULED, "/live/{id}"),
        Resource { admit_second: true, ..resource(SEARCH, "/search/{id}") },
    ]
}

fn resource(name: &str, path: &str) -> Resource {
    let number = || Param { name: "id".into(), expected: Expected::Number { max: 1000 } };
    Resource {
        name: name.into(),
        upstream: 0,
        path: path.into(),
        params: if path.contains('{') { vec![number()] } else { Vec::new() },
        query: Vec::new(),
        ttl: secs(60),
        grace: secs(600),
        keep: secs(7200),
        refresh: None,
        expect: vec!["/is".into()],
        unless: Vec::new(),
        never_empty: false,
        ignore: Vec::new(),
        drop: Vec::new(),
        track: Vec::new(),
        admit_second: false,
        max_entries: 1000,
        history: secs(86_400),
    }
}

fn hook() -> Hook {
    Hook {
        name: HOOK.into(),
        scheme: HookScheme::Tba,
        secrets: vec![Secret { name: "SECRET".into(), optional: false }],
        max_bytes: 10_000,
        event: "/message_type".into(),
        due: vec![MakesDue {
            event: "played".into(),
            resources: vec![1],
            with: vec![("id".into(), "/message_data/id".into())],
        }],
    }
}

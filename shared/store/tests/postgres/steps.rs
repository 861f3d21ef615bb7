//! Short ways to do what most tests begin with.

use crate::world::Postgres;
use std::time::Duration;
use tokio_postgres::types::ToSql;
use weir_catalog::{Catalog, Key, Project};
use weir_flow::entry::Validators;
use weir_flow::ports::{Finding, Lease, LeaseWanted, Leased, Leases, NewEntry, Save, Saved};
use weir_testkit::contract::{World, saves};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

pub(crate) async fn adopted() -> Postgres {
    let world = Postgres::new().await;
    // Any case adopts the project; this one leaves the least behind.
    saves::a_save_makes_no_entry(&world).await;
    run(&world, "delete from weir.entries where project = $1").await;
    world
}

pub(crate) fn declared(world: &Postgres) -> Project {
    weir_testkit::contract::declared(world.project(0))
}

pub(crate) async fn adopt(world: &Postgres, project: &Project) {
    let catalog = Catalog { projects: vec![project.clone()] };
    world.refresh().adopt(&catalog, &[project]).await.unwrap();
}

pub(crate) fn keys(world: &Postgres, ids: std::ops::Range<u32>) -> Vec<Key> {
    ids.map(|id| Key::new(format!("{}/api/things/{id}", world.project(0))).unwrap()).collect()
}

pub(crate) fn wish<'k>(world: &Postgres, key: &'k Key) -> LeaseWanted<'k> {
    LeaseWanted {
        key,
        resource: "thing",
        upstream: "api",
        shard: 0,
        fresh_after: world.now(),
        span: Duration::from_secs(30),
        demanded_until: None,
        admit_second: false,
        max_entries: 1000,
    }
}

pub(crate) async fn lease(world: &Postgres, key: &Key) -> Lease {
    match world.refresh().lease(&wish(world, key)).await {
        Ok(Leased::Granted(lease)) => lease,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn save(world: &Postgres, lease: &Lease, finding: Finding) -> Save {
    let asked_at = world.now();
    Save { key: lease.key.clone(), token: lease.token, asked_at, finding, due_at: None, news_after: HOUR }
}

pub(crate) async fn saved(world: &Postgres, saves: &[Save]) -> Vec<Saved> {
    world.refresh().save(&world.project(0), saves).await.unwrap()
}

pub(crate) async fn keep(world: &Postgres, key: &Key, finding: Finding) -> u64 {
    world.advance(SECOND).await;
    let lease = lease(world, key).await;
    match saved(world, &[save(world, &lease, finding)]).await[0] {
        Saved::Kept { version, .. } => version,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn new(body: &str) -> Finding {
    Finding::New(new_entry(body))
}

pub(crate) fn new_entry(body: &str) -> NewEntry {
    NewEntry {
        body: body.to_owned().into(),
        content_type: "application/json".into(),
        validators: Validators::default(),
        meaning: body.into(),
        weak: false,
        observed: Vec::new(),
    }
}

/// As a superuser, with the project's name as the parameter.
pub(crate) async fn run(world: &Postgres, sql: &str) {
    let project = world.project(0);
    let params: [&(dyn ToSql + Sync); 1] = [&project];
    world.admin.execute(sql, &params).await.unwrap();
}

pub(crate) async fn text(world: &Postgres, sql: &str) -> String {
    world.admin.query_one(sql, &[&world.project(0)]).await.unwrap().get(0)
}

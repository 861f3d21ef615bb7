//! What a failure says to its caller.

use crate::world::{Database, Postgres};
use std::time::{Duration, Instant};
use tokio_postgres::Config;
use weir_catalog::Key;
use weir_flow::ports::{Entries, Fault, Leases, PortError};
use weir_store::Store;
use weir_store::native::Native;
use weir_testkit::contract::{World, saves};

#[tokio::test]
async fn a_postgres_that_is_not_there_may_come_back() {
    let mut nowhere = Config::new();
    nowhere.host("127.0.0.1").port(1).user("weir_read").dbname("weir");
    let error = read(nowhere).await.unwrap_err();
    assert_eq!(error.fault, Fault::Transient, "{error}");
}

#[tokio::test]
async fn a_database_that_was_never_migrated_stays_so() {
    let database = Database::empty().await;
    let error = read(database.config.clone()).await.unwrap_err();
    assert_eq!(error.fault, Fault::Permanent, "{error}");
}

#[tokio::test]
async fn a_password_that_is_wrong_stays_wrong() {
    let database = Database::empty().await;
    let mut config = database.config.clone();
    config.password("wrong");
    let error = read(config).await.unwrap_err();
    assert_eq!(error.fault, Fault::Permanent, "{error}");
}

#[tokio::test]
async fn what_hangs_is_given_up_in_time() {
    let world = Postgres::new().await;
    saves::the_first_answer_makes_a_version(&world).await;
    let lock = "begin; lock table weir.entries in access exclusive mode";
    world.admin.batch_execute(lock).await.unwrap();
    let begun = Instant::now();
    let store = Store::new(Native::new(world.database.acting_as("weir_refresh")));
    let error = store.demand(&world.project(0), &[(key(&world), world.now())]).await.unwrap_err();
    assert_eq!(error.fault, Fault::Transient, "{error}");
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_millis(1_500) && waited < Duration::from_secs(8), "{waited:?}");
    world.admin.batch_execute("rollback").await.unwrap();
}

async fn read(config: Config) -> Result<(), PortError> {
    let store = Store::new(Native::new(config));
    store.entry(&Key::new("p/api/things/1".into()).unwrap()).await.map(drop)
}

fn key(world: &Postgres) -> Key {
    Key::new(format!("{}/api/things/1", world.project(0))).unwrap()
}

//! A key opens its own project, with its own scopes, for as long as it is valid; and nobody learns it from here.

use crate::steps::{DAY, HOUR};
use crate::world::{OWNER, Postgres, connect};
use std::time::Duration;
use tokio_postgres::Client;
use weir_flow::ports::Keys;
use weir_policy::api_key::{ApiKey, Scopes};
use weir_store::keys::{KeyError, Made, NewKey, create, list, revoke, rotate};
use weir_testkit::contract::World;

const READ: [&str; 1] = ["read"];

#[tokio::test]
async fn a_key_opens_its_own_project_and_no_other() {
    let (world, owner) = fresh().await;
    let made = made(&owner, &world.project(0), &["read", "metrics"], None, 1).await;
    assert_eq!(scopes(&world, 0, &made.key).await, Some(Scopes::named(["read", "metrics"])));
    assert_eq!(scopes(&world, 1, &made.key).await, None, "another project");
    assert_eq!(scopes(&world, 0, &key(2)).await, None, "another key");
    let login = connect(&world.database.acting_as("weir_read")).await;
    for (project, hash) in [("' or true --", made.key.hash().to_vec()), (&world.project(0), vec![]), ("", vec![0; 32])]
    {
        let row = login.query_one("select weir.key_scopes($1, $2)", &[&project, &hash]).await.unwrap();
        assert_eq!(row.get::<_, Option<Vec<String>>>(0), None, "{project}");
    }
}

#[tokio::test]
async fn a_key_ends_when_it_is_revoked_or_expires() {
    let (world, owner) = fresh().await;
    let project = world.project(0);
    let revoked = made(&owner, &project, &READ, None, 1).await;
    let expiring = made(&owner, &project, &READ, Some(HOUR), 2).await;
    revoke(&owner, &project, revoked.id).await.unwrap();
    assert_eq!(scopes(&world, 0, &revoked.key).await, None);
    assert!(scopes(&world, 0, &expiring.key).await.is_some());
    pass(&world, Duration::from_secs(3601)).await;
    assert_eq!(scopes(&world, 0, &expiring.key).await, None);
    let states: Vec<String> = list(&owner, &project).await.unwrap().into_iter().map(|key| key.state).collect();
    assert_eq!(states, ["revoked", "expired"]);
    let gone = KeyError::NotThere { project: project.clone(), id: revoked.id };
    assert_eq!(revoke(&owner, &project, revoked.id).await, Err(gone), "it says so the second time");
    assert!(revoke(&owner, &world.project(1), expiring.id).await.is_err(), "it is another project's");
}

#[tokio::test]
async fn a_rotated_key_goes_on_for_the_overlap_beside_its_successor() {
    let (world, owner) = fresh().await;
    let project = world.project(0);
    let old = made(&owner, &project, &READ, Some(30 * DAY), 1).await;
    pass(&world, 10 * DAY).await;
    let new = rotate(&owner, &project, old.id, DAY, 2..62).await.unwrap();
    for (passed, is_old, is_new) in [(Duration::ZERO, true, true), (DAY + HOUR, false, true), (29 * DAY, false, false)]
    {
        pass(&world, passed).await;
        let valid = (scopes(&world, 0, &old.key).await.is_some(), scopes(&world, 0, &new.key).await.is_some());
        assert_eq!(valid, (is_old, is_new), "after {passed:?}");
    }
    assert!(rotate(&owner, &project, old.id, DAY, 3..63).await.is_err(), "an expired key has no successor");
    let keys = list(&owner, &project).await.unwrap();
    assert_eq!((&keys[0].name, &keys[0].scopes), (&keys[1].name, &keys[1].scopes));
}

#[tokio::test]
async fn an_overlap_never_makes_a_key_live_longer() {
    let (world, owner) = fresh().await;
    let project = world.project(0);
    let old = made(&owner, &project, &READ, Some(HOUR), 1).await;
    let before = list(&owner, &project).await.unwrap();
    rotate(&owner, &project, old.id, DAY, 2..62).await.unwrap();
    assert_eq!(list(&owner, &project).await.unwrap()[0], before[0]);
}

#[tokio::test]
async fn what_happens_to_a_key_is_written_down_without_its_hash() {
    let (world, owner) = fresh().await;
    let project = world.project(0);
    let made = made(&owner, &project, &READ, None, 1).await;
    owner.execute("update weir.keys set last_used_on = current_date where project = $1", &[&project]).await.unwrap();
    owner.execute("update weir.keys set hash = sha256('x') where project = $1", &[&project]).await.unwrap();
    revoke(&owner, &project, made.id).await.unwrap();
    owner.execute("delete from weir.keys where project = $1", &[&project]).await.unwrap();
    let sql = "select action, subject, detail::text from weir.audit where project = $1 order by id";
    let rows = world.admin.query(sql, &[&project]).await.unwrap();
    let actions: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(actions, ["key added", "key changed", "key changed", "key removed"]);
    let added: &str = rows[0].get(2);
    assert!(added.contains(r#""name": [null, "tests"]"#) && added.contains(r#""scopes": [null, ["read"]]"#), "{added}");
    assert_eq!(rows[1].get::<_, &str>(2), "{}", "of the hash only that it changed");
    assert!(rows[2].get::<_, &str>(2).contains("revoked_at"));
    for row in &rows {
        assert_eq!(row.get::<_, &str>(1), made.id.to_string());
        let detail: &str = row.get(2);
        assert!(!detail.contains("hash") && !detail.contains("\\x"), "{detail}");
    }
}

#[tokio::test]
async fn a_login_reads_scopes_in_a_read_only_transaction_and_can_do_nothing_else() {
    let (world, owner) = fresh().await;
    let made = made(&owner, &world.project(0), &READ, None, 1).await;
    let mut config = world.database.acting_as("weir_read");
    config.options("-c role=weir_read -c default_transaction_read_only=on");
    let login = connect(&config).await;
    let (project, hash) = (world.project(0), made.key.hash().to_vec());
    let row = login.query_one("select weir.key_scopes($1, $2)", &[&project, &hash]).await.unwrap();
    assert_eq!(row.get::<_, Vec<String>>(0), READ);
    for login in ["weir_read", "weir_receive", "weir_refresh", "anon"] {
        let client = connect(&world.database.acting_as(login)).await;
        for refused in [
            list(&client, &project).await.unwrap_err(),
            revoke(&client, &project, made.id).await.unwrap_err(),
            rotate(&client, &project, made.id, DAY, 2..62).await.unwrap_err(),
            create(&client, new(&project, &["admin".to_owned()], None), 3..63).await.unwrap_err(),
        ] {
            assert!(refused.to_string().ends_with("connect as the role that migrates"), "{login}: {refused}");
        }
    }
}

#[tokio::test]
async fn whoever_the_policies_bind_is_told_so_instead_of_finding_nothing() {
    let (world, owner) = fresh().await;
    made(&owner, &world.project(0), &READ, None, 1).await;
    let mut admin = connect(&world.database.config).await;
    let bound = admin.transaction().await.unwrap();
    let other_owner = "create role weir_test_bound;
        grant usage on schema weir to weir_test_bound;
        grant all on weir.keys to weir_test_bound;
        grant execute on function weir.list_keys to weir_test_bound;
        set local role weir_test_bound";
    bound.batch_execute(other_owner).await.unwrap();
    let refused = bound.query("select * from weir.list_keys($1)", &[&world.project(0)]).await.unwrap_err();
    let message = refused.as_db_error().unwrap().message();
    assert!(message.contains("would be affected by row-level security"), "{message}");
    bound.rollback().await.unwrap();
}

#[tokio::test]
async fn what_is_no_key_is_not_kept() {
    let (world, owner) = fresh().await;
    let project = world.project(0);
    for (scopes, name) in [(vec!["root"], "tests"), (vec![], "tests"), (vec!["read"], ""), (vec!["read"], "a\nb")] {
        let scopes: Vec<String> = scopes.into_iter().map(str::to_owned).collect();
        let new = NewKey { name, ..new(&project, &scopes, None) };
        let refused = create(&owner, new, 1..61).await.unwrap_err().to_string();
        assert!(refused.contains("violates check constraint"), "{refused}");
    }
    assert_eq!(create(&owner, new(&project, &[], None), 0..9).await.unwrap_err(), KeyError::NoChance);
    assert!(list(&owner, &project).await.unwrap().is_empty());
}

async fn fresh() -> (Postgres, Client) {
    let world = Postgres::new().await;
    let owner = connect(&world.database.acting_as(OWNER)).await;
    (world, owner)
}

fn new<'a>(project: &'a str, scopes: &'a [String], valid_for: Option<Duration>) -> NewKey<'a> {
    NewKey { project, name: "tests", scopes, valid_for }
}

fn key(seed: u8) -> ApiKey {
    ApiKey::drawn(seed..).unwrap()
}

async fn made(owner: &Client, project: &str, scopes: &[&str], valid_for: Option<Duration>, seed: u8) -> Made {
    let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
    create(owner, new(project, &scopes, valid_for), seed..).await.unwrap()
}

/// Postgres' clock cannot be set; but keys can become older.
async fn pass(world: &Postgres, span: Duration) {
    let by = format!("interval '{} ms'", span.as_millis());
    let sql = format!(
        "update weir.keys set created_at = created_at - {by}, expires_at = expires_at - {by} where project = $1"
    );
    world.admin.execute(&sql, &[&world.project(0)]).await.unwrap();
}

/// As `read` asks.
async fn scopes(world: &Postgres, project: u8, key: &ApiKey) -> Option<Scopes> {
    world.read().scopes(&world.project(project), &key.hash()).await.unwrap()
}

//! Nobody gets at rows but through the functions that are theirs, and then only at one project's.

use crate::world::{Database, OWNER, Postgres, connect};
use std::collections::BTreeMap;
use tokio_postgres::Client;
use weir_flow::ports::Leases;
use weir_testkit::contract::{World, saves};

/// Tables of which clients see the rows that are public; what those are, `public_api` tests.
const PUBLIC: [&str; 4] = ["entries", "projects", "schedule", "versions"];

#[tokio::test]
async fn every_table_is_under_forced_row_security() {
    let world = Postgres::new().await;
    let sql = "select relname::text from pg_class
               where relnamespace = 'weir'::regnamespace and relkind not in ('i', 'S', 't', 'c')
                 and not (relkind = 'r' and relrowsecurity and relforcerowsecurity and relowner = $1::text::regrole)";
    let rows = world.admin.query(sql, &[&OWNER]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.get(0)).collect::<Vec<String>>(), Vec::<String>::new());
}

#[tokio::test]
async fn every_table_has_one_policy_for_functions_and_at_most_one_for_clients() {
    let world = Postgres::new().await;
    let sql = "select c.relname::text as name, coalesce(p.polname::text || p.polcmd::text, '') as policy,
                 pg_get_expr(p.polqual, p.polrelid) as condition, p.polwithcheck is null as is_one,
                 array(select r::regrole::text from unnest(p.polroles) r order by r::regrole::text <> 'weir_read_fn', 1) as roles
               from pg_class c left join pg_policy p on p.polrelid = c.oid
               where c.relnamespace = 'weir'::regnamespace and c.relkind = 'r' order by c.relname, p.polname";
    let mut for_clients = Vec::new();
    let mut for_functions = BTreeMap::new();
    for row in world.admin.query(sql, &[]).await.unwrap() {
        let (name, roles): (String, Vec<String>) = (row.get("name"), row.get("roles"));
        assert!(row.get::<_, bool>("is_one"), "{name}");
        let counted: &mut u32 = for_functions.entry(name.clone()).or_default();
        match row.get("policy") {
            "of_project*" => {
                *counted += 1;
                let condition: String = row.get::<_, &str>("condition").split_whitespace().collect();
                let expected = "(project=(SELECTcurrent_setting('weir.project'::text,true)AScurrent_setting))";
                assert_eq!(condition, expected, "{name}");
                assert_eq!(roles, ["weir_read_fn", "weir_receive_fn", "weir_refresh_fn"], "{name}");
            }
            "of_publicr" => {
                assert_eq!(roles, ["anon", "authenticated"], "{name}");
                for_clients.push(name);
            }
            other => panic!("{name} has {other:?}"),
        }
    }
    assert_eq!(for_clients, PUBLIC);
    assert!(for_functions.values().all(|policies| *policies == 1), "{for_functions:?}");
}

#[tokio::test]
async fn every_unique_key_leads_with_the_project() {
    let world = Postgres::new().await;
    let sql = "select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
               join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
               where c.relnamespace = 'weir'::regnamespace and a.attname <> 'project'";
    assert_eq!(names(&world.admin, sql).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_roles_have_no_power_of_their_own() {
    let world = Postgres::new().await;
    let sql = "select rolname::text as name, rolcanlogin, coalesce(rolconfig, '{}') as settings,
                 rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication as is_powerful,
                 exists (select from pg_auth_members m where m.member = r.oid) as is_member,
                 exists (select from pg_class c where c.relowner = r.oid) as owns_tables
               from pg_roles r where rolname ~ '^weir_(read|receive|refresh)(_fn)?$'";
    let roles = world.admin.query(sql, &[]).await.unwrap();
    assert_eq!(roles.len(), 6);
    for row in roles {
        let name: &str = row.get("name");
        for power in ["is_powerful", "is_member", "owns_tables"] {
            assert!(!row.get::<_, bool>(power), "{name} {power}");
        }
        assert_eq!(row.get::<_, bool>("rolcanlogin"), !name.ends_with("_fn"), "{name}");
        let settings: Vec<String> = row.get("settings");
        let is_set = |setting: &str| settings.iter().any(|set| set == setting);
        if !name.ends_with("_fn") {
            assert!(is_set("statement_timeout=10s") && is_set("lock_timeout=3s") && is_set("jit=off"), "{settings:?}");
            assert!(is_set("idle_in_transaction_session_timeout=5s"), "{settings:?}");
        }
        assert_eq!(is_set("default_transaction_read_only=on"), name == "weir_read");
    }
}

#[tokio::test]
async fn without_a_where_only_one_projects_rows_are_there() {
    let world = Postgres::new().await;
    saves::the_first_answer_makes_a_version(&world).await;
    saves::nobody_saves_what_belongs_to_another_project(&world).await;
    let (mine, other) = (world.project(0), world.project(1));
    for role in ["weir_read_fn", "weir_refresh_fn"] {
        // A connection on which the setting never was has none; a pooled one has an empty one.
        let fresh = connect(&world.database.acting_as(role)).await;
        assert_eq!(projects_seen(&fresh).await, Vec::<String>::new());
        for (setting, seen) in [
            (other.as_str(), vec![other.clone()]),
            (mine.as_str(), vec![mine.clone()]),
            ("", vec![]),
            ("nobody", vec![]),
            ("' or true --", vec![]),
            ("%", vec![]),
        ] {
            fresh.execute("select set_config('weir.project', $1, false)", &[&setting]).await.unwrap();
            assert_eq!(projects_seen(&fresh).await, seen, "{role} with {setting:?}");
        }
    }
}

#[tokio::test]
async fn without_a_where_only_one_projects_rows_are_changed() {
    let world = Postgres::new().await;
    saves::the_first_answer_makes_a_version(&world).await;
    saves::nobody_saves_what_belongs_to_another_project(&world).await;
    let (mine, other) = (world.project(0), world.project(1));
    let role = connect(&world.database.acting_as("weir_refresh_fn")).await;
    role.execute("select set_config('weir.project', $1, false)", &[&mine]).await.unwrap();
    assert_eq!(role.execute("update weir.entries set etag = 'taken'", &[]).await.unwrap(), 1);
    let foreign = role.execute("insert into weir.feed (project) values ($1)", &[&other]).await.unwrap_err();
    assert_eq!(foreign.code().unwrap().code(), "42501");
    let sql = "select count(*) from weir.entries where project = $1 and etag = 'taken'";
    assert_eq!(world.admin.query_one(sql, &[&other]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_loop_over_projects_leaves_no_context_behind() {
    let world = Postgres::new().await;
    saves::the_first_answer_makes_a_version(&world).await;
    let (project, setting) = (world.project(0), "select current_setting('weir.project', true)");
    let mut client = connect(&world.database.acting_as("weir_refresh")).await;
    let transaction = client.transaction().await.unwrap();
    let sql = "select count(*) from weir.lease_due(array[$1], array['api'], array[5], 1000)";
    transaction.query_one(sql, &[&project]).await.unwrap();
    assert_eq!(transaction.query_one(setting, &[]).await.unwrap().get::<_, &str>(0), "");
    transaction.execute("select weir.adopt('[]')", &[]).await.unwrap();
    assert_eq!(transaction.query_one(setting, &[]).await.unwrap().get::<_, &str>(0), "");
}

#[tokio::test]
async fn names_in_pg_temp_do_not_reach_a_function() {
    let database = Database::empty().await;
    database.migrate().await;
    let admin = connect(&database.config).await;
    let attack = "
        create function pg_temp.evil(pg_catalog.text) returns pg_catalog.bool language plpgsql as
          $$ begin raise exception 'attacker code runs as %', current_user; end $$;
        create domain pg_temp.text as pg_catalog.text check (pg_temp.evil(value));
        create domain pg_temp.int8 as pg_catalog.int8 check (pg_temp.evil(value::pg_catalog.text));
        create temporary table entries (project pg_catalog.text)";
    let login = connect(&database.acting_as("weir_read")).await;
    assert_eq!(login.batch_execute(attack).await.unwrap_err().code().unwrap().code(), "42501");
    // Were it allowed, it would lead nowhere; but a function with an empty path falls for it.
    let control = "
        grant temporary on database current to weir_read;
        create schema control;
        grant usage on schema control to weir_read;
        create function control.naive(p text) returns text language plpgsql security definer set search_path = '' as
          $$ declare v text; begin v := p; return v; end $$";
    admin.batch_execute(&control.replace("database current", &format!("database {}", database.name))).await.unwrap();
    login.batch_execute(attack).await.unwrap();
    let fallen = login.query("select control.naive('x')", &[]).await.unwrap_err();
    assert!(fallen.as_db_error().unwrap().message().starts_with("attacker code runs as"), "{fallen:?}");
    assert!(login.query("select * from weir.read_entry('p', 'p/x')", &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn reading_works_in_a_read_only_transaction() {
    let world = Postgres::new().await;
    let mut config = world.database.acting_as("weir_read");
    config.options("-c role=weir_read -c default_transaction_read_only=on");
    let client = connect(&config).await;
    assert!(client.query("select * from weir.read_entry('p', 'p/x')", &[]).await.unwrap().is_empty());
    assert!(world.refresh().demand("nobody", &[]).await.is_err());
}

async fn names(client: &Client, sql: &str) -> Vec<String> {
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn projects_seen(client: &Client) -> Vec<String> {
    let mut seen = names(client, "select distinct project from weir.entries").await;
    seen.extend(names(client, "select distinct project from weir.schedule").await);
    seen.extend(names(client, "select distinct project from weir.versions").await);
    seen.sort();
    seen.dedup();
    seen
}

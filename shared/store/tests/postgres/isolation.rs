//! Nobody gets at rows but through the functions that are theirs, and then only at one project's.

use crate::world::{Database, OWNER, Postgres, connect};
use std::collections::BTreeMap;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use weir_flow::ports::Leases;
use weir_testkit::contract::{World, saves};

const LOGINS: [&str; 3] = ["weir_read", "weir_receive", "weir_refresh"];

/// Every function there is and who may call it; a helper may be called by nobody. A new one without a line here fails.
const FUNCTIONS: &[(&str, &[&str])] = &[
    ("adopt", &["weir_refresh"]),
    ("board", &["weir_refresh"]),
    ("board_lost", &["weir_refresh"]),
    ("board_put", &["weir_refresh"]),
    ("count_refused", &["weir_receive"]),
    ("deliveries_waiting", &["weir_refresh"]),
    ("demand", &["weir_refresh"]),
    ("lease", &["weir_refresh"]),
    ("lease_due", &["weir_refresh"]),
    ("make_due", &["weir_refresh"]),
    ("read_entry", &["weir_read", "weir_refresh"]),
    ("receive_delivery", &["weir_receive"]),
    ("record_run", &["weir_refresh"]),
    ("save_batch", &["weir_refresh"]),
    ("slot_lost", &["weir_refresh"]),
    ("slots_owed", &["weir_refresh"]),
    ("slots_put", &["weir_refresh"]),
    ("admit", &[]),
    ("adopt_entries", &[]),
    ("adopt_upstream", &[]),
    ("board_rows", &[]),
    ("budget", &[]),
    ("closed_until", &[]),
    ("count_entry", &[]),
    ("decide_lease", &[]),
    ("enter", &[]),
    ("grant_lease", &[]),
    ("keep_version", &[]),
    ("note_batch_calls", &[]),
    ("note_calls", &[]),
    ("note_changes", &[]),
    ("note_news", &[]),
    ("observe", &[]),
    ("put_aside", &[]),
    ("shard_of", &[]),
    ("spend", &[]),
    ("standing", &[]),
    ("wish", &[]),
];

#[tokio::test]
async fn no_login_may_do_anything_to_a_table() {
    let world = Postgres::new().await;
    let tables = tables(&world.admin).await;
    for login in LOGINS {
        let client = connect(&world.database.config).await;
        client.batch_execute(&format!("set session authorization {login}")).await.unwrap();
        for table in &tables {
            for verb in [
                format!("select from weir.{table}"),
                format!("select count(*) from weir.{table}"),
                format!("insert into weir.{table} (project) values ('x')"),
                format!("update weir.{table} set project = project"),
                format!("delete from weir.{table}"),
                format!("truncate weir.{table}"),
                format!("copy weir.{table} to stdout"),
                format!("do $$ begin lock table weir.{table} in access share mode; end $$"),
                format!(
                    "create trigger t after insert on weir.{table} execute function suppress_redundant_updates_trigger()"
                ),
                format!("create table weir.child (project text references weir.{table})"),
            ] {
                assert_denied(&client, &verb, login).await;
            }
        }
        for beyond in [
            "create table weir.mine ()",
            "create temporary table mine ()",
            "create schema mine",
            "set role weir_refresh_fn",
            "alter role weir_read bypassrls",
            "select * from supabase_migrations.schema_migrations",
        ] {
            assert_denied(&client, beyond, login).await;
        }
    }
}

#[tokio::test]
async fn each_login_may_call_its_own_functions_and_no_other() {
    let world = Postgres::new().await;
    let sql = "select p.proname::text, l.login, has_function_privilege(l.login, p.oid, 'execute') as may
               from pg_proc p, unnest($1::text[]) l(login) where p.pronamespace = 'weir'::regnamespace";
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in world.admin.query(sql, &[&LOGINS.as_slice()]).await.unwrap() {
        let may = found.entry(row.get("proname")).or_default();
        if row.get("may") {
            may.push(row.get("login"));
        }
    }
    let written = |callers: &&[&str]| callers.iter().map(|caller| (*caller).to_owned()).collect::<Vec<_>>();
    let expected: BTreeMap<String, Vec<String>> =
        FUNCTIONS.iter().map(|(name, callers)| ((*name).to_owned(), written(callers))).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn no_function_is_everybodys() {
    let world = Postgres::new().await;
    let sql = "select proname::text from pg_proc
               where pronamespace = 'weir'::regnamespace and has_function_privilege('public', oid, 'execute')";
    assert_eq!(names(&world.admin, sql).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_a_login_calls_acts_as_its_powerless_role() {
    let world = Postgres::new().await;
    let sql =
        "select proname::text as name, prosecdef, proowner::regrole::text as owner, provolatile::text as volatile,
                 coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false) as has_path,
                 prosqlbody is not null as is_bound
               from pg_proc where pronamespace = 'weir'::regnamespace";
    for row in world.admin.query(sql, &[]).await.unwrap() {
        let name: &str = row.get("name");
        let (_, callers) = FUNCTIONS.iter().find(|(listed, _)| *listed == name).expect("listed above");
        // A body that is bound to its objects when it is made looks nothing up.
        assert!(row.get::<_, bool>("has_path") || row.get::<_, bool>("is_bound"), "{name} has no search_path");
        assert_eq!(row.get::<_, bool>("prosecdef"), !callers.is_empty(), "{name}");
        let owner: &str = row.get("owner");
        if let Some(caller) = callers.first() {
            assert_eq!((owner, row.get("volatile")), (format!("{caller}_fn").as_str(), "v"), "{name}");
        } else {
            assert_eq!(owner, OWNER, "{name}");
        }
    }
}

#[tokio::test]
async fn every_table_is_under_forced_row_security_with_one_policy() {
    let world = Postgres::new().await;
    let sql = "select c.relname::text as name, c.relrowsecurity and c.relforcerowsecurity as is_forced,
                 c.relowner::regrole::text as owner,
                 array(select p.polname::text || p.polcmd::text from pg_policy p where p.polrelid = c.oid) as policies,
                 (select pg_get_expr(p.polqual, p.polrelid) from pg_policy p where p.polrelid = c.oid) as condition,
                 (select array_agg(r::regrole::text order by r::regrole::text) from pg_policy p, unnest(p.polroles) r
                  where p.polrelid = c.oid) as roles
               from pg_class c where c.relnamespace = 'weir'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')";
    let tables = world.admin.query(sql, &[]).await.unwrap();
    assert_eq!(tables.len(), 15);
    for row in tables {
        let name: &str = row.get("name");
        assert!(row.get::<_, bool>("is_forced"), "{name}");
        assert_eq!(row.get::<_, &str>("owner"), OWNER, "{name}");
        assert_eq!(row.get::<_, Vec<String>>("policies"), ["of_project*"], "{name}");
        let condition: String = row.get::<_, &str>("condition").split_whitespace().collect();
        let expected = "(project=(SELECTcurrent_setting('weir.project'::text,true)AScurrent_setting))";
        assert_eq!(condition, expected, "{name}");
        let roles = ["weir_read_fn", "weir_receive_fn", "weir_refresh_fn"];
        assert_eq!(row.get::<_, Vec<String>>("roles").len(), roles.len(), "{name}");
    }
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

async fn assert_denied(client: &Client, sql: &str, login: &str) {
    match client.batch_execute(sql).await {
        Err(error) => assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{login}: {sql}: {error:?}"),
        Ok(()) => panic!("{login} may: {sql}"),
    }
}

async fn tables(admin: &Client) -> Vec<String> {
    names(admin, "select relname::text from pg_class where relnamespace = 'weir'::regnamespace and relkind = 'r'").await
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

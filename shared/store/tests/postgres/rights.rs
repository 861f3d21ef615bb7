//! The whole table of what every role may do to every relation and function; whatever is new fails until it is here.

use crate::world::{OWNER, Postgres, connect};
use std::collections::BTreeMap;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

/// Who ever does anything here but the owner.
const ROLES: [&str; 10] = [
    "weir_read",
    "weir_receive",
    "weir_refresh",
    "weir_read_fn",
    "weir_receive_fn",
    "weir_refresh_fn",
    "anon",
    "authenticated",
    "service_role",
    "public",
];

/// Select, insert, update, delete: what the functions of `read`, `receive` and `refresh` may do to some columns at least,
/// and what `anon` and `authenticated` may. The logins themselves may do nothing, nor may anybody else; and nobody
/// truncates, refers to, adds triggers to or maintains anything.
const RELATIONS: &[(&str, [&str; 4])] = &[
    ("weir.audit", ["", "", "i", ""]),
    ("weir.boards", ["", "", "siu", ""]),
    ("weir.changes", ["", "", "sid", ""]),
    ("weir.deliveries", ["", "si", "sud", ""]),
    ("weir.entries", ["s", "", "siud", "s"]),
    ("weir.feed", ["", "", "siu", ""]),
    ("weir.hook_counts", ["", "siu", "", ""]),
    ("weir.keys", ["s", "", "", ""]),
    ("weir.observations", ["", "", "sid", ""]),
    ("weir.projects", ["", "", "siu", "s"]),
    ("weir.quarantine", ["", "", "sid", ""]),
    ("weir.replaced", ["", "", "si", ""]),
    ("weir.resources", ["", "", "siu", ""]),
    ("weir.runs", ["", "", "sid", ""]),
    ("weir.schedule", ["s", "", "siu", "s"]),
    ("weir.sightings", ["", "", "siud", ""]),
    ("weir.upstreams", ["", "", "siu", ""]),
    ("weir.versions", ["s", "", "sid", "s"]),
    ("weir_api.entries", ["", "", "", "s"]),
];

const READ: &[&str] = &["weir_read", "weir_read_fn", "weir_refresh"];
/// What `refresh` has no business with.
const READ_ALONE: &[&str] = &["weir_read", "weir_read_fn"];
const RECEIVE: &[&str] = &["weir_receive", "weir_receive_fn"];
const REFRESH: &[&str] = &["weir_refresh", "weir_refresh_fn"];
/// A step of another function.
const STEP: &[&str] = &["weir_refresh_fn"];
const CLIENTS: &[&str] = &["anon", "authenticated"];
/// What a trigger runs, or the operator.
const NOBODY: &[&str] = &[];

/// Every function there is and who may call it.
const FUNCTIONS: &[(&str, &[&str])] = &[
    ("weir.admit", STEP),
    ("weir.adopt", REFRESH),
    ("weir.adopt_entries", STEP),
    ("weir.adopt_upstream", STEP),
    ("weir.as_json", CLIENTS),
    ("weir.board", REFRESH),
    ("weir.board_lost", REFRESH),
    ("weir.board_put", REFRESH),
    ("weir.board_rows", STEP),
    ("weir.budget", STEP),
    ("weir.closed_until", STEP),
    ("weir.count_entry", NOBODY),
    ("weir.count_refused", RECEIVE),
    ("weir.create_key", NOBODY),
    ("weir.decide_lease", STEP),
    ("weir.deliveries_waiting", REFRESH),
    ("weir.demand", REFRESH),
    ("weir.enter", STEP),
    ("weir.grant_lease", STEP),
    ("weir.keep_version", STEP),
    ("weir.key_scopes", READ_ALONE),
    ("weir.lease", REFRESH),
    ("weir.lease_due", REFRESH),
    ("weir.list_keys", NOBODY),
    ("weir.make_due", REFRESH),
    ("weir.note_audit", NOBODY),
    ("weir.note_batch_calls", STEP),
    ("weir.note_calls", STEP),
    ("weir.note_changes", STEP),
    ("weir.note_news", STEP),
    ("weir.note_replaced", NOBODY),
    ("weir.observe", STEP),
    ("weir.put_aside", STEP),
    ("weir.read_entry", READ),
    ("weir.receive_delivery", RECEIVE),
    ("weir.record_run", REFRESH),
    ("weir.revoke_key", NOBODY),
    ("weir.rotate_key", NOBODY),
    ("weir.save_batch", REFRESH),
    ("weir.shard_of", STEP),
    ("weir.slot_lost", REFRESH),
    ("weir.slots_owed", REFRESH),
    ("weir.slots_put", REFRESH),
    ("weir.spend", STEP),
    ("weir.standing", STEP),
    ("weir.sweep", REFRESH),
    ("weir.sweep_history", STEP),
    ("weir.sweep_unanswered", STEP),
    ("weir.swept", REFRESH),
    ("weir.wish", STEP),
];

#[tokio::test]
async fn every_role_has_the_rights_that_are_written_and_no_other() {
    let world = Postgres::new().await;
    let sql = "
        select format('%s.%s', c.relnamespace::regnamespace, c.relname) as relation, r.role,
          concat(
            case when has_any_column_privilege(r.role, c.oid, 'select') then 's' end,
            case when has_any_column_privilege(r.role, c.oid, 'insert') then 'i' end,
            case when has_any_column_privilege(r.role, c.oid, 'update') then 'u' end,
            case when has_table_privilege(r.role, c.oid, 'delete') then 'd' end,
            case when has_table_privilege(r.role, c.oid, 'truncate, trigger')
              or has_any_column_privilege(r.role, c.oid, 'references')
              or current_setting('server_version_num')::int >= 170000
                and has_table_privilege(r.role, c.oid, case when current_setting('server_version_num')::int >= 170000
                  then 'maintain' else 'trigger' end)
              then ' and more' end
          ) as rights
        from pg_class c, unnest($1::text[]) r(role)
        where c.relnamespace::regnamespace::text in ('weir', 'weir_api') and c.relkind in ('r', 'p', 'v', 'm', 'f')";
    let mut found: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for row in world.admin.query(sql, &[&roles()]).await.unwrap() {
        let of_relation = found.entry(row.get("relation")).or_default();
        of_relation.insert(row.get("role"), row.get("rights"));
    }
    let listed = |(relation, _): &(&str, _)| {
        let of_role = |role: String| (role.clone(), written(relation, &role).to_owned());
        ((*relation).to_owned(), roles().into_iter().map(of_role).collect())
    };
    assert_eq!(found, RELATIONS.iter().map(listed).collect());
}

#[tokio::test]
async fn every_function_is_called_by_those_who_are_written_and_no_other() {
    let world = Postgres::new().await;
    let sql = "select p.pronamespace::regnamespace || '.' || p.proname as name, r.role,
                 has_function_privilege(r.role, p.oid, 'execute') as may
               from pg_proc p, unnest($1::text[]) r(role)
               where p.pronamespace::regnamespace::text in ('weir', 'weir_api') order by r.role";
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in world.admin.query(sql, &[&roles()]).await.unwrap() {
        let may = found.entry(row.get("name")).or_default();
        if row.get("may") {
            may.push(row.get("role"));
        }
    }
    let listed = |(name, callers): &(&str, &[&str])| {
        ((*name).to_owned(), callers.iter().map(|caller| (*caller).to_owned()).collect())
    };
    assert_eq!(found, FUNCTIONS.iter().map(listed).collect::<BTreeMap<String, Vec<String>>>());
}

#[tokio::test]
async fn what_a_login_calls_acts_as_its_powerless_role() {
    let world = Postgres::new().await;
    let sql = "select p.pronamespace::regnamespace || '.' || p.proname as name, prosecdef,
                 proowner::regrole::text as owner, provolatile::text as volatile,
                 coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false) as has_path,
                 prosqlbody is not null as is_bound
               from pg_proc p where p.pronamespace::regnamespace::text in ('weir', 'weir_api')";
    for row in world.admin.query(sql, &[]).await.unwrap() {
        let name: &str = row.get("name");
        let (_, callers) = FUNCTIONS.iter().find(|(listed, _)| *listed == name).expect("listed above");
        // A body that is bound to its objects when it is made looks nothing up.
        assert!(row.get::<_, bool>("has_path") || row.get::<_, bool>("is_bound"), "{name} has no search_path");
        let login = callers.first().filter(|_| [READ, READ_ALONE, RECEIVE, REFRESH].contains(callers));
        assert_eq!(row.get::<_, bool>("prosecdef"), login.is_some(), "{name}");
        let owner: &str = row.get("owner");
        if let Some(login) = login {
            assert_eq!((owner, row.get("volatile")), (format!("{login}_fn").as_str(), "v"), "{name}");
        } else {
            assert_eq!(owner, OWNER, "{name}");
        }
    }
}

#[tokio::test]
async fn whatever_is_not_written_is_denied() {
    let world = Postgres::new().await;
    for role in roles().into_iter().filter(|role| role != "public") {
        let client = connect(&world.database.config).await;
        client.batch_execute(&format!("set session authorization {role}")).await.unwrap();
        for claims in ["", r#"{"role": "authenticated", "sub": "00000000-0000-4000-8000-000000000001"}"#] {
            client.execute("select set_config('request.jwt.claims', $1, false)", &[&claims]).await.unwrap();
            for (relation, _) in RELATIONS {
                let (rights, is_table) = (written(relation, &role), relation.starts_with("weir."));
                for (right, verb) in verbs(relation) {
                    // Nothing can be written through a view that joins.
                    let can_be_tried = right == 's' || right == ' ' && verb.starts_with("comment") || is_table;
                    if can_be_tried && (right == ' ' || !rights.contains(right)) {
                        assert_denied(&client, &verb, &role).await;
                    }
                }
            }
        }
        for beyond in [
            "create table weir.mine ()",
            "create table weir_api.mine ()",
            "create temporary table mine ()",
            "create schema mine",
            "set role weir_refresh_fn",
            "alter role weir_read bypassrls",
            "select * from supabase_migrations.schema_migrations",
        ] {
            // A role may always become itself.
            if !beyond.ends_with(&role) {
                assert_denied(&client, beyond, &role).await;
            }
        }
    }
}

/// Every verb, with the letter of the right that it takes; a blank is never given.
fn verbs(relation: &str) -> [(char, String); 10] {
    let call = "execute function suppress_redundant_updates_trigger()";
    [
        ('s', format!("select from {relation}")),
        ('s', format!("select count(*) from {relation}")),
        ('s', format!("do $$ begin lock table {relation} in access share mode; end $$")),
        ('i', format!("insert into {relation} (project) values ('x')")),
        ('u', format!("update {relation} set project = project")),
        ('d', format!("delete from {relation}")),
        (' ', format!("truncate {relation}")),
        (' ', format!("create trigger t after insert on {relation} {call}")),
        (' ', format!("create table weir.child (project text references {relation})")),
        (' ', format!("comment on column {relation}.project is 'mine'")),
    ]
}

fn written(relation: &str, role: &str) -> &'static str {
    let (_, [read, receive, refresh, clients]) = RELATIONS.iter().find(|(listed, _)| *listed == relation).unwrap();
    match role {
        "weir_read_fn" => read,
        "weir_receive_fn" => receive,
        "weir_refresh_fn" => refresh,
        "anon" | "authenticated" => clients,
        _ => "",
    }
}

fn roles() -> Vec<String> {
    ROLES.iter().map(|role| (*role).to_owned()).collect()
}

async fn assert_denied(client: &Client, sql: &str, role: &str) {
    match client.batch_execute(sql).await {
        Err(error) => {
            let refused = error.as_db_error().unwrap();
            assert_eq!(refused.code(), &SqlState::INSUFFICIENT_PRIVILEGE, "{role}: {sql}: {error:?}");
            let by_policy = refused.message().contains("row-level security");
            assert!(!by_policy, "{role}: {sql}: only the policy said no: {error:?}");
        }
        Ok(()) => panic!("{role} may: {sql}"),
    }
}

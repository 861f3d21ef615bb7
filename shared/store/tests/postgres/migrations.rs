//! The runner: in order, once, whole or not at all, and in agreement with the Supabase CLI.

use crate::world::{Database, OWNER, connect, migrations, with_roles_locked};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tokio_postgres::{Client, NoTls};
use weir_store::migrate::{LOGINS, MigrateError, ensure_logins, migrate};

#[tokio::test]
async fn everything_is_applied_once() {
    let database = Database::empty().await;
    let applied = database.migrate().await;
    let mut files: Vec<String> = std::fs::read_dir(migrations())
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "sql"))
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    assert_eq!(applied, files);
    assert_eq!(database.migrate().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_history_is_the_supabase_clis() {
    let (database, folder) = (Database::empty().await, Folder::new(&[("20260101000000_one.sql", "select 1;\n")]));
    run(&database, &folder).await.unwrap();
    let admin = connect(&database.config).await;
    let sql = "select version, name, statements from supabase_migrations.schema_migrations";
    let row = admin.query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get("version"), row.get("name")), ("20260101000000", "one"));
    assert_eq!(row.get::<_, Vec<String>>("statements"), ["select 1;\n"]);
}

#[tokio::test]
async fn what_does_not_go_with_the_history_is_refused_by_name() {
    let (one, two) = (("20260101000000_one.sql", "select 1;"), ("20260102000000_two.sql", "select 2;"));
    let database = Database::empty().await;
    run(&database, &Folder::new(&[one, two])).await.unwrap();
    let changed = run(&database, &Folder::new(&[(one.0, "select 7;"), two])).await;
    assert_eq!(changed, Err(MigrateError::Changed { file: one.0.into() }));
    assert_eq!(run(&database, &Folder::new(&[two])).await, Err(MigrateError::Missing { file: one.0.into() }));
    let between = ("20260101120000_late.sql", "select 3;");
    let late = run(&database, &Folder::new(&[one, between, two])).await;
    assert_eq!(late, Err(MigrateError::OutOfOrder { file: between.0.into(), latest: "20260102000000".into() }));
    let next = ("20260103000000_next.sql", "select 3;");
    assert_eq!(run(&database, &Folder::new(&[one, two, next])).await, Ok(vec![next.0.into()]));
}

#[tokio::test]
async fn a_file_is_applied_whole_or_not_at_all() {
    let database = Database::empty().await;
    let broken = ("20260101000000_one.sql", "create table public.half ();\n\nselect 1 / 0;\nselect nothing;");
    let Err(MigrateError::Failed { file, detail, .. }) = run(&database, &Folder::new(&[broken])).await else {
        panic!("it divides by zero");
    };
    assert_eq!((file.as_str(), detail.as_str()), (broken.0, "Postgres: division by zero"));
    let wrong = ("20260101000000_one.sql", "create table public.half ();\n\nselect nothing;");
    let failed = run(&database, &Folder::new(&[wrong])).await.unwrap_err();
    assert_eq!(failed.to_string(), "20260101000000_one.sql:3: Postgres: column \"nothing\" does not exist");
    let whole = ("20260101000000_one.sql", "create table public.half ();");
    assert_eq!(run(&database, &Folder::new(&[whole])).await, Ok(vec![whole.0.into()]));
}

#[tokio::test]
async fn two_runners_at_once_apply_everything_once() {
    let database = Database::empty().await;
    let files: Vec<(String, String)> =
        (10..20).map(|n| (format!("202601010000{n}_n.sql"), format!("create table public.t{n} ();"))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(file, sql)| (file.as_str(), sql.as_str())).collect();
    let folder = Folder::new(&files);
    let (one, other) = tokio::join!(run(&database, &folder), run(&database, &folder));
    assert_eq!(one.unwrap().len() + other.unwrap().len(), 10);
}

#[tokio::test]
async fn a_backfill_that_policies_would_silence_is_an_error() {
    let database = Database::empty().await;
    let backfill = "do $$ begin assert current_setting('row_security') = 'off'; end $$;";
    run(&database, &Folder::new(&[("20260101000000_one.sql", backfill)])).await.unwrap();
    let admin = connect(&database.acting_as(OWNER)).await;
    let after: String = admin.query_one("show row_security", &[]).await.unwrap().get(0);
    assert_eq!(after, "on");
}

#[tokio::test]
async fn a_role_without_the_rights_is_told_what_it_needs() {
    let database = Database::empty().await;
    database.migrate().await;
    let role = format!("weir_powerless_{}", std::process::id());
    let other = Database::empty().await;
    let admin = connect(&other.config).await;
    let make = format!("create role {role}; alter database {} owner to {role}", other.name);
    admin.batch_execute(&make).await.unwrap();
    let mut client = connect(&other.acting_as(&role)).await;
    let refused = migrate(&mut client, &migrations()).await.unwrap_err().to_string();
    admin.batch_execute(&format!("alter database {} owner to postgres", other.name)).await.unwrap();
    admin.batch_execute(&format!("reassign owned by {role} to postgres; drop role {role}")).await.unwrap();
    assert!(refused.contains("with admin option"), "{refused}");
}

#[tokio::test]
async fn a_login_gets_a_password_that_costs_one_iteration() {
    let database = Database::empty().await;
    database.migrate().await;
    with_roles_locked(async |admin| {
        let before = verifiers(admin).await;
        let owner = connect(&database.acting_as(OWNER)).await;
        let known = BTreeMap::from([("weir_read".to_owned(), "as it was".to_owned())]);
        let given = ensure_logins(&owner, &known).await;
        let after = verifiers(admin).await;
        let mut answers = Vec::new();
        for login in ["weir_receive", "weir_refresh"] {
            answers.push(log_in(&database, login, given.as_ref().map_or("", |given| &given[login])).await);
        }
        let wrong = log_in(&database, "weir_receive", "wrong").await;
        for (login, verifier) in &before {
            let password = verifier.as_ref().map_or("null".to_owned(), |verifier| format!("'{verifier}'"));
            admin.batch_execute(&format!("alter role {login} password {password}")).await.unwrap();
        }
        assert_eq!(given.unwrap().into_keys().collect::<Vec<_>>(), ["weir_receive", "weir_refresh"]);
        assert_eq!(before["weir_read"], after["weir_read"]);
        assert!(after["weir_refresh"].as_ref().unwrap().starts_with("SCRAM-SHA-256$1:"));
        assert_eq!(answers, [Ok(()), Ok(())]);
        assert!(wrong.is_err_and(|error| error.contains("28P01")));
    })
    .await;
}

async fn log_in(database: &Database, login: &str, password: &str) -> Result<(), String> {
    let mut config = database.config.clone();
    config.user(login).password(password);
    config.connect(NoTls).await.map(drop).map_err(|error| format!("{error:?}"))
}

async fn verifiers(admin: &Client) -> BTreeMap<String, Option<String>> {
    let sql = "select rolname::text, rolpassword from pg_authid where rolname = any ($1)";
    let rows = admin.query(sql, &[&LOGINS.as_slice()]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn run(database: &Database, folder: &Folder) -> Result<Vec<String>, MigrateError> {
    migrate(&mut connect(&database.acting_as(OWNER)).await, &folder.0).await
}

/// A folder of migrations, gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        static SERIAL: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let serial = SERIAL.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("migrations-{}-{serial}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (file, sql) in files {
            std::fs::write(folder.join(file), sql).unwrap();
        }
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

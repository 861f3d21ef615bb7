//! Backup and restore: the same rows in another database, or nothing at all.

use crate::world::{Database, OWNER, connect, migrations, with_roles_locked};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tokio_postgres::Client;
use weir_store::backup::{BackupError, Kept, Restored, back_up, restore};

/// Rows that are hard to spell, in tables that refer to each other.
const ROWS: &str = r#"
    insert into weir.projects (project, description, access, shards, fingerprint, adopted_at)
      values ('p', E'tab\t, newline\n, \\., "quotes", ünïcode', 'public', 1, -7, '2026-01-02 03:04:05.678901+00');
    insert into weir.upstreams (project, upstream, limits, windows_ms, reserve_percent, used, slices)
      values ('p', 'api', '{60}', '{60000}', 20, array_fill(3::bigint, array[11]), '{12}');
    insert into weir.boards (project, shard, seq, news, published) values ('p', 0, 1700000000000, 5, 5);
    insert into weir.feed (project, seq) values ('p', 2);
    insert into weir.entries (project, key, key_hash, resource, upstream, shard, version, slot_version, etag)
      select 'p', 'p/' || n, substr(sha256(n::text::bytea), 1, 8), 'r', 'api', 0, 1700000000000 + n, 1700000000000 + n,
        case when n % 2 = 0 then '\N' end
      from generate_series(1, 3000) n;
    insert into weir.schedule (project, entry, upstream, due_at, lease_token, lease_until)
      select 'p', id, 'api', now(), id, now() + interval '1 min' from weir.entries;
    insert into weir.versions (project, entry, version, body, content_type, created_at)
      select 'p', id, version, sha256(key::bytea) || '\x000a5c2e0a'::bytea, 'text/html', now() from weir.entries;
    insert into weir.deliveries (project, hook, dedupe, event, body) values ('p', 'h', '\x00', 'e', '\x5c2e0a');
"#;

#[tokio::test]
async fn every_row_comes_back_in_another_database() {
    let (from, file) = (filled().await, Place::new());
    let kept = backed_up(&from, &file.0).await.unwrap();
    let admin = connect(&from.config).await;
    for table in tables(&admin).await {
        let rows = text(&admin, &format!("select count(*)::text from weir.{table}")).await;
        assert!(kept.iter().any(|kept| kept.table == table && kept.rows.to_string() == rows), "{table}: {kept:?}");
    }
    assert_eq!(std::fs::metadata(&file.0).unwrap().permissions().mode() & 0o777, 0o600);
    let to = Database::empty().await;
    let restored = restored(&to, &file.0, false).await.unwrap();
    assert!(!restored.migrated.is_empty());
    let after = connect(&to.config).await;
    assert_eq!(rows(&admin).await, rows(&after).await);
    let next = "insert into weir.deliveries (project, hook, dedupe, event, body) values ('p', 'h', '1', 'e', '') \
                returning id::text";
    assert_eq!(text(&after, next).await, "2", "identities go on after the last row");
    let counted = "insert into weir.entries (project, key, key_hash, resource, upstream, shard) \
                   values ('p', 'p/new', '12345678', 'r', 'api', 0) returning id::text";
    assert_eq!(text(&after, counted).await, "3001");
    assert_eq!(text(&after, "select entries::text from weir.resources").await, "3001", "triggers are awake again");
}

#[tokio::test]
async fn what_readers_may_know_better_is_not_taken_from_the_backup() {
    let (database, file) = (filled().await, Place::new());
    backed_up(&database, &file.0).await.unwrap();
    let admin = connect(&database.config).await;
    let before: i64 = text(&admin, NOW).await.parse().unwrap();
    restored(&database, &file.0, true).await.unwrap();
    assert_eq!(text(&admin, "select count(*)::text from weir.entries where slot_version <> 0").await, "0");
    assert_eq!(text(&admin, "select count(*)::text from weir.schedule where lease_token is not null").await, "0");
    let above = format!("select (news >= {before} and published = 0)::text from weir.boards");
    assert_eq!(text(&admin, &above).await, "true", "the board is news, whatever lost one is acknowledged late");
    assert_eq!(text(&admin, &format!("select (seq >= {before})::text from weir.feed")).await, "true");
}

#[tokio::test]
async fn rows_are_replaced_only_when_asked_to() {
    let (database, file) = (filled().await, Place::new());
    backed_up(&database, &file.0).await.unwrap();
    let admin = connect(&database.config).await;
    let before = rows(&admin).await;
    admin.batch_execute("update weir.projects set description = 'later'; delete from weir.versions").await.unwrap();
    let refused = restored(&database, &file.0, false).await.unwrap_err().to_string();
    assert!(refused.starts_with("this database holds rows already (") && refused.contains("projects"), "{refused}");
    assert_eq!(text(&admin, "select description from weir.projects").await, "later");
    restored(&database, &file.0, true).await.unwrap();
    assert_eq!(rows(&admin).await, before);
}

#[tokio::test]
async fn a_file_that_is_not_whole_changes_nothing() {
    let (database, file) = (filled().await, Place::new());
    backed_up(&database, &file.0).await.unwrap();
    let admin = connect(&database.config).await;
    let before = rows(&admin).await;
    let whole = std::fs::read(&file.0).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    let mut bad_checksum = whole.clone();
    *bad_checksum.iter_mut().nth_back(6).unwrap() ^= 1;
    let plain = unzipped(&whole);
    let text_of = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let changed_row = text_of(&plain).replace("\\\\x5c2e0a", "\\\\x5c2e0b");
    let without_end = text_of(&plain).lines().take(20).fold(String::new(), |all, line| all + line + "\n");
    let cases: [(&str, Vec<u8>, &str); 8] = [
        ("a flipped bit", flipped, "is damaged"),
        ("gzip's checksum", bad_checksum, "is damaged (its compression)"),
        ("the end is missing", whole[..whole.len() - 40].to_vec(), "breaks off"),
        ("half is missing", whole[..whole.len() / 2].to_vec(), "breaks off"),
        ("a changed row", zipped(changed_row.as_bytes()), "is damaged (deliveries)"),
        ("whole lines are missing", zipped(without_end.as_bytes()), "breaks off"),
        ("some other file", b"select 1;".to_vec(), "is no backup of Weir"),
        ("an empty file", Vec::new(), "is no backup of Weir"),
    ];
    for (what, bytes, said) in cases {
        std::fs::write(&file.0, bytes).unwrap();
        let refused = restored(&database, &file.0, true).await.unwrap_err().to_string();
        assert!(refused.contains(said) && !refused.contains('\n'), "{what}: {refused}");
    }
    assert_eq!(rows(&admin).await, before);
}

#[tokio::test]
async fn another_format_or_another_schema_is_refused_by_name() {
    let (database, file) = (filled().await, Place::new());
    backed_up(&database, &file.0).await.unwrap();
    let plain = String::from_utf8(unzipped(&std::fs::read(&file.0).unwrap())).unwrap();
    let later = Place::new();
    std::fs::write(&later.0, zipped(plain.replacen("\"format\":1", "\"format\":2", 1).as_bytes())).unwrap();
    let refused = restored(&database, &later.0, true).await.unwrap_err();
    assert_eq!(refused, BackupError::Format { file: later.0.display().to_string(), found: "2".into() });
    let admin = connect(&database.config).await;
    let others = "update supabase_migrations.schema_migrations set statements = array['select 7'] where name = 'tables'; \
                  delete from supabase_migrations.schema_migrations where name = 'publish'; \
                  insert into supabase_migrations.schema_migrations values ('20990101000000', '{}', 'to_come')";
    admin.batch_execute(others).await.unwrap();
    let refused = restored(&database, &file.0, true).await.unwrap_err().to_string();
    for named in [
        "_tables.sql is not the same in the backup and in the database",
        "_publish.sql is in the backup, not in the database",
        "20990101000000_to_come.sql is in the database, not in the backup",
    ] {
        assert!(refused.contains(named), "{refused}");
    }
}

#[tokio::test]
async fn an_empty_database_is_not_migrated_to_something_else() {
    let (database, file, other) = (filled().await, Place::new(), Database::empty().await);
    let admin = connect(&database.config).await;
    let earlier = "delete from supabase_migrations.schema_migrations where name = 'publish'";
    admin.batch_execute(earlier).await.unwrap();
    backed_up(&database, &file.0).await.unwrap();
    let refused = restored(&other, &file.0, false).await.unwrap_err().to_string();
    assert!(refused.contains("_publish.sql is in this checkout, not in the backup"), "{refused}");
    let made = "select count(*)::text from pg_catalog.pg_namespace where nspname = 'weir'";
    assert_eq!(text(&connect(&other.config).await, made).await, "0");
}

#[tokio::test]
async fn a_role_that_would_see_nothing_backs_nothing_up_and_restores_nothing() {
    let (database, file, whole) = (filled().await, Place::new(), Place::new());
    backed_up(&database, &whole.0).await.unwrap();
    std::fs::write(&file.0, "an older backup").unwrap();
    let role = format!("weir_bound_{}", std::process::id());
    let rights = format!(
        "create role {role}; grant usage on schema weir, supabase_migrations to {role};
         grant select, update on all tables in schema weir, supabase_migrations to {role}"
    );
    let admin = connect(&database.config).await;
    with_roles_locked(async |_| admin.batch_execute(&rights).await.unwrap()).await;
    let mut refusals = Vec::new();
    for role in ["weir_read", &role] {
        let mut client = connect(&database.acting_as(role)).await;
        refusals.push(back_up(&mut client, &file.0, |_| ()).await.unwrap_err().to_string());
        let restored = restore(&mut client, &whole.0, &migrations(), true, |_| ()).await;
        refusals.push(restored.unwrap_err().to_string());
    }
    with_roles_locked(async |_| admin.batch_execute(&format!("drop owned by {role}; drop role {role}")).await.unwrap())
        .await;
    assert!(refusals.iter().all(|refusal| refusal.contains("connect as the role that migrates")), "{refusals:?}");
    assert!(refusals[2].contains("row-level security"), "{refusals:?}");
    assert_eq!(std::fs::read(&file.0).unwrap(), b"an older backup");
    assert!(!file.0.with_added_extension("part").exists());
}

#[tokio::test]
async fn a_database_without_weir_has_nothing_to_back_up() {
    let (database, file) = (Database::empty().await, Place::new());
    assert_eq!(backed_up(&database, &file.0).await, Err(BackupError::NothingThere));
    assert!(!file.0.exists());
}

const NOW: &str = "select floor(extract(epoch from clock_timestamp()) * 1000)::bigint::text";

async fn filled() -> Database {
    let database = Database::empty().await;
    database.migrate().await;
    connect(&database.config).await.batch_execute(ROWS).await.unwrap();
    database
}

/// Of every table a digest of its rows, without what a restore lifts above the backup's.
async fn rows(client: &Client) -> BTreeMap<String, Option<String>> {
    let mut digests = BTreeMap::new();
    for table in tables(client).await.into_iter().filter(|table| table != "feed") {
        let sql = format!(
            "select md5(string_agg(r.line, '' order by r.line)) from (
               select (to_jsonb(t) - '{{slot_version,lease_token,lease_until,news,published,version_floor}}'::text[])::text
               from weir.{table} t
             ) r(line)"
        );
        digests.insert(table, client.query_one(&sql, &[]).await.unwrap().get(0));
    }
    digests
}

async fn tables(client: &Client) -> Vec<String> {
    let sql = "select tablename::text from pg_catalog.pg_tables where schemaname = 'weir'";
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn backed_up(database: &Database, to: &Path) -> Result<Vec<Kept>, BackupError> {
    let mut owner = connect(&database.acting_as(OWNER)).await;
    let mut told = Vec::new();
    let kept = back_up(&mut owner, to, |table| told.push(table.clone())).await?;
    assert_eq!(kept, told);
    Ok(kept)
}

async fn restored(database: &Database, from: &Path, overwrite: bool) -> Result<Restored, BackupError> {
    let mut owner = connect(&database.acting_as(OWNER)).await;
    with_roles_locked(async |_| restore(&mut owner, from, &migrations(), overwrite, |_| ()).await).await
}

async fn text(client: &Client, sql: &str) -> String {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

fn unzipped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

fn zipped(plain: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(plain).unwrap();
    out.finish().unwrap()
}

/// A file's name; the file is gone when it is dropped.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static SERIAL: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let serial = SERIAL.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("backup-{}-{serial}.gz", std::process::id());
        Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

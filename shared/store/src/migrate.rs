//! Applies migrations in order, once, and gives the logins their passwords; agrees with `supabase db push`.

mod error;
mod files;
mod logins;
#[cfg(feature = "backup")]
pub(crate) mod marks;

pub use error::MigrateError;
pub use logins::{LOGINS, ensure_logins};

use error::of_connection;
use files::{Migration, pending};
use std::path::Path;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Transaction};

/// The Supabase CLI's own table, in its own words.
const HISTORY: &str = "
    create schema if not exists supabase_migrations;
    create table if not exists supabase_migrations.schema_migrations (version text not null primary key);
    alter table supabase_migrations.schema_migrations add column if not exists statements text[];
    alter table supabase_migrations.schema_migrations add column if not exists name text;
";

/// Applies what `dir` has and the database has not; answers the names of the files applied.
///
/// The client is connected as the role that shall own the tables. A second runner waits for the first.
pub async fn migrate(client: &mut Client, dir: &Path) -> Result<Vec<String>, MigrateError> {
    let files = files::read(dir)?;
    make_history(client).await?;
    let mut applied = Vec::new();
    while let Some(name) = apply_next(client, &files).await? {
        applied.push(name);
    }
    Ok(applied)
}

/// Two first runs at once may both find nothing and collide; the second look then finds the other's.
async fn make_history(client: &Client) -> Result<(), MigrateError> {
    match client.batch_execute(HISTORY).await {
        Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => client.batch_execute(HISTORY).await,
        first => first,
    }
    .map_err(|error| of_connection(&error))
}

/// Applies the first file that is still to be applied, under a lock that the next runner waits for.
async fn apply_next(client: &mut Client, files: &[Migration]) -> Result<Option<String>, MigrateError> {
    let transaction = client.transaction().await.map_err(|error| of_connection(&error))?;
    let applied = locked_history(&transaction).await.map_err(|error| of_connection(&error))?;
    let Some(next) = pending(files, &applied)? else {
        return Ok(None);
    };
    // Without it a backfill by an owner that policies bind changes nothing, and says so nowhere.
    transaction.batch_execute("set local row_security = off").await.map_err(|error| of_connection(&error))?;
    transaction.batch_execute(&next.sql).await.map_err(|error| MigrateError::in_file(next, &error))?;
    note(&transaction, next).await.map_err(|error| MigrateError::in_file(next, &error))?;
    transaction.commit().await.map_err(|error| MigrateError::in_file(next, &error))?;
    Ok(Some(next.file.clone()))
}

async fn locked_history(transaction: &Transaction<'_>) -> Result<Vec<files::Applied>, tokio_postgres::Error> {
    let lock = "set local lock_timeout = '60s'; lock table supabase_migrations.schema_migrations in exclusive mode";
    transaction.batch_execute(lock).await?;
    history(transaction).await
}

async fn history(transaction: &Transaction<'_>) -> Result<Vec<files::Applied>, tokio_postgres::Error> {
    let history = "select version, coalesce(name, '') as name, array_to_string(statements, ';') as sql \
                   from supabase_migrations.schema_migrations order by version";
    let rows = transaction.query_typed(history, &[]).await?;
    let applied = |row: &tokio_postgres::Row| {
        Ok(files::Applied { version: row.try_get("version")?, name: row.try_get("name")?, sql: row.try_get("sql")? })
    };
    rows.iter().map(applied).collect()
}

async fn note(transaction: &Transaction<'_>, done: &Migration) -> Result<(), tokio_postgres::Error> {
    let insert =
        "insert into supabase_migrations.schema_migrations (version, statements, name) values ($1, array[$2], $3)";
    let params = [(&done.version as _, Type::TEXT), (&done.sql as _, Type::TEXT), (&done.name as _, Type::TEXT)];
    transaction.query_typed(insert, &params).await.map(drop)
}

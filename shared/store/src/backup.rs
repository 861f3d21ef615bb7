//! Backup and restore of everything in schema `weir`, as one portable file that needs neither `pg_dump` nor the same server.
//!
//! The file is gzipped text: a line of JSON, then the rows as COPY spells them up to a line `\.`, and so on; `zcat` shows
//! it. Whatever its size, only one row of it is in memory. Which tables there are, the catalog says, so a later
//! migration's are in it too. What it does not hold: roles and their passwords, which belong to the server.

mod catalog;
mod error;
mod file;
mod format;
mod read;
mod restore;
mod resume;
mod write;

pub use error::BackupError;
pub use format::Kept;
pub use restore::{Restored, restore};

use crate::migrate::marks;
use catalog::Table;
use format::{FORMAT, Header, Line};
use futures_util::TryStreamExt;
use std::path::Path;
use std::pin::pin;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio_postgres::{Client, IsolationLevel, Transaction};
use write::Writer;

/// Rows are spelt the same whatever the server's, the database's or the role's settings are. Without `row_security = off`
/// a role that policies bind would see nothing, and back nothing up without a word.
const SETTINGS: &str = "
    set local row_security = off;
    set local search_path = pg_catalog, pg_temp;
    set local bytea_output = 'hex';
    set local datestyle = 'ISO, MDY';
    set local intervalstyle = 'postgres';
    set local extra_float_digits = 1;
    set local timezone = 'UTC';
    set local lock_timeout = '15s';
    set local statement_timeout = '2h';
    set local idle_in_transaction_session_timeout = '10min';
";

/// Writes every table of schema `weir`, as they are at one instant, to a file that only its owner can read; tells each
/// table as it is done. Workers go on meanwhile. A backup that fails leaves nothing behind, nor touches an older one.
pub async fn back_up(client: &mut Client, to: &Path, mut tell: impl FnMut(&Kept)) -> Result<Vec<Kept>, BackupError> {
    let transaction =
        client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true).start().await?;
    transaction.batch_execute(SETTINGS).await?;
    let migrations = marks::of_database(&transaction).await?;
    // Where there is no history, the transaction has failed.
    let tables = if migrations.is_empty() { Vec::new() } else { catalog::tables(&transaction).await? };
    if tables.is_empty() {
        return Err(BackupError::NothingThere);
    }
    catalog::lock(&transaction, &tables, "access share").await?;
    let mut writer = Writer::begin(to)?;
    writer.line(&Line::Backup(Header { format: FORMAT, made_ms: now_ms(), migrations }))?;
    let mut kept = Vec::new();
    for table in tables {
        let done = copy_out(&transaction, &mut writer, table).await?;
        tell(&done);
        kept.push(done);
    }
    // Read last: sequences know no snapshot, and must be past every row.
    writer.line(&Line::Sequences(catalog::sequences(&transaction).await?))?;
    writer.finish()?;
    transaction.commit().await?;
    Ok(kept)
}

async fn copy_out(transaction: &Transaction<'_>, writer: &mut Writer, table: Table) -> Result<Kept, BackupError> {
    let copy = format!("copy {} to stdout", table.spelt_with_columns());
    let name = table.name.clone();
    writer.line(&Line::Table(table))?;
    let mut rows = pin!(transaction.copy_out(&copy).await?);
    while let Some(chunk) = rows.try_next().await? {
        writer.rows(&chunk)?;
    }
    Ok(Kept { table: name, rows: writer.end_table()? })
}

/// Milliseconds since 1970.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

//! Puts a backup's rows into a database, all or none.

use super::catalog::{self, Table, quoted};
use super::format::{Header, Kept, Sequence};
use super::read::{Part, Reader, verified};
use super::{BackupError, SETTINGS, resume};
use crate::migrate::marks::{self, Mark};
use crate::migrate::migrate;
use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use std::path::Path;
use std::pin::pin;
use tokio_postgres::{Client, Transaction};

/// How much of a table is sent at once.
const CHUNK: usize = 1 << 16;

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The migrations it applied first, to a database that had none.
    pub migrated: Vec<String>,
    /// When the backup was made, in milliseconds since 1970.
    pub made_ms: u64,
    /// What is in the database now.
    pub kept: Vec<Kept>,
}

/// Replaces everything in schema `weir` by what a backup holds, in one transaction; tells each table as it is done.
///
/// A database without migrations gets those of `migrations` first; any other must have exactly the backup's. Rows that
/// are there already are given up only with `overwrite`. The file is read twice: nothing is touched before it is known to
/// be whole. Workers may go on meanwhile: they wait, or do without the persistent tier.
pub async fn restore(
    client: &mut Client,
    from: &Path,
    migrations: &Path,
    overwrite: bool,
    mut tell: impl FnMut(&Kept),
) -> Result<Restored, BackupError> {
    let (header, tables) = verified(from)?;
    let migrated = migrated(client, &header, migrations).await?;
    let transaction = begun(client, &header).await?;
    let own = catalog::tables(&transaction).await?;
    same_tables(&tables, &own)?;
    catalog::lock(&transaction, &own, "access exclusive").await?;
    let triggers = resume::silence_triggers(&transaction).await?;
    // What migrations themselves put there is nobody's loss.
    empty(&transaction, &own, overwrite || !migrated.is_empty()).await?;
    let kept = fill(&transaction, from, &mut tell).await?;
    resume::above_what_was_lost(&transaction).await?;
    resume::wake_triggers(&transaction, &triggers).await?;
    transaction.commit().await?;
    Ok(Restored { migrated, made_ms: header.made_ms, kept })
}

/// Applies the migrations where none was; but only if that makes the schema the backup's.
async fn migrated(client: &mut Client, header: &Header, folder: &Path) -> Result<Vec<String>, BackupError> {
    let applied = marks::of_database(&client.transaction().await?).await?;
    if !applied.is_empty() {
        return Ok(Vec::new());
    }
    let way_out = "restore with the checkout that made the backup, then migrate with this one";
    same_migrations(&header.migrations, &marks::of_folder(folder)?, "this checkout", way_out)?;
    Ok(migrate(client, folder).await?)
}

async fn begun<'a>(client: &'a mut Client, header: &Header) -> Result<Transaction<'a>, BackupError> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(SETTINGS).await?;
    let applied = marks::of_database(&transaction).await?;
    let way_out = "restore into an empty database, with the checkout that made the backup";
    same_migrations(&header.migrations, &applied, "the database", way_out)?;
    Ok(transaction)
}

fn same_migrations(backup: &[Mark], own: &[Mark], whose: &str, way_out: &'static str) -> Result<(), BackupError> {
    let mut differences = Vec::new();
    for mark in backup {
        match own.iter().find(|other| other.is_of(mark)) {
            None => differences.push(format!("{mark} is in the backup, not in {whose}")),
            Some(other) if !other.agrees_with(mark) => {
                differences.push(format!("{mark} is not the same in the backup and in {whose}"));
            }
            Some(_) => {}
        }
    }
    let unknown = own.iter().filter(|mark| backup.iter().all(|other| !other.is_of(mark)));
    differences.extend(unknown.map(|mark| format!("{mark} is in {whose}, not in the backup")));
    if differences.is_empty() {
        return Ok(());
    }
    Err(BackupError::OtherMigrations { differences: differences.join("; "), way_out })
}

fn same_tables(backup: &[Table], own: &[Table]) -> Result<(), BackupError> {
    let missing = own.iter().find(|table| !backup.contains(table));
    let unknown = backup.iter().find(|table| !own.contains(table));
    match missing.or(unknown) {
        Some(table) => Err(BackupError::OtherTable { table: table.name.clone() }),
        None => Ok(()),
    }
}

/// Empties the tables, if that is wanted; refuses where it is not and there is something in them.
async fn empty(transaction: &Transaction<'_>, tables: &[Table], wanted: bool) -> Result<(), BackupError> {
    let names: Vec<String> = tables.iter().map(Table::spelt).collect();
    if wanted {
        return Ok(transaction.batch_execute(&format!("truncate {}", names.join(", "))).await?);
    }
    let mut filled = Vec::new();
    for table in tables {
        let sql = format!("select from {} limit 1", table.spelt());
        if transaction.query_typed_opt(&sql, &[]).await?.is_some() {
            filled.push(table.name.as_str());
        }
    }
    if filled.is_empty() { Ok(()) } else { Err(BackupError::NotEmpty { tables: filled.join(", ") }) }
}

async fn fill(
    transaction: &Transaction<'_>,
    from: &Path,
    tell: &mut impl FnMut(&Kept),
) -> Result<Vec<Kept>, BackupError> {
    let (mut reader, _) = Reader::open(from)?;
    let mut kept = Vec::new();
    loop {
        match reader.part()? {
            Part::Table(table) => {
                let done = copy_in(transaction, &mut reader, &table).await?;
                tell(&done);
                kept.push(done);
            }
            Part::Sequences(sequences) => {
                go_on(transaction, &sequences).await?;
                return Ok(kept);
            }
        }
    }
}

async fn copy_in(transaction: &Transaction<'_>, reader: &mut Reader, table: &Table) -> Result<Kept, BackupError> {
    let copy = format!("copy {} from stdin", table.spelt_with_columns());
    let mut rows = pin!(transaction.copy_in::<_, Bytes>(&copy).await?);
    let mut chunk = BytesMut::with_capacity(CHUNK);
    while let Some(row) = reader.row(table)? {
        chunk.extend_from_slice(row);
        if chunk.len() >= CHUNK {
            rows.send(chunk.split().freeze()).await?;
        }
    }
    rows.send(chunk.freeze()).await?;
    Ok(Kept { table: table.name.clone(), rows: rows.as_mut().finish().await? })
}

/// Not by `setval`, which would stay when the transaction fails.
async fn go_on(transaction: &Transaction<'_>, sequences: &[Sequence]) -> Result<(), BackupError> {
    for sequence in sequences {
        let restart = format!("alter sequence weir.{} restart with {}", quoted(&sequence.name), sequence.next);
        transaction.batch_execute(&restart).await?;
    }
    Ok(())
}

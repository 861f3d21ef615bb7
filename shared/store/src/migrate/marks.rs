//! What tells one state of the schema from another: the migrations of a folder or a database, and digests of their texts.

use super::{MigrateError, files, history};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::Path;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Error, Transaction};

/// One migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    version: String,
    name: String,
    /// `None` where the text is not known (`supabase migration repair`).
    sha256: Option<String>,
}

impl Mark {
    /// The same migration, perhaps with another text.
    pub(crate) fn is_of(&self, other: &Self) -> bool {
        self.version == other.version
    }

    /// The same text, as far as both are known.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        self.is_of(other) && (self.sha256.is_none() || other.sha256.is_none() || self.sha256 == other.sha256)
    }

    fn new(version: String, name: String, sql: Option<&str>) -> Self {
        let sha256 = sql.map(|sql| format!("{:x}", Sha256::digest(files::essence(sql))));
        Self { version, name, sha256 }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}_{}.sql", self.version, self.name)
    }
}

/// The migrations of a folder, in order.
pub(crate) fn of_folder(dir: &Path) -> Result<Vec<Mark>, MigrateError> {
    let mark = |file: files::Migration| Mark::new(file.version, file.name, Some(&file.sql));
    Ok(files::read(dir)?.into_iter().map(mark).collect())
}

/// The migrations applied to a database, in order; none where there is no history, and then the transaction has failed.
///
/// A runner waits until the transaction ends, and this waits for a runner; being its first statement, it does so before
/// the transaction has seen anything.
pub(crate) async fn of_database(transaction: &Transaction<'_>) -> Result<Vec<Mark>, Error> {
    let lock = "lock table supabase_migrations.schema_migrations in row share mode";
    match transaction.batch_execute(lock).await {
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        locked => locked?,
    }
    let mark = |done: files::Applied| Mark::new(done.version, done.name, done.sql.as_deref());
    Ok(history(transaction).await?.into_iter().map(mark).collect())
}

fn is_absent(error: &Error) -> bool {
    error.code().is_some_and(|code| [SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME].contains(code))
}

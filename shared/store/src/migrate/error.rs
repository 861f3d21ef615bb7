//! Why migrating stopped, and what to do about it.

use super::files::Migration;
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

/// Why migrating stopped. Nothing of the file it stopped at was applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MigrateError {
    /// The folder cannot be read.
    #[error("cannot read the migrations in {dir}: {detail}")]
    Folder {
        /// Which.
        dir: String,
        /// The system's words.
        detail: String,
    },
    /// A file is not named as migrations are, or another has the same timestamp.
    #[error("{file}: a migration is named `<14 digits>_<name>.sql`, and no two have the same digits")]
    Name {
        /// Which.
        file: String,
    },
    /// A file is not what was applied.
    #[error("{file} was changed after it was applied: put it back, and say what you want in a new file")]
    Changed {
        /// Which.
        file: String,
    },
    /// A file is not there any more.
    #[error("{file} was applied to this database, but the file is missing: this database is ahead of this checkout")]
    Missing {
        /// Which.
        file: String,
    },
    /// A file was added before one that is applied.
    #[error("{file} is older than {latest}, which is already applied: give it a new timestamp")]
    OutOfOrder {
        /// Which.
        file: String,
        /// The newest that is applied.
        latest: String,
    },
    /// A file's statement failed.
    #[error("{file}{}: {detail}", line.map(|line| format!(":{line}")).unwrap_or_default())]
    Failed {
        /// Which.
        file: String,
        /// Where, if Postgres said.
        line: Option<usize>,
        /// Postgres' words, and what to do where that is known.
        detail: String,
    },
    /// The database could not be used.
    #[error("{detail}")]
    Database {
        /// Postgres' words, and what to do where that is known.
        detail: String,
    },
}

impl MigrateError {
    pub(super) fn in_file(migration: &Migration, error: &Error) -> Self {
        let position = match error.as_db_error().and_then(DbError::position) {
            Some(ErrorPosition::Original(position)) => usize::try_from(*position).ok(),
            Some(ErrorPosition::Internal { .. }) | None => None,
        };
        let lines_before = |end: usize| migration.sql.chars().take(end).filter(|letter| *letter == '\n').count();
        let line = position.map(|position| 1 + lines_before(position.saturating_sub(1)));
        Self::Failed { file: migration.file.clone(), line, detail: explained(error) }
    }
}

pub(super) fn of_connection(error: &Error) -> MigrateError {
    MigrateError::Database { detail: explained(error) }
}

/// Postgres' words, with the way out where a right is missing.
fn explained(error: &Error) -> String {
    let Some(raised) = error.as_db_error() else {
        return format!("Postgres: {error}");
    };
    let said = raised.message();
    let way_out = match raised.code() {
        code if *code != SqlState::INSUFFICIENT_PRIVILEGE => "",
        _ if said.contains("create role") => ": the migrating role needs CREATEROLE (`alter role … createrole`)",
        _ if ["grant role", "alter role", "SET ROLE", "admin option"].iter().any(|part| said.contains(part)) => {
            ": the weir roles were made by another role; as that one or a superuser run `grant weir_read, weir_receive, \
             weir_refresh, weir_read_fn, weir_receive_fn, weir_refresh_fn to <the migrating role> with admin option`"
        }
        _ if said.contains("database") => ": the migrating role must own the database",
        _ => ": the migrating role must own the database and whatever was migrated before",
    };
    let detail = raised.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
    format!("Postgres: {said}{detail}{way_out}")
}

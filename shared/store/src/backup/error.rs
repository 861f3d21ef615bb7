//! Why a backup or a restore stopped, and what to do about it.

use super::format::FORMAT;
use crate::migrate::MigrateError;
use std::path::Path;
use tokio_postgres::error::SqlState;

/// Why a backup or a restore stopped. Neither the database nor an older backup was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// The file cannot be read or written.
    #[error("{file}: {detail}")]
    File {
        /// Which.
        file: String,
        /// The system's words.
        detail: String,
    },
    /// It is some other file.
    #[error("{file} is no backup of Weir: name one that `cargo xtask backup` made")]
    Foreign {
        /// Which.
        file: String,
    },
    /// It was made by another version.
    #[error("{file} has format {found} and this checkout reads {FORMAT}: restore it with the checkout that made it")]
    Format {
        /// Which.
        file: String,
        /// What it says of itself.
        found: String,
    },
    /// Its end is missing.
    #[error("{file} breaks off: copy it again from where it is whole, or use another backup")]
    Truncated {
        /// Which.
        file: String,
    },
    /// It is not what was written.
    #[error("{file} is damaged ({place}): copy it again from where it is whole, or use another backup")]
    Damaged {
        /// Which.
        file: String,
        /// What does not agree.
        place: String,
    },
    /// The database to back up has nothing of Weir.
    #[error("this database has nothing of Weir's: is it the right one?")]
    NothingThere,
    /// Backup and database have different migrations applied.
    #[error("{differences}: {way_out}")]
    OtherMigrations {
        /// Each by name.
        differences: String,
        /// What to do.
        way_out: &'static str,
    },
    /// The schema is not what its migrations made.
    #[error(
        "table {table} is not the same in the backup and in the database, though the migrations are: the schema was changed by hand"
    )]
    OtherTable {
        /// Which.
        table: String,
    },
    /// There is something that would be lost.
    #[error("this database holds rows already ({tables}): with --overwrite they are replaced by the backup's")]
    NotEmpty {
        /// Where.
        tables: String,
    },
    /// No order is right for them.
    #[error("the tables {tables} refer to each other in a circle: no order of rows fits their foreign keys")]
    Circle {
        /// Which.
        tables: String,
    },
    /// An empty database could not be migrated.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The database could not be used.
    #[error("Postgres: {detail}")]
    Database {
        /// Postgres' words, and what to do where that is known.
        detail: String,
    },
}

impl BackupError {
    pub(super) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::File { file: path.display().to_string(), detail: error.to_string() }
    }
}

impl From<tokio_postgres::Error> for BackupError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(raised) = error.as_db_error() else {
            return Self::Database { detail: error.to_string() };
        };
        let way_out = match raised.code() {
            code if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
                ": connect as the role that migrates, which owns Weir's tables and bypasses row security (on Supabase: postgres)"
            }
            code if [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED].contains(code) => {
                ": others are at work in Weir's tables; try again"
            }
            _ => "",
        };
        let detail = raised.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
        Self::Database { detail: format!("{}{detail}{way_out}", raised.message()) }
    }
}

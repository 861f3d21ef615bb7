//! What a backup's lines say, those that are no rows.

use super::catalog::Table;
use crate::migrate::marks::Mark;
use serde::{Deserialize, Serialize};

/// The only format so far.
pub(super) const FORMAT: u64 = 1;

/// Ends a table's rows, as COPY's own text format says; no row can look like it.
pub(super) const END_OF_ROWS: &[u8] = b"\\.\n";

/// In this order: `Backup`, for each table `Table`, its rows and `Rows`, then `Sequences` and `End`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Backup(Header),
    Table(Table),
    Rows(Rows),
    Sequences(Vec<Sequence>),
    End(End),
}

/// What the backup is of.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: u64,
    pub(super) made_ms: u64,
    pub(super) migrations: Vec<Mark>,
}

/// What the rows before it were.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rows {
    pub(super) rows: u64,
    pub(super) sha256: String,
}

/// Where a sequence goes on.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Sequence {
    pub(super) name: String,
    pub(super) next: i64,
}

/// Everything before this line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    pub(super) sha256: String,
}

/// A table and how many rows of it are in a backup, or came out of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its name, in schema `weir`.
    pub table: String,
    /// How many.
    pub rows: u64,
}

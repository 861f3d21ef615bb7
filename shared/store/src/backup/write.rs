//! Writes a backup's lines and rows, compressed, with the digests that tell whether they are still whole.

use super::BackupError;
use super::file::Part;
use super::format::{END_OF_ROWS, End, Line, Rows};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::io::{BufWriter, Error, Write};
use std::path::{Path, PathBuf};

const BUFFER: usize = 1 << 16;

pub(super) struct Writer {
    out: GzEncoder<BufWriter<Part>>,
    to: PathBuf,
    /// Of everything so far.
    whole: Sha256,
    /// Of the table's rows so far, and how many they are.
    table: Sha256,
    rows: u64,
}

impl Writer {
    pub(super) fn begin(to: &Path) -> Result<Self, BackupError> {
        let part = Part::make(to)?;
        let out = GzEncoder::new(BufWriter::with_capacity(BUFFER, part), Compression::default());
        Ok(Self { out, to: to.to_owned(), whole: Sha256::new(), table: Sha256::new(), rows: 0 })
    }

    pub(super) fn line(&mut self, line: &Line) -> Result<(), BackupError> {
        let mut text = serde_json::to_vec(line).map_err(|error| self.failed(&error.into()))?;
        text.push(b'\n');
        self.write(&text)
    }

    /// Some of a table's rows. Only the end of a row is a line's end: within one it is spelt `\n`.
    pub(super) fn rows(&mut self, rows: &[u8]) -> Result<(), BackupError> {
        let ends = rows.split(|byte| *byte == b'\n').count().saturating_sub(1);
        self.rows += u64::try_from(ends).unwrap_or(u64::MAX);
        self.table.update(rows);
        self.write(rows)
    }

    /// Ends a table; says how many rows it had.
    pub(super) fn end_table(&mut self) -> Result<u64, BackupError> {
        self.write(END_OF_ROWS)?;
        let sha256 = format!("{:x}", self.table.finalize_reset());
        let rows = std::mem::take(&mut self.rows);
        self.line(&Line::Rows(Rows { rows, sha256 }))?;
        Ok(rows)
    }

    /// Ends the file and gives it its name.
    pub(super) fn finish(mut self) -> Result<(), BackupError> {
        let sha256 = format!("{:x}", self.whole.clone().finalize());
        self.line(&Line::End(End { sha256 }))?;
        let failed = |error: &Error| BackupError::file(&self.to, error);
        let buffer = self.out.finish().map_err(|error| failed(&error))?;
        let part = buffer.into_inner().map_err(|error| failed(error.error()))?;
        part.finish()
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.whole.update(bytes);
        self.out.write_all(bytes).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &Error) -> BackupError {
        BackupError::file(&self.to, error)
    }
}

//! Reads a backup line by line and row by row, and notices whatever is not as it was written.

use super::BackupError;
use super::catalog::Table;
use super::format::{END_OF_ROWS, End, FORMAT, Header, Line, Rows, Sequence};
use flate2::read::GzDecoder;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// No row is longer: Postgres itself takes no more than a gigabyte.
const LONGEST: u64 = 1 << 30;

pub(super) struct Reader {
    lines: BufReader<GzDecoder<BufReader<File>>>,
    file: PathBuf,
    /// The line or row read last.
    line: Vec<u8>,
    /// Of everything read so far.
    whole: Sha256,
    /// Of the table's rows so far, and how many they are.
    table: Sha256,
    rows: u64,
}

/// What follows in a backup.
pub(super) enum Part {
    /// Its rows are next.
    Table(Table),
    /// And nothing after.
    Sequences(Vec<Sequence>),
}

impl Reader {
    /// Opens a file and reads what it says of itself.
    pub(super) fn open(from: &Path) -> Result<(Self, Header), BackupError> {
        let file = File::open(from).map_err(|error| BackupError::file(from, &error))?;
        let lines = BufReader::new(GzDecoder::new(BufReader::new(file)));
        let (whole, table) = (Sha256::new(), Sha256::new());
        let mut reader = Self { lines, file: from.to_owned(), line: Vec::new(), whole, table, rows: 0 };
        let header = reader.header()?;
        Ok((reader, header))
    }

    /// The next table, or the end: after which the whole file was as it had been written.
    pub(super) fn part(&mut self) -> Result<Part, BackupError> {
        match self.parsed("its structure")? {
            Line::Table(table) => Ok(Part::Table(table)),
            Line::Sequences(sequences) => self.end().map(|()| Part::Sequences(sequences)),
            _ => Err(self.damaged("its structure")),
        }
    }

    /// The next row of the table, with its line's end; after the last it is known that they were all as written.
    pub(super) fn row(&mut self, of: &Table) -> Result<Option<&[u8]>, BackupError> {
        self.next()?;
        if self.line != END_OF_ROWS {
            self.table.update(&self.line);
            self.rows += 1;
            return Ok(Some(&self.line));
        }
        let sha256 = format!("{:x}", self.table.finalize_reset());
        let found = Rows { rows: std::mem::take(&mut self.rows), sha256 };
        match self.parsed(&of.name)? {
            Line::Rows(written) if written == found => Ok(None),
            _ => Err(self.damaged(&of.name)),
        }
    }

    pub(super) fn damaged(&self, place: &str) -> BackupError {
        BackupError::Damaged { file: self.name(), place: place.to_owned() }
    }

    fn header(&mut self) -> Result<Header, BackupError> {
        let foreign = BackupError::Foreign { file: self.name() };
        match self.next() {
            Err(BackupError::Damaged { .. } | BackupError::Truncated { .. }) => return Err(foreign),
            read => read?,
        }
        let said: Value = serde_json::from_slice(&self.line).map_err(|_| foreign.clone())?;
        let format = said.pointer("/backup/format").ok_or(foreign)?;
        if format.as_u64() != Some(FORMAT) {
            return Err(BackupError::Format { file: self.name(), found: format.to_string() });
        }
        match serde_json::from_slice(&self.line) {
            Ok(Line::Backup(header)) => Ok(header),
            _ => Err(self.damaged("its first line")),
        }
    }

    fn end(&mut self) -> Result<(), BackupError> {
        let sha256 = format!("{:x}", self.whole.clone().finalize());
        match self.parsed("its end")? {
            Line::End(written) if written == (End { sha256 }) => {}
            _ => return Err(self.damaged("its end")),
        }
        // Nothing follows; looking for it makes gzip compare its own checksum.
        match self.lines.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.damaged("its end")),
            Err(error) => Err(self.unreadable(&error)),
        }
    }

    fn parsed(&mut self, place: &str) -> Result<Line, BackupError> {
        self.next()?;
        serde_json::from_slice(&self.line).map_err(|_| self.damaged(place))
    }

    fn next(&mut self) -> Result<(), BackupError> {
        self.line.clear();
        let read = (&mut self.lines).take(LONGEST).read_until(b'\n', &mut self.line);
        read.map_err(|error| self.unreadable(&error))?;
        match self.line.last() {
            Some(b'\n') => self.whole.update(&self.line),
            Some(_) => return Err(self.damaged("its lines")),
            None => return Err(BackupError::Truncated { file: self.name() }),
        }
        Ok(())
    }

    fn unreadable(&self, error: &Error) -> BackupError {
        match error.kind() {
            ErrorKind::UnexpectedEof => BackupError::Truncated { file: self.name() },
            ErrorKind::InvalidInput | ErrorKind::InvalidData => self.damaged("its compression"),
            _ => BackupError::file(&self.file, error),
        }
    }

    fn name(&self) -> String {
        self.file.display().to_string()
    }
}

/// Reads a whole backup, to know before the first row is written that every row is as it was.
pub(super) fn verified(from: &Path) -> Result<(Header, Vec<Table>), BackupError> {
    let (mut reader, header) = Reader::open(from)?;
    let mut tables = Vec::new();
    while let Part::Table(table) = reader.part()? {
        while reader.row(&table)?.is_some() {}
        tables.push(table);
    }
    Ok((header, tables))
}

//! A file that appears whole, or not at all.

use super::BackupError;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What is written beside the name it will have. Dropped before its end, it is gone.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    beside: PathBuf,
    name: PathBuf,
}

impl Part {
    /// Begins a file that only its owner can read.
    pub(super) fn make(name: &Path) -> Result<Self, BackupError> {
        let mut beside = name.as_os_str().to_owned();
        beside.push(".part");
        let beside = PathBuf::from(beside);
        // Of a run that was killed; what it holds is of no use.
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(BackupError::file(&beside, &error)),
            _ => {}
        }
        let open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside);
        let file = open.map_err(|error| BackupError::file(&beside, &error))?;
        Ok(Self { file, beside, name: name.to_owned() })
    }

    /// Gives it its name, once it is on the disk.
    pub(super) fn finish(self) -> Result<(), BackupError> {
        let named = self.file.sync_all().and_then(|()| std::fs::rename(&self.beside, &self.name));
        named.map_err(|error| BackupError::file(&self.name, &error))
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Gone already where it got its name.
        let _ = std::fs::remove_file(&self.beside);
    }
}

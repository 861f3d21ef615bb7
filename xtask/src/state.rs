//! `.weir/`: what `cargo xtask dev` keeps between starts, held by one run at a time.

use std::fs::{File, TryLockError};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::checkout::Checkout;

/// The state folder, held until dropped.
pub(crate) struct State {
    /// The folder.
    pub(crate) folder: PathBuf,
    /// The lock ends with the process, however it ends.
    _held: File,
}

impl State {
    /// Takes the folder for one purpose (`dev`, `test`), so that two runs do not share a database.
    pub(crate) fn hold(checkout: &Checkout, purpose: &str) -> Result<Self> {
        let folder = checkout.weir();
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let lock = folder.join(format!("{purpose}.lock"));
        let held = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock)
            .with_context(|| format!("{} cannot be written", lock.display()))?;
        match held.try_lock() {
            Ok(()) => Ok(Self { folder, _held: held }),
            Err(TryLockError::WouldBlock) => {
                bail!("another cargo xtask {purpose} runs in this checkout: stop it first")
            }
            Err(TryLockError::Error(error)) => bail!("{} cannot be locked: {error}", lock.display()),
        }
    }

    /// Empties the folder, but for the lock files and the passwords of servers that are not emptied with it.
    pub(crate) fn empty(&self) -> Result<()> {
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.ends_with(".lock") || name.starts_with("logins-") {
                continue;
            }
            let outcome = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            outcome.with_context(|| format!("{} cannot be removed", path.display()))?;
        }
        Ok(())
    }
}

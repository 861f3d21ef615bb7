//! Remembers what a step was done for, so that it is done once.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::checkout::hex;

/// A file that holds the fingerprint of what a step last worked on.
pub(crate) struct Stamp {
    file: PathBuf,
    fingerprint: String,
}

impl Stamp {
    /// A stamp in `file` for these inputs.
    pub(crate) fn of(file: PathBuf, inputs: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for input in inputs {
            // The length keeps ("ab", "c") and ("a", "bc") apart.
            hash.update((input.len() as u64).to_be_bytes());
            hash.update(input);
        }
        Self { file, fingerprint: hex(&hash.finalize()) }
    }

    /// Whether the step was last done for exactly these inputs.
    pub(crate) fn is_set(&self) -> bool {
        std::fs::read_to_string(&self.file).is_ok_and(|found| found == self.fingerprint)
    }

    /// Notes that the step is done for these inputs.
    pub(crate) fn set(&self) -> Result<()> {
        if let Some(folder) = self.file.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        std::fs::write(&self.file, &self.fingerprint)
            .with_context(|| format!("{} cannot be written", self.file.display()))
    }
}

/// A file's bytes, or a line that names it.
pub(crate) fn bytes(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("weir-stamp-{}-{name}", std::process::id()))
    }

    #[test]
    fn a_stamp_holds_for_the_same_inputs_only() {
        let at = file("same");
        let stamp = Stamp::of(at.clone(), &[b"ab", b"c"]);
        assert!(!stamp.is_set());
        stamp.set().expect("writable");
        assert!(Stamp::of(at.clone(), &[b"ab", b"c"]).is_set());
        assert!(!Stamp::of(at.clone(), &[b"a", b"bc"]).is_set());
        assert!(!Stamp::of(at.clone(), &[b"ab"]).is_set());
        std::fs::remove_file(at).expect("it was written");
    }
}

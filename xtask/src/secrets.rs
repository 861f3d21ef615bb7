//! Secrets that live on this machine only: made at random, readable by their owner only.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result};

use crate::checkout::hex;

/// A password nobody can guess, in characters that need no escaping anywhere.
pub(crate) fn random_password() -> Result<String> {
    Ok(hex(&random_bytes::<24>()?))
}

/// Bytes nobody can guess.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .context("/dev/urandom cannot be read")?;
    Ok(bytes)
}

/// Writes a file that only its owner can read, also when it existed with wider rights.
pub(crate) fn write_private(file: &Path, text: &str) -> Result<()> {
    let write = || {
        let mut open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
        open.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        open.write_all(text.as_bytes())
    };
    write().with_context(|| format!("{} cannot be written", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_file_loses_wider_rights() {
        let file = std::env::temp_dir().join(format!("weir-private-{}", std::process::id()));
        std::fs::write(&file, "old").expect("writable");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("own file");
        write_private(&file, "new").expect("writable");
        let mode = std::fs::metadata(&file).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::remove_file(file).expect("it is there");
    }

    #[test]
    fn two_passwords_differ() {
        let (one, other) = (random_password().expect("random"), random_password().expect("random"));
        assert_eq!(one.len(), 48);
        assert_ne!(one, other);
    }
}

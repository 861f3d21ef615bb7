//! The canonical name of one entry, the same in every tier.

use sha2::{Digest, Sha256};

/// Names one entry: `project/mount/path?sorted=query`, percent-encoded as the upstream would see it.
///
/// It is what KV's keys, Postgres' rows and the board's hashes are made from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

/// A key that does not fit into the hot tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is at most {} bytes", Key::MAX_BYTES)]
pub struct KeyTooLong;

impl Key {
    /// KV's own limit is 512 bytes; the rest is for the slot's prefix and number.
    pub const MAX_BYTES: usize = 480;

    /// Takes a canonical name.
    pub fn new(name: String) -> Result<Self, KeyTooLong> {
        if name.len() > Self::MAX_BYTES { Err(KeyTooLong) } else { Ok(Self(name)) }
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The project it belongs to: everything before the first slash.
    pub fn project(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// The first eight bytes of the name's SHA-256, big-endian: the board's name for it.
    pub fn hash(&self) -> u64 {
        let digest = Sha256::digest(self.0.as_bytes());
        digest.iter().take(8).fold(0, |hash, byte| (hash << 8) | u64::from(*byte))
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_the_first_eight_bytes_of_sha256() {
        // sha256("abc") = ba7816bf 8f01cfea …
        assert_eq!(Key::new("abc".into()).unwrap().hash(), 0xba78_16bf_8f01_cfea);
    }

    #[test]
    fn a_key_that_kv_could_not_hold_is_refused() {
        assert!(Key::new("k".repeat(Key::MAX_BYTES)).is_ok());
        assert_eq!(Key::new("k".repeat(Key::MAX_BYTES + 1)), Err(KeyTooLong));
    }
}

//! The platform's limits, which a local runtime does not enforce (PLATFORM.md): what one invocation may use.

use crate::time::Timestamp;
use std::collections::HashMap;
use std::time::Duration;

/// Operations on KV in one invocation.
pub const KV_OPERATIONS: u32 = 1_000;
/// Calls of other Workers in one invocation.
pub const INVOCATIONS: u32 = 32;
/// Connections that may wait for an answer at once: fetches, KV, sockets.
pub const CONNECTIONS: u32 = 6;
/// Bytes of a KV key.
pub const KV_KEY_BYTES: usize = 512;
/// Bytes of a KV value's metadata.
pub const KV_METADATA_BYTES: usize = 1_024;
/// Bytes of a KV value.
pub const KV_VALUE_BYTES: usize = 25 * 1024 * 1024;
/// The pause KV wants between two writes of one key.
pub const KV_WRITE_PAUSE: Duration = Duration::from_secs(1);

/// What one invocation has used so far.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    kv_operations: u32,
    kv_writes: HashMap<String, Timestamp>,
    invocations: u32,
    statements: u32,
    fetches: u32,
    open: u32,
    most_open: u32,
}

/// A limit that would be passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverLimit {
    /// [`KV_OPERATIONS`].
    #[error("more than 1,000 KV operations in one invocation")]
    KvOperations,
    /// [`KV_WRITE_PAUSE`].
    #[error("one KV key written twice within a second")]
    KvWriteRate,
    /// [`KV_KEY_BYTES`].
    #[error("a KV key of more than 512 bytes")]
    KvKey,
    /// [`KV_METADATA_BYTES`].
    #[error("KV metadata of more than 1,024 bytes")]
    KvMetadata,
    /// [`KV_VALUE_BYTES`].
    #[error("a KV value of more than 25 MiB")]
    KvValue,
    /// [`INVOCATIONS`].
    #[error("more than 32 calls of other Workers in one invocation")]
    Invocations,
    /// [`CONNECTIONS`].
    #[error("more than 6 connections waiting at once")]
    Connections,
}

/// A KV write, by its sizes.
#[derive(Clone, Copy, Debug)]
pub struct KvWrite<'a> {
    /// The whole key.
    pub key: &'a str,
    /// Bytes of the value.
    pub value_bytes: usize,
    /// Bytes of the metadata as JSON.
    pub metadata_bytes: usize,
}

/// What an invocation used, for its log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// KV operations.
    pub kv: u32,
    /// Postgres statements.
    pub sql: u32,
    /// Upstream calls.
    pub fetches: u32,
    /// Calls of other Workers.
    pub calls: u32,
    /// Connections open at once, at most.
    pub most_open: u32,
}

impl Meter {
    /// Counts a KV read.
    pub fn kv_read(&mut self, key: &str) -> Result<(), OverLimit> {
        if key.len() > KV_KEY_BYTES {
            return Err(OverLimit::KvKey);
        }
        self.kv_operation()
    }

    /// Counts a KV write.
    pub fn kv_write(&mut self, write: KvWrite<'_>, now: Timestamp) -> Result<(), OverLimit> {
        if write.key.len() > KV_KEY_BYTES {
            return Err(OverLimit::KvKey);
        }
        if write.metadata_bytes > KV_METADATA_BYTES {
            return Err(OverLimit::KvMetadata);
        }
        if write.value_bytes > KV_VALUE_BYTES {
            return Err(OverLimit::KvValue);
        }
        if self.kv_writes.get(write.key).is_some_and(|last| now.since(*last) < KV_WRITE_PAUSE) {
            return Err(OverLimit::KvWriteRate);
        }
        self.kv_operation()?;
        self.kv_writes.insert(write.key.to_owned(), now);
        Ok(())
    }

    /// Counts a call of another Worker.
    pub fn invocation(&mut self) -> Result<(), OverLimit> {
        if self.invocations >= INVOCATIONS {
            return Err(OverLimit::Invocations);
        }
        self.invocations += 1;
        Ok(())
    }

    /// Counts a statement to Postgres.
    pub fn statement(&mut self) {
        self.statements += 1;
    }

    /// Counts a call to an upstream.
    pub fn fetch(&mut self) {
        self.fetches += 1;
    }

    /// A connection begins to wait.
    pub fn open(&mut self) -> Result<(), OverLimit> {
        if self.open >= CONNECTIONS {
            return Err(OverLimit::Connections);
        }
        self.open += 1;
        self.most_open = self.most_open.max(self.open);
        Ok(())
    }

    /// A connection waits no longer.
    pub fn close(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// What was used so far.
    pub fn used(&self) -> Used {
        Used {
            kv: self.kv_operations,
            sql: self.statements,
            fetches: self.fetches,
            calls: self.invocations,
            most_open: self.most_open,
        }
    }

    fn kv_operation(&mut self) -> Result<(), OverLimit> {
        if self.kv_operations >= KV_OPERATIONS {
            return Err(OverLimit::KvOperations);
        }
        self.kv_operations += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn write(key: &str, value_bytes: usize, metadata_bytes: usize) -> KvWrite<'_> {
        KvWrite { key, value_bytes, metadata_bytes }
    }

    #[test]
    fn one_key_is_written_once_a_second() {
        let mut meter = Meter::default();
        assert_eq!(meter.kv_write(write("a", 1, 1), NOW), Ok(()));
        assert_eq!(meter.kv_write(write("b", 1, 1), NOW), Ok(()));
        assert_eq!(meter.kv_write(write("a", 1, 1), NOW + Duration::from_millis(999)), Err(OverLimit::KvWriteRate));
        assert_eq!(meter.kv_write(write("a", 1, 1), NOW + KV_WRITE_PAUSE), Ok(()));
    }

    #[test]
    fn sizes_are_held() {
        let mut meter = Meter::default();
        let long = "k".repeat(513);
        assert_eq!(meter.kv_read(&long), Err(OverLimit::KvKey));
        assert_eq!(meter.kv_write(write(&long, 0, 0), NOW), Err(OverLimit::KvKey));
        assert_eq!(meter.kv_write(write("a", 0, 1025), NOW), Err(OverLimit::KvMetadata));
        assert_eq!(meter.kv_write(write("a", KV_VALUE_BYTES + 1, 0), NOW), Err(OverLimit::KvValue));
        assert_eq!(meter.kv_write(write(&long[..512], KV_VALUE_BYTES, 1024), NOW), Ok(()));
    }

    #[test]
    fn operations_calls_and_connections_end_at_their_limits() {
        let mut meter = Meter::default();
        assert!((0..KV_OPERATIONS).all(|_| meter.kv_read("a").is_ok()));
        assert_eq!(meter.kv_read("a"), Err(OverLimit::KvOperations));
        assert!((0..INVOCATIONS).all(|_| meter.invocation().is_ok()));
        assert_eq!(meter.invocation(), Err(OverLimit::Invocations));
        assert!((0..CONNECTIONS).all(|_| meter.open().is_ok()));
        assert_eq!(meter.open(), Err(OverLimit::Connections));
        meter.close();
        assert_eq!(meter.open(), Ok(()));
        assert_eq!(meter.used(), Used { kv: 1000, sql: 0, fetches: 0, calls: 32, most_open: 6 });
    }
}

//! The board's bytes: which version of each live key is current, and when it was last verified.
//!
//! Big-endian: format u8 · seq u64 · `made_at` u64 (ms) · open breakers u8, each: length u8, name, until u32 (s) ·
//! rows of 24 bytes sorted by hash: hash u64 · version u64 · `verified_at` u32 (s) · `demanded_until` u32 (s).

use crate::slot::FORMAT;
use crate::time::Timestamp;

/// The size of a row.
pub const ROW_BYTES: usize = 24;

/// One statement of the persistent tier about every live key of a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    /// A higher one is a later snapshot.
    pub seq: u64,
    /// When the snapshot was taken.
    pub made_at: Timestamp,
    /// Upstreams that are not to be asked, and until when.
    pub paused: Vec<(String, Timestamp)>,
    bytes: Vec<u8>,
    rows_start: usize,
}

/// What a board says of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The current version.
    pub version: u64,
    /// When it was last verified; `ZERO` means purged.
    pub verified_at: Timestamp,
    /// Until when a tick keeps it fresh because somebody asked for it.
    pub demanded_until: Timestamp,
}

/// The bytes of a board over rows that are already in their form and order.
pub fn encode(seq: u64, made_at: Timestamp, paused: &[(String, Timestamp)], rows: &[u8]) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    bytes.extend(seq.to_be_bytes());
    bytes.extend(made_at.as_ms().to_be_bytes());
    let paused = paused.get(..paused.len().min(255)).unwrap_or_default();
    bytes.push(u8::try_from(paused.len()).unwrap_or(u8::MAX));
    for (name, until) in paused {
        let name = name.as_bytes().get(..name.len().min(255)).unwrap_or_default();
        bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        bytes.extend(name);
        bytes.extend(until.as_secs().to_be_bytes());
    }
    bytes.extend(rows);
    bytes
}

/// The bytes of one row.
pub fn encode_row(hash: u64, row: Row) -> [u8; ROW_BYTES] {
    let mut bytes = [0; ROW_BYTES];
    let fields = hash.to_be_bytes().into_iter().chain(row.version.to_be_bytes());
    let fields =
        fields.chain(row.verified_at.as_secs().to_be_bytes()).chain(row.demanded_until.as_secs().to_be_bytes());
    for (to, from) in bytes.iter_mut().zip(fields) {
        *to = from;
    }
    bytes
}

impl Board {
    /// Reads a board's header; the rows stay as they are. Anything unknown is no board.
    pub fn decode(bytes: Vec<u8>) -> Option<Self> {
        let mut rest = bytes.as_slice();
        let [format] = take(&mut rest)?;
        if format != FORMAT {
            return None;
        }
        let seq = u64::from_be_bytes(take(&mut rest)?);
        let made_at = Timestamp::from_ms(u64::from_be_bytes(take(&mut rest)?));
        let [count] = take(&mut rest)?;
        let mut paused = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let [length] = take(&mut rest)?;
            let (name, after) = rest.split_at_checked(usize::from(length))?;
            rest = after;
            let until = Timestamp::from_secs(u32::from_be_bytes(take(&mut rest)?));
            paused.push((String::from_utf8(name.to_vec()).ok()?, until));
        }
        if !rest.len().is_multiple_of(ROW_BYTES) {
            return None;
        }
        let rows_start = bytes.len() - rest.len();
        Some(Self { seq, made_at, paused, bytes, rows_start })
    }

    /// What it says of a key; `None`: it does not cover it.
    pub fn row(&self, hash: u64) -> Option<Row> {
        let rows = self.rows();
        let at = rows.binary_search_by_key(&hash, hash_of).ok()?;
        let mut rest = rows.get(at)?.get(8..)?;
        Some(Row {
            version: u64::from_be_bytes(take(&mut rest)?),
            verified_at: Timestamp::from_secs(u32::from_be_bytes(take(&mut rest)?)),
            demanded_until: Timestamp::from_secs(u32::from_be_bytes(take(&mut rest)?)),
        })
    }

    /// How many keys it covers.
    pub fn len(&self) -> usize {
        self.rows().len()
    }

    /// Whether it covers none.
    pub fn is_empty(&self) -> bool {
        self.rows().is_empty()
    }

    /// Until when an upstream is not to be asked.
    pub fn paused_until(&self, upstream: &str) -> Option<Timestamp> {
        self.paused.iter().find(|(name, _)| name == upstream).map(|(_, until)| *until)
    }

    fn rows(&self) -> &[[u8; ROW_BYTES]] {
        self.bytes.get(self.rows_start..).unwrap_or_default().as_chunks().0
    }
}

fn hash_of(row: &[u8; ROW_BYTES]) -> u64 {
    row.first_chunk().map_or(0, |hash| u64::from_be_bytes(*hash))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn board(rows: &BTreeMap<u64, Row>) -> Vec<u8> {
        let rows: Vec<u8> = rows.iter().flat_map(|(hash, row)| encode_row(*hash, *row)).collect();
        let paused = [("api".to_owned(), Timestamp::from_secs(77))];
        encode(9, Timestamp::from_ms(1_234_567), &paused, &rows)
    }

    proptest! {
        #[test]
        fn every_row_is_found_and_no_other(hashes in proptest::collection::btree_map(any::<u64>(), any::<(u64, u32, u32)>(), 0..60), other: u64) {
            let rows: BTreeMap<u64, Row> = hashes.into_iter().map(|(hash, (version, verified, demanded))| (hash, Row {
                version, verified_at: Timestamp::from_secs(verified), demanded_until: Timestamp::from_secs(demanded),
            })).collect();
            let read = Board::decode(board(&rows)).unwrap();
            prop_assert_eq!((read.seq, read.made_at, read.len()), (9, Timestamp::from_ms(1_234_567), rows.len()));
            prop_assert_eq!(read.paused_until("api"), Some(Timestamp::from_secs(77)));
            prop_assert_eq!(read.paused_until("other"), None);
            for (hash, row) in &rows {
                prop_assert_eq!(read.row(*hash), Some(*row));
            }
            prop_assert_eq!(read.row(other), rows.get(&other).copied());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(board) = Board::decode(bytes) {
                let _ = board.row(1);
            }
        }
    }

    #[test]
    fn another_format_or_a_cut_one_is_no_board() {
        let good = board(&BTreeMap::from([(
            1,
            Row { version: 1, verified_at: Timestamp::ZERO, demanded_until: Timestamp::ZERO },
        )]));
        let mut other = good.clone();
        other[0] = FORMAT + 1;
        assert_eq!(Board::decode(other), None);
        assert_eq!(Board::decode(good[..good.len() - 1].to_vec()), None);
        assert!(Board::decode(good).is_some());
    }
}

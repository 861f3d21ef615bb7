//! Where the hot tier holds what: the names of slots and boards.

use weir_catalog::Key;

/// Written into every slot's metadata and every board; what carries another number is a miss.
pub const FORMAT: u8 = 1;

/// How many slots a key has. A new version's slot was last read three versions ago, so no location has it cached.
pub const SLOTS: u64 = 4;

/// The slot of a version.
pub fn slot_of(version: u64) -> u8 {
    u8::try_from(version % SLOTS).unwrap_or_default()
}

/// KV's key of a slot.
pub fn slot_name(key: &Key, slot: u8) -> String {
    format!("e/{key}/{slot}")
}

/// KV's key of a board.
pub fn board_name(project: &str, shard: u8) -> String {
    format!("b/{project}/{shard}")
}

/// The shard whose board speaks of a key.
pub fn shard_of(hash: u64, shards: u8) -> u8 {
    u8::try_from(hash % u64::from(shards.max(1))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_versions_in_a_row_have_four_slots() {
        let slots: Vec<u8> = (1_700_000_000_001..=1_700_000_000_004).map(slot_of).collect();
        assert_eq!(slots, [1, 2, 3, 0]);
    }

    #[test]
    fn the_longest_key_fits_kv() {
        let key = Key::new("k".repeat(Key::MAX_BYTES)).unwrap();
        assert!(slot_name(&key, 3).len() <= 512);
    }

    #[test]
    fn every_key_has_a_shard_even_of_none() {
        assert_eq!(shard_of(7, 0), 0);
        assert_eq!(shard_of(7, 4), 3);
    }
}

//! Publishes what is saved: W2, the slots, and W3, the boards.

use crate::entry::Entry;
use crate::ports::{BuiltBoard, HotWriter, PortError, Publishing, Timer};
use std::time::Duration;
use weir_catalog::{Key, Project};
use weir_policy::board::encode;
use weir_policy::time::Timestamp;

/// W2: no put starts later than this before its lease ends.
const MARGIN: Duration = Duration::from_secs(5);
/// Slots that one tick makes up for.
const OWED_SLOTS: u32 = 20;

/// A version whose slot is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedSlot {
    /// Of what.
    pub key: Key,
    /// The version.
    pub entry: Entry,
    /// When the lease ends under which it was saved.
    pub until: Timestamp,
}

/// W2: puts slots and notes which were acknowledged. Answers how many.
///
/// What was not acknowledged stays owed; the next tick makes up for it.
pub async fn put_slots<P: HotWriter + Publishing + Timer>(
    ports: &P,
    project: &str,
    owed: &[OwedSlot],
) -> Result<u32, PortError> {
    let mut put = Vec::with_capacity(owed.len());
    for slot in owed {
        if ports.now() + MARGIN <= slot.until && ports.put_slot(&slot.key, &slot.entry).await {
            put.push((slot.key.clone(), slot.entry.version));
        }
    }
    acknowledge(ports, project, &put).await
}

/// W2: puts again what was never acknowledged. Answers how many.
pub async fn put_owed_slots<P: HotWriter + Publishing>(ports: &P, project: &str) -> Result<u32, PortError> {
    let mut put = Vec::new();
    for (key, entry) in ports.slots_owed(project, OWED_SLOTS).await? {
        if ports.put_slot(&key, &entry).await {
            put.push((key, entry.version));
        }
    }
    acknowledge(ports, project, &put).await
}

async fn acknowledge<P: Publishing>(ports: &P, project: &str, put: &[(Key, u64)]) -> Result<u32, PortError> {
    if !put.is_empty() {
        ports.slots_put(project, put).await?;
    }
    Ok(u32::try_from(put.len()).unwrap_or(u32::MAX))
}

/// W3: puts the boards that have news. Answers how many were acknowledged; a lost one is made up for by the next tick.
pub async fn put_boards<P: HotWriter + Publishing>(ports: &P, project: &Project) -> Result<u32, PortError> {
    let mut acknowledged = 0;
    for shard in 0..project.board_shards {
        let Some(built) = ports.board(&project.name, shard).await? else { continue };
        let BuiltBoard { seq, made_at, news, closed, rows } = built;
        let board = encode(seq, made_at, &closed, &rows);
        if ports.put_board(&project.name, shard, board.into()).await {
            ports.board_put(&project.name, shard, news).await?;
            acknowledged += 1;
        }
    }
    Ok(acknowledged)
}

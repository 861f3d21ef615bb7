//! Slots owed and boards built.

use super::Store;
use super::tables::{Row, Tables};
use std::time::Duration;
use weir_catalog::Key;
use weir_flow::entry::Entry;
use weir_flow::ports::{BuiltBoard, PortError, Publishing};
use weir_policy::board::{self, encode_row};
use weir_policy::time::Timestamp;

const DAY: Duration = Duration::from_secs(86_400);
const BUILDING: Duration = Duration::from_secs(10);

impl Publishing for Store {
    async fn slots_put(&self, _project: &str, put: &[(Key, u64)]) -> Result<(), PortError> {
        self.statement(|tables, _| {
            for (key, version) in put {
                if let Some(row) = tables.rows.get_mut(key) {
                    row.slot_version = row.slot_version.max(*version);
                }
            }
            Ok(())
        })
        .await
    }

    async fn slots_owed(&self, project: &str, limit: u32) -> Result<Vec<(Key, Entry)>, PortError> {
        self.statement(|tables, _| {
            let owed = tables
                .rows
                .iter()
                .filter(|(key, row)| key.project() == project && row.version.is_some_and(|v| v != row.slot_version));
            let keys: Vec<Key> = owed.map(|(key, _)| key.clone()).take(limit as usize).collect();
            Ok(keys.into_iter().filter_map(|key| tables.entry(&key).map(|entry| (key, entry))).collect())
        })
        .await
    }

    async fn slot_lost(&self, key: &Key, version: u64) -> Result<(), PortError> {
        self.statement(|tables, _| {
            let Some(row) = tables.rows.get_mut(key).filter(|row| row.version == Some(version)) else { return Ok(()) };
            row.slot_version = 0;
            let shard = row.shard;
            tables.news(key.project(), shard);
            Ok(())
        })
        .await
    }

    async fn board(&self, project: &str, shard: u8) -> Result<Option<BuiltBoard>, PortError> {
        self.statement(|tables, now| Ok(build(tables, project, shard, now))).await
    }

    async fn board_lost(&self, project: &str, shard: u8) -> Result<(), PortError> {
        self.statement(|tables, _| {
            let board = tables.boards.get_mut(&(project.to_owned(), shard));
            if let Some(board) = board.filter(|board| board.seq > 0 && board.news == board.published) {
                board.news += 1;
            }
            Ok(())
        })
        .await
    }

    async fn board_put(&self, project: &str, shard: u8, news: i64) -> Result<(), PortError> {
        self.statement(|tables, _| {
            if let Some(board) = tables.boards.get_mut(&(project.to_owned(), shard)) {
                board.published = board.published.max(news);
                board.lease_until = Timestamp::ZERO;
            }
            Ok(())
        })
        .await
    }
}

fn build(tables: &mut Tables, project: &str, shard: u8, now: Timestamp) -> Option<BuiltBoard> {
    let board = tables.boards.get_mut(&(project.to_owned(), shard))?;
    if board.news <= board.published || board.lease_until > now {
        return None;
    }
    board.seq += 1;
    board.made_at = now;
    board.lease_until = now + BUILDING;
    let (seq, news) = (board.seq, board.news);
    let mut rows: Vec<[u8; board::ROW_BYTES]> = tables
        .rows
        .iter()
        .filter(|(key, row)| key.project() == project && row.shard == shard)
        .filter_map(|(key, row)| told(key, row, now))
        .collect();
    rows.sort_unstable();
    let of_project = tables.upstreams.iter().filter(|((of, _), row)| of == project && row.open_until > now);
    let closed = of_project.map(|((_, upstream), row)| (upstream.clone(), row.open_until)).collect();
    Some(BuiltBoard { seq, made_at: now, news, closed, rows: rows.concat().into() })
}

/// The row of a key that the board covers: scheduled, or lately demanded or verified.
fn told(key: &Key, row: &Row, now: Timestamp) -> Option<[u8; board::ROW_BYTES]> {
    let version = row.version?;
    let live = row.due_at.is_some() || row.demanded_until + DAY > now || row.verified_at + DAY > now;
    let (verified_at, demanded_until) = (row.verified_at, row.demanded_until);
    live.then(|| encode_row(key.hash(), board::Row { version, verified_at, demanded_until }))
}

//! What one isolate knows of a shard: the newest board it saw, and versions it served above that board's rows.
//!
//! BOARD.md's rules R1, R2, R4 and R5. In one isolate the wanted version of a key never falls.

use crate::board::{Board, Row};
use crate::time::Timestamp;
use std::collections::HashMap;
use std::time::Duration;

/// A board this old is loaded again behind an answer.
const RELOAD_BEHIND: Duration = Duration::from_secs(15);
/// A board this old is loaded again before an answer.
const RELOAD_FIRST: Duration = Duration::from_secs(30);
/// How far clocks may differ.
const SKEW: Duration = Duration::from_secs(2);
/// A tick owns its keys as long as its board is no older than two ticks.
const TWO_TICKS: Duration = Duration::from_secs(120);
/// How many keys an isolate remembers a version of.
const TOLD_KEYS: usize = 4096;

/// One isolate's knowledge of one shard.
#[derive(Debug, Default)]
pub struct View {
    board: Option<Board>,
    loaded_at: Timestamp,
    told: HashMap<u64, u64>,
    strict_since: Option<Timestamp>,
}

/// Whether the board has to be loaded again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// It is new enough.
    No,
    /// Behind the answer.
    Behind,
    /// Before the answer.
    First,
}

/// What a reader must serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// This version or a newer one.
    AtLeast(u64),
    /// Nothing was ever heard of the key: any version, but not from the hot tier.
    Any,
}

impl Want {
    /// Whether a version will do.
    pub fn met_by(self, version: u64) -> bool {
        match self {
            Self::AtLeast(wanted) => version >= wanted,
            Self::Any => true,
        }
    }

    /// The lowest version that will do; 0 for any.
    pub fn least(self) -> u64 {
        match self {
            Self::AtLeast(wanted) => wanted,
            Self::Any => 0,
        }
    }
}

impl View {
    /// R1: whether to load the board again.
    pub fn reload(&self, now: Timestamp) -> Reload {
        let age = now.since(self.loaded_at);
        match (&self.board, age) {
            (_, age) if age >= RELOAD_FIRST => Reload::First,
            (Some(_), age) if age >= RELOAD_BEHIND => Reload::Behind,
            _ => Reload::No,
        }
    }

    /// R1: takes what the hot tier answered. `None`, or a board that is not newer, leaves the one there is.
    ///
    /// `in_memory` are the hashes of the copies held; a copy whose row vanished keeps its row's version as told.
    pub fn loaded(&mut self, board: Option<Board>, now: Timestamp, in_memory: impl Iterator<Item = u64>) {
        self.loaded_at = now;
        let Some(new) = board else { return };
        if self.board.as_ref().is_some_and(|old| new.seq <= old.seq) {
            return;
        }
        if self.strict_since.is_some_and(|since| new.made_at > since + SKEW) {
            self.strict_since = None;
        }
        self.told.retain(|hash, version| new.row(*hash).is_none_or(|row| row.version < *version));
        let old = self.board.replace(new);
        let Some(old) = old else { return };
        for hash in in_memory {
            if let Some(row) = old.row(hash)
                && self.row(hash).is_none()
            {
                self.heard(hash, row.version, now);
            }
        }
    }

    /// What the board says of a key.
    pub fn row(&self, hash: u64) -> Option<Row> {
        self.board.as_ref()?.row(hash)
    }

    /// R2: the version a reader must serve. The client's own figure is used and not remembered.
    pub fn want(&self, hash: u64, min_version: u64) -> Want {
        let row = self.row(hash).map(|row| row.version);
        let told = self.told.get(&hash).copied();
        match row.max(told) {
            None if min_version == 0 => Want::Any,
            known => Want::AtLeast(known.unwrap_or(0).max(min_version)),
        }
    }

    /// Whether the hot tier may be asked for a key: only where the board or an earlier answer named a version.
    pub fn knows(&self, hash: u64) -> bool {
        self.told.contains_key(&hash) || self.row(hash).is_some()
    }

    /// R4: the instant a copy's age is counted from.
    pub fn verified_at(&self, hash: u64, version: u64, copy_verified_at: Timestamp) -> Timestamp {
        let Some(board) = &self.board else { return copy_verified_at };
        match board.row(hash) {
            Some(row) if version <= row.version && copy_verified_at <= board.made_at + SKEW => row.verified_at,
            _ => copy_verified_at,
        }
    }

    /// R4: whether the tick sees to a stale key by itself. `everyone` is for resources whose every key is scheduled.
    pub fn tick_owns(&self, hash: u64, everyone: bool, now: Timestamp) -> bool {
        let Some(board) = &self.board else { return false };
        let alive = now.since(board.made_at) <= TWO_TICKS;
        alive && board.row(hash).is_some_and(|row| everyone || row.demanded_until > now)
    }

    /// R5: remembers a version that was served or heard of. When too many are, none is, and only Postgres is believed.
    pub fn heard(&mut self, hash: u64, version: u64, now: Timestamp) {
        if self.row(hash).is_some_and(|row| row.version >= version) {
            return;
        }
        if self.told.len() >= TOLD_KEYS && !self.told.contains_key(&hash) {
            self.told.clear();
            self.strict_since = Some(now);
        }
        let told = self.told.entry(hash).or_default();
        *told = version.max(*told);
    }

    /// R5: whether copies have to be confirmed by Postgres.
    pub fn strict(&self) -> bool {
        self.strict_since.is_some()
    }

    /// Until when an upstream is not to be asked, as far as this isolate knows.
    pub fn paused_until(&self, upstream: &str) -> Option<Timestamp> {
        self.board.as_ref()?.paused_until(upstream)
    }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;

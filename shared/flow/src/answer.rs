//! What comes of a read, before anything is said in HTTP.

use crate::entry::Entry;
use crate::ports::Ask;
use crate::reader::{Place, Setback};
use std::time::Duration;
use weir_catalog::Key;
use weir_policy::freshness::Freshness;
use weir_policy::time::Timestamp;

/// What came of a read, how, and what is left to do behind it.
#[derive(Debug)]
pub struct Answer<B> {
    /// The entry, or why there is none.
    pub outcome: Outcome<B>,
    /// What each tier had, in the order they were asked.
    pub trail: Vec<Step>,
    /// To be done after the answer is sent.
    pub owed: Vec<Owed>,
}

/// The entry, or why there is none.
#[derive(Debug)]
pub enum Outcome<B> {
    /// An entry that may be served.
    Served(Served<B>),
    /// None.
    Failed(Setback),
}

/// An entry that may be served.
#[derive(Debug)]
pub struct Served<B> {
    /// The entry.
    pub entry: Entry<B>,
    /// How old its truth is.
    pub age: Duration,
    /// What it may be used for.
    pub freshness: Freshness,
    /// Where it was.
    pub tier: Tier,
    /// R6: served although nothing that knows the current version could be reached.
    pub outdated: bool,
}

/// Where entries are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// This isolate's memory.
    Memory,
    /// KV.
    Hot,
    /// Postgres.
    Persistent,
    /// The upstream, through `refresh`.
    Upstream,
}

/// What one tier had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub tier: Tier,
    /// What it had.
    pub found: Found,
}

/// What a tier had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A version that will do.
    Hit,
    /// Nothing, or an older version.
    Miss,
    /// It could not be asked.
    Unreachable,
}

/// Work that an answer leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owed {
    /// Load the board again.
    Board(Place),
    /// Bring a stale key up to date.
    Refresh {
        /// The board that speaks of it.
        place: Place,
        /// What is needed.
        need: Need,
    },
    /// Report demand.
    Demand(Key),
    /// Report that the hot tier has no board.
    BoardLost {
        /// Whose.
        project: String,
        /// Of which shard.
        shard: u8,
    },
    /// Report a version that the hot tier lost.
    Lost {
        /// Of what.
        key: Key,
        /// Which.
        version: u64,
    },
}

/// What a reader needs from `refresh`, which brings the newest there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What to ask for.
    pub ask: Ask,
    /// The lowest version that will do; 0 for any.
    pub min_version: u64,
    /// When the copy in hand was verified: only what was verified later helps.
    pub better_than: Timestamp,
}

//! The persistent tier, as `refresh` and `receive` need it: leases, saves, boards, inbox, runs.

use super::PortError;
use crate::entry::{Entry, Validators};
use bytes::Bytes;
use std::time::Duration;
use weir_catalog::{Catalog, Key, Project};
use weir_policy::time::Timestamp;

/// The exclusive right to refresh a key until an instant. Work on an entry cannot be done without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Of what.
    pub key: Key,
    /// The resource's name.
    pub resource: String,
    /// Compared when the work is saved.
    pub token: i64,
    /// By the persistent tier's clock.
    pub until: Timestamp,
    /// Attempts that failed in a row.
    pub failures: u32,
    /// Until when somebody wants it; `ZERO` if nobody did.
    pub demanded_until: Timestamp,
    /// What is held already.
    pub held: Option<HeldMeta>,
}

/// What a lease's holder needs to know of the kept entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldMeta {
    /// Its version.
    pub version: u64,
    /// When it was last verified.
    pub verified_at: Timestamp,
    /// For a conditional call.
    pub validators: Validators,
    /// The digest of what it means (`weir_policy::meaning`).
    pub meaning: Vec<u8>,
    /// Whether it trips one of its resource's guards, which only protect what does not.
    pub weak: bool,
}

/// A client's wish for a lease.
#[derive(Clone, Copy, Debug)]
pub struct LeaseWanted<'a> {
    /// Of what.
    pub key: &'a Key,
    /// The resource's name.
    pub resource: &'a str,
    /// The upstream's name.
    pub upstream: &'a str,
    /// The board's shard that the key belongs to.
    pub shard: u8,
    /// An entry verified after this instant needs no call.
    pub fresh_after: Timestamp,
    /// How long the lease holds.
    pub span: Duration,
    /// Until when this wish makes the key demanded; `None` where the resource does not care.
    pub demanded_until: Option<Timestamp>,
    /// Whether a first wish leaves nothing durable behind; a lease is granted all the same.
    pub admit_second: bool,
    /// How many entries the resource may have.
    pub max_entries: u32,
}

/// What came of a client's wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leased {
    /// The caller alone may refresh the key now; one call of the budget is taken.
    Granted(Lease),
    /// A first wish for a key that is admitted on the second: one call may be made, and nothing of it is saved.
    Passing,
    /// Somebody else may, until then.
    Held {
        /// By the persistent tier's clock.
        until: Timestamp,
    },
    /// No call is needed: this is new enough.
    Current(Entry),
    /// The upstream said lately that there is no such thing.
    Absent {
        /// When asking again makes sense.
        retry_at: Timestamp,
    },
    /// The budget is spent.
    OverBudget {
        /// When there is some again.
        retry_at: Timestamp,
    },
    /// The upstream's breaker is open.
    BreakerOpen {
        /// Until when.
        retry_at: Timestamp,
    },
    /// This key failed lately.
    BackingOff {
        /// Until when.
        retry_at: Timestamp,
    },
    /// The resource has as many entries as it may.
    Full,
}

/// How many due keys a tick wants of one upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueWanted<'a> {
    /// Whose.
    pub project: &'a str,
    /// Of which upstream.
    pub upstream: &'a str,
    /// At most; the budget may grant fewer.
    pub limit: u32,
}

/// Leases and their budgets.
pub trait Leases {
    /// Makes the catalog's running projects known: their upstreams, budgets, boards and static keys. Says nothing twice.
    async fn adopt(&self, catalog: &Catalog, running: &[&Project]) -> Result<(), PortError>;
    /// Leases one key for a client.
    async fn lease(&self, wanted: &LeaseWanted<'_>) -> Result<Leased, PortError>;
    /// Leases what is due, most urgent first, within budget and with closed breakers only.
    async fn lease_due(&self, wanted: &[DueWanted<'_>], span: Duration) -> Result<Vec<Lease>, PortError>;
    /// Saves what came of leased calls; all of one project. One answer per save, in order.
    async fn save(&self, project: &str, saves: &[Save]) -> Result<Vec<Saved>, PortError>;
    /// Extends demand; all of one project. Wakes keys that nobody wanted any more.
    async fn demand(&self, project: &str, wanted: &[(Key, Timestamp)]) -> Result<(), PortError>;
}

/// What came of one leased call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Save {
    /// Of what.
    pub key: Key,
    /// The lease's.
    pub token: i64,
    /// The instant just before the call was sent, minus the answer's age.
    pub asked_at: Timestamp,
    /// What came.
    pub finding: Finding,
    /// When a tick looks at it next; `None` for never.
    pub due_at: Option<Timestamp>,
    /// A verification that gains this much is news for the board.
    pub news_after: Duration,
}

/// What an upstream's answer turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A first answer, or one that means something else than what is held.
    New(NewEntry),
    /// What is held is still true; validators, if the upstream sent new ones.
    Same {
        /// For the next call.
        validators: Option<Validators>,
    },
    /// An answer that must not replace what is held.
    Bad {
        /// Which check or guard it failed, for people.
        reason: String,
        /// The start of it, for the quarantine.
        excerpt: Bytes,
        /// No call before this instant.
        retry_at: Timestamp,
    },
    /// There is no such thing.
    Absent {
        /// No call before this instant.
        retry_at: Timestamp,
    },
    /// The upstream could not answer.
    Failed {
        /// For people.
        reason: String,
        /// No call before this instant.
        retry_at: Timestamp,
        /// The whole upstream wants to be left alone until then.
        pause_until: Option<Timestamp>,
    },
}

/// A version to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// As sent.
    pub body: Bytes,
    /// Of the body.
    pub content_type: String,
    /// For the next call.
    pub validators: Validators,
    /// The digest of what it means.
    pub meaning: Vec<u8>,
    /// Whether it trips one of its resource's guards.
    pub weak: bool,
    /// Tracked values: name and JSON text.
    pub observed: Vec<(String, String)>,
}

/// What became of a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// The entry stands at this version.
    Kept {
        /// Now current.
        version: u64,
        /// Whether this save made it.
        changed: bool,
        /// When this version came to be.
        changed_at: Timestamp,
    },
    /// Nothing changed for readers; the failure is noted.
    Noted,
    /// The lease was lost, or what is held is newer: publish nothing.
    Lost,
}

/// Publishing: which slots and boards the hot tier is owed.
pub trait Publishing {
    /// Notes which versions the hot tier acknowledged; all of one project.
    async fn slots_put(&self, project: &str, put: &[(Key, u64)]) -> Result<(), PortError>;
    /// Current entries whose slot was never acknowledged, at most `limit`.
    async fn slots_owed(&self, project: &str, limit: u32) -> Result<Vec<(Key, Entry)>, PortError>;
    /// A reader did not find this version in the hot tier: its slot is owed again, and so is the board that names it.
    async fn slot_lost(&self, key: &Key, version: u64) -> Result<(), PortError>;
    /// Builds a board, if there is news for it and nobody else is building it.
    async fn board(&self, project: &str, shard: u8) -> Result<Option<BuiltBoard>, PortError>;
    /// A reader found no board in the hot tier, which should have one: it is owed again.
    async fn board_lost(&self, project: &str, shard: u8) -> Result<(), PortError>;
    /// Notes that the hot tier acknowledged a board.
    async fn board_put(&self, project: &str, shard: u8, news: i64) -> Result<(), PortError>;
}

/// A board, as built from one snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltBoard {
    /// Grows with every build.
    pub seq: u64,
    /// By the persistent tier's clock.
    pub made_at: Timestamp,
    /// How much news it covers; handed back when it is put.
    pub news: i64,
    /// Upstreams whose breaker is open: name, until when.
    pub closed: Vec<(String, Timestamp)>,
    /// 24 bytes a row, sorted (`weir_policy::board`).
    pub rows: Bytes,
}

/// The inbox, as `refresh` reads it.
pub trait Inbox {
    /// The oldest deliveries nobody has looked at.
    async fn deliveries(&self, project: &str, limit: u32) -> Result<Vec<Delivery>, PortError>;
    /// Makes known keys due at once, and the deliveries done. Answers how many keys there were.
    async fn make_due(&self, project: &str, keys: &[Key], done: &[i64]) -> Result<u32, PortError>;
}

/// A verified delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The inbox's number for it.
    pub id: i64,
    /// The hook it came by.
    pub hook: String,
    /// The event's name.
    pub event: String,
    /// As sent.
    pub body: Bytes,
}

/// The inbox, as `receive` writes it.
pub trait Receipts {
    /// Records a delivery durably before it is acknowledged.
    async fn record(&self, receipt: &Receipt) -> Result<Recorded, PortError>;
    /// Counts refused deliveries; nothing else of them is kept.
    async fn count_refused(&self, project: &str, hook: &str, times: u32) -> Result<(), PortError>;
}

/// A verified delivery, to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Whose.
    pub project: String,
    /// By which hook.
    pub hook: String,
    /// Equal for the same delivery sent twice.
    pub dedupe: Vec<u8>,
    /// The event's name.
    pub event: String,
    /// As sent.
    pub body: Bytes,
}

/// Whether a delivery was new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is in the inbox now.
    New,
    /// It was there already.
    Duplicate,
}

/// Retention.
pub trait Keeping {
    /// When each project was last found without anything old; one answer each, in order.
    async fn swept(&self, projects: &[&str]) -> Result<Vec<Timestamp>, PortError>;
    /// Removes old rows of a project, at most `limit`: of each resource, by its name, what was replaced that long ago.
    async fn sweep(&self, project: &str, history: &[(&str, Duration)], limit: u32) -> Result<Swept, PortError>;
}

/// How many old rows a sweep removed. Fewer than it might have says that there are no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Keys that never had an answer, and that nobody has wanted for a week.
    pub entries: u32,
    /// Versions replaced longer ago than their resource's history.
    pub versions: u32,
    /// Observed values, likewise.
    pub observations: u32,
    /// Of the change feed, after 90 days.
    pub changes: u32,
    /// Refused answers, after 30 days.
    pub quarantine: u32,
    /// Deliveries, after 30 days.
    pub deliveries: u32,
    /// Recorded runs, after 30 days.
    pub runs: u32,
    /// First wishes, after a day.
    pub sightings: u32,
}

impl Swept {
    /// All together.
    pub fn total(self) -> u32 {
        let Self { entries, versions, observations, changes, quarantine, deliveries, runs, sightings } = self;
        [entries, versions, observations, changes, quarantine, deliveries, runs, sightings].iter().sum()
    }
}

/// The record of ticks.
pub trait Runs {
    /// Records one project's part of a tick.
    async fn record_run(&self, run: &Run) -> Result<(), PortError>;
}

/// One project's part of a tick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// Whose.
    pub project: String,
    /// What set it off: `cron`, `hook`.
    pub cause: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Keys leased.
    pub leased: u32,
    /// Calls made.
    pub called: u32,
    /// Entries that changed.
    pub changed: u32,
    /// Entries found unchanged.
    pub verified: u32,
    /// Answers refused by a check or guard.
    pub refused: u32,
    /// Calls that failed.
    pub failed: u32,
    /// Leases lost meanwhile.
    pub lost: u32,
    /// Deliveries taken from the inbox.
    pub deliveries: u32,
    /// Slots acknowledged.
    pub slots: u32,
    /// Boards acknowledged.
    pub boards: u32,
    /// Empty where all went well; for people.
    pub trouble: String,
}

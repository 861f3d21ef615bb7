//! What the in-memory Postgres holds.

use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use weir_catalog::{Key, Window};
use weir_flow::entry::{Entry, Validators};
use weir_flow::ports::{Delivery, Fault, Port, PortError, Run};
use weir_policy::budget::Used;
use weir_policy::slot::shard_of;
use weir_policy::time::Timestamp;

/// Everything.
#[derive(Default)]
pub(super) struct Tables {
    pub projects: HashMap<String, ProjectRow>,
    pub upstreams: HashMap<(String, String), UpstreamRow>,
    pub rows: BTreeMap<Key, Row>,
    pub versions: HashMap<(Key, u64), Entry>,
    pub replaced: Vec<Replaced>,
    pub boards: HashMap<(String, u8), BoardRow>,
    pub changes: Vec<Change>,
    pub observations: Vec<Observed>,
    pub quarantine: Vec<(Timestamp, Refused)>,
    pub sightings: HashMap<Key, Timestamp>,
    pub deliveries: Vec<DeliveryRow>,
    pub delivered: i64,
    pub refused: HashMap<(String, String), u32>,
    pub runs: Vec<Run>,
    pub tokens: i64,
}

/// A version that came to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Of what.
    pub key: Key,
    /// Which.
    pub version: u64,
    /// When.
    pub at: Timestamp,
}

/// A refused answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// To what.
    pub key: Key,
    /// Why.
    pub reason: String,
    /// The start of it.
    pub excerpt: Bytes,
}

pub(super) struct ProjectRow {
    pub fingerprint: u64,
    pub shards: u8,
    pub swept_at: Timestamp,
}

/// When a version was followed by the next.
pub(super) struct Replaced {
    pub key: Key,
    pub version: u64,
    pub resource: String,
    pub at: Timestamp,
}

/// A tracked value.
pub(super) struct Observed {
    pub key: Key,
    pub name: String,
    pub value: String,
    pub at: Timestamp,
}

#[derive(Default)]
pub(super) struct UpstreamRow {
    pub windows: Vec<Window>,
    pub used: Vec<Used>,
    pub reserve_percent: u8,
    pub failures: u32,
    pub open_until: Timestamp,
}

pub(super) struct Row {
    pub created_at: Timestamp,
    pub resource: String,
    pub upstream: String,
    pub shard: u8,
    pub version: Option<u64>,
    pub slot_version: u64,
    pub meaning: Vec<u8>,
    pub weak: bool,
    pub validators: Validators,
    pub changed_at: Timestamp,
    pub verified_at: Timestamp,
    pub due_at: Option<Timestamp>,
    pub priority: u8,
    pub demanded_until: Timestamp,
    pub lease: Option<(i64, Timestamp)>,
    pub failures: u32,
    pub retry_at: Timestamp,
    pub absent: bool,
}

pub(super) struct BoardRow {
    pub seq: u64,
    pub made_at: Timestamp,
    pub news: i64,
    pub published: i64,
    pub lease_until: Timestamp,
}

pub(super) struct DeliveryRow {
    pub project: String,
    pub dedupe: Vec<u8>,
    pub received_at: Timestamp,
    pub delivery: Delivery,
    pub done: bool,
}

impl Tables {
    pub(super) fn entry(&self, key: &Key) -> Option<Entry> {
        let row = self.rows.get(key)?;
        let entry = self.versions.get(&(key.clone(), row.version?))?;
        Some(Entry { verified_at: row.verified_at, ..entry.clone() })
    }

    pub(super) fn known(&self, project: &str) -> Result<&ProjectRow, PortError> {
        self.projects.get(project).ok_or_else(|| PortError {
            port: Port::Persistent,
            fault: Fault::NotAdopted,
            detail: format!("unknown project {project}"),
        })
    }

    pub(super) fn new_row(&self, key: &Key, resource: &str, upstream: &str, now: Timestamp) -> Row {
        let shards = self.projects.get(key.project()).map_or(1, |project| project.shards);
        Row {
            created_at: now,
            resource: resource.to_owned(),
            upstream: upstream.to_owned(),
            shard: shard_of(key.hash(), shards),
            version: None,
            slot_version: 0,
            meaning: Vec::new(),
            weak: false,
            validators: Validators::default(),
            changed_at: Timestamp::ZERO,
            verified_at: Timestamp::ZERO,
            due_at: None,
            priority: 1,
            demanded_until: Timestamp::ZERO,
            lease: None,
            failures: 0,
            retry_at: Timestamp::ZERO,
            absent: false,
        }
    }

    pub(super) fn news(&mut self, project: &str, shard: u8) {
        if let Some(board) = self.boards.get_mut(&(project.to_owned(), shard)) {
            board.news += 1;
        }
    }
}

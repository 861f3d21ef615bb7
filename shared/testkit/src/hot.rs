//! KV in memory: at best immediate, at worst everything that KV may be.

use crate::chance::Chance;
use crate::time::Time;
use bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;
use weir_flow::entry::Entry;
use weir_flow::ports::Content;
use weir_policy::meter::{KvWrite, Meter};
use weir_policy::time::Timestamp;

/// A body in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body(pub Bytes);

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl Content for Body {
    fn share(&self) -> Option<Self> {
        Some(self.clone())
    }

    fn size(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// What a KV key holds: a slot, with its metadata, or a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Body and metadata of one version, put at once.
    Slot(Entry),
    /// The bytes of a board.
    Board(Bytes),
}

/// How bad the hot tier is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Malice {
    /// An acknowledged put arrives up to this late.
    pub late: Duration,
    /// Of a hundred acknowledged puts, so many never arrive.
    pub lost_percent: u64,
    /// A read sees any state of this last span.
    pub behind: Duration,
}

/// Values of a key, each with the instant of its arrival.
type History = Vec<(Timestamp, Value)>;

/// KV. Clones are the same.
#[derive(Clone)]
pub struct Hot(Rc<Inner>);

struct Inner {
    time: Time,
    chance: Chance,
    malice: Cell<Malice>,
    /// Every value a key had, and from when on; in order of arrival.
    values: RefCell<HashMap<String, History>>,
    /// One for each key: the pause between two writes of a key is the platform's, not an invocation's.
    meters: RefCell<HashMap<String, Meter>>,
    puts: Cell<u32>,
    down: Cell<bool>,
}

impl Hot {
    /// An empty one that does everything at once.
    pub fn new(time: Time, chance: Chance) -> Self {
        let (malice, values, meters, puts, down) = Default::default();
        Self(Rc::new(Inner { time, chance, malice, values, meters, puts, down }))
    }

    /// Makes it as bad as that from now on.
    pub fn be(&self, malice: Malice) {
        self.0.malice.set(malice);
    }

    /// Makes every read a miss and refuses every put.
    pub fn set_down(&self, down: bool) {
        self.0.down.set(down);
    }

    /// Forgets everything at once, everywhere.
    pub fn clear(&self) {
        self.0.values.borrow_mut().clear();
    }

    /// How many puts were acknowledged.
    pub fn puts(&self) -> u32 {
        self.0.puts.get()
    }

    /// Puts a value. A put that the platform would refuse is not acknowledged.
    pub fn put(&self, key: &str, value: Value) -> bool {
        let now = self.0.time.now();
        let value_bytes = match &value {
            Value::Slot(entry) => entry.body.len(),
            Value::Board(bytes) => bytes.len(),
        };
        let write = KvWrite { key, value_bytes, metadata_bytes: 120 };
        let metered = self.0.meters.borrow_mut().entry(key.to_owned()).or_default().kv_write(write, now);
        if self.0.down.get() || metered.is_err() {
            return false;
        }
        self.0.puts.set(self.0.puts.get() + 1);
        let malice = self.0.malice.get();
        if !self.0.chance.percent(malice.lost_percent) {
            let arrives_at = now + self.0.chance.span(malice.late);
            let mut values = self.0.values.borrow_mut();
            let history = values.entry(key.to_owned()).or_default();
            history.push((arrives_at, value));
            history.sort_by_key(|(at, _)| *at);
        }
        true
    }

    /// Reads a value, as of some moment of the last while.
    pub fn get(&self, key: &str) -> Option<Value> {
        if self.0.down.get() {
            return None;
        }
        let seen_at = self.0.time.now() - self.0.chance.span(self.0.malice.get().behind);
        let values = self.0.values.borrow();
        let history = values.get(key)?;
        history.iter().rev().find(|(at, _)| *at <= seen_at).map(|(_, value)| value.clone())
    }
}

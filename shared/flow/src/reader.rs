//! What one isolate of `read` remembers between requests: boards, copies, who is fetching what, what was reported.
//!
//! All of it is plain data behind short borrows: no future, promise or client outlives its request.

use crate::entry::Entry;
use crate::memory::Memory;
use crate::ports::{Content, Refusal};
use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::time::Duration;
use weir_catalog::Key;
use weir_policy::board::Board;
use weir_policy::time::Timestamp;
use weir_policy::view::{Reload, View, Want};

/// How many keys each note may be about; a full one is emptied, which costs repeated work and nothing else.
const NOTED_KEYS: usize = 4096;
/// A key hit twice in the hot tier within this time is worth a copy in memory.
const POPULAR: Duration = Duration::from_secs(60);

/// A shard of a project's board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Index of the project in the catalog.
    pub project: usize,
    /// Shard of its board.
    pub shard: u8,
}

/// Why a key could lately not be brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setback {
    /// The upstream says that there is no such thing.
    Absent {
        /// When asking again makes sense.
        retry_at: Timestamp,
    },
    /// It could not be had.
    Refused {
        /// Why.
        why: Refusal,
        /// When asking again makes sense.
        retry_at: Timestamp,
    },
}

impl Setback {
    fn retry_at(self) -> Timestamp {
        match self {
            Self::Absent { retry_at } | Self::Refused { retry_at, .. } => retry_at,
        }
    }
}

/// One isolate's memory.
#[derive(Debug)]
pub struct Reader<B>(RefCell<Inner<B>>);

#[derive(Debug)]
struct Inner<B> {
    views: HashMap<Place, View>,
    memory: Memory<B>,
    fetching: HashMap<Key, Timestamp>,
    setbacks: HashMap<Key, (Timestamp, Setback)>,
    streamed: HashMap<Key, Timestamp>,
    reported: HashMap<(Key, Report), Timestamp>,
}

/// What a reader reports at most once in a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Report {
    /// A key is wanted.
    Demand,
    /// A version is not in the hot tier.
    Lost,
}

impl<B> Default for Reader<B> {
    fn default() -> Self {
        let memory = Memory::default();
        let (views, fetching, setbacks, streamed, reported) = Default::default();
        Self(RefCell::new(Inner { views, memory, fetching, setbacks, streamed, reported }))
    }
}

impl<B: Content> Reader<B> {
    /// R1: whether the board has to be loaded.
    pub fn reload(&self, place: Place, now: Timestamp) -> Reload {
        self.view(place, |view| view.reload(now))
    }

    /// R1: takes what the hot tier answered.
    pub fn board_loaded(&self, place: Place, board: Option<Board>, project: &str, now: Timestamp) {
        let inner = &mut *self.0.borrow_mut();
        let of_project = inner.memory.keys().filter(|key| key.project() == project);
        let hashes: Vec<u64> = of_project.map(Key::hash).collect();
        inner.views.entry(place).or_default().loaded(board, now, hashes.into_iter());
    }

    /// R2: what must be served.
    pub fn want(&self, place: Place, hash: u64, min_version: u64) -> Want {
        self.view(place, |view| view.want(hash, min_version))
    }

    /// Looks something up in the view of a place.
    pub fn view<T>(&self, place: Place, look: impl FnOnce(&View) -> T) -> T {
        look(self.0.borrow_mut().views.entry(place).or_default())
    }

    /// R5: a version was served or heard of.
    pub fn heard(&self, place: Place, hash: u64, version: u64, now: Timestamp) {
        self.0.borrow_mut().views.entry(place).or_default().heard(hash, version, now);
    }

    /// The copy in memory.
    pub fn copy(&self, key: &Key) -> Option<Entry<B>> {
        self.0.borrow_mut().memory.get(key)
    }

    /// Keeps a copy in memory.
    pub fn keep(&self, key: &Key, entry: &Entry<B>) {
        self.0.borrow_mut().memory.keep(key, entry);
    }

    /// Whether the next hit in the hot tier should leave a copy: it is at least the second in a minute.
    pub fn popular(&self, key: &Key, now: Timestamp) -> bool {
        noted_within(&mut self.0.borrow_mut().streamed, key.clone(), POPULAR, now)
    }

    /// Whether something may be reported now; it counts as reported then.
    pub fn may_report(&self, key: &Key, report: Report, pause: Duration, now: Timestamp) -> bool {
        !noted_within(&mut self.0.borrow_mut().reported, (key.clone(), report), pause, now)
    }

    /// Begins to fetch a key, unless this isolate does already. What is returned ends it when dropped.
    pub fn begin_fetch(&self, key: &Key, now: Timestamp, until: Timestamp) -> Option<Fetching<'_, B>> {
        let mut inner = self.0.borrow_mut();
        match inner.fetching.entry(key.clone()) {
            Slot::Occupied(taken) if *taken.get() > now => return None,
            Slot::Occupied(mut stale) => {
                stale.insert(until);
            }
            Slot::Vacant(free) => {
                free.insert(until);
            }
        }
        Some(Fetching { reader: self, key: key.clone() })
    }

    /// Whether a request of this isolate fetches a key.
    pub fn is_fetching(&self, key: &Key, now: Timestamp) -> bool {
        self.0.borrow().fetching.get(key).is_some_and(|until| *until > now)
    }

    /// Notes that a key could not be brought; believed for `span` and no longer than the setback says.
    pub fn set_back(&self, key: &Key, setback: Setback, span: Duration, now: Timestamp) {
        let mut inner = self.0.borrow_mut();
        make_room(&mut inner.setbacks);
        inner.setbacks.insert(key.clone(), (setback.retry_at().min(now + span), setback));
    }

    /// Why a key could lately not be brought.
    pub fn setback(&self, key: &Key, now: Timestamp) -> Option<Setback> {
        let inner = self.0.borrow();
        inner.setbacks.get(key).filter(|(until, _)| *until > now).map(|(_, setback)| *setback)
    }
}

/// The right of one request to fetch a key for its isolate.
#[derive(Debug)]
pub struct Fetching<'a, B> {
    reader: &'a Reader<B>,
    key: Key,
}

impl<B> Drop for Fetching<'_, B> {
    fn drop(&mut self) {
        self.reader.0.borrow_mut().fetching.remove(&self.key);
    }
}

/// Whether the same was noted less than `span` ago; it is noted now.
fn noted_within<K: std::hash::Hash + Eq>(
    notes: &mut HashMap<K, Timestamp>,
    what: K,
    span: Duration,
    now: Timestamp,
) -> bool {
    if notes.get(&what).is_some_and(|at| now.since(*at) < span) {
        return true;
    }
    make_room(notes);
    notes.insert(what, now);
    false
}

fn make_room<K, V>(notes: &mut HashMap<K, V>) {
    if notes.len() >= NOTED_KEYS {
        notes.clear();
    }
}

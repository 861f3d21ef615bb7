//! Copies of entries in one isolate's memory: the least recently read go first.

use crate::entry::Entry;
use crate::ports::Content;
use lru::LruCache;
use weir_catalog::Key;

/// All copies together; an isolate has 128 MB for everything.
const MOST_BYTES: usize = 24 * 1024 * 1024;
/// A larger body is streamed from the hot tier every time.
const LARGEST_COPY: usize = 1024 * 1024;
/// What a copy costs beside its body.
const OVERHEAD: usize = 512;

/// The copies, by key.
#[derive(Debug)]
pub(crate) struct Memory<B> {
    copies: LruCache<Key, Entry<B>>,
    bytes: usize,
}

impl<B> Default for Memory<B> {
    fn default() -> Self {
        Self { copies: LruCache::unbounded(), bytes: 0 }
    }
}

impl<B: Content> Memory<B> {
    /// The copy of a key.
    pub(crate) fn get(&mut self, key: &Key) -> Option<Entry<B>> {
        let Entry { version, verified_at, changed_at, content_type, body } = self.copies.get(key)?;
        let body = body.share()?;
        Some(Entry {
            version: *version,
            verified_at: *verified_at,
            changed_at: *changed_at,
            content_type: content_type.clone(),
            body,
        })
    }

    /// Keeps a copy unless what is kept is newer. A body that cannot be shared, or is too large, is not kept.
    pub(crate) fn keep(&mut self, key: &Key, entry: &Entry<B>) {
        let newer = |kept: &Entry<B>| (kept.version, kept.verified_at) > (entry.version, entry.verified_at);
        if self.copies.peek(key).is_some_and(newer) {
            return;
        }
        let Some(size) = entry.body.size().filter(|size| *size <= LARGEST_COPY) else { return };
        let Some(body) = entry.body.share() else { return };
        let Entry { version, verified_at, changed_at, .. } = *entry;
        let copy = Entry { version, verified_at, changed_at, content_type: entry.content_type.clone(), body };
        self.bytes += size + OVERHEAD;
        if let Some((_, replaced)) = self.copies.push(key.clone(), copy) {
            self.bytes -= cost(&replaced);
        }
        while self.bytes > MOST_BYTES
            && let Some((_, evicted)) = self.copies.pop_lru()
        {
            self.bytes -= cost(&evicted);
        }
    }

    /// The keys that have a copy.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.copies.iter().map(|(key, _)| key)
    }
}

fn cost<B: Content>(entry: &Entry<B>) -> usize {
    entry.body.size().unwrap_or_default() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use weir_policy::time::Timestamp;

    #[derive(Debug, PartialEq)]
    struct Body(Bytes);

    impl From<Bytes> for Body {
        fn from(bytes: Bytes) -> Self {
            Self(bytes)
        }
    }

    impl Content for Body {
        fn share(&self) -> Option<Self> {
            Some(Self(self.0.clone()))
        }
        fn size(&self) -> Option<usize> {
            Some(self.0.len())
        }
    }

    fn entry(version: u64, verified_ms: u64, size: usize) -> Entry<Body> {
        Entry {
            version,
            verified_at: Timestamp::from_ms(verified_ms),
            changed_at: Timestamp::ZERO,
            content_type: "application/json".into(),
            body: Body(vec![b'x'; size].into()),
        }
    }

    fn key(name: &str) -> Key {
        Key::new(name.into()).unwrap()
    }

    #[test]
    fn an_older_version_or_verification_never_replaces_a_newer_one() {
        let mut memory = Memory::default();
        memory.keep(&key("a"), &entry(2, 10, 1));
        memory.keep(&key("a"), &entry(1, 99, 1));
        memory.keep(&key("a"), &entry(2, 9, 1));
        assert_eq!(memory.get(&key("a")), Some(entry(2, 10, 1)));
        memory.keep(&key("a"), &entry(2, 11, 1));
        assert_eq!(memory.get(&key("a")), Some(entry(2, 11, 1)));
    }

    #[test]
    fn the_least_recently_read_copies_make_room() {
        let mut memory = Memory::default();
        for n in 0..30 {
            memory.keep(&key(&format!("k{n}")), &entry(1, 1, LARGEST_COPY));
            memory.get(&key("k0"));
        }
        assert!(memory.get(&key("k0")).is_some(), "read all the time");
        assert!(memory.get(&key("k1")).is_none());
        assert!(memory.get(&key("k29")).is_some());
        assert!(memory.bytes <= MOST_BYTES);
    }

    #[test]
    fn a_large_body_is_not_kept() {
        let mut memory = Memory::default();
        memory.keep(&key("a"), &entry(1, 1, LARGEST_COPY + 1));
        assert_eq!(memory.keys().count(), 0);
    }

    #[test]
    fn replacing_a_copy_counts_its_bytes_once() {
        let mut memory = Memory::default();
        for version in 0..100 {
            memory.keep(&key("a"), &entry(version, 1, 1000));
        }
        assert_eq!(memory.bytes, 1000 + OVERHEAD);
    }
}

//! What is kept of an upstream's answer, and what is known of it.

use bytes::Bytes;
use weir_policy::time::Timestamp;

/// One version of an entry, wherever it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<B = Bytes> {
    /// Counts changes of this entry; only grows.
    pub version: u64,
    /// The upstream said this at that instant.
    pub verified_at: Timestamp,
    /// When this version came to be.
    pub changed_at: Timestamp,
    /// Of the body.
    pub content_type: String,
    /// Byte for byte as the upstream sent it.
    pub body: B,
}

impl<B> Entry<B> {
    /// The same entry around another form of its body.
    pub fn with_body<C>(self, form: impl FnOnce(B) -> C) -> Entry<C> {
        let Self { version, verified_at, changed_at, content_type, body } = self;
        Entry { version, verified_at, changed_at, content_type, body: form(body) }
    }
}

/// The upstream's own tokens for asking whether something changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// Its `ETag`, as sent.
    pub etag: Option<String>,
    /// Its `Last-Modified`, as sent.
    pub last_modified: Option<String>,
}

//! What the use cases need of the world: small ports, each owned by its user.
//!
//! Every adapter passes the contract in `weir-testkit`. Nothing here is `Send`: Workers have one thread.

#![expect(async_fn_in_trait, reason = "every user of a port is generic over it and single-threaded")]

mod persistent;
mod through;

pub use persistent::*;
pub use through::Through;

use crate::entry::{Entry, Validators};
use bytes::Bytes;
use std::time::Duration;
use weir_catalog::{Key, Project, Upstream};
use weir_policy::api_key::Scopes;
use weir_policy::time::Timestamp;

/// A port that could not do its work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{port:?} ({fault:?}): {detail}")]
pub struct PortError {
    /// Which port.
    pub port: Port,
    /// Whether the same call may work later.
    pub fault: Fault,
    /// For the log only: no secret, no body.
    pub detail: String,
}

impl PortError {
    /// Something that may pass.
    pub fn transient(port: Port, detail: impl Into<String>) -> Self {
        Self { port, fault: Fault::Transient, detail: detail.into() }
    }

    /// Something that somebody has to mend.
    pub fn permanent(port: Port, detail: impl Into<String>) -> Self {
        Self { port, fault: Fault::Permanent, detail: detail.into() }
    }
}

/// The ports there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// Postgres.
    Persistent,
    /// The `refresh` Worker, as `read` and `receive` see it.
    Refresh,
}

/// Whether a failure is worth another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It may pass.
    Transient,
    /// It will not.
    Permanent,
    /// The persistent tier does not know the project: it has to be adopted first.
    NotAdopted,
}

/// The clock, and waiting. Only bounded waits need it; decisions get their instant as an argument.
pub trait Timer {
    /// Now. On Workers it advances only after I/O.
    fn now(&self) -> Timestamp;
    /// Waits.
    async fn sleep(&self, span: Duration);
}

/// A body as `read` hands it on: bytes, or a stream that passes through untouched.
pub trait Content: From<Bytes> {
    /// The same content once more, for memory; `None` where it can be had only once.
    fn share(&self) -> Option<Self>;
    /// Its size where it is known.
    fn size(&self) -> Option<usize>;
}

/// How a slot's body is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// To be sent on once.
    Stream,
    /// To be kept in memory as well.
    Bytes,
}

/// The hot tier, read. It can only miss: a failure is a miss.
pub trait HotTier {
    /// How bodies come.
    type Body: Content;
    /// The entry in one of the key's four slots.
    async fn slot(&self, key: &Key, slot: u8, form: Form) -> Option<Entry<Self::Body>>;
    /// The bytes of a board.
    async fn board(&self, project: &str, shard: u8) -> Option<Bytes>;
}

/// The hot tier, written. A put says only whether it was acknowledged.
pub trait HotWriter {
    /// Puts an entry into the slot of its version.
    async fn put_slot(&self, key: &Key, entry: &Entry) -> bool;
    /// Puts a board.
    async fn put_board(&self, project: &str, shard: u8, board: Bytes) -> bool;
}

/// The persistent tier, as `read` sees it.
pub trait Entries {
    /// The current version of an entry.
    async fn entry(&self, key: &Key) -> Result<Option<Entry>, PortError>;
}

/// The keys of projects, as `read` sees them.
pub trait Keys {
    /// What the key of this hash may do in a project at this moment; `None` where it is no key of it.
    async fn scopes(&self, project: &str, hash: &[u8; 32]) -> Result<Option<Scopes>, PortError>;
}

/// The `refresh` Worker, as `read` sees it.
pub trait Refresher {
    /// Has an entry brought up to date and waits for it.
    async fn bring(&self, ask: &Ask) -> Result<Brought, PortError>;
    /// Reports what a reader noticed; nothing comes back.
    async fn tell(&self, tidings: &Tidings) -> Result<(), PortError>;
}

/// A reader's wish for a newer entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Of what.
    pub key: Key,
    /// How long the reader waits at most.
    pub patience: Duration,
}

/// What `refresh` answers a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Brought {
    /// The entry, as fresh as it can be.
    Entry(Entry),
    /// The upstream says that there is no such thing; asked again after this instant.
    Absent {
        /// When asking again makes sense.
        retry_at: Timestamp,
    },
    /// Nothing could be brought now.
    Refused {
        /// Why.
        why: Refusal,
        /// When asking again makes sense.
        retry_at: Timestamp,
    },
}

/// Why nothing could be brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The upstream's budget is spent.
    Budget,
    /// The upstream's breaker is open.
    Breaker,
    /// This key failed lately.
    Backoff,
    /// The upstream did not answer, or not in time.
    Unreachable,
    /// The upstream answered something that cannot be kept.
    BadAnswer,
    /// Somebody else is fetching it and has not finished.
    Held,
    /// The resource is full.
    Full,
    /// There are only older versions than the client will have.
    TooOld,
    /// Neither `refresh` nor what it needs could be reached.
    OutOfReach,
}

/// What a reader reports to `refresh` without waiting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tidings {
    /// These keys are wanted; all of one project.
    Demanded(Vec<Key>),
    /// The hot tier lost this version's slot.
    Lost {
        /// Of what.
        key: Key,
        /// The version that is missing.
        version: u64,
    },
    /// The hot tier has no board of this shard.
    BoardLost {
        /// Whose.
        project: String,
        /// Which.
        shard: u8,
    },
    /// A delivery is in the inbox of this project.
    Delivered {
        /// Whose.
        project: String,
    },
}

/// Upstreams, called. Redirects are not followed and no cache stands between.
pub trait Upstreams {
    /// Makes one call.
    async fn call(&self, call: &Call<'_>) -> Reply;
}

/// One call to an upstream.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// On whose behalf.
    pub project: &'a Project,
    /// Whom.
    pub upstream: &'a Upstream,
    /// The whole address, without credentials.
    pub url: String,
    /// What is held already.
    pub validators: Validators,
}

/// What came of a call, by what it means for the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An answer with a body.
    Full {
        /// As sent, if sent.
        content_type: Option<String>,
        /// For the next call.
        validators: Validators,
        /// How old the answer was on arrival (its `Age`).
        age: Duration,
        /// As sent.
        body: Bytes,
    },
    /// What is held is still true.
    NotModified {
        /// How old that statement was on arrival.
        age: Duration,
    },
    /// There is no such thing.
    Absent,
    /// Too many calls, or none now: wait.
    Limited {
        /// How long, if said.
        retry_after: Option<Duration>,
    },
    /// An answer of no use: wrong credentials, a redirect, an answer too large. Trying again at once will not help.
    Unusable {
        /// For the log and the quarantine.
        detail: String,
    },
    /// No answer, or an error of the upstream's own: trying again may help.
    Broken {
        /// For the log.
        detail: String,
    },
}

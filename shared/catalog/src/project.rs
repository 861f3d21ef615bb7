//! What a project file says, typed and checked.

use crate::Admission;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Every project compiled into the modules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    /// In the order of their names.
    pub projects: Vec<Project>,
}

/// One tenant: the upstreams it reads, what it keeps of them, and who may push to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// First segment of its paths; `^[a-z][a-z0-9-]*$`.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// Who may read it.
    pub access: Access,
    /// From where and how often.
    pub admission: Admission,
    /// How many shards its boards have; at most 5,000 live keys fit into each.
    pub board_shards: u8,
    /// The services whose answers it keeps.
    pub upstreams: Vec<Upstream>,
    /// The families of entries.
    pub resources: Vec<Resource>,
    /// Its webhook endpoints.
    pub hooks: Vec<Hook>,
}

/// Who may read a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Access {
    /// Everybody.
    Public,
    /// Whoever shows one of its keys.
    Key,
}

/// A service whose answers are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// Unique in its project.
    pub name: String,
    /// `https://host[/path]`, without a slash at the end.
    pub base_url: String,
    /// Where its paths appear below the project: `/api`, or empty.
    pub mount: String,
    /// How Weir shows who it is.
    pub auth: Option<Auth>,
    /// How many calls may be made; holds in any window, by everyone together.
    pub budget: Vec<Window>,
    /// The share of each window, in percent, that ticks leave to clients' misses.
    pub reserve_percent: u8,
    /// For the whole answer.
    pub timeout: Duration,
    /// The largest answer that is kept, in bytes.
    pub max_bytes: u32,
}

/// Where Weir's own credential goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auth {
    /// Which part of the request.
    pub slot: Slot,
    /// What fills it.
    pub secret: Secret,
}

/// Where a credential goes in a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Slot {
    /// A query parameter of this name.
    Query(String),
    /// A header of this name.
    Header(String),
    /// `Authorization: Bearer …`.
    Bearer,
}

/// A secret, by the name of the Worker's variable that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// `^[A-Z][A-Z0-9_]*$`.
    pub name: String,
    /// Whether the project runs without it.
    pub optional: bool,
}

/// At most `limit` calls in any stretch of `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Calls.
    pub limit: u32,
    /// Length of the window.
    pub per: Duration,
}

/// A family of entries with one path pattern and one policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Unique in its project.
    pub name: String,
    /// Index into [`Project::upstreams`].
    pub upstream: usize,
    /// The upstream's own path pattern: `/players/{account_id}`.
    pub path: String,
    /// The pattern's parameters, in order of appearance.
    pub params: Vec<Param>,
    /// The query parameters that exist, sorted by name.
    pub query: Vec<QueryParam>,
    /// How long an entry is fresh.
    pub ttl: Duration,
    /// How much longer it may be served while it is refreshed.
    pub grace: Duration,
    /// The age up to which it may be served when the upstream fails; at least `ttl + grace`.
    pub keep: Duration,
    /// When ticks refresh it; without it only reads do.
    pub refresh: Option<Refresh>,
    /// JSON pointers that a good answer has.
    pub expect: Vec<String>,
    /// JSON pointers that make an answer bad where they hold anything but `null`, `false`, `0`, `""`.
    ///
    /// They guard what is there: they refuse an answer only while the entry has a version within `keep` that itself passes.
    /// A first answer is taken as it is, or a player who was always private would be an error for ever.
    pub unless: Vec<String>,
    /// Whether an empty answer (`[]`, `{}`) never replaces one that is not.
    ///
    /// Like `unless` it guards what is there: a first answer may be empty, and so may one after `keep`.
    pub never_empty: bool,
    /// JSON pointers of what is not a change; `*` stands for every row or member.
    pub ignore: Vec<String>,
    /// JSON pointers of what is removed before anything is kept; `*` stands for every row or member.
    ///
    /// `expect`, guards and `track` see the answer as it came, but none of `track` is dropped or holds what is.
    pub drop: Vec<String>,
    /// Observed values: a name and its JSON pointer.
    pub track: Vec<(String, String)>,
    /// Whether made-up keys leave nothing durable: only a second demand does.
    pub admit_second: bool,
    /// How many entries it may have in the persistent tier.
    pub max_entries: u32,
    /// How long replaced versions are kept.
    pub history: Duration,
}

/// A parameter of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Param {
    /// As in the pattern's braces.
    pub name: String,
    /// The values it can have.
    pub expected: Expected,
}

/// A query parameter that is part of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryParam {
    /// As the upstream spells it.
    pub name: String,
    /// The values it can have.
    pub expected: Expected,
    /// Whether the path does not exist without it.
    pub required: bool,
    /// Whether it may appear more than once.
    pub repeated: bool,
}

/// The values a parameter can have. A value that cannot exist is a 404 that costs nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expected {
    /// Decimal digits without a leading zero, at most this number.
    Number {
        /// The largest value.
        max: u64,
    },
    /// Any text of a length in characters.
    Text {
        /// The fewest characters.
        min: u16,
        /// The most characters.
        max: u16,
    },
    /// One of these.
    OneOf(Vec<String>),
}

/// When ticks refresh a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refresh {
    /// The pause between two verifications.
    pub every: Duration,
    /// Which of its keys.
    pub of: Population,
}

/// Which keys of a resource ticks refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Population {
    /// Every key: the resource's path has no parameter, so there is one.
    All,
    /// Those that somebody asked for within this time.
    Demanded {
        /// How long one read counts.
        within: Duration,
    },
}

/// A webhook endpoint: `/hooks/{project}/{name}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// Unique in its project.
    pub name: String,
    /// How its sender signs.
    pub scheme: HookScheme,
    /// Every secret that is valid now; several while one is replaced.
    pub secrets: Vec<Secret>,
    /// The largest body, in bytes.
    pub max_bytes: u32,
    /// JSON pointer of the event's name.
    pub event: String,
    /// What its events make due.
    pub due: Vec<MakesDue>,
}

/// How a webhook's sender proves itself (WEBHOOKS.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HookScheme {
    /// The Blue Alliance: `X-TBA-HMAC`, hex HMAC-SHA256 of the raw body; answered with exactly 200.
    Tba,
}

/// The keys that one kind of event makes due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MakesDue {
    /// The event's name.
    pub event: String,
    /// The resources, as indices into [`Project::resources`], whose parameters the body fills.
    pub resources: Vec<usize>,
    /// For each parameter's name (all of the path's, and the query's required ones), the JSON pointer of its value in the body.
    pub with: Vec<(String, String)>,
}

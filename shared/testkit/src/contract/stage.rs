//! A project to try things on, and the short ways to do so.

use super::World;
use bytes::Bytes;
use std::time::Duration;
use weir_catalog::{
    Access, Admission, Catalog, Expected, Key, Param, Population, Project, Refresh, Resource, Upstream, Window,
};
use weir_flow::entry::{Entry, Validators};
use weir_flow::ports::{
    BuiltBoard, DueWanted, Entries, Finding, Lease, LeaseWanted, Leased, Leases, NewEntry, Publishing, Save, Saved,
};
use weir_policy::board::{self, Board};
use weir_policy::slot::shard_of;
use weir_policy::time::Timestamp;

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(3600);
pub(super) const DAY: Duration = Duration::from_secs(86_400);

/// How long a lease holds here.
pub(super) const SPAN: Duration = Duration::from_secs(30);

/// An adopted project.
pub(super) struct Stage<'a, W> {
    pub(super) world: &'a W,
    pub(super) project: Project,
}

/// A project of one upstream with one window.
pub(super) fn declared(name: String, budget: Vec<Window>, reserve_percent: u8) -> Project {
    Project {
        name,
        description: "To try things on.".to_owned(),
        access: Access::Public,
        admission: Admission::default(),
        board_shards: 1,
        upstreams: vec![Upstream {
            name: "api".to_owned(),
            base_url: "https://upstream.example".to_owned(),
            mount: "/api".to_owned(),
            auth: None,
            budget,
            reserve_percent,
            timeout: SECOND,
            max_bytes: 1_000_000,
        }],
        resources: vec![resource("thing", "/things/{id}", None)],
        hooks: Vec::new(),
    }
}

/// A resource; with `of`, one that ticks refresh.
pub(super) fn resource(name: &str, path: &str, of: Option<Population>) -> Resource {
    let param = Param { name: "id".to_owned(), expected: Expected::Number { max: u64::MAX } };
    Resource {
        name: name.to_owned(),
        upstream: 0,
        path: path.to_owned(),
        params: if path.contains("{id}") { vec![param] } else { Vec::new() },
        query: Vec::new(),
        ttl: HOUR,
        grace: HOUR,
        keep: DAY,
        refresh: of.map(|of| Refresh { every: MINUTE, of }),
        expect: Vec::new(),
        unless: Vec::new(),
        never_empty: false,
        ignore: Vec::new(),
        drop: Vec::new(),
        track: Vec::new(),
        admit_second: false,
        max_entries: 1000,
        history: DAY,
    }
}

/// A limit of calls.
pub(super) fn window(limit: u32, per: Duration) -> Window {
    Window { limit, per }
}

/// A project with budget enough for anything.
pub(super) async fn stage<W: World>(world: &W) -> Stage<'_, W> {
    adopted(world, super::declared(world.project(0))).await
}

/// A project as declared.
pub(super) async fn adopted<W: World>(world: &W, project: Project) -> Stage<'_, W> {
    let stage = Stage { world, project };
    stage.adopt().await;
    stage
}

impl<W: World> Stage<'_, W> {
    pub(super) async fn adopt(&self) {
        let catalog = Catalog { projects: vec![self.project.clone()] };
        let running: Vec<&Project> = catalog.projects.iter().collect();
        self.world.refresh().adopt(&catalog, &running).await.expect("adopting");
    }

    pub(super) fn name(&self) -> &str {
        &self.project.name
    }

    pub(super) fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// Lets a moment pass: whatever is asked after it is newer than whatever was verified before it.
    pub(super) async fn later(&self) {
        self.world.advance(SECOND).await;
    }

    pub(super) fn key(&self, id: u32) -> Key {
        Key::new(format!("{}/api/things/{id}", self.name())).expect("a short key")
    }

    pub(super) fn shard(&self, key: &Key) -> u8 {
        shard_of(key.hash(), self.project.board_shards)
    }

    /// A wish that only a call can fulfil.
    pub(super) fn wish<'k>(&self, key: &'k Key) -> LeaseWanted<'k> {
        LeaseWanted {
            key,
            resource: "thing",
            upstream: "api",
            shard: self.shard(key),
            fresh_after: self.now(),
            span: SPAN,
            demanded_until: None,
            admit_second: false,
            max_entries: 1000,
        }
    }

    pub(super) async fn ask(&self, wish: &LeaseWanted<'_>) -> Leased {
        self.world.refresh().lease(wish).await.expect("leasing")
    }

    pub(super) async fn lease(&self, key: &Key) -> Lease {
        granted(self.ask(&self.wish(key)).await)
    }

    /// What a tick that wants `limit` gets, by key.
    pub(super) async fn tick(&self, limit: u32) -> Vec<Lease> {
        let wanted = DueWanted { project: self.name(), upstream: "api", limit };
        self.world.refresh().lease_due(&[wanted], SPAN).await.expect("leasing what is due")
    }

    pub(super) fn save_of(&self, lease: &Lease, finding: Finding) -> Save {
        Save {
            key: lease.key.clone(),
            token: lease.token,
            asked_at: self.now(),
            finding,
            due_at: None,
            news_after: HOUR,
        }
    }

    pub(super) async fn save(&self, saves: &[Save]) -> Vec<Saved> {
        self.world.refresh().save(self.name(), saves).await.expect("saving")
    }

    pub(super) async fn save_one(&self, save: Save) -> Saved {
        self.save(&[save]).await[0]
    }

    /// Leases a key a moment later and saves what came of it.
    pub(super) async fn refresh(&self, key: &Key, finding: Finding) -> Saved {
        self.later().await;
        let lease = self.lease(key).await;
        self.save_one(self.save_of(&lease, finding)).await
    }

    /// Keeps a new body; its version.
    pub(super) async fn keep(&self, key: &Key, body: &str) -> u64 {
        match self.refresh(key, new(body)).await {
            Saved::Kept { version, changed: true, .. } => version,
            other => panic!("{key} was not kept: {other:?}"),
        }
    }

    /// Has kept keys due at this distance from now.
    pub(super) async fn keep_due(&self, key: &Key, in_the_past: Duration) {
        self.later().await;
        let lease = self.lease(key).await;
        let due_at = Some(self.now() - in_the_past);
        let saved = self.save_one(Save { due_at, ..self.save_of(&lease, new("{}")) }).await;
        assert!(matches!(saved, Saved::Kept { .. }), "{saved:?}");
    }

    pub(super) async fn entry(&self, key: &Key) -> Option<Entry> {
        self.world.read().entry(key).await.expect("reading")
    }

    pub(super) async fn build(&self, shard: u8) -> Option<BuiltBoard> {
        self.world.refresh().board(self.name(), shard).await.expect("building a board")
    }

    pub(super) async fn put(&self, shard: u8, built: &BuiltBoard) {
        self.world.refresh().board_put(self.name(), shard, built.news).await.expect("noting a board");
    }

    /// Publishes what news there is; a moment passes before, so that it is older than what comes after.
    pub(super) async fn publish(&self) -> Option<BuiltBoard> {
        self.later().await;
        let built = self.build(0).await?;
        self.put(0, &built).await;
        self.later().await;
        Some(built)
    }
}

/// A board as a reader reads it.
pub(super) fn read(built: &BuiltBoard) -> Board {
    Board::decode(board::encode(built.seq, built.made_at, &built.closed, &built.rows)).expect("a whole board")
}

pub(super) fn granted(leased: Leased) -> Lease {
    match leased {
        Leased::Granted(lease) => lease,
        other => panic!("no lease: {other:?}"),
    }
}

pub(super) fn new(body: &str) -> Finding {
    Finding::New(new_entry(body))
}

pub(super) fn new_entry(body: &str) -> NewEntry {
    NewEntry {
        body: Bytes::copy_from_slice(body.as_bytes()),
        content_type: "application/json".to_owned(),
        validators: Validators { etag: Some(format!("\"{body}\"")), last_modified: None },
        meaning: body.as_bytes().to_vec(),
        weak: body == "{}",
        observed: Vec::new(),
    }
}

pub(super) const SAME: Finding = Finding::Same { validators: None };

pub(super) fn failed(retry_at: Timestamp) -> Finding {
    Finding::Failed { reason: "503".to_owned(), retry_at, pause_until: None }
}

/// That an instant lies about so far ahead of now; clocks of two processes may differ a little.
pub(super) fn assert_ahead<W: World>(stage: &Stage<'_, W>, at: Timestamp, by: Duration) {
    let slack = Duration::from_secs(2);
    let (earliest, latest) = (stage.now() + by - slack, stage.now() + by + slack);
    assert!(earliest <= at && at <= latest, "{at:?} is not within {earliest:?} and {latest:?}");
}

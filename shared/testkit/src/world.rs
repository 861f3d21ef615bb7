//! Weir whole, in memory: upstream, Postgres, KV, `refresh`, and any number of isolates of `read`.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that asks for what is not there is broken")]

use crate::chance::Chance;
use crate::hot::{Body, Hot, Value};
use crate::persistent::Store;
use crate::time::Time;
use crate::upstream::Upstream;
use bytes::Bytes;
use futures_channel::oneshot;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use weir_catalog::{Catalog, Key, Project, Resource, Routes};
use weir_flow::answer::Answer;
use weir_flow::bring::fulfil;
use weir_flow::entry::Entry;
use weir_flow::grounds::Grounds;
use weir_flow::hear::hear;
use weir_flow::ports::{
    Ask, Brought, Call, Entries, Form, HotTier, HotWriter, Port, PortError, Refresher, Reply, Run, Through, Tidings,
    Timer, Upstreams,
};
use weir_flow::publish::put_slots;
use weir_flow::read::{Wish, pay, read};
use weir_flow::reader::Reader;
use weir_flow::tick::{BATCH_ENTRIES, Order, tick};
use weir_policy::slot::{board_name, slot_name, slot_of};
use weir_policy::time::Timestamp;

/// How long a tick goes on taking batches.
const TICK_SPAN: Duration = Duration::from_secs(45);

/// Everything. Clones are the same world.
#[derive(Clone)]
pub struct World {
    /// The clock.
    pub time: Time,
    /// The chance.
    pub chance: Chance,
    /// What the modules embed.
    pub catalog: Rc<Catalog>,
    routes: Rc<Routes>,
    /// The upstream.
    pub upstream: Upstream,
    /// Postgres.
    pub store: Store,
    /// KV.
    pub hot: Hot,
    /// Whether `refresh` can be reached.
    pub refresh_down: Rc<Cell<bool>>,
    /// Every port call of `read`, in order, where a test wants to see them.
    pub trace: Rc<RefCell<Vec<&'static str>>>,
}

/// One isolate of `read`.
#[derive(Clone)]
pub struct Isolate {
    world: World,
    /// Its memory.
    pub reader: Rc<Reader<Body>>,
    ahead: Duration,
}

/// `refresh`, for one invocation.
#[derive(Clone)]
pub struct Refresh(World);

impl World {
    /// A world at some instant of 2026, with the catalog of `projects`.
    pub fn new(seed: u64, catalog: Catalog) -> Self {
        let time = Time::starting_at(Timestamp::from_secs(1_790_000_000));
        let chance = Chance::seeded(seed);
        Self {
            upstream: Upstream::new(time.clone(), chance.clone(), Duration::from_millis(50)),
            store: Store::new(time.clone(), chance.clone()),
            hot: Hot::new(time.clone(), chance.clone()),
            routes: Rc::new(Routes::new(
                &catalog,
                &catalog.projects.iter().map(|project| &project.name).collect::<Vec<_>>(),
            )),
            catalog: Rc::new(catalog),
            refresh_down: Rc::default(),
            trace: Rc::default(),
            time,
            chance,
        }
    }

    /// A fresh isolate of `read`.
    pub fn isolate(&self) -> Isolate {
        Isolate { world: self.clone(), reader: Rc::default(), ahead: Duration::ZERO }
    }

    /// `refresh`.
    pub fn refresh(&self) -> Refresh {
        Refresh(self.clone())
    }

    /// The first project.
    ///
    /// # Panics
    /// If the catalog has none.
    pub fn project(&self) -> &Project {
        &self.catalog.projects[0]
    }

    /// The resource and the key of a path below the first project's mount.
    ///
    /// # Panics
    /// If there is no such path.
    pub fn find(&self, path: &str) -> (&Resource, Key) {
        let path = format!("/{}{}{path}", self.project().name, self.project().upstreams[0].mount);
        let route = self.routes.find(&self.catalog, &path, None).expect("a path of the test project");
        (&self.project().resources[route.resource], route.key)
    }

    /// One tick over all projects.
    pub async fn tick(&self) -> Vec<Run> {
        let projects: Vec<&Project> = self.catalog.projects.iter().collect();
        let deadline = self.time.now() + TICK_SPAN;
        tick(
            &self.refresh(),
            Order { catalog: &self.catalog, projects: &projects, cause: "cron", deadline, batch: BATCH_ENTRIES },
        )
        .await
    }
}

impl Isolate {
    /// The same with a clock that is ahead.
    #[must_use]
    pub fn ahead_by(self, ahead: Duration) -> Self {
        Self { ahead, ..self }
    }

    /// Reads a path, and does what is owed behind the answer.
    pub async fn read(&self, path: &str) -> Answer<Body> {
        self.read_at_least(path, 0).await
    }

    /// The same with the client's own lowest version.
    pub async fn read_at_least(&self, path: &str, min_version: u64) -> Answer<Body> {
        let (resource, key) = self.world.find(path);
        let project = self.world.project();
        let mut answer =
            read(self, &self.reader, Wish { project_index: 0, project, resource, key: &key, min_version }).await;
        let owed = std::mem::take(&mut answer.owed);
        let behind = self.clone();
        self.world.time.spawn(async move { pay(&behind, &behind.reader, behind.world.project(), owed).await });
        answer
    }

    fn traced(&self, what: &'static str) {
        self.world.trace.borrow_mut().push(what);
    }
}

impl Timer for Isolate {
    fn now(&self) -> Timestamp {
        self.world.time.now() + self.ahead
    }

    async fn sleep(&self, span: Duration) {
        self.world.time.sleep(span).await;
    }
}

impl HotTier for Isolate {
    type Body = Body;

    async fn slot(&self, key: &Key, slot: u8, _form: Form) -> Option<Entry<Body>> {
        self.traced("slot");
        match self.world.hot.get(&slot_name(key, slot))? {
            Value::Slot(entry) => Some(entry.with_body(Body)),
            Value::Board(_) => None,
        }
    }

    async fn board(&self, project: &str, shard: u8) -> Option<Bytes> {
        self.traced("board");
        match self.world.hot.get(&board_name(project, shard))? {
            Value::Board(bytes) => Some(bytes),
            Value::Slot(_) => None,
        }
    }
}

impl Entries for Isolate {
    async fn entry(&self, key: &Key) -> Result<Option<Entry>, PortError> {
        self.traced("entry");
        self.world.store.entry(key).await
    }
}

impl Refresher for Isolate {
    async fn bring(&self, ask: &Ask) -> Result<Brought, PortError> {
        self.traced("bring");
        if self.world.refresh_down.get() {
            return Err(PortError::transient(Port::Refresh, "down"));
        }
        self.world.refresh().bring(ask).await
    }

    async fn tell(&self, tidings: &Tidings) -> Result<(), PortError> {
        self.traced("tell");
        if self.world.refresh_down.get() {
            return Err(PortError::transient(Port::Refresh, "down"));
        }
        self.world.refresh().hear(tidings).await
    }
}

impl Refresh {
    async fn bring(&self, ask: &Ask) -> Result<Brought, PortError> {
        // As in the Worker: the work goes on when nobody waits for it any more.
        let (world, ask) = (self.0.clone(), ask.clone());
        let (answer, answered) = oneshot::channel();
        self.0.time.spawn(async move {
            let refresh = world.refresh();
            let project = world.project();
            let running = [project];
            let grounds = world.grounds(&running);
            let Some(subject) = grounds.subject(&ask.key) else { return };
            let fulfilled = fulfil(&refresh, grounds, subject, &ask).await;
            let slot = fulfilled.as_ref().ok().and_then(|fulfilled| fulfilled.slot.clone());
            drop(answer.send(fulfilled.map(|fulfilled| fulfilled.brought)));
            if let Some(slot) = slot {
                drop(put_slots(&refresh, &project.name, &[slot]).await);
            }
        });
        answered.await.unwrap_or_else(|_| Err(PortError::permanent(Port::Refresh, "no such key")))
    }

    async fn hear(&self, tidings: &Tidings) -> Result<(), PortError> {
        let running = [self.0.project()];
        hear(self, self.0.grounds(&running), tidings).await.map(drop)
    }

    /// A delivery was recorded.
    pub async fn delivered(&self) {
        let project = self.0.project().name.clone();
        drop(self.hear(&Tidings::Delivered { project }).await);
    }
}

impl World {
    fn grounds<'a>(&'a self, running: &'a [&'a Project]) -> Grounds<'a> {
        Grounds { catalog: &self.catalog, routes: &self.routes, running }
    }
}

impl Timer for Refresh {
    fn now(&self) -> Timestamp {
        self.0.time.now()
    }

    async fn sleep(&self, span: Duration) {
        self.0.time.sleep(span).await;
    }
}

impl Upstreams for Refresh {
    async fn call(&self, call: &Call<'_>) -> Reply {
        self.0.upstream.answer(call).await
    }
}

impl HotWriter for Refresh {
    async fn put_slot(&self, key: &Key, entry: &Entry) -> bool {
        self.0.hot.put(&slot_name(key, slot_of(entry.version)), Value::Slot(entry.clone()))
    }

    async fn put_board(&self, project: &str, shard: u8, board: Bytes) -> bool {
        self.0.hot.put(&board_name(project, shard), Value::Board(board))
    }
}

impl Through for Refresh {
    type Store = Store;

    fn store(&self) -> &Store {
        &self.0.store
    }
}

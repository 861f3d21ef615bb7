//! The ports of `refresh`: Postgres, KV, upstreams, the clock.

use bytes::Bytes;
use std::time::Duration;
use weir_catalog::{Catalog, Key, Project};
use weir_edge::clock::Clock;
use weir_edge::db::Postgres;
use weir_edge::fetch::Fetches;
use weir_edge::gauge::Gauge;
use weir_edge::kv::Kv;
use weir_flow::entry::Entry;
use weir_flow::ports::{
    BuiltBoard, Call, Delivery, DueWanted, Entries, HotWriter, Inbox, Lease, LeaseWanted, Leased, Leases, PortError,
    Publishing, Reply, Run, Runs, Save, Saved, Timer, Upstreams,
};
use weir_policy::time::Timestamp;
use weir_store::Store;
use worker::Env;

/// What one invocation can reach. Nothing is connected to before it is asked.
pub(crate) struct World {
    kv: Kv,
    store: Store<Postgres>,
    postgres: Postgres,
    fetches: Fetches,
}

impl World {
    pub(crate) fn new(env: &Env, gauge: &Gauge) -> Self {
        let postgres = Postgres::new(env, "REFRESH_DB", gauge);
        let store = Store::new(postgres.clone());
        Self { kv: Kv::new(env, gauge), store, postgres, fetches: Fetches::new(env, gauge) }
    }
}

impl Upstreams for World {
    async fn call(&self, call: &Call<'_>) -> Reply {
        // An upstream may take seconds; others need the connection meanwhile.
        self.postgres.park();
        self.fetches.call(call).await
    }
}

impl Timer for World {
    fn now(&self) -> Timestamp {
        Clock.now()
    }

    async fn sleep(&self, span: Duration) {
        self.postgres.park();
        Clock.sleep(span).await;
    }
}

impl HotWriter for World {
    async fn put_slot(&self, key: &Key, entry: &Entry) -> bool {
        self.kv.put_slot(key, entry).await
    }

    async fn put_board(&self, project: &str, shard: u8, board: Bytes) -> bool {
        self.kv.put_board(project, shard, board).await
    }
}

impl Entries for World {
    async fn entry(&self, key: &Key) -> Result<Option<Entry>, PortError> {
        self.store.entry(key).await
    }
}

impl Leases for World {
    async fn adopt(&self, catalog: &Catalog, running: &[&Project]) -> Result<(), PortError> {
        self.store.adopt(catalog, running).await
    }

    async fn lease(&self, wanted: &LeaseWanted<'_>) -> Result<Leased, PortError> {
        self.store.lease(wanted).await
    }

    async fn lease_due(&self, wanted: &[DueWanted<'_>], span: Duration) -> Result<Vec<Lease>, PortError> {
        self.store.lease_due(wanted, span).await
    }

    async fn save(&self, project: &str, saves: &[Save]) -> Result<Vec<Saved>, PortError> {
        self.store.save(project, saves).await
    }

    async fn demand(&self, project: &str, wanted: &[(Key, Timestamp)]) -> Result<(), PortError> {
        self.store.demand(project, wanted).await
    }
}

impl Publishing for World {
    async fn slots_put(&self, project: &str, put: &[(Key, u64)]) -> Result<(), PortError> {
        self.store.slots_put(project, put).await
    }

    async fn slots_owed(&self, project: &str, limit: u32) -> Result<Vec<(Key, Entry)>, PortError> {
        self.store.slots_owed(project, limit).await
    }

    async fn slot_lost(&self, key: &Key, version: u64) -> Result<(), PortError> {
        self.store.slot_lost(key, version).await
    }

    async fn board(&self, project: &str, shard: u8) -> Result<Option<BuiltBoard>, PortError> {
        self.store.board(project, shard).await
    }

    async fn board_put(&self, project: &str, shard: u8, news: i64) -> Result<(), PortError> {
        self.store.board_put(project, shard, news).await
    }
}

impl Inbox for World {
    async fn deliveries(&self, project: &str, limit: u32) -> Result<Vec<Delivery>, PortError> {
        self.store.deliveries(project, limit).await
    }

    async fn make_due(&self, project: &str, keys: &[Key], done: &[i64]) -> Result<u32, PortError> {
        self.store.make_due(project, keys, done).await
    }
}

impl Runs for World {
    async fn record_run(&self, run: &Run) -> Result<(), PortError> {
        self.store.record_run(run).await
    }
}

//! The ports of `refresh`: Postgres, KV, upstreams, the clock.

use bytes::Bytes;
use std::time::Duration;
use weir_catalog::Key;
use weir_edge::clock::Clock;
use weir_edge::db::Postgres;
use weir_edge::fetch::Fetches;
use weir_edge::gauge::Gauge;
use weir_edge::kv::Kv;
use weir_flow::entry::Entry;
use weir_flow::ports::{Call, HotWriter, Reply, Through, Timer, Upstreams};
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

impl Through for World {
    type Store = Store<Postgres>;

    fn store(&self) -> &Self::Store {
        &self.store
    }
}

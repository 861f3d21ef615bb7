//! The ports of one read: KV, Postgres, `refresh`, the clock.

use bytes::Bytes;
use std::time::Duration;
use weir_catalog::Key;
use weir_edge::binding::RefreshBinding;
use weir_edge::body::Body;
use weir_edge::clock::Clock;
use weir_edge::db::Postgres;
use weir_edge::gauge::Gauge;
use weir_edge::kv::Kv;
use weir_flow::entry::Entry;
use weir_flow::ports::{Ask, Brought, Form, HotTier, PortError, Refresher, Through, Tidings, Timer};
use weir_policy::time::Timestamp;
use weir_store::Store;
use worker::Env;

/// What one request can reach. Nothing is connected to before it is asked.
pub(crate) struct World {
    pub(crate) kv: Kv,
    store: Store<Postgres>,
    postgres: Postgres,
    refresh: RefreshBinding,
}

impl World {
    pub(crate) fn new(env: &Env, gauge: &Gauge) -> Self {
        let postgres = Postgres::new(env, "READ_DB", gauge);
        let store = Store::new(postgres.clone());
        Self { kv: Kv::new(env, gauge), store, postgres, refresh: RefreshBinding::new(env, gauge) }
    }
}

impl HotTier for World {
    type Body = Body;

    async fn slot(&self, key: &Key, slot: u8, form: Form) -> Option<Entry<Body>> {
        self.kv.slot(key, slot, form).await
    }

    async fn board(&self, project: &str, shard: u8) -> Option<Bytes> {
        self.kv.board(project, shard).await
    }
}

impl Through for World {
    type Store = Store<Postgres>;

    fn store(&self) -> &Self::Store {
        &self.store
    }
}

impl Refresher for World {
    async fn bring(&self, ask: &Ask) -> Result<Brought, PortError> {
        // `refresh` may take its time with an upstream; others need the connection meanwhile.
        self.postgres.park();
        self.refresh.bring(ask).await
    }

    async fn tell(&self, tidings: &Tidings) -> Result<(), PortError> {
        self.postgres.park();
        self.refresh.tell(tidings).await
    }
}

impl Timer for World {
    fn now(&self) -> Timestamp {
        Clock.now()
    }

    async fn sleep(&self, span: Duration) {
        Clock.sleep(span).await;
    }
}

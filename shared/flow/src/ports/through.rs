//! A Worker's ports are its store's: who has a store has the persistent ports.

use super::{
    BuiltBoard, Delivery, DueWanted, Entries, Inbox, Keeping, Keys, Lease, LeaseWanted, Leased, Leases, PortError,
    Publishing, Run, Runs, Save, Saved, Swept,
};
use crate::entry::Entry;
use std::time::Duration;
use weir_catalog::{Catalog, Key, Project};
use weir_policy::api_key::Scopes;
use weir_policy::time::Timestamp;

/// Something that reaches the persistent tier through a store.
pub trait Through {
    /// The store.
    type Store;
    /// The store.
    fn store(&self) -> &Self::Store;
}

impl<T: Through<Store: Entries>> Entries for T {
    async fn entry(&self, key: &Key) -> Result<Option<Entry>, PortError> {
        self.store().entry(key).await
    }
}

impl<T: Through<Store: Keys>> Keys for T {
    async fn scopes(&self, project: &str, hash: &[u8; 32]) -> Result<Option<Scopes>, PortError> {
        self.store().scopes(project, hash).await
    }
}

impl<T: Through<Store: Leases>> Leases for T {
    async fn adopt(&self, catalog: &Catalog, running: &[&Project]) -> Result<(), PortError> {
        self.store().adopt(catalog, running).await
    }

    async fn lease(&self, wanted: &LeaseWanted<'_>) -> Result<Leased, PortError> {
        self.store().lease(wanted).await
    }

    async fn lease_due(&self, wanted: &[DueWanted<'_>], span: Duration) -> Result<Vec<Lease>, PortError> {
        self.store().lease_due(wanted, span).await
    }

    async fn save(&self, project: &str, saves: &[Save]) -> Result<Vec<Saved>, PortError> {
        self.store().save(project, saves).await
    }

    async fn demand(&self, project: &str, wanted: &[(Key, Timestamp)]) -> Result<(), PortError> {
        self.store().demand(project, wanted).await
    }
}

impl<T: Through<Store: Publishing>> Publishing for T {
    async fn slots_put(&self, project: &str, put: &[(Key, u64)]) -> Result<(), PortError> {
        self.store().slots_put(project, put).await
    }

    async fn slots_owed(&self, project: &str, limit: u32) -> Result<Vec<(Key, Entry)>, PortError> {
        self.store().slots_owed(project, limit).await
    }

    async fn slot_lost(&self, key: &Key, version: u64) -> Result<(), PortError> {
        self.store().slot_lost(key, version).await
    }

    async fn board(&self, project: &str, shard: u8) -> Result<Option<BuiltBoard>, PortError> {
        self.store().board(project, shard).await
    }

    async fn board_put(&self, project: &str, shard: u8, news: i64) -> Result<(), PortError> {
        self.store().board_put(project, shard, news).await
    }

    async fn board_lost(&self, project: &str, shard: u8) -> Result<(), PortError> {
        self.store().board_lost(project, shard).await
    }
}

impl<T: Through<Store: Inbox>> Inbox for T {
    async fn deliveries(&self, project: &str, limit: u32) -> Result<Vec<Delivery>, PortError> {
        self.store().deliveries(project, limit).await
    }

    async fn make_due(&self, project: &str, keys: &[Key], done: &[i64]) -> Result<u32, PortError> {
        self.store().make_due(project, keys, done).await
    }
}

impl<T: Through<Store: Keeping>> Keeping for T {
    async fn swept(&self, projects: &[&str]) -> Result<Vec<Timestamp>, PortError> {
        self.store().swept(projects).await
    }

    async fn sweep(&self, project: &str, history: &[(&str, Duration)], limit: u32) -> Result<Swept, PortError> {
        self.store().sweep(project, history, limit).await
    }
}

impl<T: Through<Store: Runs>> Runs for T {
    async fn record_run(&self, run: &Run) -> Result<(), PortError> {
        self.store().record_run(run).await
    }
}

//! Where connections and deadlines come from: the one thing that differs between Workers and native code.

#![expect(async_fn_in_trait, reason = "used generically, and by one thread on Workers")]

use std::ops::Deref;
use std::time::Duration;
use tokio_postgres::Client;
use weir_flow::ports::PortError;

/// Brings connections to the persistent tier.
pub trait Connector {
    /// A client for one statement; what has to happen after it (a permit given back) happens when it is dropped.
    type Client: Deref<Target = Client>;

    /// Connects, or reuses a connection of the same request. A failure is the persistent tier's, transient or not.
    async fn client(&self) -> Result<Self::Client, PortError>;

    /// Does the work, but no longer than `span`; `None` says that it took too long.
    async fn within<T>(&self, span: Duration, work: impl Future<Output = T>) -> Option<T>;
}

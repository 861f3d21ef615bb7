//! Connections over tokio, for tests and tools.

use crate::Connector;
use crate::failure::failure;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::{Client, Config, NoTls};
use weir_flow::ports::{Port, PortError};

/// More statements at once than this wait for each other.
const CONNECTIONS: usize = 16;

/// Opens a connection where none is idle.
#[derive(Clone, Debug)]
pub struct Native {
    config: Config,
    idle: Idle,
    permits: Arc<Semaphore>,
}

type Idle = Arc<Mutex<Vec<Arc<Client>>>>;

/// A connection that becomes idle when it is dropped.
#[derive(Debug)]
pub struct Lent {
    client: Arc<Client>,
    idle: Idle,
    _permit: OwnedSemaphorePermit,
}

impl Native {
    /// Connections of this kind, without TLS.
    pub fn new(config: Config) -> Self {
        Self { config, idle: Idle::default(), permits: Arc::new(Semaphore::new(CONNECTIONS)) }
    }

    fn idle_client(&self) -> Option<Arc<Client>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|client| !client.is_closed());
        idle.pop()
    }
}

impl Connector for Native {
    type Client = Lent;

    async fn client(&self) -> Result<Lent, PortError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|error| PortError::permanent(Port::Persistent, error.to_string()))?;
        let client = if let Some(client) = self.idle_client() {
            client
        } else {
            let (client, connection) = self.config.connect(NoTls).await.map_err(|error| failure(&error))?;
            // How a connection ended, its client's next statement says.
            tokio::spawn(async { drop(connection.await) });
            Arc::new(client)
        };
        Ok(Lent { client, idle: Arc::clone(&self.idle), _permit: permit })
    }

    async fn within<T>(&self, span: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout(span, work).await.ok()
    }
}

impl Deref for Lent {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&self.client));
    }
}

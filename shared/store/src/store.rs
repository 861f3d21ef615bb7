//! One statement per operation, with typed parameters, never prepared: what poolers bear.

use crate::Connector;
use crate::failure::failure;
use std::time::Duration;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use weir_flow::ports::{Port, PortError};

/// For what a client waits on: beyond this another tier answers.
pub(crate) const ANSWER: Duration = Duration::from_millis(1_500);

/// For what only a tick waits on: a batch of bodies over a slow line takes longer than an answer may.
pub(crate) const BATCH: Duration = Duration::from_secs(8);

/// A parameter and its type: with it nothing has to be prepared.
pub(crate) type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// The persistent tier.
#[derive(Clone, Debug)]
pub struct Store<C> {
    connector: C,
}

impl<C: Connector> Store<C> {
    /// Over connections from there.
    pub fn new(connector: C) -> Self {
        Self { connector }
    }

    /// Makes one call; connecting is part of the time it may take.
    pub(crate) async fn call(&self, span: Duration, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, PortError> {
        let work = async {
            let client = self.connector.client().await?;
            client.query_typed(sql, params).await.map_err(|error| failure(&error))
        };
        let late = || Err(PortError::transient(Port::Persistent, format!("no answer within {} ms", span.as_millis())));
        self.connector.within(span, work).await.unwrap_or_else(late)
    }
}

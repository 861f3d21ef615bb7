//! The inbox from both sides, and the record of ticks.

use crate::store::{ANSWER, BATCH};
use crate::wire::{column, count, ms};
use crate::{Connector, Store};
use bytes::Bytes;
use tokio_postgres::types::Type;
use weir_catalog::Key;
use weir_flow::ports::{Delivery, Inbox, Port, PortError, Receipt, Receipts, Recorded, Run, Runs};

impl<C: Connector> Receipts for Store<C> {
    async fn record(&self, receipt: &Receipt) -> Result<Recorded, PortError> {
        let Receipt { project, hook, dedupe, event, body } = receipt;
        let body: &[u8] = body;
        let params = [
            (project as _, Type::TEXT),
            (hook as _, Type::TEXT),
            (dedupe as _, Type::BYTEA),
            (event as _, Type::TEXT),
            (&body as _, Type::BYTEA),
        ];
        let sql = "select weir.receive_delivery($1, $2, $3, $4, $5) as is_new";
        let rows = self.call(ANSWER, sql, &params).await?;
        let is_new: bool = rows.first().map_or(Err(silent("receive_delivery")), |row| column(row, "is_new"))?;
        Ok(if is_new { Recorded::New } else { Recorded::Duplicate })
    }

    async fn count_refused(&self, project: &str, hook: &str, times: u32) -> Result<(), PortError> {
        let times = i64::from(times);
        let params = [(&project as _, Type::TEXT), (&hook as _, Type::TEXT), (&times as _, Type::INT8)];
        self.call(ANSWER, "select weir.count_refused($1, $2, $3)", &params).await.map(drop)
    }
}

impl<C: Connector> Inbox for Store<C> {
    async fn deliveries(&self, project: &str, limit: u32) -> Result<Vec<Delivery>, PortError> {
        let limit = i64::from(limit);
        let params = [(&project as _, Type::TEXT), (&limit as _, Type::INT8)];
        let rows = self.call(BATCH, "select * from weir.deliveries_waiting($1, $2)", &params).await?;
        let delivery = |row| {
            Ok(Delivery {
                id: column(row, "id")?,
                hook: column(row, "hook")?,
                event: column(row, "event")?,
                body: Bytes::from(column::<Vec<u8>>(row, "body")?),
            })
        };
        rows.iter().map(delivery).collect()
    }

    async fn make_due(&self, project: &str, keys: &[Key], done: &[i64]) -> Result<u32, PortError> {
        let keys: Vec<&str> = keys.iter().map(Key::as_str).collect();
        let params = [(&project as _, Type::TEXT), (&keys as _, Type::TEXT_ARRAY), (&done as _, Type::INT8_ARRAY)];
        let rows = self.call(BATCH, "select weir.make_due($1, $2, $3) as keys", &params).await?;
        rows.first().map_or(Err(silent("make_due")), |row| count(row, "keys"))
    }
}

impl<C: Connector> Runs for Store<C> {
    async fn record_run(&self, run: &Run) -> Result<(), PortError> {
        let counts = [
            run.leased,
            run.called,
            run.changed,
            run.verified,
            run.refused,
            run.failed,
            run.lost,
            run.deliveries,
            run.slots,
            run.boards,
        ];
        let counts = counts.map(i64::from).to_vec();
        let (started, ended) = (ms(run.started_at), ms(run.ended_at));
        let params = [
            (&run.project as _, Type::TEXT),
            (&run.cause as _, Type::TEXT),
            (&started as _, Type::INT8),
            (&ended as _, Type::INT8),
            (&counts as _, Type::INT8_ARRAY),
            (&run.trouble as _, Type::TEXT),
        ];
        self.call(BATCH, "select weir.record_run($1, $2, $3, $4, $5, $6)", &params).await.map(drop)
    }
}

/// A function that always answers has not.
fn silent(function: &str) -> PortError {
    PortError::permanent(Port::Persistent, format!("`weir.{function}` answered nothing"))
}

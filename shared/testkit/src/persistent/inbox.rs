//! Deliveries, and the record of ticks.

use super::Store;
use super::tables::DeliveryRow;
use weir_catalog::Key;
use weir_flow::ports::{Delivery, Inbox, PortError, Receipt, Receipts, Recorded, Run, Runs};
use weir_policy::time::Timestamp;

impl Inbox for Store {
    async fn deliveries(&self, project: &str, limit: u32) -> Result<Vec<Delivery>, PortError> {
        self.statement(|tables, _| {
            let waiting = tables.deliveries.iter().filter(|row| row.project == project && !row.done);
            Ok(waiting.take(limit as usize).map(|row| row.delivery.clone()).collect())
        })
        .await
    }

    async fn make_due(&self, _project: &str, keys: &[Key], done: &[i64]) -> Result<u32, PortError> {
        self.statement(|tables, now| {
            let mut made_due = 0;
            for key in keys {
                if let Some(row) = tables.rows.get_mut(key).filter(|row| row.version.is_some()) {
                    (row.due_at, row.priority, row.retry_at) = (Some(now), 0, Timestamp::ZERO);
                    made_due += 1;
                }
            }
            for row in tables.deliveries.iter_mut().filter(|row| done.contains(&row.delivery.id)) {
                row.done = true;
            }
            Ok(made_due)
        })
        .await
    }
}

impl Receipts for Store {
    async fn record(&self, receipt: &Receipt) -> Result<Recorded, PortError> {
        self.statement(|tables, now| {
            let Receipt { project, hook, dedupe, event, body } = receipt.clone();
            let same = |row: &DeliveryRow| row.project == project && row.delivery.hook == hook && row.dedupe == dedupe;
            if tables.deliveries.iter().any(same) {
                return Ok(Recorded::Duplicate);
            }
            tables.delivered += 1;
            let id = tables.delivered;
            let delivery = Delivery { id, hook, event, body };
            tables.deliveries.push(DeliveryRow { project, dedupe, received_at: now, delivery, done: false });
            Ok(Recorded::New)
        })
        .await
    }

    async fn count_refused(&self, project: &str, hook: &str, times: u32) -> Result<(), PortError> {
        self.statement(|tables, _| {
            *tables.refused.entry((project.to_owned(), hook.to_owned())).or_default() += times;
            Ok(())
        })
        .await
    }
}

impl Runs for Store {
    async fn record_run(&self, run: &Run) -> Result<(), PortError> {
        self.statement(|tables, _| {
            tables.runs.push(run.clone());
            Ok(())
        })
        .await
    }
}

//! Retention, as the tick asks for it.

use crate::store::BATCH;
use crate::wire::{column, count, instant, span_ms};
use crate::{Connector, Store};
use std::collections::HashMap;
use std::time::Duration;
use tokio_postgres::types::Type;
use weir_flow::ports::{Keeping, Port, PortError, Swept};
use weir_policy::time::Timestamp;

impl<C: Connector> Keeping for Store<C> {
    async fn swept(&self, projects: &[&str]) -> Result<Vec<Timestamp>, PortError> {
        let rows = self.call(BATCH, "select * from weir.swept($1)", &[(&projects as _, Type::TEXT_ARRAY)]).await?;
        let of_project = |row| Ok((column(row, "project")?, instant(row, "swept_ms")?));
        let swept: HashMap<String, Timestamp> = rows.iter().map(of_project).collect::<Result<_, PortError>>()?;
        Ok(projects.iter().map(|project| swept.get(*project).copied().unwrap_or_default()).collect())
    }

    async fn sweep(&self, project: &str, history: &[(&str, Duration)], limit: u32) -> Result<Swept, PortError> {
        let resources: Vec<&str> = history.iter().map(|(resource, _)| *resource).collect();
        let spans: Vec<i64> = history.iter().map(|(_, span)| span_ms(*span)).collect();
        let limit = i64::from(limit);
        let params = [
            (&project as _, Type::TEXT),
            (&resources as _, Type::TEXT_ARRAY),
            (&spans as _, Type::INT8_ARRAY),
            (&limit as _, Type::INT8),
        ];
        let rows = self.call(BATCH, "select * from weir.sweep($1, $2, $3, $4)", &params).await?;
        let none = || PortError::permanent(Port::Persistent, "`weir.sweep` answered nothing");
        let row = rows.first().ok_or_else(none)?;
        Ok(Swept {
            entries: count(row, "entries")?,
            versions: count(row, "versions")?,
            observations: count(row, "observations")?,
            changes: count(row, "changes")?,
            quarantine: count(row, "quarantine")?,
            deliveries: count(row, "deliveries")?,
            runs: count(row, "runs")?,
            sightings: count(row, "sightings")?,
        })
    }
}

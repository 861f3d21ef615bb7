//! Leases: one key for a client, what is due for a tick, and demand.

use crate::entry::entry;
use crate::store::{ANSWER, BATCH};
use crate::wire::{column, count, instant, key, ms, span_ms};
use crate::{Connector, Store};
use std::time::Duration;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use weir_catalog::{Catalog, Key, Project};
use weir_flow::entry::Validators;
use weir_flow::ports::{DueWanted, HeldMeta, Lease, LeaseWanted, Leased, Leases, Port, PortError, Save, Saved};
use weir_policy::time::Timestamp;

impl<C: Connector> Leases for Store<C> {
    async fn adopt(&self, catalog: &Catalog, running: &[&Project]) -> Result<(), PortError> {
        self.make_known(catalog, running).await
    }

    async fn lease(&self, wanted: &LeaseWanted<'_>) -> Result<Leased, PortError> {
        let shard = i64::from(wanted.shard);
        let fresh_after = ms(wanted.fresh_after);
        let (span, demanded_until) = (span_ms(wanted.span), wanted.demanded_until.map(ms));
        let max_entries = i64::from(wanted.max_entries);
        let params = [
            (&wanted.key.project() as _, Type::TEXT),
            (&wanted.key.as_str() as _, Type::TEXT),
            (&wanted.resource as _, Type::TEXT),
            (&wanted.upstream as _, Type::TEXT),
            (&shard as _, Type::INT8),
            (&fresh_after as _, Type::INT8),
            (&span as _, Type::INT8),
            (&demanded_until as _, Type::INT8),
            (&wanted.admit_second as _, Type::BOOL),
            (&max_entries as _, Type::INT8),
        ];
        let sql = "select * from weir.lease($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let rows = self.call(ANSWER, sql, &params).await?;
        let none = || PortError::permanent(Port::Persistent, "`weir.lease` answered nothing");
        leased(rows.first().ok_or_else(none)?)
    }

    async fn lease_due(&self, wanted: &[DueWanted<'_>], span: Duration) -> Result<Vec<Lease>, PortError> {
        let projects: Vec<&str> = wanted.iter().map(|wanted| wanted.project).collect();
        let upstreams: Vec<&str> = wanted.iter().map(|wanted| wanted.upstream).collect();
        let limits: Vec<i64> = wanted.iter().map(|wanted| i64::from(wanted.limit)).collect();
        let span = span_ms(span);
        let params = [
            (&projects as _, Type::TEXT_ARRAY),
            (&upstreams as _, Type::TEXT_ARRAY),
            (&limits as _, Type::INT8_ARRAY),
            (&span as _, Type::INT8),
        ];
        let rows = self.call(BATCH, "select * from weir.lease_due($1, $2, $3, $4)", &params).await?;
        rows.iter().map(lease).collect()
    }

    async fn save(&self, project: &str, saves: &[Save]) -> Result<Vec<Saved>, PortError> {
        self.save_batch(project, saves).await
    }

    async fn demand(&self, project: &str, wanted: &[(Key, Timestamp)]) -> Result<(), PortError> {
        let keys: Vec<&str> = wanted.iter().map(|(key, _)| key.as_str()).collect();
        let untils: Vec<i64> = wanted.iter().map(|(_, until)| ms(*until)).collect();
        let params = [(&project as _, Type::TEXT), (&keys as _, Type::TEXT_ARRAY), (&untils as _, Type::INT8_ARRAY)];
        self.call(ANSWER, "select weir.demand($1, $2, $3)", &params).await.map(drop)
    }
}

fn leased(row: &Row) -> Result<Leased, PortError> {
    let until = instant(row, "until_ms")?;
    match column::<&str>(row, "outcome")? {
        "granted" => lease(row).map(Leased::Granted),
        "passing" => Ok(Leased::Passing),
        "held" => Ok(Leased::Held { until }),
        "current" => entry(row).map(Leased::Current),
        "absent" => Ok(Leased::Absent { retry_at: until }),
        "over_budget" => Ok(Leased::OverBudget { retry_at: until }),
        "breaker_open" => Ok(Leased::BreakerOpen { retry_at: until }),
        "backing_off" => Ok(Leased::BackingOff { retry_at: until }),
        "full" => Ok(Leased::Full),
        other => Err(PortError::permanent(Port::Persistent, format!("`weir.lease` answered `{other}`"))),
    }
}

fn lease(row: &Row) -> Result<Lease, PortError> {
    Ok(Lease {
        key: key(row, "key")?,
        resource: column(row, "resource")?,
        token: column(row, "token")?,
        until: instant(row, "until_ms")?,
        failures: count(row, "failures")?,
        demanded_until: instant(row, "demanded_ms")?,
        held: held(row)?,
    })
}

fn held(row: &Row) -> Result<Option<HeldMeta>, PortError> {
    if column::<Option<i64>>(row, "version")?.is_none() {
        return Ok(None);
    }
    Ok(Some(HeldMeta {
        version: count(row, "version")?,
        verified_at: instant(row, "verified_ms")?,
        validators: Validators { etag: column(row, "etag")?, last_modified: column(row, "last_modified")? },
        meaning: column(row, "meaning")?,
        weak: column(row, "weak")?,
    }))
}

//! Publishing: boards are built by one function and confirmed by another.

use crate::store::BATCH;
use crate::wire::{column, count, instant};
use crate::{Connector, Store};
use bytes::Bytes;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use weir_catalog::Key;
use weir_flow::entry::Entry;
use weir_flow::ports::{BuiltBoard, PortError, Publishing};
use weir_policy::time::Timestamp;

impl<C: Connector> Publishing for Store<C> {
    async fn slots_put(&self, project: &str, put: &[(Key, u64)]) -> Result<(), PortError> {
        self.note_put(project, put).await
    }

    async fn slots_owed(&self, project: &str, limit: u32) -> Result<Vec<(Key, Entry)>, PortError> {
        self.owed(project, limit).await
    }

    async fn slot_lost(&self, key: &Key, version: u64) -> Result<(), PortError> {
        self.note_lost(key, version).await
    }

    async fn board(&self, project: &str, shard: u8) -> Result<Option<BuiltBoard>, PortError> {
        let shard = i64::from(shard);
        let params = [(&project as _, Type::TEXT), (&shard as _, Type::INT8)];
        let rows = self.call(BATCH, "select * from weir.board($1, $2)", &params).await?;
        rows.first().map(built).transpose()
    }

    async fn board_lost(&self, project: &str, shard: u8) -> Result<(), PortError> {
        let shard = i64::from(shard);
        let params = [(&project as _, Type::TEXT), (&shard as _, Type::INT8)];
        self.call(BATCH, "select weir.board_lost($1, $2)", &params).await.map(drop)
    }

    async fn board_put(&self, project: &str, shard: u8, news: i64) -> Result<(), PortError> {
        let shard = i64::from(shard);
        let params = [(&project as _, Type::TEXT), (&shard as _, Type::INT8), (&news as _, Type::INT8)];
        self.call(BATCH, "select weir.board_put($1, $2, $3)", &params).await.map(drop)
    }
}

fn built(row: &Row) -> Result<BuiltBoard, PortError> {
    let names: Vec<String> = column(row, "closed")?;
    let untils: Vec<i64> = column(row, "closed_until_ms")?;
    let until = |ms: i64| Timestamp::from_ms(u64::try_from(ms).unwrap_or_default());
    Ok(BuiltBoard {
        seq: count(row, "seq")?,
        made_at: instant(row, "made_ms")?,
        news: column(row, "news")?,
        closed: names.into_iter().zip(untils.into_iter().map(until)).collect(),
        rows: Bytes::from(column::<Vec<u8>>(row, "rows")?),
    })
}

//! Which slots the hot tier is owed.

use crate::entry::entry;
use crate::store::BATCH;
use crate::wire::{key, version};
use crate::{Connector, Store};
use tokio_postgres::types::Type;
use weir_catalog::Key;
use weir_flow::entry::Entry;
use weir_flow::ports::PortError;

impl<C: Connector> Store<C> {
    pub(crate) async fn note_put(&self, project: &str, put: &[(Key, u64)]) -> Result<(), PortError> {
        let keys: Vec<&str> = put.iter().map(|(key, _)| key.as_str()).collect();
        let versions: Vec<i64> = put.iter().map(|(_, put)| version(*put)).collect();
        let params = [(&project as _, Type::TEXT), (&keys as _, Type::TEXT_ARRAY), (&versions as _, Type::INT8_ARRAY)];
        self.call(BATCH, "select weir.slots_put($1, $2, $3)", &params).await.map(drop)
    }

    pub(crate) async fn owed(&self, project: &str, limit: u32) -> Result<Vec<(Key, Entry)>, PortError> {
        let limit = i64::from(limit);
        let params = [(&project as _, Type::TEXT), (&limit as _, Type::INT8)];
        let rows = self.call(BATCH, "select * from weir.slots_owed($1, $2)", &params).await?;
        rows.iter().map(|row| Ok((key(row, "key")?, entry(row)?))).collect()
    }

    pub(crate) async fn note_lost(&self, key: &Key, lost: u64) -> Result<(), PortError> {
        let lost = version(lost);
        let params = [(&key.project() as _, Type::TEXT), (&key.as_str() as _, Type::TEXT), (&lost as _, Type::INT8)];
        self.call(BATCH, "select weir.slot_lost($1, $2, $3)", &params).await.map(drop)
    }
}

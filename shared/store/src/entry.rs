//! Reads entries.

use crate::store::ANSWER;
use crate::wire::{column, count, instant};
use crate::{Connector, Store};
use bytes::Bytes;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use weir_catalog::Key;
use weir_flow::entry::Entry;
use weir_flow::ports::{Entries, PortError};

impl<C: Connector> Entries for Store<C> {
    async fn entry(&self, key: &Key) -> Result<Option<Entry>, PortError> {
        let params = [(&key.project() as _, Type::TEXT), (&key.as_str() as _, Type::TEXT)];
        let rows = self.call(ANSWER, "select * from weir.read_entry($1, $2)", &params).await?;
        rows.first().map(entry).transpose()
    }
}

/// The entry in a row of any function that hands out entries.
pub(crate) fn entry(row: &Row) -> Result<Entry, PortError> {
    Ok(Entry {
        version: count(row, "version")?,
        verified_at: instant(row, "verified_ms")?,
        changed_at: instant(row, "changed_ms")?,
        content_type: column(row, "content_type")?,
        body: Bytes::from(column::<Vec<u8>>(row, "body")?),
    })
}

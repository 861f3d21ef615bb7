//! Values as they travel: instants as milliseconds, counts as bigint, columns by name.

use crate::failure::misread;
use std::time::Duration;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use weir_catalog::Key;
use weir_flow::ports::{Port, PortError};
use weir_policy::time::Timestamp;

/// A column of a row.
pub(crate) fn column<'a, T: FromSql<'a>>(row: &'a Row, name: &str) -> Result<T, PortError> {
    row.try_get(name).map_err(|error| misread(&error))
}

/// A column that holds an instant; nothing is 1970.
pub(crate) fn instant(row: &Row, name: &str) -> Result<Timestamp, PortError> {
    let ms: Option<i64> = column(row, name)?;
    Ok(ms.map_or(Timestamp::ZERO, |ms| Timestamp::from_ms(u64::try_from(ms).unwrap_or_default())))
}

/// A column that counts.
pub(crate) fn count<T: TryFrom<i64>>(row: &Row, name: &str) -> Result<T, PortError> {
    let count: i64 = column(row, name)?;
    T::try_from(count).map_err(|_| PortError::permanent(Port::Persistent, format!("column `{name}` is out of range")))
}

/// A column that names an entry.
pub(crate) fn key(row: &Row, name: &str) -> Result<Key, PortError> {
    let name: String = column(row, name)?;
    Key::new(name).map_err(|error| PortError::permanent(Port::Persistent, error.to_string()))
}

/// An instant as milliseconds.
pub(crate) fn ms(at: Timestamp) -> i64 {
    i64::try_from(at.as_ms()).unwrap_or(i64::MAX)
}

/// A span as milliseconds.
pub(crate) fn span_ms(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// A version as Postgres counts it.
pub(crate) fn version(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

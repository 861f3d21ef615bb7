//! The tables and sequences of schema `weir`, as the database's own catalog has them.

use super::BackupError;
use super::format::Sequence;
use serde::{Deserialize, Serialize};
use tokio_postgres::types::Type;
use tokio_postgres::{Error, Transaction};

/// A table and those of its columns that hold what cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
}

impl Table {
    /// `weir."name"`.
    pub(super) fn spelt(&self) -> String {
        format!("weir.{}", quoted(&self.name))
    }

    /// `weir."name" ("column", …)`, for COPY.
    pub(super) fn spelt_with_columns(&self) -> String {
        let columns: Vec<String> = self.columns.iter().map(|column| quoted(column)).collect();
        format!("{} ({})", self.spelt(), columns.join(", "))
    }
}

/// An identifier that means itself whatever it is.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Every table, those that others refer to first.
pub(super) async fn tables(transaction: &Transaction<'_>) -> Result<Vec<Table>, BackupError> {
    let sql = "
        select
          c.relname::text as name,
          array(
            select a.attname::text from pg_catalog.pg_attribute a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
            order by a.attnum
          ) as columns,
          array(
            select p.relname::text
            from pg_catalog.pg_constraint f join pg_catalog.pg_class p on p.oid = f.confrelid
            where f.contype = 'f' and f.conrelid = c.oid and p.oid <> c.oid and p.relnamespace = n.oid
          ) as parents
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'weir' and c.relkind = 'r'
        order by c.relname";
    let rows = transaction.query_typed(sql, &[]).await?;
    let found: Result<Vec<_>, Error> = rows
        .iter()
        .map(|row| {
            let table = Table { name: row.try_get("name")?, columns: row.try_get("columns")? };
            Ok((table, row.try_get("parents")?))
        })
        .collect();
    in_order(found?)
}

/// The sequences behind the identity columns, and where they go on.
pub(super) async fn sequences(transaction: &Transaction<'_>) -> Result<Vec<Sequence>, Error> {
    let sql = "select c.relname::text as name, s.seqincrement as step from pg_catalog.pg_sequence s \
               join pg_catalog.pg_class c on c.oid = s.seqrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
               where n.nspname = 'weir' order by c.relname";
    let mut sequences = Vec::new();
    for row in transaction.query_typed(sql, &[]).await? {
        let (name, step): (String, i64) = (row.try_get("name")?, row.try_get("step")?);
        let next =
            format!("select last_value + case when is_called then $1 else 0 end as next from weir.{}", quoted(&name));
        let row = transaction.query_typed_one(&next, &[(&step, Type::INT8)]).await?;
        sequences.push(Sequence { name, next: row.try_get("next")? });
    }
    Ok(sequences)
}

/// Locks all tables in one statement, so that their shape stays what it is.
pub(super) async fn lock(transaction: &Transaction<'_>, tables: &[Table], mode: &str) -> Result<(), Error> {
    let names: Vec<String> = tables.iter().map(Table::spelt).collect();
    transaction.batch_execute(&format!("lock table {} in {mode} mode", names.join(", "))).await
}

fn in_order(mut waiting: Vec<(Table, Vec<String>)>) -> Result<Vec<Table>, BackupError> {
    let mut ordered: Vec<Table> = Vec::new();
    while !waiting.is_empty() {
        let is_placed = |parent: &String| ordered.iter().any(|table| table.name == *parent);
        let (ready, blocked): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(_, parents)| parents.iter().all(is_placed));
        if ready.is_empty() {
            let names = blocked.into_iter().map(|(table, _)| table.name).collect::<Vec<_>>().join(", ");
            return Err(BackupError::Circle { tables: names });
        }
        ordered.extend(ready.into_iter().map(|(table, _)| table));
        waiting = blocked;
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, parents: &[&str]) -> (Table, Vec<String>) {
        let table = Table { name: name.to_owned(), columns: vec!["a\"b".to_owned()] };
        (table, parents.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_table_comes_after_those_it_refers_to() {
        let tables = vec![found("a", &["c"]), found("b", &["a", "c"]), found("c", &[])];
        let names: Vec<String> = in_order(tables).unwrap().into_iter().map(|table| table.name).collect();
        assert_eq!(names, ["c", "a", "b"]);
    }

    #[test]
    fn tables_that_refer_to_each_other_are_named() {
        let refused = in_order(vec![found("a", &["b"]), found("b", &["a"]), found("c", &[])]).unwrap_err();
        assert!(refused.to_string().contains("a, b"), "{refused}");
    }

    #[test]
    fn any_name_is_spelt_as_itself() {
        assert_eq!(found("t", &[]).0.spelt_with_columns(), r#"weir."t" ("a""b")"#);
    }
}

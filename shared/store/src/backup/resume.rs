//! What a restored database must not take from its backup, because readers and the hot tier may know what came after it.
//!
//! Between a backup and its restore versions were made, put into the hot tier, and told to readers; then they were lost.
//!
//! - *Boards*: a board's number is never below the time in milliseconds, so the next one is above every lost one and is
//!   adopted. It is made news, so that the next tick puts it; and that count goes above the time too, so that a tick which
//!   was putting a lost board does not make this one old news. A reader that was told of a lost version keeps that one:
//!   its copy stays newer than the board's row until a version above it exists.
//! - *Slots* count as never put, so that ticks put all of them again, over whatever lost versions they hold. A slot tells
//!   its version and readers demand equality, so until then there are misses, never other bytes.
//! - *Versions*: the restored ones stay what they were, byte for byte. But the next one of an entry must not take a number
//!   that a lost one had with other bytes. A lost version's number is at most the time it was made at (the first is that
//!   time, the others follow one by one, each an upstream call later), so the time of the restore is a floor that is
//!   above all of them: `projects.version_floor`.
//! - *The feed* goes on above the time of the restore too, so that a cursor that has read lost changes misses no new one.
//! - *Leases* end: what was asked for before the loss saves nothing.
//!
//! Budgets and the inbox are as they were: calls made since the backup are not counted, so an upstream may have to
//! say so itself (429), and deliveries since the backup are gone. What was erased since is back: erase it again.

use super::catalog::quoted;
use tokio_postgres::{Error, Transaction};

const ABOVE_WHAT_WAS_LOST: &str = "
    update weir.entries set slot_version = 0 where slot_version <> 0;
    update weir.schedule set lease_token = null, lease_until = 'epoch' where lease_token is not null;
    update weir.boards set
      news = greatest(news + 1, floor(extract(epoch from clock_timestamp()) * 1000)::bigint),
      published = 0,
      lease_until = 'epoch';
    update weir.feed set seq = greatest(seq, floor(extract(epoch from clock_timestamp()) * 1000)::bigint);
    update weir.projects set version_floor = floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
";

/// Lifts whatever must not fall below what was told before the loss.
pub(super) async fn above_what_was_lost(transaction: &Transaction<'_>) -> Result<(), Error> {
    transaction.batch_execute(ABOVE_WHAT_WAS_LOST).await
}

/// A trigger that was silenced, and how to wake it.
pub(super) struct Silenced(String);

/// What triggers made of the rows is in the backup itself: made again, it would be there twice.
pub(super) async fn silence_triggers(transaction: &Transaction<'_>) -> Result<Vec<Silenced>, Error> {
    let sql = "
        select c.relname::text as table, t.tgname::text as trigger,
          case t.tgenabled when 'A' then 'enable always' when 'R' then 'enable replica' else 'enable' end as wake
        from pg_catalog.pg_trigger t
        join pg_catalog.pg_class c on c.oid = t.tgrelid
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'weir' and not t.tgisinternal and t.tgenabled <> 'D'
        order by c.relname, t.tgname";
    let mut silenced = Vec::new();
    for row in transaction.query_typed(sql, &[]).await? {
        let (table, trigger): (String, String) = (row.try_get("table")?, row.try_get("trigger")?);
        let (table, trigger, wake) = (quoted(&table), quoted(&trigger), row.try_get::<_, String>("wake")?);
        transaction.batch_execute(&format!("alter table weir.{table} disable trigger {trigger}")).await?;
        silenced.push(Silenced(format!("alter table weir.{table} {wake} trigger {trigger}")));
    }
    Ok(silenced)
}

/// From here on triggers see every change again.
pub(super) async fn wake_triggers(transaction: &Transaction<'_>, silenced: &[Silenced]) -> Result<(), Error> {
    // A table whose deferred checks are still to come cannot be altered.
    transaction.batch_execute("set constraints all immediate").await?;
    for Silenced(wake) in silenced {
        transaction.batch_execute(wake).await?;
    }
    Ok(())
}

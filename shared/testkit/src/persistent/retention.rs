//! Retention: as in Postgres the same rows go, in the same order.

use super::Store;
use super::tables::{Observed, Replaced, Row, Tables};
use std::collections::BTreeSet;
use std::time::Duration;
use weir_catalog::Key;
use weir_flow::ports::{Keeping, Port, PortError, Swept};
use weir_policy::time::Timestamp;

const DAY: Duration = Duration::from_secs(86_400);

impl Keeping for Store {
    async fn swept(&self, projects: &[&str]) -> Result<Vec<Timestamp>, PortError> {
        self.statement(|tables, _| {
            let swept = |name: &&str| tables.projects.get(*name).map_or(Timestamp::ZERO, |known| known.swept_at);
            Ok(projects.iter().map(swept).collect())
        })
        .await
    }

    async fn sweep(&self, project: &str, history: &[(&str, Duration)], limit: u32) -> Result<Swept, PortError> {
        self.statement(|tables, now| {
            tables.known(project)?;
            if self.0.sweeps_refused.get() {
                return Err(PortError::permanent(Port::Persistent, "no sweep"));
            }
            self.0.sweeps.set(self.0.sweeps.get() + 1);
            let swept = sweep(tables, project, history, limit, now);
            if let Some(known) = tables.projects.get_mut(project).filter(|_| swept.total() < limit) {
                known.swept_at = now;
            }
            Ok(swept)
        })
        .await
    }
}

fn sweep(tables: &mut Tables, project: &str, history: &[(&str, Duration)], limit: u32, now: Timestamp) -> Swept {
    let mut left = limit;
    let entries = sweep_unanswered(tables, project, now - DAY * 7, &mut left);
    let (versions, observations) = sweep_history(tables, project, history, now, &mut left);
    let old = |at: Timestamp, days: u32| at <= now - DAY * days;
    Swept {
        entries,
        versions,
        observations,
        changes: take(&mut tables.changes, &mut left, |row| row.key.project() == project && old(row.at, 90)),
        quarantine: take(&mut tables.quarantine, &mut left, |(at, row)| row.key.project() == project && old(*at, 30)),
        deliveries: take(&mut tables.deliveries, &mut left, |row| row.project == project && old(row.received_at, 30)),
        runs: take(&mut tables.runs, &mut left, |run| run.project == project && old(run.started_at, 30)),
        sightings: {
            let forgotten = tables.sightings.iter().filter(|(key, at)| key.project() == project && old(**at, 1));
            let forgotten: Vec<Key> = forgotten.map(|(key, _)| key.clone()).take(left as usize).collect();
            forgotten.iter().map(|key| u32::from(tables.sightings.remove(key).is_some())).sum()
        },
    }
}

fn sweep_unanswered(tables: &mut Tables, project: &str, before: Timestamp, left: &mut u32) -> u32 {
    let untouched = |row: &Row| {
        let tried_until = row.lease.map_or(Timestamp::ZERO, |(_, until)| until).max(row.retry_at);
        row.created_at.max(row.demanded_until).max(tried_until) <= before
    };
    let unanswered = tables.rows.iter().filter(|(key, row)| {
        key.project() == project && row.version.is_none() && row.due_at.is_none() && untouched(row)
    });
    let gone: Vec<Key> = unanswered.map(|(key, _)| key.clone()).take(*left as usize).collect();
    for key in &gone {
        tables.rows.remove(key);
        tables.quarantine.retain(|(_, refused)| refused.key != *key);
    }
    spent(left, gone.len())
}

/// Versions and observations that were replaced long enough ago.
fn sweep_history(
    tables: &mut Tables,
    project: &str,
    history: &[(&str, Duration)],
    now: Timestamp,
    left: &mut u32,
) -> (u32, u32) {
    // What belongs to a resource that is gone is kept as long as the resource kept longest.
    let longest = history.iter().map(|(_, span)| *span).max().unwrap_or_default();
    let span_of =
        |resource: &str| history.iter().find(|(name, _)| *name == resource).map_or(longest, |(_, span)| *span);
    let is_old = |row: &Replaced| row.key.project() == project && row.at <= now - span_of(&row.resource);
    let old: Vec<&Replaced> = tables.replaced.iter().filter(|row| is_old(row)).take(*left as usize).collect();
    let before = |key: &Key| Some(now - span_of(&old.iter().find(|row| row.key == *key)?.resource));
    let was_replaced = |row: &Observed| {
        let later = |other: &&Observed| other.key == row.key && other.name == row.name && other.at > row.at;
        let next_at = tables.observations.iter().filter(later).map(|next| next.at).min();
        next_at.zip(before(&row.key)).is_some_and(|(next_at, before)| next_at <= before)
    };
    let gone: BTreeSet<(Key, String, Timestamp)> = tables
        .observations
        .iter()
        .filter(|row| was_replaced(row))
        .map(|row| (row.key.clone(), row.name.clone(), row.at))
        .take(*left as usize)
        .collect();
    let is_gone = |row: &Observed| gone.contains(&(row.key.clone(), row.name.clone(), row.at));
    let old: BTreeSet<(Key, u64)> = old.iter().map(|row| (row.key.clone(), row.version)).collect();
    let observations = take(&mut tables.observations, left, is_gone);
    let is_old = |row: &Replaced| old.contains(&(row.key.clone(), row.version));
    let mut versions = Vec::new();
    let removed = take(&mut tables.replaced, left, |row| {
        let is_old = is_old(row);
        if is_old {
            versions.push((row.key.clone(), row.version));
        }
        is_old
    });
    for version in versions {
        tables.versions.remove(&version);
    }
    (removed, observations)
}

/// Removes rows, the first first, as long as some may go.
fn take<T>(rows: &mut Vec<T>, left: &mut u32, mut is_old: impl FnMut(&T) -> bool) -> u32 {
    let before = rows.len();
    rows.retain(|row| {
        let goes = *left > 0 && is_old(row);
        *left -= u32::from(goes);
        !goes
    });
    u32::try_from(before - rows.len()).unwrap_or(u32::MAX)
}

fn spent(left: &mut u32, rows: usize) -> u32 {
    let rows = u32::try_from(rows).unwrap_or(u32::MAX);
    *left = left.saturating_sub(rows);
    rows
}

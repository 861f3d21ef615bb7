//! Adoption, leases, budgets and demand.

use super::Store;
use super::tables::{BoardRow, ProjectRow, Row, Tables};
use std::time::Duration;
use weir_catalog::{Catalog, Key, Project, Window};
use weir_flow::ports::{DueWanted, HeldMeta, Lease, LeaseWanted, Leased, Leases, PortError, Save, Saved};
use weir_policy::budget::{Asker, take};
use weir_policy::time::Timestamp;

const SIGHTING: Duration = Duration::from_secs(86_400);

impl Leases for Store {
    async fn adopt(&self, catalog: &Catalog, running: &[&Project]) -> Result<(), PortError> {
        let fingerprint = catalog.fingerprint();
        self.statement(|tables, now| {
            for project in running {
                if tables.projects.get(&project.name).is_none_or(|known| known.fingerprint != fingerprint) {
                    adopt(tables, project, fingerprint, now);
                }
            }
            Ok(())
        })
        .await
    }

    async fn lease(&self, wanted: &LeaseWanted<'_>) -> Result<Leased, PortError> {
        self.statement(|tables, now| {
            tables.known(wanted.key.project())?;
            Ok(lease(tables, wanted, now))
        })
        .await
    }

    async fn lease_due(&self, wanted: &[DueWanted<'_>], span: Duration) -> Result<Vec<Lease>, PortError> {
        self.statement(|tables, now| {
            let mut leases = Vec::new();
            for wanted in wanted {
                tables.known(wanted.project)?;
                leases.extend(lease_due(tables, wanted, now + span, now));
            }
            Ok(leases)
        })
        .await
    }

    async fn save(&self, project: &str, saves: &[Save]) -> Result<Vec<Saved>, PortError> {
        self.statement(|tables, now| Ok(super::saves::save_batch(tables, project, saves, now))).await
    }

    async fn demand(&self, project: &str, wanted: &[(Key, Timestamp)]) -> Result<(), PortError> {
        self.statement(|tables, now| {
            for (key, until) in wanted {
                let Some(row) = tables.rows.get_mut(key).filter(|row| row.version.is_some()) else { continue };
                if row.demanded_until >= *until && row.due_at.is_some() {
                    continue;
                }
                let shard = row.shard;
                row.demanded_until = row.demanded_until.max(*until);
                row.due_at = row.due_at.or(Some(now));
                tables.news(project, shard);
            }
            Ok(())
        })
        .await
    }
}

fn adopt(tables: &mut Tables, project: &Project, fingerprint: u64, now: Timestamp) {
    let swept_at = tables.projects.get(&project.name).map_or(Timestamp::ZERO, |known| known.swept_at);
    let known = ProjectRow { fingerprint, shards: project.board_shards, swept_at };
    tables.projects.insert(project.name.clone(), known);
    for upstream in &project.upstreams {
        let row = tables.upstreams.entry((project.name.clone(), upstream.name.clone())).or_default();
        // A budget that changes goes on counting where a window is as long as it was.
        let counted = |window: &Window| {
            let same = row.windows.iter().position(|old| old.per == window.per);
            same.and_then(|at| row.used.get(at)).copied().unwrap_or_default()
        };
        row.used = upstream.budget.iter().map(counted).collect();
        row.windows.clone_from(&upstream.budget);
        row.reserve_percent = upstream.reserve_percent;
    }
    for shard in 0..project.board_shards {
        let empty = BoardRow { seq: 0, made_at: Timestamp::ZERO, news: 0, published: 0, lease_until: Timestamp::ZERO };
        tables.boards.entry((project.name.clone(), shard)).or_insert(empty);
    }
    let of_project = tables.rows.iter_mut().filter(|(key, _)| key.project() == project.name);
    for (_, row) in of_project.filter(|(_, row)| project.resource(&row.resource).is_none()) {
        row.due_at = None;
    }
    for (resource, key) in project.static_keys() {
        let Some(resource) = project.resources.get(resource) else { continue };
        let Some(upstream) = project.upstreams.get(resource.upstream) else { continue };
        if !tables.rows.contains_key(&key) {
            let row = Row { due_at: Some(now), ..tables.new_row(&key, &resource.name, &upstream.name, now) };
            tables.rows.insert(key, row);
        }
    }
}

fn lease(tables: &mut Tables, wanted: &LeaseWanted<'_>, now: Timestamp) -> Leased {
    if let Some(answer) = known_answer(tables, wanted, now) {
        return answer;
    }
    let upstream = (wanted.key.project().to_owned(), wanted.upstream.to_owned());
    let Some(of) = tables.upstreams.get_mut(&upstream) else { return Leased::Full };
    if of.open_until > now {
        return Leased::BreakerOpen { retry_at: of.open_until };
    }
    let is_new = !tables.rows.contains_key(wanted.key);
    let of_resource = |row: &&Row| row.resource == wanted.resource;
    if is_new && tables.rows.values().filter(of_resource).count() >= wanted.max_entries as usize {
        return Leased::Full;
    }
    let grant = take(&of.windows, &mut of.used, 1, Asker::Client, of.reserve_percent, now);
    if grant.calls == 0 {
        return Leased::OverBudget { retry_at: grant.retry_at };
    }
    let unseen = tables.sightings.get(wanted.key).is_none_or(|at| now.since(*at) > SIGHTING);
    if is_new && wanted.admit_second && unseen {
        tables.sightings.insert(wanted.key.clone(), now);
        return Leased::Passing;
    }
    let fresh = tables.new_row(wanted.key, wanted.resource, wanted.upstream, now);
    tables.rows.entry(wanted.key.clone()).or_insert(fresh);
    extend_demand(tables, wanted);
    Leased::Granted(grant_lease(tables, wanted.key, now + wanted.span))
}

/// What can be answered without a call.
fn known_answer(tables: &mut Tables, wanted: &LeaseWanted<'_>, now: Timestamp) -> Option<Leased> {
    let entry = tables.entry(wanted.key);
    let current = entry.filter(|entry| entry.verified_at > wanted.fresh_after);
    let row = tables.rows.get(wanted.key)?;
    let answer = if let Some(entry) = current {
        Leased::Current(entry)
    } else if let Some((_, until)) = row.lease.filter(|(_, until)| *until > now) {
        Leased::Held { until }
    } else if row.retry_at > now && row.absent {
        Leased::Absent { retry_at: row.retry_at }
    } else if row.retry_at > now {
        Leased::BackingOff { retry_at: row.retry_at }
    } else {
        return None;
    };
    extend_demand(tables, wanted);
    Some(answer)
}

fn extend_demand(tables: &mut Tables, wanted: &LeaseWanted<'_>) {
    if let (Some(row), Some(until)) = (tables.rows.get_mut(wanted.key), wanted.demanded_until) {
        row.demanded_until = row.demanded_until.max(until);
    }
}

fn grant_lease(tables: &mut Tables, key: &Key, until: Timestamp) -> Lease {
    tables.tokens += 1;
    let token = tables.tokens;
    let row = tables.rows.get_mut(key);
    let (resource, failures, demanded_until, held) = row.map_or_else(Default::default, |row| {
        row.lease = Some((token, until));
        let held = row.version.map(|version| HeldMeta {
            version,
            verified_at: row.verified_at,
            validators: row.validators.clone(),
            meaning: row.meaning.clone(),
            weak: row.weak,
        });
        (row.resource.clone(), row.failures, row.demanded_until, held)
    });
    Lease { key: key.clone(), resource, token, until, failures, demanded_until, held }
}

fn lease_due(tables: &mut Tables, wanted: &DueWanted<'_>, until: Timestamp, now: Timestamp) -> Vec<Lease> {
    let upstream = (wanted.project.to_owned(), wanted.upstream.to_owned());
    let mut due: Vec<(u8, Timestamp, Key)> = tables
        .rows
        .iter()
        .filter(|(key, row)| key.project() == wanted.project && row.upstream == wanted.upstream)
        .filter(|(_, row)| row.lease.is_none_or(|(_, until)| until <= now) && row.retry_at <= now)
        .filter_map(|(key, row)| Some((row.priority, row.due_at.filter(|at| *at <= now)?, key.clone())))
        .collect();
    due.sort();
    let Some(of) = tables.upstreams.get_mut(&upstream).filter(|of| of.open_until <= now) else { return Vec::new() };
    let count = u32::try_from(due.len()).unwrap_or(u32::MAX).min(wanted.limit);
    let grant = take(&of.windows, &mut of.used, count, Asker::Tick, of.reserve_percent, now);
    due.truncate(grant.calls as usize);
    due.into_iter().map(|(_, _, key)| grant_lease(tables, &key, until)).collect()
}

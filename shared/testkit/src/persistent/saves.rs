//! Saves: W1, versions, failures and breakers.

use super::tables::{Change, Observed, Refused, Replaced, Row, Tables};
use weir_flow::entry::Entry;
use weir_flow::ports::{Finding, NewEntry, Save, Saved};
use weir_policy::breaker::open_for;
use weir_policy::time::Timestamp;

pub(super) fn save_batch(tables: &mut Tables, project: &str, saves: &[Save], now: Timestamp) -> Vec<Saved> {
    saves.iter().map(|save| save_one(tables, project, save, now)).collect()
}

fn save_one(tables: &mut Tables, project: &str, save: &Save, now: Timestamp) -> Saved {
    if save.key.project() != project {
        return Saved::Lost;
    }
    let Some(row) = tables.rows.get_mut(&save.key) else { return Saved::Lost };
    if row.lease.is_none_or(|(token, _)| token != save.token) {
        return Saved::Lost;
    }
    row.lease = None;
    // Made due by a delivery after the call was sent, it stays due.
    if row.priority != 0 || row.due_at.is_none_or(|at| at <= save.asked_at) {
        row.due_at = save.due_at;
        row.priority = 1;
    }
    let verifies = matches!(save.finding, Finding::New(_) | Finding::Same { .. });
    if verifies && row.verified_at >= save.asked_at {
        return Saved::Lost;
    }
    let upstream = (project.to_owned(), row.upstream.clone());
    let saved = match &save.finding {
        Finding::New(new) => renew(tables, project, save, new, now),
        Finding::Same { validators } => {
            if let Some(validators) = validators {
                row.validators = validators.clone();
            }
            verify(tables, project, save)
        }
        Finding::Bad { reason, excerpt, retry_at } => {
            fail(row, *retry_at, false);
            let (key, reason, excerpt) = (save.key.clone(), reason.clone(), excerpt.clone());
            tables.quarantine.push((now, Refused { key, reason, excerpt }));
            Saved::Noted
        }
        Finding::Absent { retry_at } => {
            fail(row, *retry_at, true);
            Saved::Noted
        }
        Finding::Failed { retry_at, .. } => {
            fail(row, *retry_at, false);
            Saved::Noted
        }
    };
    count_for_breaker(tables, &upstream, &save.finding, now);
    saved
}

fn fail(row: &mut Row, retry_at: Timestamp, absent: bool) {
    row.failures += 1;
    row.retry_at = retry_at;
    row.absent = absent;
}

fn succeed(row: &mut Row, asked_at: Timestamp) {
    row.verified_at = asked_at;
    row.failures = 0;
    row.retry_at = Timestamp::ZERO;
    row.absent = false;
}

fn renew(tables: &mut Tables, project: &str, save: &Save, new: &NewEntry, now: Timestamp) -> Saved {
    let Some(row) = tables.rows.get_mut(&save.key) else { return Saved::Lost };
    let version = row.version.map_or(now.as_ms(), |old| old + 1);
    if let Some(old) = row.version {
        let (key, resource) = (save.key.clone(), row.resource.clone());
        tables.replaced.push(Replaced { key, version: old, resource, at: now });
    }
    row.version = Some(version);
    row.changed_at = now;
    row.meaning.clone_from(&new.meaning);
    row.weak = new.weak;
    row.validators = new.validators.clone();
    succeed(row, save.asked_at);
    let shard = row.shard;
    let entry = Entry {
        version,
        verified_at: save.asked_at,
        changed_at: now,
        content_type: new.content_type.clone(),
        body: new.body.clone(),
    };
    tables.versions.insert((save.key.clone(), version), entry);
    tables.changes.push(Change { key: save.key.clone(), version, at: now });
    for (name, value) in &new.observed {
        let newest = tables.observations.iter().rev().find(|last| last.key == save.key && last.name == *name);
        if newest.is_none_or(|last| last.value != *value) {
            let (key, name, value) = (save.key.clone(), name.clone(), value.clone());
            tables.observations.push(Observed { key, name, value, at: save.asked_at });
        }
    }
    tables.news(project, shard);
    Saved::Kept { version, changed: true, changed_at: now }
}

/// A verification is news where it gains enough, or where an earlier one since the last board is not told yet.
fn verify(tables: &mut Tables, project: &str, save: &Save) -> Saved {
    let Some(row) = tables.rows.get_mut(&save.key) else { return Saved::Lost };
    let Some(version) = row.version else { return Saved::Lost };
    let before = row.verified_at;
    succeed(row, save.asked_at);
    let (shard, changed_at) = (row.shard, row.changed_at);
    let made_at = tables.boards.get(&(project.to_owned(), shard)).map_or(Timestamp::ZERO, |board| board.made_at);
    if save.asked_at.since(before) >= save.news_after || before > made_at {
        tables.news(project, shard);
    }
    Saved::Kept { version, changed: false, changed_at }
}

fn count_for_breaker(tables: &mut Tables, upstream: &(String, String), finding: &Finding, now: Timestamp) {
    let Some(of) = tables.upstreams.get_mut(upstream) else { return };
    let Finding::Failed { pause_until, .. } = finding else {
        of.failures = 0;
        return;
    };
    let was_open = of.open_until > now;
    // Those still under way when it opened do not open it for longer.
    if !was_open {
        of.failures += 1;
        of.open_until = of.open_until.max(open_for(of.failures).map_or(Timestamp::ZERO, |pause| now + pause));
    }
    of.open_until = of.open_until.max(pause_until.unwrap_or_default());
    if !was_open && of.open_until > now {
        let shards = tables.projects.get(&upstream.0).map_or(0, |project| project.shards);
        (0..shards).for_each(|shard| tables.news(&upstream.0, shard));
    }
}

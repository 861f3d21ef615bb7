//! One tick: inbox, due keys, calls, saves, slots, boards, retention, and the record of it.

use crate::bring::owed_slot;
use crate::inbox::drain;
use crate::ports::{
    DueWanted, Finding, HotWriter, Inbox, Keeping, Lease, Leases, PortError, Publishing, Run, Runs, Save, Saved, Timer,
    Upstreams,
};
use crate::publish::{OwedSlot, put_boards, put_owed_slots, put_slots};
use crate::sweep::sweep_due;
use crate::work::{Subject, work};
use futures_util::StreamExt;
use futures_util::stream::iter;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;
use weir_catalog::{Catalog, Project};
use weir_policy::breaker::TOLERATED;
use weir_policy::time::Timestamp;

/// Of the platform's six connections one is Postgres'.
const CALLS_AT_ONCE: usize = 5;
/// The most entries of one save, and what a tick of cron leases of an upstream at once.
pub const BATCH_ENTRIES: u32 = 100;
/// A save is sent before its bodies are more than this.
const BATCH_BYTES: usize = 3 * 1024 * 1024;
/// Enough for a batch of calls that all take their whole timeout.
const LEASE_SPAN: Duration = Duration::from_secs(130);

/// Everything a tick needs.
pub trait TickPorts: Leases + Publishing + Inbox + Keeping + Runs + HotWriter + Upstreams + Timer {}
impl<P: Leases + Publishing + Inbox + Keeping + Runs + HotWriter + Upstreams + Timer> TickPorts for P {}

/// What a tick is to do.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// Everything compiled in.
    pub catalog: &'a Catalog,
    /// For whom: of the projects that run, all or some.
    pub projects: &'a [&'a Project],
    /// What set it off: `cron`, `hook`.
    pub cause: &'a str,
    /// No new batch begins after this instant; the rest stays due.
    pub deadline: Timestamp,
    /// How many keys of an upstream are leased at once: what a batch may take longer than the deadline.
    pub batch: u32,
}

/// Runs a tick. One project's trouble does not stop the others; it is in the project's run.
pub async fn tick<P: TickPorts>(ports: &P, order: Order<'_>) -> Vec<Run> {
    let mut runs: Vec<Run> = order.projects.iter().map(|project| started(ports, project, order.cause)).collect();
    if let Err(error) = ports.adopt(order.catalog, order.projects).await {
        // Without Postgres there is nothing that a tick could do, nor anywhere to record it.
        for run in &mut runs {
            trouble(run, &error);
        }
        return runs;
    }
    for (run, project) in runs.iter_mut().zip(order.projects) {
        let drained = drain(ports, project).await;
        run.deliveries = noting(run, drained).unwrap_or_default();
    }
    if let Err(error) = refresh_due(ports, order, &mut runs).await {
        for run in &mut runs {
            trouble(run, &error);
        }
    }
    for (run, project) in runs.iter_mut().zip(order.projects) {
        let slots = put_owed_slots(ports, &project.name).await;
        run.slots += noting(run, slots).unwrap_or_default();
        let boards = put_boards(ports, project).await;
        run.boards = noting(run, boards).unwrap_or_default();
    }
    // Readers wait for none of this.
    if let Err(error) = sweep_due(ports, order, &mut runs).await {
        for run in &mut runs {
            trouble(run, &error);
        }
    }
    for run in &mut runs {
        run.ended_at = ports.now();
        let recorded = ports.record_run(run).await;
        noting(run, recorded);
    }
    runs
}

fn started(timer: &impl Timer, project: &Project, cause: &str) -> Run {
    Run { project: project.name.clone(), cause: cause.to_owned(), started_at: timer.now(), ..Run::default() }
}

pub(crate) fn noting<T>(run: &mut Run, result: Result<T, PortError>) -> Option<T> {
    result.inspect_err(|error| trouble(run, error)).ok()
}

fn trouble(run: &mut Run, error: &PortError) {
    if run.trouble.is_empty() {
        run.trouble = error.to_string();
    }
}

/// Batch after batch until nothing is due, the budget is spent, or time is up.
async fn refresh_due<P: TickPorts>(ports: &P, order: Order<'_>, runs: &mut [Run]) -> Result<(), PortError> {
    let wanted: Vec<DueWanted<'_>> = order
        .projects
        .iter()
        .flat_map(|project| project.upstreams.iter().map(|upstream| (project.name.as_str(), upstream.name.as_str())))
        .map(|(project, upstream)| DueWanted { project, upstream, limit: order.batch })
        .collect();
    while ports.now() < order.deadline {
        let leases = ports.lease_due(&wanted, LEASE_SPAN).await?;
        if leases.is_empty() {
            break;
        }
        let mut by_project: BTreeMap<String, Vec<Lease>> = BTreeMap::new();
        for lease in leases {
            by_project.entry(lease.key.project().to_owned()).or_default().push(lease);
        }
        for (run, project) in runs.iter_mut().zip(order.projects) {
            if let Some(leases) = by_project.remove(&project.name) {
                let refreshed = refresh_leased(ports, project, leases, run).await;
                noting(run, refreshed);
            }
        }
    }
    Ok(())
}

/// Calls for every lease of one project, and saves in batches. An upstream that only fails is not called to the end of
/// the batch: what was not asked stays due, and its leases run out.
async fn refresh_leased<P: TickPorts>(
    ports: &P,
    project: &Project,
    leases: Vec<Lease>,
    run: &mut Run,
) -> Result<(), PortError> {
    run.leased += count(leases.len());
    let failing = Failing::default();
    let failing = &failing;
    let calls = leases.into_iter().filter_map(|lease| {
        // A lease on a resource that this catalog does not know is left to run out.
        let (_, resource) = project.resource(&lease.resource)?;
        let subject = Subject::of(project, resource)?;
        Some(async move {
            if failing.is_given_up(resource.upstream) {
                return None;
            }
            let save = work(ports, subject, &lease).await;
            failing.note(resource.upstream, &save.finding);
            Some((save, lease.until))
        })
    });
    let mut done = iter(calls).buffer_unordered(CALLS_AT_ONCE);
    let mut batch = Vec::new();
    let mut bytes = 0;
    while let Some(called) = done.next().await {
        let Some((save, until)) = called else { continue };
        run.called += 1;
        bytes += body_bytes(&save);
        batch.push((save, until));
        if bytes >= BATCH_BYTES || count(batch.len()) >= BATCH_ENTRIES {
            save_batch(ports, project, std::mem::take(&mut batch), run).await?;
            bytes = 0;
        }
    }
    save_batch(ports, project, batch, run).await
}

/// Upstreams of a project, by index, that failed several times in a row.
#[derive(Default)]
struct Failing(RefCell<BTreeMap<usize, u32>>);

impl Failing {
    fn is_given_up(&self, upstream: usize) -> bool {
        self.0.borrow().get(&upstream).is_some_and(|failures| *failures >= TOLERATED)
    }

    fn note(&self, upstream: usize, finding: &Finding) {
        let mut failures = self.0.borrow_mut();
        let failures = failures.entry(upstream).or_default();
        *failures = if matches!(finding, Finding::Failed { .. }) { *failures + 1 } else { 0 };
    }
}

/// W1 and W2 of one batch.
async fn save_batch<P: TickPorts>(
    ports: &P,
    project: &Project,
    batch: Vec<(Save, Timestamp)>,
    run: &mut Run,
) -> Result<(), PortError> {
    if batch.is_empty() {
        return Ok(());
    }
    let (saves, untils): (Vec<Save>, Vec<Timestamp>) = batch.into_iter().unzip();
    let outcomes = ports.save(&project.name, &saves).await?;
    let mut owed: Vec<OwedSlot> = Vec::new();
    for ((save, until), saved) in saves.into_iter().zip(untils).zip(outcomes) {
        tally(run, &save.finding, saved);
        owed.extend(owed_slot(save, saved, until));
    }
    run.slots += put_slots(ports, &project.name, &owed).await?;
    Ok(())
}

fn tally(run: &mut Run, finding: &Finding, saved: Saved) {
    match (saved, finding) {
        (Saved::Lost, _) => run.lost += 1,
        (Saved::Kept { changed: true, .. }, _) => run.changed += 1,
        (Saved::Kept { changed: false, .. }, _) => run.verified += 1,
        (Saved::Noted, Finding::Bad { .. } | Finding::Absent { .. }) => run.refused += 1,
        (Saved::Noted, _) => run.failed += 1,
    }
}

fn body_bytes(save: &Save) -> usize {
    match &save.finding {
        Finding::New(new) => new.body.len(),
        _ => 0,
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

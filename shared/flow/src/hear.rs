//! What `refresh` does about the other Workers' reports.

use crate::grounds::Grounds;
use crate::ports::{Fault, PortError, Run, Tidings};
use crate::publish::put_owed_slots;
use crate::tick::{Order, TickPorts, tick};
use std::time::Duration;
use weir_catalog::Key;
use weir_policy::schedule::demanded_until;
use weir_policy::time::Timestamp;

/// Work behind an answer has 30 s; no new batch begins in the second half of them.
const HOOK_TICK: Duration = Duration::from_secs(15);
/// Few enough to be done by then even if none is answered.
const HOOK_BATCH: u32 = 10;

/// Acts on a report. A tick that it led to is answered, to be logged.
pub async fn hear<P: TickPorts>(ports: &P, grounds: Grounds<'_>, tidings: &Tidings) -> Result<Option<Run>, PortError> {
    match tidings {
        Tidings::Demanded(keys) => note_demand(ports, grounds, keys).await.map(|()| None),
        Tidings::Lost { key, version } => {
            ports.slot_lost(key, *version).await?;
            put_owed_slots(ports, key.project()).await.map(|_| None)
        }
        Tidings::BoardLost { project, shard } => ports.board_lost(project, *shard).await.map(|()| None),
        Tidings::Delivered { project } => {
            let project = grounds.running.iter().find(|running| running.name == *project);
            let Some(project) = project else { return Ok(None) };
            let projects = std::slice::from_ref(project);
            let deadline = ports.now() + HOOK_TICK;
            let order = Order { catalog: grounds.catalog, projects, cause: "hook", deadline, batch: HOOK_BATCH };
            Ok(tick(ports, order).await.pop())
        }
    }
}

async fn note_demand<P: TickPorts>(ports: &P, grounds: Grounds<'_>, keys: &[Key]) -> Result<(), PortError> {
    let wanted = wanted(grounds, keys, ports.now());
    let Some((first, _)) = wanted.first() else { return Ok(()) };
    let project = first.project();
    match ports.demand(project, &wanted).await {
        Err(PortError { fault: Fault::NotAdopted, .. }) => {
            ports.adopt(grounds.catalog, grounds.running).await?;
            ports.demand(project, &wanted).await
        }
        other => other,
    }
}

/// The keys that exist and whose resource heeds demand, each with its instant.
fn wanted(grounds: Grounds<'_>, keys: &[Key], now: Timestamp) -> Vec<(Key, Timestamp)> {
    let until = |key: &Key| demanded_until(grounds.subject(key)?.resource.refresh, now);
    keys.iter().filter_map(|key| Some((key.clone(), until(key)?))).collect()
}

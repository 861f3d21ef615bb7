//! What is done about the other Workers' reports.

use crate::called::subject;
use std::time::Duration;
use weir_catalog::{Catalog, Key, Project, Routes};
use weir_flow::ports::{Fault, PortError, Run, Tidings};
use weir_flow::publish::put_owed_slots;
use weir_flow::tick::{Order, TickPorts, tick};
use weir_policy::schedule::demanded_until;
use weir_policy::time::Timestamp;

/// Work behind an answer has 30 s; no new batch begins in the second half of them.
const HOOK_TICK: Duration = Duration::from_secs(15);

/// What may be worked on.
#[derive(Clone, Copy)]
pub(crate) struct Grounds<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) routes: &'a Routes,
    pub(crate) running: &'a [&'a Project],
}

/// Acts on a report. A tick that it led to is answered, to be logged.
pub(crate) async fn act<P: TickPorts>(
    ports: &P,
    grounds: Grounds<'_>,
    tidings: &Tidings,
) -> Result<Option<Run>, PortError> {
    match tidings {
        Tidings::Demanded(keys) => note_demand(ports, grounds, keys).await.map(|()| None),
        Tidings::Lost { key, version } => {
            ports.slot_lost(key, *version).await?;
            put_owed_slots(ports, key.project()).await.map(|_| None)
        }
        Tidings::Delivered { project } => {
            let project = grounds.running.iter().find(|running| running.name == *project);
            let Some(project) = project else { return Ok(None) };
            let projects = std::slice::from_ref(project);
            let deadline = ports.now() + HOOK_TICK;
            let order = Order { catalog: grounds.catalog, projects, cause: "hook", deadline };
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
    let until = |key: &Key| demanded_until(subject(grounds.catalog, grounds.routes, key)?.resource.refresh, now);
    keys.iter().filter_map(|key| Some((key.clone(), until(key)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::called::tests::{catalog, key};

    #[test]
    fn only_keys_that_exist_are_demanded_and_for_as_long_as_their_resource_says() {
        let catalog = catalog();
        let routes = Routes::new(&catalog, &["demo"]);
        let grounds = Grounds { catalog: &catalog, routes: &routes, running: &[] };
        let now = Timestamp::from_secs(1_000);
        let keys = [key("demo/api/players/7"), key("demo/api/players/x"), key("other/api/players/7")];
        assert_eq!(wanted(grounds, &keys, now), [(key("demo/api/players/7"), now + Duration::from_secs(3600))]);
    }
}

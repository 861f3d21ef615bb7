//! Retention: once a day what is old goes, a bounded batch at a time.

use crate::ports::{Keeping, PortError, Run, Timer};
use crate::tick::{Order, noting};
use std::time::Duration;
use weir_catalog::Project;
use weir_policy::schedule::sweep_is_due;
use weir_policy::time::Timestamp;

/// About 50 ms of Postgres' time.
const BATCH_ROWS: u32 = 5_000;

/// Sweeps the projects that were not swept today. What the deadline cuts off, the next tick goes on with.
pub(crate) async fn sweep_due<P: Keeping + Timer>(
    ports: &P,
    order: Order<'_>,
    runs: &mut [Run],
) -> Result<(), PortError> {
    let names: Vec<&str> = order.projects.iter().map(|project| project.name.as_str()).collect();
    let swept = ports.swept(&names).await?;
    for ((run, project), swept_at) in runs.iter_mut().zip(order.projects).zip(swept) {
        if sweep_is_due(swept_at, ports.now()) {
            let swept = sweep(ports, project, order.deadline).await;
            noting(run, swept);
        }
    }
    Ok(())
}

async fn sweep<P: Keeping + Timer>(ports: &P, project: &Project, deadline: Timestamp) -> Result<(), PortError> {
    let resources = project.resources.iter();
    let history: Vec<(&str, Duration)> = resources.map(|resource| (resource.name.as_str(), resource.history)).collect();
    while ports.now() < deadline {
        let swept = ports.sweep(&project.name, &history, BATCH_ROWS).await?;
        if swept.total() < BATCH_ROWS {
            break;
        }
    }
    Ok(())
}

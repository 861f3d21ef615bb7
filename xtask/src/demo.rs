//! The demo upstreams, as a child.

use std::path::Path;

use anyhow::Result;
use tokio::sync::mpsc::UnboundedSender;

use crate::checkout::Checkout;
use crate::cli::StopBy;
use crate::guarded::{Event, Guarded, Program};

/// The name under which its events come.
pub(crate) const NAME: &str = "demo";

/// Starts the demo; it prints one line when it answers (see `is_ready`).
pub(crate) fn start(
    checkout: &Checkout,
    port: u16,
    replay: Option<&Path>,
    log: &Path,
    events: UnboundedSender<Event>,
) -> Result<Guarded> {
    let mut command = vec![checkout.demo().into(), "--port".into(), port.to_string().into()];
    if let Some(folder) = replay {
        command.extend(["--replay".into(), std::path::absolute(folder)?.into()]);
    }
    Guarded::start(
        &Program {
            name: NAME,
            command,
            env: Vec::new(),
            user: None,
            stop: StopBy::Term,
            first_line: None,
            log: log.to_path_buf(),
            listened_to: true,
        },
        events,
    )
}

/// Whether this line says that the demo answers.
pub(crate) fn is_ready(line: &str) -> bool {
    line.starts_with("demo listening on ")
}

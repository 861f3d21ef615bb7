//! The Rust target that Workers run.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::steps::{Done, Step};
use crate::tool;

const TARGET: &str = "wasm32-unknown-unknown";

/// Adds the target with rustup where it is not there yet.
pub(crate) fn ensure(step: &Step) -> Result<Done> {
    let libraries = tool::output(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]));
    if libraries.is_some_and(|folder| Path::new(&folder).exists()) {
        return Ok(Done::Before);
    }
    if tool::output(Command::new("rustup").arg("--version")).is_none() {
        bail!(
            "Rust's target {TARGET} is missing, and so is rustup to add it: install the target the way Rust was installed"
        );
    }
    tool::run(step, Command::new("rustup").args(["target", "add", TARGET]))?;
    Ok(Done::Now)
}

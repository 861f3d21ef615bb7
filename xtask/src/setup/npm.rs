//! The npm packages: wrangler, the Node it needs, esbuild, wasm-opt and Postgres.

use std::process::Command;

use anyhow::{Result, bail};

use crate::checkout::Checkout;
use crate::stamp::{Stamp, bytes};
use crate::steps::{Done, Step};
use crate::tool;

const OLDEST_NODE: u32 = 18;

/// Installs exactly what the lock file names.
pub(crate) fn install(step: &Step, checkout: &Checkout) -> Result<Done> {
    let stamp = Stamp::of(
        checkout.root.join("node_modules/.weir-stamp"),
        &[&bytes(&checkout.root.join("package.json"))?, &bytes(&checkout.root.join("package-lock.json"))?],
    );
    if stamp.is_set() {
        return Ok(Done::Before);
    }
    check_node(step)?;
    tool::run(step, Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&checkout.root))?;
    if tool::output(Command::new(checkout.node()).arg("--version")).is_none() {
        bail!("npm did not run the packages' install scripts: unset ignore-scripts (npm config get ignore-scripts)");
    }
    stamp.set()?;
    Ok(Done::Now)
}

/// npm itself runs on the machine's Node; everything after runs on the one npm brings.
fn check_node(step: &Step) -> Result<()> {
    let Some(found) = tool::output(Command::new("node").arg("--version")) else {
        // Starting it again says in one line what is missing.
        return tool::run(step, Command::new("node").arg("--version"));
    };
    match major(&found) {
        Some(major) if major < OLDEST_NODE => {
            bail!("Node.js {found} is too old for npm's packages: install {OLDEST_NODE} or newer (https://nodejs.org)")
        }
        _ => Ok(()),
    }
}

fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_node_prints() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("nightly"), None);
    }
}

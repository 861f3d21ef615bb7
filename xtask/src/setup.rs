//! Brings a fresh clone to where it can run: tools, packages, modules. Each step is skipped when it was done before.

mod cargo_tools;
mod local_secrets;
mod modules;
mod npm;
pub(crate) mod projects;
mod wasm_target;

use anyhow::Result;

use crate::checkout::Checkout;
use crate::steps::{Done, step};
use crate::tool;

/// Everything that `dev` and `test` need, the project files first: a broken one should not cost a minute to hear of.
pub(crate) fn everything(checkout: &Checkout) -> Result<()> {
    modules_only(checkout)?;
    step("demo upstreams", |step| {
        tool::run(step, cargo(checkout).args(["build", "--package", "weir-demo", "--bin", "weir-demo"]))?;
        Ok(Done::Now)
    })?;
    step("local secrets (.dev.vars)", |_| local_secrets::copy_examples(checkout))
}

/// The tools and the three modules.
pub(crate) fn modules_only(checkout: &Checkout) -> Result<()> {
    let versions = cargo_tools::Versions::read(checkout)?;
    step("project files", |_| projects::validate(checkout))?;
    step("wasm target", wasm_target::ensure)?;
    packages(checkout)?;
    step(&versions.worker_build.label(), |step| cargo_tools::install(step, checkout, &versions.worker_build))?;
    step(&versions.wasm_bindgen.label(), |step| cargo_tools::install(step, checkout, &versions.wasm_bindgen))?;
    for function in crate::checkout::FUNCTIONS {
        step(&format!("module {function}"), |step| modules::build(step, checkout, function, &versions))?;
    }
    Ok(())
}

/// The npm packages only: what a Postgres needs.
pub(crate) fn packages(checkout: &Checkout) -> Result<()> {
    step("npm packages", |step| npm::install(step, checkout))
}

/// A relative `WEIR_PROJECTS_DIR` is meant from where xtask was started; the programs it starts stand elsewhere.
pub(crate) fn with_projects_dir(command: &mut std::process::Command) {
    if let Some(folder) = std::env::var_os("WEIR_PROJECTS_DIR").and_then(|folder| std::path::absolute(folder).ok()) {
        command.env("WEIR_PROJECTS_DIR", folder);
    }
}

/// Cargo, standing at the root.
pub(crate) fn cargo(checkout: &Checkout) -> std::process::Command {
    let mut command = std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&checkout.root);
    // Cargo sets these for the crate it runs; a cargo inside must not take them for its own settings.
    for set_by_cargo in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
        command.env_remove(set_by_cargo);
    }
    with_projects_dir(&mut command);
    command
}

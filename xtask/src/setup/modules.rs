//! The three wasm modules.

use std::process::Command;

use anyhow::Result;

use crate::checkout::Checkout;
use crate::setup::cargo_tools::Versions;
use crate::setup::{cargo, with_projects_dir};
use crate::stamp::{Stamp, bytes};
use crate::steps::{Done, Step};
use crate::tool;

const TARGET: &str = "wasm32-unknown-unknown";

/// Builds one Worker's module, and optimises and wraps it only when cargo's result is a new one.
pub(crate) fn build(step: &Step, checkout: &Checkout, function: &str, versions: &Versions) -> Result<Done> {
    let folder = checkout.root.join("functions").join(function);
    let mut compile = cargo(checkout);
    compile.current_dir(&folder).args(["build", "--release", "--lib", "--target", TARGET]);
    tool::run(step, as_worker_build_does(&mut compile, checkout)?)?;

    let compiled = checkout.target.join(TARGET).join("release").join(format!("weir_{function}.wasm"));
    let stamp = Stamp::of(
        checkout.target.join("weir-stamps").join(format!("module-{function}")),
        &[&bytes(&compiled)?, versions.worker_build.label().as_bytes(), versions.wasm_bindgen.label().as_bytes()],
    );
    if stamp.is_set() && checkout.module(function).exists() {
        return Ok(Done::Before);
    }
    let mut wrap = Command::new(checkout.tools().join("bin/worker-build"));
    wrap.current_dir(&folder).arg("--release");
    tool::run(step, as_worker_build_does(&mut wrap, checkout)?)?;
    stamp.set()?;
    Ok(Done::Now)
}

/// One environment for both, or cargo would compile everything twice; and no tool is fetched from anywhere else.
fn as_worker_build_does<'a>(command: &'a mut Command, checkout: &Checkout) -> Result<&'a mut Command> {
    with_projects_dir(command);
    Ok(command
        .env("WASM_BINDGEN_USE_JS_SYS", "1")
        .env("WASM_BINDGEN_BIN", checkout.tools().join("bin/wasm-bindgen"))
        .env("ESBUILD_BIN", checkout.npm_bin().join("esbuild"))
        .env("WASM_OPT_BIN", checkout.npm_bin().join("wasm-opt"))
        .env("CARGO_TARGET_DIR", &checkout.target)
        .env("PATH", checkout.path_with_npm()?))
}

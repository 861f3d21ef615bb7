//! `worker-build` and `wasm-bindgen`, pinned, in the target folder.

use std::process::Command;

use anyhow::{Context, Result};
use toml::Table;

use crate::checkout::Checkout;
use crate::setup::cargo;
use crate::stamp::bytes;
use crate::steps::{Done, Step};
use crate::tool;

/// A tool that cargo installs.
pub(crate) struct Tool {
    krate: &'static str,
    program: &'static str,
    version: String,
}

impl Tool {
    /// Its name and version.
    pub(crate) fn label(&self) -> String {
        format!("{} {}", self.krate, self.version)
    }
}

/// Both tools at the versions of the crates they belong to.
pub(crate) struct Versions {
    pub(crate) worker_build: Tool,
    pub(crate) wasm_bindgen: Tool,
}

impl Versions {
    /// The root Cargo.toml pins `worker` and `wasm-bindgen`; a tool of another version than its crate does not work.
    pub(crate) fn read(checkout: &Checkout) -> Result<Self> {
        let text = String::from_utf8(bytes(&checkout.root.join("Cargo.toml"))?)?;
        Self::parse(&text).context("Cargo.toml")
    }

    fn parse(manifest: &str) -> Result<Self> {
        let manifest: Table = manifest.parse()?;
        let pinned = |name: &str| -> Option<String> {
            let entry = manifest.get("workspace")?.get("dependencies")?.get(name)?;
            let version = entry.get("version").unwrap_or(entry).as_str()?;
            Some(version.strip_prefix('=')?.to_owned())
        };
        let version = |name: &str| pinned(name).with_context(|| format!("{name} is not pinned with \"=x.y.z\""));
        Ok(Self {
            worker_build: Tool { krate: "worker-build", program: "worker-build", version: version("worker")? },
            wasm_bindgen: Tool {
                krate: "wasm-bindgen-cli",
                program: "wasm-bindgen",
                version: version("wasm-bindgen")?,
            },
        })
    }
}

/// Installs one tool unless this very version is there.
pub(crate) fn install(step: &Step, checkout: &Checkout, wanted: &Tool) -> Result<Done> {
    if is_installed(checkout, wanted) {
        return Ok(Done::Before);
    }
    if tool::attempt(step, installation(checkout, wanted).arg("--locked")).is_err() {
        // A release's own lock file may name a crate that has since been withdrawn; the versions it allows still build.
        tool::run(step, &mut installation(checkout, wanted))?;
    }
    let _ = std::fs::remove_dir_all(build_folder(checkout));
    Ok(Done::Now)
}

fn installation(checkout: &Checkout, tool: &Tool) -> Command {
    let mut install = cargo(checkout);
    install.args(["install", tool.krate, "--version", &tool.version, "--root"]).arg(checkout.tools());
    install.env("CARGO_TARGET_DIR", build_folder(checkout));
    install
}

fn build_folder(checkout: &Checkout) -> std::path::PathBuf {
    checkout.target.join("tools-build")
}

/// Cargo's own record says which version lies there.
fn is_installed(checkout: &Checkout, tool: &Tool) -> bool {
    let record = std::fs::read_to_string(checkout.tools().join(".crates.toml")).unwrap_or_default();
    record.contains(&format!("\"{} {} (", tool.krate, tool.version))
        && checkout.tools().join("bin").join(tool.program).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tools_versions_are_those_of_the_crates() {
        let manifest = "[workspace.dependencies]\nwasm-bindgen = \"=0.2.130\"\nworker = { version = \"=0.8.7\" }\n";
        let versions = Versions::parse(manifest).expect("both are pinned");
        assert_eq!(versions.worker_build.label(), "worker-build 0.8.7");
        assert_eq!(versions.wasm_bindgen.label(), "wasm-bindgen-cli 0.2.130");
    }

    #[test]
    fn a_version_that_is_not_pinned_is_refused() {
        let manifest = "[workspace.dependencies]\nwasm-bindgen = \"0.2\"\nworker = \"=0.8.7\"\n";
        let error = Versions::parse(manifest).err().expect("wasm-bindgen floats");
        assert_eq!(error.to_string(), "wasm-bindgen is not pinned with \"=x.y.z\"");
    }
}

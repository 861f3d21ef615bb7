//! `cargo xtask check`: everything that is looked at besides the tests.

use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use crate::checkout::{CONFIGS, Checkout};
use crate::limiters;
use crate::setup;
use crate::sizes;
use crate::tool;

/// The crates that become wasm.
const WASM_CRATES: [&str; 8] = [
    "weir-catalog",
    "weir-policy",
    "weir-flow",
    "weir-store",
    "weir-edge",
    "weir-read",
    "weir-receive",
    "weir-refresh",
];

/// Runs every check, also after one failed; the last line names those that did.
pub(crate) fn run(checkout: &Checkout) -> ExitCode {
    let mut failed = Vec::new();
    let mut check = |name: &'static str, outcome: Result<()>| {
        if let Err(error) = outcome {
            println!("✗ {name}: {error:#}");
            failed.push(name);
        } else {
            println!("✓ {name}");
        }
    };
    check("format", shown(setup::cargo(checkout).args(["fmt", "--all", "--check"])));
    check(
        "lints",
        shown(setup::cargo(checkout).args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])),
    );
    check("lints, wasm", shown(&mut wasm_lints(checkout)));
    check("licences and sources", deny(checkout, &["bans", "licenses", "sources"]));
    check("advisories", deny(checkout, &["advisories"]));
    check("rate limiters", limiters::check(checkout));
    check("modules", setup::modules_only(checkout));
    check("sizes", within_budgets(checkout));
    for config in CONFIGS {
        check(config, would_deploy(checkout, config));
    }
    if failed.is_empty() {
        println!("all checks passed");
        return ExitCode::SUCCESS;
    }
    println!("failed: {}", failed.join(", "));
    ExitCode::FAILURE
}

fn wasm_lints(checkout: &Checkout) -> Command {
    let mut clippy = setup::cargo(checkout);
    clippy.args(["clippy", "--lib", "--target", "wasm32-unknown-unknown"]);
    for krate in WASM_CRATES {
        clippy.args(["--package", krate]);
    }
    clippy.args(["--", "-D", "warnings"]);
    clippy
}

/// Advisories are fetched from the network; the rest is not.
fn deny(checkout: &Checkout, what: &[&str]) -> Result<()> {
    if tool::output(Command::new("cargo-deny").arg("--version")).is_none() {
        println!("  skipped: cargo-deny is not installed (cargo install --locked cargo-deny)");
        return Ok(());
    }
    shown(setup::cargo(checkout).args(["deny", "check"]).args(what))
}

fn within_budgets(checkout: &Checkout) -> Result<()> {
    if !sizes::check(checkout)? {
        bail!("a module is over its budget");
    }
    Ok(())
}

/// What wrangler would upload, without an account and without uploading it.
fn would_deploy(checkout: &Checkout, config: &str) -> Result<()> {
    let out = checkout.target.join("wrangler-dry-run").join(config.replace('/', "-"));
    let mut wrangler = Command::new(checkout.node());
    wrangler
        .arg(checkout.npm_bin().join("wrangler"))
        .args(["deploy", "--dry-run", "--config", config, "--outdir"])
        .arg(out);
    wrangler.current_dir(&checkout.root).env("WRANGLER_SEND_METRICS", "false").env("PATH", checkout.path_with_npm()?);
    shown(&mut wrangler)
}

fn shown(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    if !status.success() {
        bail!("see above ({status})");
    }
    Ok(())
}

//! The rules of DESIGN.md and STYLE.md that a machine can hold: who may depend on whom, and how files look.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a rule that cannot be looked up is broken")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Of each crate, the crates of this workspace that it may depend on. `weir-testkit` may only be a dev-dependency.
const LAYERS: [(&str, &[&str]); 12] = [
    ("weir-catalog", &[]),
    ("weir-policy", &["weir-catalog"]),
    ("weir-flow", &["weir-catalog", "weir-policy"]),
    ("weir-store", &["weir-catalog", "weir-policy", "weir-flow"]),
    ("weir-edge", &["weir-catalog", "weir-policy", "weir-flow", "weir-store"]),
    ("weir-read", &["weir-catalog", "weir-policy", "weir-flow", "weir-store", "weir-edge"]),
    ("weir-receive", &["weir-catalog", "weir-policy", "weir-flow", "weir-store", "weir-edge"]),
    ("weir-refresh", &["weir-catalog", "weir-policy", "weir-flow", "weir-store", "weir-edge"]),
    ("weir-testkit", &["weir-catalog", "weir-policy", "weir-flow"]),
    ("weir-demo", &[]),
    ("weir-e2e", &["weir-catalog", "weir-store"]),
    ("xtask", &["weir-catalog", "weir-store"]),
];

/// What the pure layers must not know: the platform, SQL, HTTP.
const RIM: [&str; 9] =
    ["worker", "wasm-bindgen", "js-sys", "web-sys", "tokio", "tokio-postgres", "postgres-types", "http", "reqwest"];

const LONGEST_FILE: usize = 400;
const NAMES_THAT_SAY_NOTHING: [&str; 5] = ["util", "helper", "common", "manager", "service"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in the workspace").to_owned()
}

/// Of each crate of the workspace: the names and kinds of what it depends on.
fn dependencies() -> BTreeMap<String, Vec<(String, Option<String>)>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let of = |package: &Value| {
        let listed = package["dependencies"].as_array().cloned().unwrap_or_default();
        listed.iter().map(|one| (text(&one["name"]).unwrap_or_default(), text(&one["kind"]))).collect()
    };
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    packages.iter().map(|package| (text(&package["name"]).unwrap_or_default(), of(package))).collect()
}

fn tracked(ending: &str) -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "--", &format!("*{ending}")])
        .current_dir(root())
        .output()
        .expect("git runs");
    let listed = String::from_utf8(output.stdout).expect("paths are UTF-8");
    let files: Vec<PathBuf> = listed.lines().map(|path| root().join(path)).filter(|path| path.exists()).collect();
    assert!(!files.is_empty(), "no {ending} files found");
    files
}

#[test]
fn dependencies_flow_one_way() {
    let found = dependencies();
    let names: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(names, LAYERS.iter().map(|(name, _)| *name).collect(), "a crate without a row in the table");
    for (name, allowed) in LAYERS {
        for (dependency, kind) in &found[name] {
            let testing = kind.as_deref() == Some("dev");
            if !names.contains(dependency.as_str()) || (testing && (dependency == "weir-testkit" || dependency == name))
            {
                continue;
            }
            assert!(allowed.contains(&dependency.as_str()), "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn catalog_policy_and_flow_know_no_platform_no_sql_and_no_http() {
    let found = dependencies();
    for name in ["weir-catalog", "weir-policy", "weir-flow"] {
        let known: Vec<&String> = found[name]
            .iter()
            .filter(|(_, kind)| kind.as_deref() != Some("dev"))
            .map(|(dependency, _)| dependency)
            .collect();
        assert!(known.iter().all(|dependency| !RIM.contains(&dependency.as_str())), "{name} depends on {known:?}");
    }
}

#[test]
fn every_file_says_in_its_first_line_what_it_is_for() {
    for path in tracked(".rs") {
        let text = std::fs::read_to_string(&path).expect("a source file");
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//! ") && first.len() > 12, "{}: {first:?}", path.display());
    }
}

#[test]
fn no_file_is_so_long_that_it_has_two_purposes() {
    for path in tracked(".rs") {
        let lines = std::fs::read_to_string(&path).expect("a source file").lines().count();
        assert!(lines <= LONGEST_FILE, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_file_has_a_name_that_says_something() {
    for path in tracked(".rs") {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let empty = stem.split('_').any(|word| NAMES_THAT_SAY_NOTHING.contains(&word.trim_end_matches('s')));
        assert!(!empty, "{}", path.display());
    }
}

#[test]
fn nothing_is_left_for_later() {
    let marks = ["TODO", "FIXME", "unimplemented!", "todo!("];
    let this_file = Path::new(file!()).file_name();
    for path in [tracked(".rs"), tracked(".sql"), tracked(".mjs"), tracked(".toml")].concat() {
        if path.file_name() == this_file {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source file");
        for mark in marks {
            // The lint that forbids it is spelt `todo = "warn"`.
            assert!(!text.contains(mark), "{} has {mark}", path.display());
        }
    }
}

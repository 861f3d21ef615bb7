//! Compiles the project files into the catalog that every module embeds.

use std::path::{Path, PathBuf};
use std::{env, fs};
use weir_catalog::{Catalog, ProjectError, compile_dir};

fn main() {
    println!("cargo::rerun-if-env-changed=WEIR_PROJECTS_DIR");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // A relative folder is meant as seen from the workspace, where people type the command.
    let dir = root.join(env::var_os("WEIR_PROJECTS_DIR").map_or_else(|| PathBuf::from("projects"), PathBuf::from));
    println!("cargo::rerun-if-changed={}", dir.display());
    match compile_dir(&dir) {
        Ok(catalog) => embed(&catalog),
        Err(errors) => {
            for error in errors {
                let file = error.file.strip_prefix(&root).unwrap_or(&error.file).to_owned();
                println!("cargo::error={}", ProjectError { file, ..error });
            }
        }
    }
}

fn embed(catalog: &Catalog) {
    println!("cargo::rustc-env=WEIR_CATALOG_FINGERPRINT={:016x}", catalog.fingerprint());
    let written = env::var_os("OUT_DIR")
        .map(|dir| PathBuf::from(dir).join("catalog.bin"))
        .map(|file| fs::write(file, catalog.encode()));
    if let Some(Err(error)) = written {
        println!("cargo::error=cannot write the compiled catalog: {error}");
    }
}

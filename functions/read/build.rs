//! Leaves the names of functions out of the module: a tenth of its size, and a panic tells its file and line without them.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        // Not Cargo's `strip`: that also drops the section from which wasm-bindgen knows the target's features.
        for option in ["--strip-all", "--keep-section=target_features"] {
            println!("cargo::rustc-link-arg-cdylib={option}");
        }
    }
}

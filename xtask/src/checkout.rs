//! Where things are in this checkout.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::guarded::own_program;

/// The three Workers' folders under `functions/`, the front door first.
pub(crate) const FUNCTIONS: [&str; 3] = ["read", "receive", "refresh"];

/// The three wrangler configurations, in the order of `FUNCTIONS`.
pub(crate) const CONFIGS: [&str; 3] =
    ["wrangler.toml", "functions/receive/wrangler.toml", "functions/refresh/wrangler.toml"];

/// The folders of one checkout.
pub(crate) struct Checkout {
    /// The workspace's root.
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
    /// This very program, for the guards that tests start.
    pub(crate) program: PathBuf,
}

impl Checkout {
    /// Cargo says where this crate is; where the running program lies says which target folder is in use.
    pub(crate) fn find() -> Result<Self> {
        let manifest = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
        let root = Path::new(&manifest).parent().context("xtask has no parent folder")?.to_path_buf();
        let program = own_program()?.to_path_buf();
        let target = program.ancestors().nth(2).context("xtask does not lie in a target folder")?.to_path_buf();
        Ok(Self { root, target, program })
    }

    /// Where `cargo xtask dev` keeps its state.
    pub(crate) fn weir(&self) -> PathBuf {
        self.root.join(".weir")
    }

    /// The npm packages' commands, among them the Node that wrangler needs.
    pub(crate) fn npm_bin(&self) -> PathBuf {
        self.root.join("node_modules/.bin")
    }

    /// The Node that wrangler needs.
    pub(crate) fn node(&self) -> PathBuf {
        self.npm_bin().join("node")
    }

    /// Where `worker-build` and `wasm-bindgen` are installed.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// The demo upstreams' program.
    pub(crate) fn demo(&self) -> PathBuf {
        self.target.join("debug/weir-demo")
    }

    /// The folder of SQL migrations.
    pub(crate) fn migrations(&self) -> PathBuf {
        self.root.join("migrations")
    }

    /// One Worker's built module.
    pub(crate) fn module(&self, function: &str) -> PathBuf {
        self.root.join("functions").join(function).join("build/index_bg.wasm")
    }

    /// `PATH` with the npm packages' commands first, because the machine's own Node may be too old for wrangler.
    pub(crate) fn path_with_npm(&self) -> Result<std::ffi::OsString> {
        let machine = std::env::var_os("PATH").unwrap_or_default();
        let all = std::iter::once(self.npm_bin()).chain(std::env::split_paths(&machine));
        std::env::join_paths(all).context("the path of this checkout holds a colon, which PATH cannot")
    }

    /// A short name for this checkout, for state that has to live outside of it.
    pub(crate) fn short_hash(&self) -> String {
        hex(&Sha256::digest(self.root.as_os_str().as_encoded_bytes())).chars().take(12).collect()
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

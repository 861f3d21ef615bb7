//! What `cargo xtask test` prepared, by name.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::failure::Must;

/// The superuser's address of the Postgres for these tests.
pub(crate) fn postgres() -> String {
    prepared("WEIR_E2E_POSTGRES")
}

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    prepared("WEIR_ROOT").into()
}

/// The Node that wrangler needs.
pub(crate) fn node() -> String {
    prepared("WEIR_NODE")
}

/// The demo upstreams' program.
pub(crate) fn demo() -> String {
    prepared("WEIR_DEMO")
}

/// xtask itself, whose guard ends a program when the test that started it is gone.
pub(crate) fn xtask() -> String {
    prepared("WEIR_XTASK")
}

/// A name that no other world has, in this test run.
pub(crate) fn unique() -> String {
    static WORLDS: AtomicU32 = AtomicU32::new(0);
    format!("{}_{}", std::process::id(), WORLDS.fetch_add(1, Ordering::Relaxed))
}

fn prepared(name: &str) -> String {
    std::env::var(name).must(&format!("run `cargo xtask test`, which prepares {name} and what it names"))
}

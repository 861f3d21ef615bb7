//! Black-box tests of the three Workers on workerd, over a real Postgres and the demo upstreams.
//!
//! A test makes a [`World`] and asks it what a client, a provider and the clock would. Whatever the world itself cannot
//! do fails the test with a message; only what Weir answers is returned.

mod database;
mod demo;
mod environment;
mod failure;
mod program;
mod proxy;
mod response;
mod until;
mod workers;
mod world;

pub use database::Database;
pub use demo::Demo;
pub use response::Response;
pub use until::until;
pub use workers::KvKey;
pub use world::{CLIENT, HOOK_SECRET, Options, World};

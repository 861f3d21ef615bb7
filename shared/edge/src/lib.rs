//! Workers adapters: KV, upstream calls, Postgres connections, service bindings, clock, log, and a meter around them all.
//!
//! What decides something is pure and tested natively; the rest only speaks to the platform. Nothing here outlives its
//! request but plain data.

pub mod binding;
pub mod body;
pub mod catalog;
pub mod clock;
pub mod db;
mod env;
pub mod fetch;
pub mod gauge;
mod js;
pub mod kv;
pub mod limiter;
mod lines;
pub mod log;
pub mod missing;
pub mod payload;
pub mod problem;
pub mod request;
pub mod respond;
mod slot;
pub mod transport;
mod upstream;
pub mod wire;

pub use env::{flag, text};

//! The persistent tier: the ports of `weir-flow`, each method one call of one SQL function.
//!
//! The functions are in `migrations/`; this crate only spells their arguments and reads their rows. It runs natively and
//! in wasm: whoever uses it brings the connection.

mod adopt;
mod board;
mod connector;
mod entry;
mod failure;
mod inbox;
mod keeping;
mod lease;
mod save;
mod scopes;
mod slots;
mod store;
mod wire;

#[cfg(feature = "backup")]
pub mod backup;
#[cfg(feature = "keys")]
pub mod keys;
#[cfg(feature = "migrate")]
pub mod migrate;
#[cfg(feature = "native")]
pub mod native;

pub use connector::Connector;
pub use store::Store;

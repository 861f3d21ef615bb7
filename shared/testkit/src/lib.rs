//! The in-memory world that flow's tests and the simulation run in.
//!
//! Time is virtual, every hop between parts can take time or fail, and the hot tier can be as bad as KV is allowed to be.

pub mod chance;
pub mod contract;
pub mod hot;
pub mod persistent;
pub mod projects;
pub mod time;
pub mod upstream;
pub mod world;

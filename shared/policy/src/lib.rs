//! Weir's decisions: values in, values out. No I/O, no async, no clock.

pub mod api_key;
pub mod board;
pub mod breaker;
pub mod budget;
pub mod check;
mod dropped;
pub mod freshness;
pub mod meaning;
pub mod meter;
pub mod schedule;
pub mod signature;
pub mod slot;
pub mod time;
pub mod view;

//! Weir's use cases, over small ports.

pub mod answer;
pub mod bring;
pub mod entry;
pub mod grounds;
pub mod hear;
pub mod inbox;
mod memory;
pub mod opening;
pub mod ports;
pub mod publish;
mod reach;
pub mod read;
pub mod reader;
pub mod receive;
mod sweep;
pub mod tick;
pub mod work;

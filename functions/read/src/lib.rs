//! `read`, the front door: answers reads, and hands everything else to `receive`.

mod asked;
mod cache_status;
mod cors;
mod failed;
mod fetch;
mod own;
mod served;
mod validators;
mod world;

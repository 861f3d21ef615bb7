//! `read`, the front door: answers reads, and hands everything else to `receive`.

mod asked;
mod cache_status;
mod cors;
mod credential;
mod failed;
mod fetch;
mod gate;
mod own;
#[cfg(test)]
mod rim_tests;
mod served;
mod validators;
mod world;

//! `receive`: verifies and durably records what others push, then pokes `refresh`.

mod answer;
mod fetch;
mod refusals;
#[cfg(test)]
mod rim_tests;
mod secrets;
mod target;

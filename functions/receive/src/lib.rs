//! `receive`: verifies and durably records what others push, then pokes `refresh`.

mod answer;
mod fetch;
mod refusals;
mod target;

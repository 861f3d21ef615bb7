//! `refresh`: fetches, compares, saves and publishes, on cron and when the other Workers ask.

mod answer;
mod called;
mod event;
mod world;

//! The persistent tier against a real Postgres, migrated by a role with Supabase's rights.

#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "this is a test")]

mod audit;
mod backups;
mod contract;
mod effects;
mod failures;
mod isolation;
mod keys;
mod migrations;
mod plans;
mod public_api;
mod rights;
mod steps;
mod waits;
mod world;

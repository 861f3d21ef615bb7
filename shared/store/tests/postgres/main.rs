//! The persistent tier against a real Postgres, migrated by a role with Supabase's rights.

mod contract;
mod isolation;
mod migrations;
mod world;

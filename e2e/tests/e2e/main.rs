//! What a client, a provider and cron really see: the three Workers on workerd, a real Postgres, a real HTTP upstream.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod asking;
mod backups;
mod budgets;
mod collapse;
mod faults;
mod hooks;
mod outages;
mod reads;
mod refusals;
mod rim;
mod ticks;

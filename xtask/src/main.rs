//! Builds, runs, tests and checks Weir: everything a developer types is `cargo xtask …`.

mod backup;
mod check;
mod checkout;
mod cli;
mod cron;
mod database;
mod demo;
mod dev;
mod guard;
mod guarded;
mod keys;
mod limiters;
mod log_lines;
mod logins;
mod migrate;
mod persistent_tier;
mod ports;
mod postgres;
mod ready;
mod secrets;
mod setup;
mod sizes;
mod stamp;
mod state;
mod steps;
mod stop;
mod summary;
mod test;
mod tool;
mod workers;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::checkout::Checkout;
use crate::cli::{Cli, Command};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Cli::parse().command).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<ExitCode> {
    if let Command::Guard(order) = command {
        return guard::run(&order);
    }
    let checkout = Checkout::find()?;
    match command {
        Command::Dev(options) => dev::run(&checkout, &options).await,
        Command::Test { args } => test::run(&checkout, &args).await,
        Command::Check => Ok(check::run(&checkout)),
        Command::Migrate(options) => migrate::run(&checkout, &options).await,
        Command::Backup(options) => backup::back_up(&options).await,
        Command::Restore(options) => backup::restore(&checkout, &options).await,
        Command::Keys(order) => keys::run(&checkout, &order).await,
        Command::Build => setup::modules_only(&checkout).map(|()| ExitCode::SUCCESS),
        Command::Guard(_) => Ok(ExitCode::SUCCESS),
    }
}

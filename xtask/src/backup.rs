//! `cargo xtask backup` and `cargo xtask restore`: everything that Weir keeps in a Postgres, as one file.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use tokio_postgres::Client;
use weir_store::backup::{self, Kept};

use crate::checkout::Checkout;
use crate::cli::{BackupOptions, RestoreOptions};
use crate::database;

/// Writes the file; says what is in it.
pub(crate) async fn back_up(options: &BackupOptions) -> Result<ExitCode> {
    let mut client = connected(&options.database_url).await?;
    let kept = backup::back_up(&mut client, &options.to, tell).await?;
    println!("backed up {} to {} ({} kB)", sum(&kept), options.to.display(), kilobytes(&options.to)?);
    Ok(ExitCode::SUCCESS)
}

/// Puts the file's rows into the database; says what is there now, and what is still to do.
pub(crate) async fn restore(checkout: &Checkout, options: &RestoreOptions) -> Result<ExitCode> {
    let mut client = connected(&options.database_url).await?;
    let folder = checkout.migrations();
    let restored = backup::restore(&mut client, &options.from, &folder, options.overwrite, tell).await?;
    println!("restored {}, as they were {} ago", sum(&restored.kept), since(restored.made_ms));
    if !restored.migrated.is_empty() {
        println!(
            "applied {} migrations first; on a new server the logins have no passwords yet: \
             cargo xtask migrate --new-passwords",
            restored.migrated.len()
        );
    }
    Ok(ExitCode::SUCCESS)
}

async fn connected(url: &str) -> Result<Client> {
    let owner = database::parse("--database-url", url)?;
    database::connect(&owner).await.map_err(|error| database::explain(&owner, &error))
}

fn tell(table: &Kept) {
    println!("  {}: {}", table.table, table.rows);
}

fn sum(kept: &[Kept]) -> String {
    let rows: u64 = kept.iter().map(|table| table.rows).sum();
    format!("{rows} rows of {} tables", kept.len())
}

fn kilobytes(file: &Path) -> Result<u64> {
    Ok(std::fs::metadata(file)?.len().div_ceil(1_000))
}

fn since(made_ms: u64) -> String {
    let made_at = UNIX_EPOCH + Duration::from_millis(made_ms);
    let minutes = SystemTime::now().duration_since(made_at).unwrap_or_default().as_secs() / 60;
    match minutes {
        0..120 => format!("{minutes} min"),
        120..2880 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_says_how_old_it_is() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let age = |secs: u64| since((now - secs) * 1_000);
        assert_eq!([age(60), age(7_200), age(864_000)], ["1 min", "2 h", "10 days"]);
    }
}

//! The embedded Postgres: initialised, started, waited for, stopped when dropped.

mod leftover;
mod place;
mod server_files;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::sync::mpsc::UnboundedSender;
use tokio_postgres::Config;
use tokio_postgres::error::SqlState;

use crate::cli::StopBy;
use crate::guarded::{Event, Guarded, Program, last_lines};
pub(crate) use crate::postgres::place::Place;

/// The name under which its events come.
pub(crate) const NAME: &str = "postgres";

const PATIENCE: Duration = Duration::from_secs(40);

/// A running Postgres. Dropping it is a fast shutdown, waited for.
pub(crate) struct Postgres {
    /// Who connects as superuser, and where.
    pub(crate) superuser: Config,
    /// The server's process.
    pub(crate) pid: Option<i32>,
    _server: Guarded,
}

/// How durable it has to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// State that is kept between starts.
    Kept,
    /// A database for one test run, gone afterwards.
    Throwaway,
}

/// Stops what an earlier, crashed run left on this place; says so if there was something.
pub(crate) fn stop_leftover(place: &Place) -> Result<()> {
    if let Some(pid) = leftover::stop(&place.data)? {
        eprintln!("  stopped Postgres (process {pid}), left over from a run that crashed");
    }
    Ok(())
}

/// Starts the server and waits until it answers.
pub(crate) async fn start(
    place: &Place,
    port: u16,
    durability: Durability,
    log: PathBuf,
    events: UnboundedSender<Event>,
) -> Result<Postgres> {
    let password = server_files::ensure(place, &log)?;
    let server = Guarded::start(
        &Program {
            name: NAME,
            command: command(place, port, durability),
            env: vec![("LC_ALL", OsString::from("C"))],
            user: place.user,
            stop: StopBy::Int,
            first_line: None,
            log: log.clone(),
            listened_to: false,
        },
        events,
    )?;
    let mut superuser = Config::new();
    superuser.host("127.0.0.1").port(port).user("postgres").password(&password).dbname("postgres");
    until_it_answers(&superuser, &server, &log).await?;
    Ok(Postgres { superuser, pid: leftover::recorded_pid(&place.data), _server: server })
}

fn command(place: &Place, port: u16, durability: Durability) -> Vec<OsString> {
    let mut command: Vec<OsString> = vec![place.program("postgres").into(), "-D".into(), place.data.clone().into()];
    let mut setting = |text: String| command.extend(["-c".into(), text.into()]);
    setting(format!("port={port}"));
    setting("listen_addresses=127.0.0.1".to_owned());
    // No socket: a path may be too long for one, and nothing here would use it.
    setting("unix_socket_directories=".to_owned());
    if durability == Durability::Throwaway {
        setting("max_connections=300".to_owned());
        for off in ["fsync", "synchronous_commit", "full_page_writes"] {
            setting(format!("{off}=off"));
        }
    }
    command
}

async fn until_it_answers(superuser: &Config, server: &Guarded, log: &std::path::Path) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        match crate::database::connect(superuser).await {
            Ok(_) => return Ok(()),
            Err(error) if error.code() == Some(&SqlState::INVALID_PASSWORD) => {
                bail!(
                    "the embedded Postgres does not know the password kept beside it: cargo xtask dev --fresh starts anew"
                )
            }
            Err(_) if server.has_ended() => {
                bail!("Postgres ended at once; the last lines of {}:\n  {}", log.display(), last_lines(log, 8))
            }
            Err(error) if Instant::now() > until => {
                bail!("Postgres did not answer within {} s ({error}); see {}", PATIENCE.as_secs(), log.display())
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(40)).await,
        }
    }
}

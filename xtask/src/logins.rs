//! The three logins' passwords: made once, kept in a file, and never changed under a server's other users.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use tokio_postgres::{Client, Config};
use weir_store::migrate::{LOGINS, ensure_logins};

use crate::database::{connect, explain, host_and_port};
use crate::secrets::write_private;

/// Login to password.
pub(crate) type Logins = BTreeMap<String, String>;

/// The logins of a server that is this checkout's alone: whichever password in the file does not fit is made anew.
pub(crate) async fn of_own_server(client: &Client, owner: &Config, file: &Path) -> Result<Logins> {
    let known = fitting(owner, read(file)?).await;
    give(client, known, file).await
}

/// The logins of somebody's server: one that exists there with another password than the file's is left alone, because
/// others may be using it.
pub(crate) async fn of_given_server(client: &Client, owner: &Config, file: &Path, before: &[String]) -> Result<Logins> {
    let known = fitting(owner, read(file)?).await;
    let foreign: Vec<&str> = before.iter().map(String::as_str).filter(|login| !known.contains_key(*login)).collect();
    if !foreign.is_empty() {
        bail!(
            "{} at {} have passwords that {} does not hold: write them there, or set new ones with \
             cargo xtask migrate --new-passwords --logins {}",
            foreign.join(", "),
            host_and_port(owner),
            file.display(),
            file.display()
        );
    }
    give(client, known, file).await
}

/// What became of the logins of a server that Workers may be using already.
pub(crate) struct Given {
    /// Those that got a password just now.
    pub(crate) new: Logins,
    /// Those that kept the one they had.
    pub(crate) kept: Vec<String>,
}

/// Gives passwords to the logins that were not there `before`, or to all; keeps them in `file` where one is named.
pub(crate) async fn of_production(
    client: &Client,
    before: &[String],
    new_for_all: bool,
    file: Option<&Path>,
) -> Result<Given> {
    let kept: Vec<String> = if new_for_all { Vec::new() } else { before.to_vec() };
    let mut known = file.map_or_else(|| Ok(Logins::new()), read)?;
    if new_for_all {
        known.clear();
    }
    // What the file holds is written back; of the others it is only known that they have a password.
    let untouched = kept.iter().filter(|login| !known.contains_key(*login)).cloned().collect::<Vec<_>>();
    let mut has_one = known.clone();
    has_one.extend(untouched.into_iter().map(|login| (login, String::new())));
    let new = ensure_logins(client, &has_one).await?;
    known.extend(new.clone());
    if let Some(file) = file {
        write(file, &known)?;
    }
    Ok(Given { new, kept })
}

/// The logins that the server has now.
pub(crate) async fn existing(owner: &Config) -> Result<Vec<String>> {
    let client = connect(owner).await.map_err(|error| explain(owner, &error))?;
    let names = LOGINS.map(ToOwned::to_owned).to_vec();
    let rows =
        client.query("select rolname::text from pg_catalog.pg_roles where rolname::text = any ($1)", &[&names]).await?;
    Ok(rows.iter().filter_map(|row| row.try_get(0).ok()).collect())
}

async fn give(client: &Client, mut logins: Logins, file: &Path) -> Result<Logins> {
    let new = ensure_logins(client, &logins).await?;
    logins.extend(new);
    write(file, &logins)?;
    Ok(logins)
}

/// Those whose password the server takes.
async fn fitting(owner: &Config, known: Logins) -> Logins {
    let mut fitting = Logins::new();
    for (login, password) in known {
        let mut config = owner.clone();
        config.user(&login).password(&password);
        if connect(&config).await.is_ok() {
            fitting.insert(login, password);
        }
    }
    fitting
}

fn write(file: &Path, logins: &Logins) -> Result<()> {
    write_private(file, &serde_json::to_string_pretty(logins)?)
}

fn read(file: &Path) -> Result<Logins> {
    match std::fs::read_to_string(file) {
        Ok(text) => {
            serde_json::from_str(&text).with_context(|| format!("{} is no list of logins: remove it", file.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Logins::new()),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", file.display())),
    }
}

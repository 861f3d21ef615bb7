//! `cargo xtask keys`: the operator's way to API keys, as the role that migrates.

use std::process::ExitCode;

use anyhow::{Result, bail};
use tokio_postgres::Client;
use weir_store::keys::{self, Listed, Made, NewKey};

use crate::checkout::Checkout;
use crate::cli::{KeysOf, KeysOrder};
use crate::database;
use crate::secrets::random_bytes;
use crate::setup::projects;

/// Twice as many as a key takes: one byte in 32 is of no use to it.
const RANDOM_BYTES: usize = 64;

/// Does what was ordered.
pub(crate) async fn run(checkout: &Checkout, order: &KeysOrder) -> Result<ExitCode> {
    match order {
        KeysOrder::Create { of, name, scopes, expires } => {
            is_declared(checkout, &of.project)?;
            let new = NewKey { project: &of.project, name, scopes, valid_for: *expires };
            let made = keys::create(&connected(of).await?, new, random_bytes::<RANDOM_BYTES>()?).await?;
            hand_out(of, &made);
        }
        KeysOrder::List { of } => {
            for line in table(&keys::list(&connected(of).await?, &of.project).await?) {
                println!("{line}");
            }
        }
        KeysOrder::Revoke { of, id } => {
            keys::revoke(&connected(of).await?, &of.project, *id).await?;
            println!("revoked key {id} of {}", of.project);
        }
        KeysOrder::Rotate { of, id, overlap } => {
            let random = random_bytes::<RANDOM_BYTES>()?;
            let made = keys::rotate(&connected(of).await?, &of.project, *id, *overlap, random).await?;
            eprintln!("it takes the place of key {id}, which ends by itself: `cargo xtask keys list` says when");
            hand_out(of, &made);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A key of a mistyped project would open nothing, and nobody would know why.
fn is_declared(checkout: &Checkout, project: &str) -> Result<()> {
    let catalog = projects::catalog(checkout)?;
    if catalog.project(project).is_none() {
        let known: Vec<&str> = catalog.projects.iter().map(|project| project.name.as_str()).collect();
        bail!("no project file declares {project}; there is {}", known.join(", "));
    }
    Ok(())
}

async fn connected(of: &KeysOf) -> Result<Client> {
    let owner = database::parse("--database-url", &of.database_url)?;
    database::connect(&owner).await.map_err(|error| database::explain(&owner, &error))
}

/// The key alone goes to stdout, so that it can be piped to where it belongs instead of being shown.
fn hand_out(of: &KeysOf, made: &Made) {
    eprintln!("made key {} of {}; it is shown once and kept nowhere:", made.id, of.project);
    println!("{}", made.key.reveal());
}

fn table(keys: &[Listed]) -> Vec<String> {
    let never = "-".to_owned();
    let line = |[id, state, scopes, created, ends, name]: [&str; 6]| {
        format!("{id:>5}  {state:<7}  {scopes:<24}  {created:<20}  {ends:<20}  {name}")
    };
    let mut lines = vec![line(["id", "state", "scopes", "created", "ends", "name"])];
    lines.extend(keys.iter().map(|key| {
        let ends = key.revoked_at.as_ref().or(key.expires_at.as_ref()).unwrap_or(&never);
        line([&key.id.to_string(), &key.state, &key.scopes.join(","), &key.created_at, ends, &key.name])
    }));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_shows_when_each_key_ends() {
        let key = |revoked_at: Option<&str>, expires_at: Option<&str>| Listed {
            id: 7,
            name: "fans".to_owned(),
            scopes: vec!["read".to_owned(), "metrics".to_owned()],
            state: "valid".to_owned(),
            created_at: "2026-01-01T00:00:00Z".to_owned(),
            expires_at: expires_at.map(str::to_owned),
            revoked_at: revoked_at.map(str::to_owned),
        };
        let lines = table(&[key(None, None), key(None, Some("later")), key(Some("sooner"), Some("later"))]);
        let ends: Vec<&str> = lines.iter().filter_map(|line| line.split_whitespace().nth(4)).collect();
        assert_eq!(ends, ["ends", "-", "later", "sooner"]);
        assert!(lines.iter().skip(1).all(|line| line.contains("read,metrics") && line.ends_with("fans")));
    }
}

//! The database: made, migrated as a Supabase-like role, and the three logins' addresses.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, bail};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error, NoTls};

use crate::checkout::Checkout;
use crate::logins::Logins;
use crate::secrets::random_password;

/// The database that `cargo xtask dev` makes.
const DATABASE: &str = "weir";
/// Who owns it and migrates: what Supabase calls `postgres`, that is no superuser.
const OWNER: &str = "weir_owner";
/// Each Worker's Hyperdrive binding and login.
const LOGINS: [(&str, &str); 3] =
    [("READ_DB", "weir_read"), ("RECEIVE_DB", "weir_receive"), ("REFRESH_DB", "weir_refresh")];

/// Each Worker's Hyperdrive binding, to its connection string.
pub(crate) type Addresses = BTreeMap<&'static str, String>;

/// Makes owner and database where they are missing; returns how the owner connects.
pub(crate) async fn make(superuser: &Config) -> Result<Config> {
    let client = connect(superuser).await.map_err(|error| explain(superuser, &error))?;
    let password = random_password()?;
    let known = client.query_opt("select from pg_catalog.pg_roles where rolname = $1", &[&OWNER]).await?.is_some();
    let verb = if known { "alter" } else { "create" };
    client.batch_execute(&format!("{verb} role {OWNER} login createrole bypassrls password '{password}'")).await?;
    let exists =
        client.query_opt("select from pg_catalog.pg_database where datname = $1", &[&DATABASE]).await?.is_some();
    if !exists {
        client.batch_execute(&format!("create database {DATABASE} owner {OWNER}")).await?;
    }
    let mut owner = superuser.clone();
    owner.user(OWNER).password(password).dbname(DATABASE);
    Ok(owner)
}

/// Applies the migrations as `owner`; returns the names of what it applied, and the client for what follows.
pub(crate) async fn migrate(checkout: &Checkout, owner: &Config) -> Result<(Vec<String>, Client)> {
    let mut client = connect(owner).await.map_err(|error| explain(owner, &error))?;
    let applied = weir_store::migrate::migrate(&mut client, &checkout.migrations()).await?;
    Ok((applied, client))
}

/// Each Worker's connection string, on the server that `owner` names.
pub(crate) fn addresses(owner: &Config, logins: &Logins) -> Addresses {
    let place = format!("{}/{}", host_and_port(owner), owner.get_dbname().unwrap_or(DATABASE));
    let address = |login: &str| {
        let password = logins.get(login).map(String::as_str).unwrap_or_default();
        format!("postgres://{login}:{password}@{place}")
    };
    LOGINS.iter().map(|(binding, login)| (*binding, address(login))).collect()
}

/// The server a given address names; fails with one line when it is none.
pub(crate) fn parse(name: &str, url: &str) -> Result<Config> {
    let config: Config = url.parse().map_err(|error| {
        anyhow!("{name} is no address of a Postgres (postgres://role:password@host:port/database): {error}")
    })?;
    if config.get_hosts().is_empty() || config.get_user().is_none() || config.get_dbname().is_none() {
        bail!("{name} must name role, host and database: postgres://role:password@host:port/database");
    }
    if config.get_ssl_mode() == SslMode::Require {
        bail!(
            "{name} asks for TLS, which xtask does not speak: reach the server through a tunnel that ends on this machine"
        );
    }
    Ok(config)
}

/// Connects, and drives the connection until the client is dropped.
pub(crate) async fn connect(config: &Config) -> Result<Client, Error> {
    let (client, connection) = config.connect(NoTls).await?;
    // Its errors come out of the client's own calls too.
    tokio::spawn(connection);
    Ok(client)
}

/// Why a server could not be used, and what to check.
pub(crate) fn explain(config: &Config, error: &Error) -> anyhow::Error {
    let place = host_and_port(config);
    let user = config.get_user().unwrap_or_default();
    match error.code() {
        Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
            anyhow!("Postgres at {place} refuses {user}: check role and password in the address")
        }
        Some(&SqlState::INVALID_CATALOG_NAME) => {
            let database = config.get_dbname().unwrap_or_default();
            anyhow!("Postgres at {place} has no database {database}: create it or correct the address")
        }
        Some(_) => {
            anyhow!("Postgres at {place} refuses: {}", error.as_db_error().map_or("", |refusal| refusal.message()))
        }
        None => {
            let why = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
            anyhow!(
                "Postgres at {place} cannot be reached ({why}): check that it runs, and host and port in the address"
            )
        }
    }
}

pub(crate) fn host_and_port(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        Some(Host::Unix(folder)) => folder.display().to_string(),
        None => "127.0.0.1".to_owned(),
    };
    format!("{host}:{}", config.get_ports().first().copied().unwrap_or(5432))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_worker_connects_with_its_own_login() {
        let owner = parse("DATABASE_URL", "postgres://weir_owner:x@db.example:6543/weir").expect("an address");
        let logins = BTreeMap::from([("weir_read".to_owned(), "abc".to_owned())]);
        assert_eq!(
            addresses(&owner, &logins).get("READ_DB").expect("named"),
            "postgres://weir_read:abc@db.example:6543/weir"
        );
    }

    #[test]
    fn a_wrong_address_says_what_one_looks_like() {
        let tls = parse("DATABASE_URL", "postgres://u:p@h:5432/db?sslmode=require").expect_err("TLS is not spoken");
        assert!(tls.to_string().contains("through a tunnel"), "{tls}");
        for wrong in ["mysql://x", "postgres://localhost", "postgres://u@h:notaport/db"] {
            let error = parse("DATABASE_URL", wrong).expect_err("no address").to_string();
            assert!(error.contains("postgres://role:password@host:port/database"), "{wrong}: {error}");
        }
    }

    #[tokio::test]
    async fn a_closed_port_says_what_to_check() {
        let port = crate::ports::any_free().expect("a port");
        let config = parse("DATABASE_URL", &format!("postgres://u:p@127.0.0.1:{port}/weir")).expect("an address");
        let error = connect(&config).await.expect_err("nothing listens");
        assert!(explain(&config, &error).to_string().contains("check that it runs"));
    }
}

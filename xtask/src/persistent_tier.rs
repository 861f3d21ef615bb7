//! The persistent tier of `cargo xtask dev`: a Postgres, migrated, and where each Worker reaches it.

use anyhow::Result;
use tokio::sync::mpsc::UnboundedSender;
use tokio_postgres::{Client, Config};

use crate::checkout::Checkout;
use crate::cli::DevOptions;
use crate::database::{self, Addresses};
use crate::guarded::Event;
use crate::logins;
use crate::ports::{self, Wanted};
use crate::postgres::{self, Durability, Place, Postgres};
use crate::state::State;

/// What the Workers need of it.
pub(crate) struct PersistentTier {
    pub(crate) addresses: Addresses,
    /// The embedded server and where its data is; none where `DATABASE_URL` names another server.
    pub(crate) embedded: Option<(Postgres, Place)>,
}

/// Postgres, migrated: the embedded one, or the one that `DATABASE_URL` names.
pub(crate) async fn start(
    checkout: &Checkout,
    options: &DevOptions,
    state: &State,
    given: Option<Config>,
    events: &UnboundedSender<Event>,
) -> Result<PersistentTier> {
    if let Some(owner) = given {
        empty_if_fresh(options, state, None)?;
        let before = logins::existing(&owner).await?;
        let client = migrated(checkout, &owner).await?;
        let file =
            state.folder.join(format!("logins-{}.json", database::host_and_port(&owner).replace([':', '/'], "-")));
        let logins = logins::of_given_server(&client, &owner, &file, &before).await?;
        return Ok(PersistentTier { addresses: database::addresses(&owner, &logins), embedded: None });
    }
    let place = Place::find(checkout, &state.folder, "postgres")?;
    postgres::stop_leftover(&place)?;
    empty_if_fresh(options, state, Some(&place))?;
    // Only now: until the line before, its port may have been held by what a crashed run left.
    ports::check_free(&[port(options)])?;
    let log = state.folder.join("postgres.log");
    let server = postgres::start(&place, options.postgres_port, Durability::Kept, log, events.clone()).await?;
    let owner = database::make(&server.superuser).await?;
    let client = migrated(checkout, &owner).await?;
    let logins = logins::of_own_server(&client, &owner, &state.folder.join("logins.json")).await?;
    Ok(PersistentTier { addresses: database::addresses(&owner, &logins), embedded: Some((server, place)) })
}

/// The port that the embedded server wants.
pub(crate) fn port(options: &DevOptions) -> Wanted {
    Wanted { port: options.postgres_port, purpose: "the embedded Postgres", flag: "--postgres-port" }
}

/// The server that `DATABASE_URL` names, if it is set.
pub(crate) fn given_server() -> Result<Option<Config>> {
    std::env::var("DATABASE_URL").ok().map(|url| database::parse("DATABASE_URL", &url)).transpose()
}

/// Applies the migrations, and says which.
async fn migrated(checkout: &Checkout, owner: &Config) -> Result<Client> {
    let (applied, client) = database::migrate(checkout, owner).await?;
    for name in &applied {
        eprintln!("  migrated: {name}");
    }
    Ok(client)
}

fn empty_if_fresh(options: &DevOptions, state: &State, place: Option<&Place>) -> Result<()> {
    if !options.fresh {
        return Ok(());
    }
    place.map_or(Ok(()), Place::empty)?;
    state.empty()
}

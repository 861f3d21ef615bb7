//! The operator's work with API keys, as the migrating role: makes, lists, revokes and replaces them.

use std::time::Duration;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, Row};
use weir_policy::api_key::ApiKey;

/// A key that shall be made.
#[derive(Clone, Copy, Debug)]
pub struct NewKey<'a> {
    /// Whose entries it opens.
    pub project: &'a str,
    /// For people.
    pub name: &'a str,
    /// Some of `read`, `write`, `admin`, `metrics`.
    pub scopes: &'a [String],
    /// How long it is valid; until it is revoked where that is not said.
    pub valid_for: Option<Duration>,
}

/// A key that was just made: its secret is nowhere else.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its number.
    pub id: i64,
    /// To be shown once.
    pub key: ApiKey,
}

/// What is known of a key. Instants are spelt as in RFC 3339.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its number.
    pub id: i64,
    /// For people.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// `valid`, `expired` or `revoked`.
    pub state: String,
    /// When it was made.
    pub created_at: String,
    /// When it ends by itself.
    pub expires_at: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<String>,
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The random bytes ended too early.
    #[error("the source of random bytes ended before a key was made")]
    NoChance,
    /// No such key, or none any more.
    #[error("{project} has no valid key {id}: `cargo xtask keys list` shows those it has")]
    NotThere {
        /// Whose.
        project: String,
        /// Which.
        id: i64,
    },
    /// Postgres refused.
    #[error("Postgres: {detail}")]
    Database {
        /// Its words, and the way out where there is one.
        detail: String,
    },
}

impl From<Error> for KeyError {
    fn from(error: Error) -> Self {
        let said = error.as_db_error().map_or_else(|| error.to_string(), |raised| raised.message().to_owned());
        let way_out = match error.code() {
            Some(&SqlState::UNDEFINED_FUNCTION | &SqlState::INVALID_SCHEMA_NAME) => ": run `cargo xtask migrate` first",
            Some(&SqlState::INSUFFICIENT_PRIVILEGE) => ": connect as the role that migrates",
            _ => "",
        };
        Self::Database { detail: format!("{said}{way_out}") }
    }
}

/// Makes a key out of random bytes.
pub async fn create(client: &Client, new: NewKey<'_>, random: impl IntoIterator<Item = u8>) -> Result<Made, KeyError> {
    let key = ApiKey::drawn(random).ok_or(KeyError::NoChance)?;
    let (hash, valid_ms) = (key.hash().to_vec(), new.valid_for.map(millis));
    let params = [
        (&new.project as _, Type::TEXT),
        (&new.name as _, Type::TEXT),
        (&hash as _, Type::BYTEA),
        (&new.scopes as _, Type::TEXT_ARRAY),
        (&valid_ms as _, Type::INT8),
    ];
    let row = client.query_typed_one("select weir.create_key($1, $2, $3, $4, $5) as id", &params).await?;
    Ok(Made { id: row.try_get("id")?, key })
}

/// Every key that a project ever had, in the order in which they were made.
pub async fn list(client: &Client, project: &str) -> Result<Vec<Listed>, KeyError> {
    let rows = client.query_typed("select * from weir.list_keys($1)", &[(&project as _, Type::TEXT)]).await?;
    rows.iter().map(|row| Ok(listed(row)?)).collect()
}

/// Ends a key.
pub async fn revoke(client: &Client, project: &str, id: i64) -> Result<(), KeyError> {
    let params = [(&project as _, Type::TEXT), (&id as _, Type::INT8)];
    let row = client.query_typed_one("select weir.revoke_key($1, $2) as revoked", &params).await?;
    if row.try_get("revoked")? { Ok(()) } else { Err(KeyError::NotThere { project: project.to_owned(), id }) }
}

/// Makes another key like this one, which ends after the overlap.
pub async fn rotate(
    client: &Client,
    project: &str,
    id: i64,
    overlap: Duration,
    random: impl IntoIterator<Item = u8>,
) -> Result<Made, KeyError> {
    let key = ApiKey::drawn(random).ok_or(KeyError::NoChance)?;
    let (hash, overlap_ms) = (key.hash().to_vec(), millis(overlap));
    let params = [
        (&project as _, Type::TEXT),
        (&id as _, Type::INT8),
        (&hash as _, Type::BYTEA),
        (&overlap_ms as _, Type::INT8),
    ];
    let row = client.query_typed_one("select weir.rotate_key($1, $2, $3, $4) as id", &params).await?;
    let made: Option<i64> = row.try_get("id")?;
    made.map(|id| Made { id, key }).ok_or_else(|| KeyError::NotThere { project: project.to_owned(), id })
}

fn listed(row: &Row) -> Result<Listed, Error> {
    Ok(Listed {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        scopes: row.try_get("scopes")?,
        state: row.try_get("state")?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        revoked_at: row.try_get("revoked_at")?,
    })
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

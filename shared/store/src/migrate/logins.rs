//! The passwords of the three logins, as SCRAM verifiers that cost their Workers little.

use super::error::{MigrateError, of_connection};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};

/// One login per Worker.
pub const LOGINS: [&str; 3] = ["weir_read", "weir_receive", "weir_refresh"];

/// Gives a random password to every login that has none in `known`; answers those it gave, by login.
pub async fn ensure_logins(
    client: &Client,
    known: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, MigrateError> {
    let mut given = BTreeMap::new();
    for login in LOGINS.into_iter().filter(|login| !known.contains_key(*login)) {
        let password = give_password(client, login).await.map_err(|error| of_connection(&error))?;
        given.insert(login.to_owned(), password);
    }
    Ok(given)
}

/// The password is random enough (244 bits) that one iteration is as good as 4,096, which would cost 5 ms of a Worker's
/// CPU for every connection. Postgres draws the random bits and keeps only the verifier.
async fn give_password(client: &Client, login: &str) -> Result<String, Error> {
    let random = "select replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '') as password, \
                  uuid_send(gen_random_uuid()) as salt";
    let row = client.query_typed_one(random, &[]).await?;
    let (password, salt): (String, Vec<u8>) = (row.try_get("password")?, row.try_get("salt")?);
    let (stored, server) = scram_keys(password.as_bytes(), &salt);
    let spell = "select format('alter role %I password %L', $1, 'SCRAM-SHA-256$1:' || encode($2, 'base64') || '$' || \
                 encode($3, 'base64') || ':' || encode($4, 'base64')) as sql";
    let (stored, server) = (stored.to_vec(), server.to_vec());
    let params = [
        (&login as _, Type::TEXT),
        (&salt as _, Type::BYTEA),
        (&stored as _, Type::BYTEA),
        (&server as _, Type::BYTEA),
    ];
    let alter: String = client.query_typed_one(spell, &params).await?.try_get("sql")?;
    client.batch_execute(&alter).await?;
    Ok(password)
}

/// RFC 5802's `StoredKey` and `ServerKey` after one iteration: `Hi()` is then a single HMAC.
fn scram_keys(password: &[u8], salt: &[u8]) -> ([u8; 32], [u8; 32]) {
    let salted = keyed(password, &[salt, &1_u32.to_be_bytes()].concat());
    (Sha256::digest(keyed(&salted, b"Client Key")).into(), keyed(&salted, b"Server Key"))
}

fn keyed(key: &[u8], text: &[u8]) -> [u8; 32] {
    // HMAC takes a key of any length, so there is always one to begin with.
    Hmac::<Sha256>::new_from_slice(key).map_or([0; 32], |mac| mac.chain_update(text).finalize().into_bytes().into())
}

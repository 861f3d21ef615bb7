//! `cargo xtask migrate`: brings any Postgres to the schema of this checkout.

use std::process::ExitCode;

use anyhow::Result;

use crate::checkout::Checkout;
use crate::cli::MigrateOptions;
use crate::database;
use crate::logins;

/// Applies the migrations and gives new logins passwords; says what it did.
pub(crate) async fn run(checkout: &Checkout, options: &MigrateOptions) -> Result<ExitCode> {
    let owner = database::parse("--database-url", &options.database_url)?;
    let before = logins::existing(&owner).await?;
    let (applied, client) = database::migrate(checkout, &owner).await?;
    if applied.is_empty() {
        println!("nothing to apply: the schema is this checkout's");
    }
    for name in &applied {
        println!("applied {name}");
    }
    let given = logins::of_production(&client, &before, options.new_passwords, options.logins.as_deref()).await?;
    tell(options, &given);
    Ok(ExitCode::SUCCESS)
}

/// Without a file a password is known only now: Postgres keeps a verifier, not the password.
fn tell(options: &MigrateOptions, given: &logins::Given) {
    if !given.kept.is_empty() {
        println!("{} kept the passwords they had (--new-passwords makes new ones)", given.kept.join(", "));
    }
    match &options.logins {
        Some(file) => println!("the passwords are in {}", file.display()),
        None => {
            for (login, password) in &given.new {
                println!("login {login}  password {password}  (shown once: give it to wrangler hyperdrive create)");
            }
        }
    }
}

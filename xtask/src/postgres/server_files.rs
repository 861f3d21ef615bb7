//! The server's data folder, initialised once.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::guarded::last_lines;
use crate::postgres::place::Place;
use crate::secrets::{random_password, write_private};

/// Makes the data folder where there is none; returns the superuser's password.
pub(crate) fn ensure(place: &Place, log: &Path) -> Result<String> {
    if place.data.join("PG_VERSION").exists() {
        return std::fs::read_to_string(&place.password_file).with_context(|| {
            format!("{} is gone: cargo xtask dev --fresh starts anew", place.password_file.display())
        });
    }
    place.empty()?;
    let password = random_password()?;
    write_private(&place.password_file, &password)?;
    initialise(place, &password, log)?;
    Ok(password)
}

/// Initialises beside and renames, so that what carries the name is whole.
fn initialise(place: &Place, password: &str, log: &Path) -> Result<()> {
    let fresh = place.data.with_extension("new");
    let _ = std::fs::remove_dir_all(&fresh);
    std::fs::create_dir_all(&fresh).with_context(|| format!("{} cannot be made", fresh.display()))?;
    let password_file = fresh.join("password");
    write_private(&password_file, password)?;
    let data = fresh.join("data");
    std::fs::create_dir(&data)?;
    for path in [&fresh, &password_file, &data] {
        hand_over(path, place.user)?;
    }
    let mut initdb = Command::new(place.program("initdb"));
    initdb.arg("-D").arg(&data).arg("--pwfile").arg(&password_file);
    initdb.args(["-U", "postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"]);
    initdb.current_dir("/").env("LC_ALL", "C");
    if let Some((uid, gid)) = place.user {
        initdb.uid(uid).gid(gid);
    }
    let output = initdb.output().context("initdb could not be started")?;
    std::fs::write(log, [output.stdout, output.stderr].concat())
        .with_context(|| format!("{} cannot be written", log.display()))?;
    if !output.status.success() {
        bail!("Postgres could not be initialised; the last lines of {}:\n  {}", log.display(), last_lines(log, 8));
    }
    std::fs::rename(&data, &place.data)?;
    std::fs::remove_dir_all(&fresh).with_context(|| format!("{} cannot be removed", fresh.display()))
}

fn hand_over(path: &Path, user: Option<(u32, u32)>) -> Result<()> {
    match user {
        Some((uid, gid)) => std::os::unix::fs::chown(path, Some(uid), Some(gid))
            .with_context(|| format!("{} cannot be given to the user that runs Postgres", path.display())),
        None => Ok(()),
    }
}

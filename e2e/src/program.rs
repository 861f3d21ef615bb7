//! A program that a world runs, held by xtask's guard: it ends with the test, however the test ends.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::environment;
use crate::failure::{Must, fail};

const PATIENCE: Duration = Duration::from_secs(60);

/// A running program. Dropping it ends the program and waits for its end.
pub(crate) struct Program {
    guard: Child,
    stdin: Option<ChildStdin>,
}

impl Program {
    /// Starts a program and waits for the line on stdout that `ready` understands. `stop` is the guard's word for how
    /// the program is asked to end; its other output goes to `log`.
    pub(crate) async fn start<T: Send + 'static>(
        command: &[String],
        stop: &str,
        first_line: Option<String>,
        log: &Path,
        ready: impl Fn(&str) -> Option<T> + Send + 'static,
    ) -> (Self, T) {
        let log_file = File::options().create(true).append(true).open(log).must("the world's log cannot be written");
        let mut guard = Command::new(environment::xtask())
            .args(["guard", "--stop", stop, "--"])
            .args(command)
            .env("WRANGLER_SEND_METRICS", "false")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .must("xtask's guard cannot be started");
        let mut stdin = guard.stdin.take();
        if let (Some(stdin), Some(line)) = (&mut stdin, first_line) {
            writeln!(stdin, "{line}").must("the program ended at once");
        }
        let stdout = guard.stdout.take().must("the program has no stdout");
        let (tell, told) = oneshot::channel();
        std::thread::spawn(move || read(stdout, ready, tell));
        let program = Self { guard, stdin };
        match tokio::time::timeout(PATIENCE, told).await {
            Ok(Ok(found)) => (program, found),
            Ok(Err(_)) => fail(&format!("{command:?} ended at once:\n{}", last_lines(log))),
            Err(_) => fail(&format!("{command:?} was not ready within {} s:\n{}", PATIENCE.as_secs(), last_lines(log))),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // Bounded: the guard kills what does not end in time.
        let _ = self.guard.wait();
    }
}

/// Reads to the end, also after the wanted line, so that the program never waits for a reader.
fn read<T>(stdout: impl std::io::Read, ready: impl Fn(&str) -> Option<T>, tell: oneshot::Sender<T>) {
    let mut tell = Some(tell);
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        if let Some(found) = tell.is_some().then(|| ready(&line)).flatten() {
            // Nobody waits any more when the test gave up.
            let _ = tell.take().map(|tell| tell.send(found));
        }
    }
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}

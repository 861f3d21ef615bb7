//! Runs an outside program as part of a step: quiet while it works, its last lines when it fails.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use anyhow::{Result, anyhow};

use crate::steps::Step;

const TAIL_LINES: usize = 60;

/// A program that did not do what it should.
pub(crate) struct Failed {
    line: String,
    last_lines: Vec<String>,
}

/// Runs a program to its end. Fails with one line; what the program said last is printed before it.
pub(crate) fn run(step: &Step, command: &mut Command) -> Result<()> {
    attempt(step, command).map_err(|failed| {
        step.quietly(|| eprintln!("{}", failed.last_lines.join("\n")));
        anyhow!(failed.line)
    })
}

/// Runs a program to its end; what it said is printed nowhere.
pub(crate) fn attempt(step: &Step, command: &mut Command) -> Result<(), Failed> {
    let name = program(command);
    let unstarted = |error| Failed { line: unstartable(&name, &error), last_lines: Vec::new() };
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(unstarted)?;
    let (lines, said) = channel();
    let readers = [
        child.stdout.take().map(|out| follow(out, lines.clone())),
        child.stderr.take().map(|err| follow(err, lines.clone())),
    ];
    drop(lines);
    let last_lines = last_of(step, said);
    for reader in readers.into_iter().flatten() {
        let _ = reader.join();
    }
    let status = child.wait().map_err(unstarted)?;
    if status.success() {
        return Ok(());
    }
    let line = match hint(&last_lines) {
        Some(hint) => format!("{name} failed: {hint}"),
        None => format!("{name} failed ({status}); its last lines are above"),
    };
    Err(Failed { line, last_lines })
}

/// Shows each line as it comes, and keeps the last ones.
fn last_of(step: &Step, said: Receiver<String>) -> Vec<String> {
    let mut tail = VecDeque::new();
    for line in said {
        step.at(&line);
        tail.push_back(line);
        if tail.len() > TAIL_LINES {
            tail.pop_front();
        }
    }
    tail.into()
}

/// What a program prints, or `None` when it cannot be run or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn program(command: &Command) -> String {
    let name = std::path::Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let first = command.get_args().next().unwrap_or_default();
    format!("{} {}", name.to_string_lossy(), first.to_string_lossy()).trim().to_owned()
}

fn unstartable(name: &str, error: &std::io::Error) -> String {
    let tool = name.split(' ').next().unwrap_or(name);
    match (error.kind(), tool) {
        (ErrorKind::NotFound, "npm" | "node") => {
            format!("{tool} is missing: install Node.js 18 or newer, which brings npm (https://nodejs.org)")
        }
        (ErrorKind::NotFound, "rustup" | "rustc" | "cargo") => {
            format!("{tool} is missing: install Rust with rustup (https://rustup.rs)")
        }
        (ErrorKind::NotFound, _) => {
            format!("{tool} is missing: delete node_modules/ and target/tools/ and start again")
        }
        _ => format!("{tool} could not be started: {error}"),
    }
}

fn follow(stream: impl Read + Send + 'static, lines: Sender<String>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            if lines.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    })
}

/// Says in words what a well-known failure means.
fn hint(tail: &[String]) -> Option<&'static str> {
    const UNREACHABLE: [&str; 9] = [
        "ENOTFOUND",
        "EAI_AGAIN",
        "ETIMEDOUT",
        "ECONNREFUSED",
        "Could not resolve host",
        "Couldn't resolve host",
        "Could not connect to server",
        "spurious network error",
        "error sending request",
    ];
    let says = |wanted: &str| tail.iter().any(|line| line.contains(wanted));
    if UNREACHABLE.into_iter().any(says) {
        return Some("the package registry cannot be reached: check the network, and npm's and cargo's proxy settings");
    }
    if says("ENOSPC") || says("No space left on device") {
        return Some("the disk is full");
    }
    if says("can only install packages when your package.json and package-lock.json") {
        return Some("package.json and package-lock.json disagree: run npm install and commit the lock file");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreachable_registry_is_named_as_such() {
        for said in ["npm error code ENOTFOUND", "warning: spurious network error (3 tries remaining)"] {
            let hint = hint(&[said.to_owned()]).expect("known");
            assert!(hint.contains("check the network"), "{said}: {hint}");
        }
    }

    #[test]
    fn a_compile_error_gets_no_made_up_explanation() {
        assert_eq!(hint(&["error[E0308]: mismatched types".to_owned()]), None);
    }

    #[test]
    fn a_missing_tool_says_what_to_install() {
        let absent = std::io::Error::from(ErrorKind::NotFound);
        assert!(unstartable("npm ci", &absent).contains("install Node.js 18"));
        assert!(unstartable("rustup target", &absent).contains("https://rustup.rs"));
    }

    #[test]
    fn a_failing_program_is_one_line() {
        let outcome = crate::steps::step("x", |step| {
            run(step, Command::new("sh").args(["-c", "echo ENOSPC >&2; exit 3"]))?;
            Ok(crate::steps::Done::Now)
        });
        assert_eq!(outcome.expect_err("it failed").to_string(), "sh -c failed: the disk is full");
    }
}

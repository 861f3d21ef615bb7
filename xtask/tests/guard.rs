//! The guard: what it holds never outlives its holder.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, test_kill_process};

/// A guard over a shell script whose first line of output is the process id to watch.
fn guarded(stop: &str, script: &str) -> (Child, Pid) {
    let mut guard = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["guard", "--grace-secs", "1", "--stop", stop, "--", "sh", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(guard.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (guard, Pid::from_raw(line.trim().parse().unwrap()).unwrap())
}

fn is_alive(pid: Pid) -> bool {
    // A process that ended but was not collected yet can still be signalled.
    let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    test_kill_process(pid).is_ok() && !state.contains(") Z ")
}

/// A killed process takes a moment to go.
fn ends(pid: Pid) -> bool {
    let until = Instant::now() + Duration::from_secs(10);
    while is_alive(pid) && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    !is_alive(pid)
}

fn holder_goes(mut guard: Child) {
    drop(guard.stdin.take());
    guard.wait().unwrap();
}

#[test]
fn the_program_ends_when_its_holder_is_gone() {
    for stop in ["term", "int"] {
        let (guard, pid) = guarded(stop, "echo $$; exec sleep 1000");
        assert!(is_alive(pid));
        holder_goes(guard);
        assert!(ends(pid), "{stop}");
    }
}

#[test]
fn a_program_that_does_not_end_when_asked_is_killed() {
    let (guard, pid) = guarded("term", "trap '' TERM; echo $$; while :; do sleep 0.1; done");
    holder_goes(guard);
    assert!(ends(pid));
}

#[test]
fn what_the_program_started_ends_with_it() {
    let (guard, grandchild) = guarded("term", "sleep 1000 & echo $!; wait");
    assert!(is_alive(grandchild));
    holder_goes(guard);
    assert!(ends(grandchild));
}

#[test]
fn the_programs_exit_code_is_the_guards() {
    let (mut guard, _) = guarded("term", "echo $$; exit 3");
    // Held until the end, because waiting for a child closes its stdin.
    let held = guard.stdin.take();
    assert_eq!(guard.wait().unwrap().code(), Some(3));
    drop(held);
}

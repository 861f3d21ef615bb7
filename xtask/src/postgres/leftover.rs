//! A server that a crashed run left behind: found by its pid file, stopped before a new one starts.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

const PATIENCE: Duration = Duration::from_secs(20);

/// Stops the server that runs on this data folder, if one does; returns its process. A pid file whose process is gone,
/// or is another program by now, is removed.
pub(crate) fn stop(data: &Path) -> Result<Option<i32>> {
    let Some(number) = recorded_pid(data) else { return Ok(None) };
    let running = Pid::from_raw(number).filter(|pid| is_alive(*pid) && serves(number, data));
    let Some(pid) = running else {
        std::fs::remove_file(pid_file(data)).context("Postgres's stale postmaster.pid cannot be removed")?;
        return Ok(None);
    };
    kill_process(pid, Signal::INT).with_context(|| format!("Postgres (process {number}) cannot be stopped"))?;
    let until = Instant::now() + PATIENCE;
    while is_alive(pid) {
        if Instant::now() > until {
            bail!("Postgres (process {number}) of an earlier run does not stop: end it with kill -QUIT {number}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(Some(number))
}

/// The process that the pid file names.
pub(crate) fn recorded_pid(data: &Path) -> Option<i32> {
    std::fs::read_to_string(pid_file(data)).ok()?.lines().next()?.trim().parse().ok()
}

fn pid_file(data: &Path) -> std::path::PathBuf {
    data.join("postmaster.pid")
}

fn is_alive(pid: Pid) -> bool {
    test_kill_process(pid).is_ok()
}

/// Whether that process is a Postgres on this very data folder: process ids are used again.
fn serves(pid: i32, data: &Path) -> bool {
    let from_proc = std::fs::read(format!("/proc/{pid}/cmdline")).ok();
    let line = from_proc.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    let line =
        line.or_else(|| crate::tool::output(Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()])));
    line.is_some_and(|line| line.contains("postgres") && line.contains(&data.display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_of_another_program_is_only_removed() {
        let data = std::env::temp_dir().join(format!("weir-leftover-{}", std::process::id()));
        std::fs::create_dir_all(&data).expect("writable");
        std::fs::write(pid_file(&data), format!("{}\n/elsewhere\n", std::process::id())).expect("writable");
        assert_eq!(stop(&data).expect("this test is no Postgres"), None);
        assert!(!pid_file(&data).exists());
        std::fs::remove_dir_all(data).expect("it is there");
    }
}

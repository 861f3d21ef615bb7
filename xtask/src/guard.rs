//! Holds one program: passes stdin on, and ends the program when stdin ends.
//!
//! Whoever holds the other end of that pipe may crash, be killed or panic: the pipe closes all the same, so nothing is
//! ever left running. The program gets a process group of its own, so that Ctrl-C in a terminal reaches only the one who
//! knows the order in which things stop.

use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ChildStdin, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::cli::{GuardOrder, StopBy};

enum News {
    Ended(ExitStatus),
    HolderGone,
}

/// Runs the program to its end, or to its holder's.
pub(crate) fn run(order: &GuardOrder) -> Result<ExitCode> {
    let (program, args) = order.program.split_first().context("no program given")?;
    let mut command = Command::new(program);
    command.args(args).process_group(0).stdin(Stdio::piped());
    if let Some((uid, gid)) = order.user.as_deref().and_then(user) {
        command.uid(uid).gid(gid).current_dir("/");
    }
    let mut child = command.spawn().with_context(|| format!("{program} could not be started"))?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("the program has no process id")?;
    let (news, heard) = channel();
    if let Some(stdin) = child.stdin.take() {
        pass_on(stdin, news.clone());
    }
    std::thread::spawn(move || child.wait().map(|status| news.send(News::Ended(status))));
    let status = until_ended(&heard, order, pid);
    // What the program itself started and did not end goes with it; none left is the usual case.
    let _ = kill_process_group(pid, Signal::KILL);
    Ok(exit_code(status))
}

fn until_ended(heard: &Receiver<News>, order: &GuardOrder, pid: Pid) -> Option<ExitStatus> {
    match heard.recv() {
        Ok(News::Ended(status)) => return Some(status),
        Ok(News::HolderGone) => ask_to_end(order.stop, pid),
        Err(_) => return None,
    }
    match heard.recv_timeout(Duration::from_secs(order.grace_secs)) {
        Ok(News::Ended(status)) => Some(status),
        _ => None,
    }
}

fn ask_to_end(how: StopBy, pid: Pid) {
    // A program that ended in this very moment cannot be asked; that is as good.
    let _ = match how {
        StopBy::Stdin => Ok(()),
        StopBy::Int => kill_process(pid, Signal::INT),
        StopBy::Term => kill_process(pid, Signal::TERM),
    };
}

fn pass_on(mut stdin: ChildStdin, news: Sender<News>) {
    std::thread::spawn(move || {
        let mut part = [0; 4096];
        let mut source = std::io::stdin().lock();
        while let Ok(read @ 1..) = source.read(&mut part) {
            // A program that does not read its stdin is no reason to end it.
            let _ = stdin.write_all(part.get(..read).unwrap_or_default()).and_then(|()| stdin.flush());
        }
        drop(stdin);
        news.send(News::HolderGone)
    });
}

fn user(order: &str) -> Option<(u32, u32)> {
    let (uid, gid) = order.split_once(':')?;
    Some((uid.parse().ok()?, gid.parse().ok()?))
}

/// The program's own code; 128 + signal when a signal ended it, as shells say it.
fn exit_code(status: Option<ExitStatus>) -> ExitCode {
    let code = status.and_then(|status| status.code().or_else(|| status.signal().map(|signal| 128 + signal)));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(137))
}

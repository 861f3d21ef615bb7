//! `cargo xtask test`: every test, against a Postgres of its own that is gone afterwards.

use std::process::{ExitCode, ExitStatus, Stdio};

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::unbounded_channel;

use crate::checkout::Checkout;
use crate::ports;
use crate::postgres::{self, Durability, Place, Postgres};
use crate::setup;
use crate::state::State;
use crate::summary::Summary;

/// Sets up, starts Postgres, runs cargo test and sums its results up.
pub(crate) async fn run(checkout: &Checkout, args: &[String]) -> Result<ExitCode> {
    let state = State::hold(checkout, "test")?;
    setup::everything(checkout)?;
    // Roles belong to a whole server: the end-to-end tests have one of their own, so that nobody else's tests change the
    // logins under their Workers.
    // Worlds of tests that failed; what they left was looked at by now.
    let _ = std::fs::remove_dir_all(state.folder.join("e2e"));
    let places = [place(checkout, &state, "postgres-test")?, place(checkout, &state, "postgres-e2e")?];
    let outcome = with_servers(checkout, &state, &places, args).await;
    for place in &places {
        place.vanish()?;
    }
    outcome
}

/// An empty place, whatever an earlier run left there.
fn place(checkout: &Checkout, state: &State, name: &str) -> Result<Place> {
    let place = Place::find(checkout, &state.folder, name)?;
    postgres::stop_leftover(&place)?;
    place.empty()?;
    Ok(place)
}

async fn with_servers(
    checkout: &Checkout,
    state: &State,
    [place, e2e_place]: &[Place; 2],
    args: &[String],
) -> Result<ExitCode> {
    let server = server(state, place, "postgres-test.log").await?;
    let e2e_server = self::server(state, e2e_place, "postgres-e2e.log").await?;
    let servers = [address(&server)?, address(&e2e_server)?];
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        outcome = cargo_test(checkout, &servers, args) => outcome,
        _ = interrupt.recv() => Ok(ExitCode::from(130)),
        _ = terminate.recv() => Ok(ExitCode::from(143)),
    }
}

async fn server(state: &State, place: &Place, log: &str) -> Result<Postgres> {
    // How it ends is of no interest here: then the tests fail.
    let (events, _) = unbounded_channel();
    postgres::start(place, ports::any_free()?, Durability::Throwaway, state.folder.join(log), events).await
}

async fn cargo_test(checkout: &Checkout, [server, e2e_server]: &[String; 2], args: &[String]) -> Result<ExitCode> {
    let mut command = Command::from(setup::cargo(checkout));
    command.arg("test").args(selection(args)).arg("--no-fail-fast").args(args);
    command.env("WEIR_TEST_POSTGRES", server).env("WEIR_E2E_POSTGRES", e2e_server);
    command.env("WEIR_ROOT", &checkout.root);
    command.env("WEIR_NODE", checkout.node());
    command.env("WEIR_DEMO", checkout.demo());
    command.env("WEIR_XTASK", &checkout.program);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().context("cargo could not be started")?;
    let stdout = child.stdout.take().context("cargo test has no output")?;
    // Not `lines()`: what a test prints need not be UTF-8.
    let mut lines = BufReader::new(stdout).split(b'\n');
    let mut summary = Summary::default();
    while let Some(line) = lines.next_segment().await? {
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        summary.count(&line);
    }
    Ok(verdict(child.wait().await?, &summary))
}

/// Everything, unless the arguments choose packages themselves.
fn selection(args: &[String]) -> Option<&'static str> {
    let cargos_own = args.iter().take_while(|arg| *arg != "--");
    let chosen = |arg: &String| arg.starts_with("-p") || arg.starts_with("--package") || arg == "--workspace";
    (!cargos_own.into_iter().any(chosen)).then_some("--workspace")
}

fn address(server: &Postgres) -> Result<String> {
    let password = server.superuser.get_password().context("the superuser has no password")?;
    let port = server.superuser.get_ports().first().context("the server has no port")?;
    Ok(format!("postgres://postgres:{}@127.0.0.1:{port}/postgres", String::from_utf8_lossy(password)))
}

fn verdict(status: ExitStatus, summary: &Summary) -> ExitCode {
    if !status.success() && summary.failed == 0 {
        println!("cargo test itself failed: its output is above");
    }
    println!("{summary}");
    ExitCode::from(u8::from(!status.success()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_packages_replace_the_whole_workspace() {
        let chosen = |args: &[&str]| selection(&args.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(chosen(&[]), Some("--workspace"));
        assert_eq!(chosen(&["-p", "weir-e2e"]), None);
        assert_eq!(chosen(&["a_name", "--", "-p"]), Some("--workspace"));
    }
}

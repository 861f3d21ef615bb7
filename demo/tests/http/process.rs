//! The binary: one line when ready, one when it cannot start, and an end when told.

use std::process::Stdio;

use crate::replay::directory;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

fn demo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir-demo"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Starts it and returns the address it says it listens on.
async fn started(arguments: &[&str]) -> (Child, String) {
    let mut child = demo(arguments).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).await.unwrap();
    let address = line.trim_end().strip_prefix("demo listening on ").unwrap().to_owned();
    (child, address)
}

/// What it says before it gives up.
async fn refusal(arguments: &[&str]) -> String {
    let output = demo(arguments).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn it_says_where_it_listens_and_ends_when_told_even_while_a_request_hangs() {
    for signal in ["-TERM", "-INT"] {
        let (mut child, address) = started(&["--port", "0"]).await;
        let client = reqwest::Client::new();
        let fault = client.post(format!("{address}/_demo/fault")).body(r#"{"kind":"hang"}"#);
        assert_eq!(fault.send().await.unwrap().status(), 200);
        let hanging = tokio::spawn(client.get(format!("{address}/api.opendota.com/api/heroes")).send());
        let pid = child.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().await.unwrap().success());
        assert_eq!(child.wait().await.unwrap().code(), Some(0));
        assert!(hanging.await.unwrap().is_err());
        let mut rest = String::new();
        child.stdout.take().unwrap().read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "");
    }
}

#[tokio::test]
async fn a_taken_port_is_one_clear_line() {
    let (_child, address) = started(&[]).await;
    let port = address.rsplit(':').next().unwrap();
    let said = refusal(&["--port", port]).await;
    assert!(said.starts_with(&format!("weir-demo: cannot listen on 127.0.0.1:{port}: ")), "{said}");
    assert_eq!(said.lines().count(), 1);
}

#[tokio::test]
async fn bad_recordings_are_one_clear_line() {
    let directory = directory("bad", &[("index.json", "{")]);
    let said = refusal(&["--replay", directory.to_str().unwrap()]).await;
    assert!(said.contains("index.json is not an index of recordings"), "{said}");
    assert_eq!(said.lines().count(), 1);
}

#[tokio::test]
async fn limits_are_given_as_arguments() {
    let (_child, address) = started(&["--limit-minute", "7", "--limit-day", "8"]).await;
    let answer = reqwest::get(format!("{address}/api.opendota.com/api/heroes")).await.unwrap();
    assert_eq!(answer.headers()["x-rate-limit-remaining-minute"], "6");
    assert_eq!(answer.headers()["x-rate-limit-remaining-day"], "7");
}

//! The three Workers on workerd, as a child that runs `workers.mjs`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedSender;

use crate::checkout::{CONFIGS, Checkout};
use crate::cli::StopBy;
use crate::database::Addresses;
use crate::guarded::{Event, Guarded, Program};

/// The name under which their events come.
pub(crate) const NAME: &str = "workers";
/// The Worker whose crons are fired.
pub(crate) const REFRESH: &str = "weir-refresh";

/// What the Workers run with, besides what wrangler.toml says.
pub(crate) struct Wanted<'a> {
    pub(crate) port: u16,
    pub(crate) control_port: u16,
    pub(crate) addresses: &'a Addresses,
    /// Where refresh finds the upstreams, if not at their real hosts.
    pub(crate) upstreams: Option<String>,
    /// Where KV is kept.
    pub(crate) kv: &'a Path,
    pub(crate) log: &'a Path,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Settings<'a> {
    root: &'a Path,
    configs: [&'static str; 3],
    port: u16,
    control_port: u16,
    isolates: u8,
    state: &'a Path,
    databases: &'a Addresses,
    /// Per Worker; `null` takes a variable away.
    vars: BTreeMap<&'static str, BTreeMap<&'static str, Option<String>>>,
}

/// A line that `workers.mjs` prints.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Said {
    /// The Workers answer.
    Ready { url: String },
    /// A Worker logged something.
    Log { message: String, level: String },
}

/// Reads a line; anything else is not ours and is shown as it is.
pub(crate) fn understand(line: &str) -> Option<Said> {
    serde_json::from_str(line).ok()
}

/// Starts the Workers; they say `Said::Ready` when they answer.
pub(crate) fn start(checkout: &Checkout, wanted: &Wanted, events: UnboundedSender<Event>) -> Result<Guarded> {
    let settings = Settings {
        root: &checkout.root,
        configs: CONFIGS,
        port: wanted.port,
        control_port: wanted.control_port,
        isolates: 1,
        state: wanted.kv,
        databases: wanted.addresses,
        vars: BTreeMap::from([(REFRESH, BTreeMap::from([("UPSTREAMS", wanted.upstreams.clone())]))]),
    };
    Guarded::start(
        &Program {
            name: NAME,
            command: vec![checkout.node().into(), checkout.root.join("xtask/workers.mjs").into()],
            env: vec![("WRANGLER_SEND_METRICS", "false".into()), ("WRANGLER_LOG", "error".into())],
            user: None,
            stop: StopBy::Stdin,
            first_line: Some(serde_json::to_string(&settings)?),
            log: wanted.log.to_path_buf(),
            listened_to: true,
        },
        events,
    )
}

/// Fires a cron of refresh, as the platform would at `at_ms`, and waits until its handler ended.
pub(crate) async fn fire(control_port: u16, cron: &str, at_ms: u128) -> Result<()> {
    let cron = cron.replace(' ', "+").replace('/', "%2F");
    let path = format!("/scheduled?worker={REFRESH}&cron={cron}&at={at_ms}");
    let mut stream =
        TcpStream::connect(("127.0.0.1", control_port)).await.context("the Workers' control port is closed")?;
    let request = format!("POST {path} HTTP/1.1\r\nhost: control\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    match answer.split_once("\r\n\r\n") {
        Some((head, _)) if head.starts_with("HTTP/1.1 200 ") => Ok(()),
        Some((_, body)) => bail!("{}", body.trim()),
        None => bail!("the Workers went away"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_workers_mjs_are_understood() {
        let ready = understand(r#"{"ready":{"url":"http://127.0.0.1:8787","control":"http://127.0.0.1:8790"}}"#);
        assert!(matches!(ready, Some(Said::Ready { url }) if url == "http://127.0.0.1:8787"));
        let log = understand(r#"{"log":{"message":"hello","level":"warn"}}"#);
        assert!(matches!(log, Some(Said::Log { message, level }) if message == "hello" && level == "warn"));
        assert!(understand("Debugger attached.").is_none());
    }
}

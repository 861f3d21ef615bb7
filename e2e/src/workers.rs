//! A world's three Workers on workerd, and their control port (see xtask/workers.mjs).

use std::collections::BTreeMap;
use std::path::Path;

use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::environment;
use crate::failure::{Must, fail};
use crate::program::Program;
use crate::response::{Response, client};

/// What each Worker's variables are set to on top of wrangler.toml and .dev.vars; `None` takes one away.
pub(crate) type Vars = BTreeMap<&'static str, BTreeMap<String, Option<String>>>;

/// A key in KV.
#[derive(Debug, Clone, Deserialize)]
pub struct KvKey {
    /// Its name.
    pub name: String,
    /// When it goes by itself, in Unix seconds.
    pub expiration: Option<u64>,
    /// What was put beside the value.
    pub metadata: Option<Value>,
}

pub(crate) struct Workers {
    client: reqwest::Client,
    url: String,
    control: String,
    _program: Program,
}

impl Workers {
    pub(crate) async fn start(
        isolates: u8,
        databases: &BTreeMap<&'static str, String>,
        vars: &Vars,
        state: &Path,
    ) -> Self {
        let root = environment::root();
        let settings = json!({
            "root": root,
            "configs": ["wrangler.toml", "functions/receive/wrangler.toml", "functions/refresh/wrangler.toml"],
            "port": 0,
            "controlPort": 0,
            "isolates": isolates,
            "state": state.join("kv"),
            "databases": databases,
            "vars": vars,
        });
        let command = [environment::node(), root.join("xtask/workers.mjs").display().to_string()];
        let log = state.join("workers.log");
        let (program, ready) = Program::start(&command, "stdin", Some(settings.to_string()), &log, ready).await;
        Self { client: client(), url: ready.url, control: ready.control, _program: program }
    }

    /// A request to one isolate of `read`, counted from 1: workerd's front door is told by a header which one.
    pub(crate) fn request(&self, isolate: u8, method: &str, path: &str) -> RequestBuilder {
        let name = if isolate == 1 { "weir-read".to_owned() } else { format!("weir-read-{isolate}") };
        let method = Method::from_bytes(method.as_bytes()).must("no such method");
        self.client.request(method, format!("{}{path}", self.url)).header("MF-Route-Override", name)
    }

    /// Where the first isolate answers.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Fires refresh's cron and waits until its handler ended.
    pub(crate) async fn tick(&self) {
        let query = [("worker", "weir-refresh"), ("cron", "* * * * *")];
        self.tell(self.command(Method::POST, "/scheduled").query(&query)).await;
    }

    pub(crate) async fn restart(&self) {
        self.tell(self.command(Method::POST, "/restart")).await;
    }

    pub(crate) async fn kv_list(&self, prefix: &str) -> Vec<KvKey> {
        self.tell(self.command(Method::GET, "/kv").query(&[("prefix", prefix)])).await.json()
    }

    pub(crate) async fn kv_get(&self, key: &str) -> Option<Vec<u8>> {
        let command = self.command(Method::GET, "/kv/value").query(&[("key", key)]);
        let response = Response::received(command.send().await.must("the Workers are gone")).await;
        match response.status {
            200 => Some(response.body),
            404 => None,
            _ => fail(&format!("KV: {}", response.text())),
        }
    }

    pub(crate) async fn kv_put(&self, key: &str, value: Vec<u8>, metadata: &Value) {
        let query = [("key", key), ("metadata", &metadata.to_string())];
        self.tell(self.command(Method::PUT, "/kv/value").query(&query).body(value)).await;
    }

    pub(crate) async fn kv_clear(&self) {
        self.tell(self.command(Method::DELETE, "/kv")).await;
    }

    /// The Workers' log lines since the start: JSON where a line is JSON, else its text.
    pub(crate) async fn logs(&self) -> Vec<Value> {
        let logs: Logs = self.tell(self.command(Method::GET, "/logs")).await.json();
        let read = |line: Line| serde_json::from_str(&line.message).unwrap_or(Value::String(line.message));
        logs.lines.into_iter().map(read).collect()
    }

    fn command(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.control))
    }

    async fn tell(&self, command: RequestBuilder) -> Response {
        let response = Response::received(command.send().await.must("the Workers are gone")).await;
        if response.status != 200 {
            fail(&format!("the Workers' control port answers {}: {}", response.status, response.text()));
        }
        response
    }
}

#[derive(Deserialize)]
struct Logs {
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    message: String,
}

#[derive(Deserialize)]
struct Said {
    ready: Ready,
}

#[derive(Deserialize)]
struct Ready {
    url: String,
    control: String,
}

fn ready(line: &str) -> Option<Ready> {
    serde_json::from_str::<Said>(line).ok().map(|said| said.ready)
}

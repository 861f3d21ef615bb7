//! A world's own demo upstreams, and their control port.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::environment;
use crate::failure::{Must, fail};
use crate::program::Program;
use crate::response::{Response, client};

/// The demo upstreams.
pub struct Demo {
    client: reqwest::Client,
    url: String,
    arguments: Vec<String>,
    log: PathBuf,
    program: Mutex<Option<Program>>,
}

impl Demo {
    pub(crate) async fn start(arguments: &[String], log: PathBuf) -> Self {
        let (program, url) = run("0", arguments, &log).await;
        Self { client: client(), url, arguments: arguments.to_vec(), log, program: Mutex::new(Some(program)) }
    }

    /// Where the upstreams answer.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process ends: connections are refused. Counts and faults go with it.
    pub fn kill(&self) {
        drop(self.held().take());
    }

    /// A new process on the same port.
    pub async fn restart(&self) {
        self.kill();
        let port = self.url.rsplit(':').next().unwrap_or_default().to_owned();
        let (program, _) = run(&port, &self.arguments, &self.log).await;
        *self.held() = Some(program);
    }

    /// Sets a fault, as `GET /_demo` describes them: `json!({"kind": "status", "status": 503})`.
    pub async fn fault(&self, fault: Value) {
        self.tell(self.command(Method::POST, "/fault").json(&fault)).await;
    }

    /// Removes every fault.
    pub async fn clear_faults(&self) {
        self.tell(self.command(Method::DELETE, "/fault")).await;
    }

    /// Moves the demo's clock on, so that its data changes.
    pub async fn advance(&self, secs: u64) {
        self.tell(self.command(Method::POST, "/advance").json(&json!({ "secs": secs }))).await;
    }

    /// Serves exactly this body for a path such as `/api.opendota.com/api/players/1`.
    pub async fn set_override(&self, path: &str, body: impl Into<Vec<u8>>) {
        self.tell(self.command(Method::PUT, "/override").query(&[("path", path)]).body(body.into())).await;
    }

    /// Serves generated data for the path again.
    pub async fn remove_override(&self, path: &str) {
        self.tell(self.command(Method::DELETE, "/override").query(&[("path", path)])).await;
    }

    /// How often a path was asked for, whatever its query.
    pub async fn calls_of(&self, path: &str) -> u64 {
        let calls = self.calls().await;
        let by_path = calls.get("by_path").and_then(Value::as_object).must("the demo counts no paths").clone();
        let asked = by_path.iter().filter(|(asked, _)| asked.split('?').next() == Some(path));
        asked.filter_map(|(_, count)| count.as_u64()).sum()
    }

    /// How often anything was asked for.
    pub async fn total_calls(&self) -> u64 {
        self.calls().await.get("total").and_then(Value::as_u64).must("the demo counts no total")
    }

    /// Everything it counted: `total`, `by_path`, `by_status`.
    pub async fn calls(&self) -> Value {
        self.tell(self.command(Method::GET, "/calls")).await.json()
    }

    /// Begins to count anew.
    pub async fn reset_calls(&self) {
        self.tell(self.command(Method::DELETE, "/calls")).await;
    }

    /// The headers of the last request for a path, to see what was sent upstream.
    pub async fn last(&self, path: &str) -> Value {
        self.tell(self.command(Method::GET, "/last").query(&[("path", path)])).await.json()
    }

    fn command(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/_demo{path}", self.url))
    }

    async fn tell(&self, command: RequestBuilder) -> Response {
        let response = command.send().await.must("the demo does not answer");
        let response = Response::received(response).await;
        if response.status >= 300 {
            fail(&format!("the demo refuses: {}", response.text()));
        }
        response
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Program>> {
        self.program.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run(port: &str, arguments: &[String], log: &std::path::Path) -> (Program, String) {
    let mut command = vec![environment::demo(), "--port".to_owned(), port.to_owned()];
    command.extend_from_slice(arguments);
    let ready = |line: &str| line.strip_prefix("demo listening on ").map(|url| url.trim().to_owned());
    Program::start(&command, "term", None, log, ready).await
}

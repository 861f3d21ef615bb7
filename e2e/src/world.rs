//! One world: a database, demo upstreams and the three Workers, of one test alone.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use crate::database::Database;
use crate::demo::Demo;
use crate::environment;
use crate::failure::Must;
use crate::response::Response;
use crate::workers::{KvKey, Vars, Workers};

/// The secret of the example projects' hooks in every world, whatever the developer's own .dev.vars say.
pub const HOOK_SECRET: &str = "e2e-hook-secret";

/// Where the platform says that a request comes from; locally whoever asks can say so.
pub const CLIENT: &str = "cf-connecting-ip";

/// What is special about a world.
pub struct Options {
    /// How many isolates of `read` there are.
    pub isolates: u8,
    /// Arguments for the demo: `["--limit-minute", "5"]`, `["--replay", "…"]`.
    pub demo: Vec<String>,
    /// Variables and secrets on top of the usual: Worker, name, value (`None` takes it away).
    pub vars: Vec<(&'static str, String, Option<String>)>,
}

impl Default for Options {
    fn default() -> Self {
        // Tests that are not about limits should not meet them.
        let demo = ["--limit-minute", "100000", "--limit-day", "1000000"].map(ToOwned::to_owned).to_vec();
        Self { isolates: 1, demo, vars: Vec::new() }
    }
}

/// Everything one test talks to. Dropping it ends every process it started.
pub struct World {
    // Dropped in this order: first those who ask, then those who answer.
    workers: Workers,
    demo: Demo,
    database: Database,
    state: PathBuf,
    clients: AtomicU32,
}

impl World {
    /// Starts a world of its own.
    pub async fn start(options: Options) -> Self {
        let state = environment::root().join(".weir/e2e").join(environment::unique());
        std::fs::create_dir_all(&state).must("the world's folder cannot be made");
        let database = Database::make().await;
        let demo = Demo::start(&options.demo, state.join("demo.log")).await;
        let vars = vars(&demo, options.vars);
        let workers = Workers::start(options.isolates, &database.addresses(), &vars, &state).await;
        Self { workers, demo, database, state, clients: AtomicU32::new(1) }
    }

    /// `GET` from an isolate of `read`, counted from 1.
    pub async fn get(&self, isolate: u8, path: &str, headers: &[(&str, &str)]) -> Response {
        self.request(isolate, "GET", path, headers, Vec::new()).await
    }

    /// `POST` to the first isolate.
    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Response {
        self.request(1, "POST", path, headers, body.into()).await
    }

    /// Any method, to any isolate.
    pub async fn request(
        &self,
        isolate: u8,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Response {
        let mut request = self.workers.request(isolate, method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !headers.iter().any(|(name, _)| *name == CLIENT) {
            request = request.header(CLIENT, self.next_client());
        }
        if !body.is_empty() {
            request = request.body(body);
        }
        Response::received(request.send().await.must("the Workers do not answer")).await
    }

    /// The address of a client that never asked before: tests that are not about limits should not meet them.
    fn next_client(&self) -> String {
        let [.., high, low] = self.clients.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        format!("198.18.{high}.{low}")
    }

    /// Where the first isolate answers, for a test that brings its own client.
    pub fn url(&self) -> &str {
        self.workers.url()
    }

    /// Fires refresh's cron and waits until its handler ended.
    pub async fn tick(&self) {
        self.workers.tick().await;
    }

    /// Everything that the Workers hold in memory is gone; KV is kept.
    pub async fn restart_workers(&self) {
        self.workers.restart().await;
    }

    /// The demo upstreams.
    pub fn demo(&self) -> &Demo {
        &self.demo
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The keys in KV that begin so.
    pub async fn kv_list(&self, prefix: &str) -> Vec<KvKey> {
        self.workers.kv_list(prefix).await
    }

    /// A value in KV.
    pub async fn kv_get(&self, key: &str) -> Option<Vec<u8>> {
        self.workers.kv_get(key).await
    }

    /// Puts a value into KV, as a late or foreign writer would.
    pub async fn kv_put(&self, key: &str, value: impl Into<Vec<u8>>, metadata: &Value) {
        self.workers.kv_put(key, value.into(), metadata).await;
    }

    /// Empties KV.
    pub async fn kv_clear(&self) {
        self.workers.kv_clear().await;
    }

    /// The Workers' log lines since the start: JSON where a line is JSON, else its text.
    pub async fn logs(&self) -> Vec<Value> {
        self.workers.logs().await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this world's logs and KV: {}", self.state.display());
        } else {
            // Left-over files hurt nobody; the next run does not look at them.
            let _ = std::fs::remove_dir_all(&self.state);
        }
    }
}

fn vars(demo: &Demo, more: Vec<(&'static str, String, Option<String>)>) -> Vars {
    let mut vars: Vars = BTreeMap::new();
    let usual = [
        ("weir-receive", "OPENDOTA_HOOK_SECRET", Some(HOOK_SECRET)),
        ("weir-refresh", "UPSTREAMS", Some(demo.url())),
        ("weir-refresh", "OPENDOTA_KEY", None),
    ];
    let usual = usual.map(|(worker, name, value)| (worker, name.to_owned(), value.map(ToOwned::to_owned)));
    for (worker, name, value) in usual.into_iter().chain(more) {
        vars.entry(worker).or_default().insert(name, value);
    }
    vars
}

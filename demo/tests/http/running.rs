//! A stand-in running within the test, with a clock that stands still.

use reqwest::{Client, RequestBuilder, Response, redirect};
use serde_json::Value;
use tokio::net::TcpListener;
use weir_demo::{Clock, Config};

/// 24 seconds before a minute ends.
pub(crate) const NOW: u64 = 1_795_154_136;
pub(crate) const PLAYER: &str = "/api.opendota.com/api/players/86745912";

pub(crate) struct Running {
    pub(crate) address: std::net::SocketAddr,
    client: Client,
}

impl Running {
    pub(crate) async fn start() -> Self {
        Self::start_with(Config::default()).await
    }

    /// Whatever clock the configuration has is replaced by one that stands still.
    pub(crate) async fn start_with(config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(weir_demo::serve(listener, Config { clock: Clock::frozen(NOW), ..config }));
        Self { address, client: Client::builder().redirect(redirect::Policy::none()).build().unwrap() }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.client.request(method.parse().unwrap(), format!("http://{}{path}", self.address))
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request("GET", path).send().await.unwrap()
    }

    pub(crate) async fn status(&self, path: &str) -> u16 {
        self.get(path).await.status().as_u16()
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let body = self.get(path).await.bytes().await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    /// Sends a command that must succeed.
    pub(crate) async fn command(&self, method: &str, path: &str, body: &str) {
        let response = self.request(method, path).body(body.to_owned()).send().await.unwrap();
        assert!(response.status().is_success(), "{method} {path} {body}: {}", response.status());
    }

    pub(crate) async fn fault(&self, fault: &str) {
        self.command("POST", "/_demo/fault", fault).await;
    }

    pub(crate) async fn advance(&self, secs: u64) {
        self.command("POST", "/_demo/advance", &format!(r#"{{"secs":{secs}}}"#)).await;
    }
}

pub(crate) fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
}

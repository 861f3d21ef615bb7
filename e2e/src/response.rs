//! An answer, as it came over the wire.

use http::HeaderMap;
use serde::de::DeserializeOwned;

use crate::failure::Must;

/// Status, headers and every byte of the body.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers, as sent.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    pub(crate) async fn received(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.must("the answer's body breaks off").to_vec();
        Self { status, headers, body }
    }

    /// A header's value; none when it is missing.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; fails the test when it is none.
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).must(&format!("status {}, no such JSON: {}", self.status, self.text()))
    }
}

/// A client that follows nothing, decodes nothing, and holds no connection that a restart would break.
pub(crate) fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    builder.no_proxy().pool_max_idle_per_host(0).build().must("there is no HTTP client")
}

//! Calls of other Workers: `refresh` is asked and told, `receive` is handed what `read` does not answer.

use crate::catalog::FINGERPRINT;
use crate::clock::within;
use crate::env::binding;
use crate::gauge::Gauge;
use crate::js::{Service, settled, words};
use crate::wire::{BRING, BROUGHT, CATALOG, HEALTH, TELL, read_brought, write_ask, write_tidings};
use bytes::Bytes;
use futures_util::future::join;
use js_sys::{ArrayBuffer, JsString, Uint8Array};
use std::time::Duration;
use wasm_bindgen::JsValue;
use web_sys::{Headers, RequestInit, Response};
use weir_flow::ports::{Ask, Brought, Port, PortError, Refresher, Tidings};
use worker::Env;

/// How long somebody waits who only asks what is missing.
const PATIENCE: Duration = Duration::from_secs(1);

/// The `refresh` Worker, bound as `REFRESH`.
#[derive(Clone, Debug)]
pub struct RefreshBinding {
    env: Env,
    gauge: Gauge,
}

impl RefreshBinding {
    /// Of this environment.
    pub fn new(env: &Env, gauge: &Gauge) -> Self {
        Self { env: env.clone(), gauge: gauge.clone() }
    }

    async fn post(&self, path: &str, body: &str) -> Result<Response, PortError> {
        let missing = || PortError::permanent(Port::Refresh, "no service is bound as REFRESH");
        let service: Service = binding(&self.env, "REFRESH").ok_or_else(missing)?;
        let Some(_open) = self.gauge.invocation() else {
            return Err(PortError::transient(Port::Refresh, "a limit of the platform is reached"));
        };
        let response = async {
            let url = format!("https://refresh{path}");
            settled::<Response>(service.call(&url, &init(body)?)).await
        };
        let response = response.await.map_err(|error| failed(&error))?;
        match response.status() {
            200..300 => Ok(response),
            status @ 500.. => Err(PortError::transient(Port::Refresh, format!("status {status}"))),
            status => Err(PortError::permanent(Port::Refresh, format!("status {status}"))),
        }
    }
}

fn init(body: &str) -> Result<JsValue, JsValue> {
    let init = signed()?;
    init.set_method("POST");
    init.set_body(&JsValue::from_str(body));
    Ok(init.into())
}

fn signed() -> Result<RequestInit, JsValue> {
    let headers = Headers::new()?;
    headers.set(CATALOG, FINGERPRINT)?;
    let init = RequestInit::new();
    init.set_headers(&headers);
    Ok(init)
}

fn failed(error: &JsValue) -> PortError {
    PortError::transient(Port::Refresh, words(error))
}

async fn bytes(response: &Response) -> Result<Bytes, JsValue> {
    let buffer: ArrayBuffer = settled(response.array_buffer()).await?;
    Ok(Uint8Array::new(&buffer).to_vec().into())
}

impl Refresher for RefreshBinding {
    async fn bring(&self, ask: &Ask) -> Result<Brought, PortError> {
        let response = self.post(BRING, &write_ask(ask)).await?;
        let body = bytes(&response).await.map_err(|error| failed(&error))?;
        let header = response.headers().get(BROUGHT).ok().flatten().unwrap_or_default();
        read_brought(&header, body).ok_or_else(|| PortError::permanent(Port::Refresh, "an answer of another release"))
    }

    async fn tell(&self, tidings: &Tidings) -> Result<(), PortError> {
        self.post(TELL, &write_tidings(tidings)).await.map(drop)
    }
}

/// What `receive` and `refresh` say they lack, as JSON; `None` of one that does not answer within a second.
pub async fn missing(env: &Env, gauge: &Gauge) -> (Option<String>, Option<String>) {
    join(missing_of(env, "RECEIVE", gauge), missing_of(env, "REFRESH", gauge)).await
}

async fn missing_of(env: &Env, name: &str, gauge: &Gauge) -> Option<String> {
    let service: Service = binding(env, name)?;
    let _open = gauge.invocation()?;
    let init = signed().ok()?;
    let answer = async {
        let url = format!("https://{}{HEALTH}", name.to_ascii_lowercase());
        let response: Response = settled(service.call(&url, &init)).await.ok()?;
        if !response.ok() {
            return None;
        }
        let text: JsString = settled(response.text()).await.ok()?;
        Some(String::from(text))
    };
    within(PATIENCE, answer).await.flatten()
}

/// Hands a whole request, its body unread, to the Worker bound as `name`. `None` if it could not be reached.
pub async fn hand_over(env: &Env, name: &str, request: &web_sys::Request, gauge: &Gauge) -> Option<Response> {
    let service: Service = binding(env, name)?;
    let _open = gauge.invocation()?;
    settled(service.fetch(request)).await.ok()
}

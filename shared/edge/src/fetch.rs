//! Calls to upstreams: no cache between, no redirect followed, a deadline for headers and body together.

use crate::clock::{now, within};
use crate::env::text;
use crate::gauge::Gauge;
use crate::request::collect;
use crate::upstream::{Heads, Verdict, address, age, failure, too_large, verdict, with_credential};
use bytes::Bytes;
use weir_flow::entry::Validators;
use weir_flow::ports::{Call, Reply, Upstreams};
use worker::{
    AbortController, AbortSignal, CacheMode, Env, Fetch, Headers, Request, RequestInit, RequestRedirect, Response,
};

/// Whom upstreams see.
const USER_AGENT: &str = concat!("weir/", env!("CARGO_PKG_VERSION"));

/// The upstreams of one invocation.
#[derive(Clone, Debug)]
pub struct Fetches {
    env: Env,
    gauge: Gauge,
}

impl Fetches {
    /// With the secrets of this environment. Its variable `UPSTREAMS` names a stand-in for every upstream.
    pub fn new(env: &Env, gauge: &Gauge) -> Self {
        Self { env: env.clone(), gauge: gauge.clone() }
    }

    /// The call as it is sent; what a client sent Weir is no part of it.
    fn request(&self, call: &Call<'_>) -> Result<Request, Reply> {
        let unusable = |detail: String| Reply::Unusable { detail };
        let url = address(&call.url, text(&self.env, "UPSTREAMS").as_deref());
        let (url, credential) = match &call.upstream.auth {
            None => (url, None),
            Some(auth) => match text(&self.env, &auth.secret.name) {
                Some(secret) => with_credential(url, &auth.slot, &secret),
                None if auth.secret.optional => (url, None),
                None => return Err(unusable(format!("the secret {} is not set", auth.secret.name))),
            },
        };
        let headers = headers(&call.validators, credential);
        let headers =
            headers.map_err(|_| unusable("a header's value cannot be sent: look at the secret".to_owned()))?;
        let mut init = RequestInit::new();
        init.with_headers(headers).with_redirect(RequestRedirect::Manual).with_cache(CacheMode::NoStore);
        Request::new_with_init(&url, &init).map_err(|_| unusable("the address cannot be called".to_owned()))
    }
}

fn headers(validators: &Validators, credential: Option<(String, String)>) -> worker::Result<Headers> {
    let headers = Headers::new();
    headers.set("accept", "application/json")?;
    headers.set("user-agent", USER_AGENT)?;
    if let Some(etag) = &validators.etag {
        headers.set("if-none-match", etag)?;
    }
    if let Some(instant) = &validators.last_modified {
        headers.set("if-modified-since", instant)?;
    }
    if let Some((name, value)) = credential {
        headers.set(&name, &value)?;
    }
    Ok(headers)
}

impl Upstreams for Fetches {
    async fn call(&self, call: &Call<'_>) -> Reply {
        let request = match self.request(call) {
            Ok(request) => request,
            Err(reply) => return reply,
        };
        let Some(_open) = self.gauge.fetch() else {
            return Reply::Broken { detail: "too many connections in this invocation".to_owned() };
        };
        let controller = AbortController::default();
        let answered =
            within(call.upstream.timeout, answer(request, controller.signal(), call.upstream.max_bytes)).await;
        // Whatever was not read is cancelled; of what was, nothing is left to cancel.
        controller.abort();
        let late = || Reply::Broken { detail: format!("no answer within {} ms", call.upstream.timeout.as_millis()) };
        answered.unwrap_or_else(late)
    }
}

async fn answer(request: Request, signal: AbortSignal, max_bytes: u32) -> Reply {
    let broken = |error: worker::Error| Reply::Broken { detail: failure(&error.to_string()) };
    let mut response = match Fetch::Request(request).send_with_signal(&signal).await {
        Ok(response) => response,
        Err(error) => return broken(error),
    };
    let heads = heads(&response);
    match verdict(response.status_code(), &heads, max_bytes, now()) {
        Verdict::Reply(reply) => reply,
        Verdict::Read => match body(&mut response, max_bytes).await {
            Ok(Some(body)) => Reply::Full {
                content_type: heads.content_type,
                validators: heads.validators,
                age: age(heads.age.as_deref()),
                body,
            },
            Ok(None) => too_large(max_bytes),
            Err(error) => broken(error),
        },
    }
}

fn heads(response: &Response) -> Heads {
    let header = |name| response.headers().get(name).ok().flatten();
    Heads {
        content_type: header("content-type"),
        content_length: header("content-length"),
        age: header("age"),
        retry_after: header("retry-after"),
        validators: Validators { etag: header("etag"), last_modified: header("last-modified") },
    }
}

async fn body(response: &mut Response, max_bytes: u32) -> worker::Result<Option<Bytes>> {
    collect(response.stream()?, max_bytes).await
}

//! A request to an upstream: counted, struck by a fault or charged to a quota, and answered.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::answer::{self, Answer};
use crate::api_key;
use crate::faults::{Kind, Strike};
use crate::opendota;
use crate::quota::{Charge, Client};
use crate::stand::Stand;

/// One request, as far as an answer depends on it.
struct Asked {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    peer: SocketAddr,
}

/// The answer an upstream in good health gives, and its quota headers.
struct Healthy {
    answer: Answer,
    quota: HeaderMap,
}

pub(crate) async fn answer(
    State(stand): State<Arc<Stand>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let asked = Asked { method, uri, headers, peer };
    stand.calls.note_request(&asked.method, asked.path(), &asked.headers);
    let response = match stand.faults.strike(asked.path()) {
        Some(strike) => struck(&stand, &asked, strike).await,
        None => Some(healthy(&stand, &asked).respond(&asked.headers)),
    };
    if let Some(response) = response {
        stand.calls.note_status(response.status().as_u16());
        response
    } else {
        closing()
    }
}

/// The answer under a fault; none when the connection is to be closed without one.
async fn struck(stand: &Stand, asked: &Asked, strike: Strike) -> Option<Response> {
    let Strike { kind, mut removed } = strike;
    Some(match kind {
        Kind::Latency(delay) => {
            tokio::time::sleep(delay).await;
            healthy(stand, asked).respond(&asked.headers)
        }
        Kind::Hang => {
            // The sender lives as long as the faults do, so the wait ends only by their removal.
            let _ = removed.changed().await;
            healthy(stand, asked).respond(&asked.headers)
        }
        Kind::Truncated => {
            let healthy = healthy(stand, asked);
            let whole = &healthy.answer.body;
            let mut response = answer::response(healthy.answer.status, whole.slice(..whole.len() / 2));
            response.headers_mut().extend(healthy.quota);
            response
        }
        Kind::Status { status, retry_after_secs } => failing(status, retry_after_secs),
        Kind::Html => web_page(),
        Kind::Empty => answer::response(StatusCode::OK, Bytes::new()),
        Kind::Redirect(to) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Kind::Oversized(bytes) => answer::response(StatusCode::OK, padding(bytes)),
        Kind::Down => return None,
    })
}

fn healthy(stand: &Stand, asked: &Asked) -> Healthy {
    let query = asked.query();
    let key = api_key::presented(&asked.headers, &query);
    let (host, below) = asked.host_and_path();
    // Other upstreams have other credentials, which are not judged here.
    if host == opendota::HOST && key.as_deref().is_some_and(|key| !api_key::is_well_formed(key)) {
        let answer = Answer::error(StatusCode::BAD_REQUEST, "Invalid API key format");
        return Healthy { answer, quota: HeaderMap::new() };
    }
    let client = key.map_or(Client::Address(asked.peer.ip()), Client::Key);
    let charged_at = stand.clock.now();
    let charge = stand.quota.charge(host, &client, charged_at);
    let answer = match charge.refusal {
        Some(refusal) => Answer::error(StatusCode::TOO_MANY_REQUESTS, refusal),
        None => told(stand, asked, host, below, &query),
    };
    if [404, 429, 500].contains(&answer.status.as_u16()) {
        stand.quota.refund(host, &client, charged_at);
    }
    Healthy { answer, quota: quota_headers(&charge, asked.peer) }
}

/// What the upstream tells: a body set by a test, else a recording, else generated data.
fn told(stand: &Stand, asked: &Asked, host: &str, below: &str, query: &[(String, String)]) -> Answer {
    if ![Method::GET, Method::HEAD].contains(&asked.method) {
        return Answer::not_found();
    }
    if let Some(body) = stand.overrides.find(asked.path()) {
        return Answer::bytes(body);
    }
    if let Some(replay) = &stand.replay {
        return replay.find(below).map_or_else(Answer::not_found, Answer::bytes);
    }
    if host != opendota::HOST {
        return Answer::not_found();
    }
    let (path, _) = below.split_once('?').unwrap_or((below, ""));
    opendota::answer(stand.world(), path, query)
}

fn quota_headers(charge: &Charge, peer: SocketAddr) -> HeaderMap {
    let day = charge.remaining_day.map(|day| ("x-rate-limit-remaining-day", day.to_string()));
    let all = [
        ("x-rate-limit-remaining-minute", charge.remaining_minute.to_string()),
        ("x-ip-address", peer.ip().to_string()),
    ];
    let pairs = all.into_iter().chain(day);
    pairs
        .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?)))
        .collect()
}

impl Asked {
    /// Path and query, as sent.
    fn path(&self) -> &str {
        self.uri.path_and_query().map_or("/", |path| path.as_str())
    }

    /// The first segment stands for the host.
    fn host_and_path(&self) -> (&str, &str) {
        let path = self.path().trim_start_matches('/');
        path.find('/').map_or((path, ""), |at| path.split_at(at))
    }

    fn query(&self) -> Vec<(String, String)> {
        Query::try_from_uri(&self.uri).map(|Query(pairs)| pairs).unwrap_or_default()
    }
}

impl Healthy {
    fn respond(self, request: &HeaderMap) -> Response {
        let mut response = self.answer.respond(request);
        response.headers_mut().extend(self.quota);
        response
    }
}

fn failing(status: StatusCode, retry_after_secs: Option<u64>) -> Response {
    let error = match status {
        StatusCode::TOO_MANY_REQUESTS => "minute rate limit exceeded",
        other => other.canonical_reason().unwrap_or("Unknown Error"),
    };
    let mut response = answer::response(status, json!({ "error": error }).to_string().into());
    if let Some(secs) = retry_after_secs {
        response.headers_mut().insert(header::RETRY_AFTER, secs.into());
    }
    response
}

fn web_page() -> Response {
    const PAGE: &str = "<!DOCTYPE html><html><head><title>Just a moment...</title></head>\
                        <body><h1>Checking your connection</h1></body></html>\n";
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], PAGE).into_response()
}

fn padding(bytes: usize) -> Bytes {
    let around = r#"{"padding":""}"#.len();
    format!(r#"{{"padding":"{}"}}"#, "x".repeat(bytes.saturating_sub(around))).into()
}

/// A response whose body fails at once: the server then closes the connection before it has sent a byte.
fn closing() -> Response {
    let failure = std::future::ready(Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionAborted)));
    Response::new(Body::from_stream(futures_util::stream::once(failure)))
}

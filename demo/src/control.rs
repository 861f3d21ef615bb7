//! The commands under `/_demo`, by which a test moves the clock, sets faults and reads what was asked.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use crate::calendar::iso8601;
use crate::faults::Fault;
use crate::stand::Stand;

type Stood = State<Arc<Stand>>;

pub(crate) fn router() -> Router<Arc<Stand>> {
    Router::new()
        .route("/", get(guide))
        .route("/calls", get(calls).delete(reset_calls))
        .route("/last", get(last))
        .route("/fault", post(add_fault).delete(remove_faults))
        .route("/advance", post(advance))
        .route("/override", put(set_override).delete(remove_override))
        .fallback(unknown)
}

/// The commands, for people.
pub(crate) async fn guide() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], include_str!("guide.txt")).into_response()
}

/// A path with its query, percent-encoded as one parameter.
#[derive(Deserialize)]
struct Named {
    path: String,
}

async fn calls(State(stand): Stood) -> Response {
    Json(stand.calls.counts()).into_response()
}

async fn reset_calls(State(stand): Stood) -> StatusCode {
    stand.calls.reset();
    StatusCode::NO_CONTENT
}

async fn last(State(stand): Stood, Query(Named { path }): Query<Named>) -> Response {
    match stand.calls.last(&path) {
        Some(request) => Json(request).into_response(),
        None => refused(StatusCode::NOT_FOUND, &format!("no request for `{path}` was seen since the last reset")),
    }
}

async fn add_fault(State(stand): Stood, body: Bytes) -> Response {
    match Fault::parse(&body) {
        Ok(fault) => Json(json!({ "faults": stand.faults.add(fault) })).into_response(),
        Err(reason) => refused(StatusCode::BAD_REQUEST, &reason),
    }
}

async fn remove_faults(State(stand): Stood) -> Response {
    Json(json!({ "removed": stand.faults.remove_all() })).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    secs: u64,
}

/// Beyond this, instants no longer fit what clients parse.
const MOST_SECS: u64 = 10 * 366 * 86_400;

async fn advance(State(stand): Stood, body: Bytes) -> Response {
    match serde_json::from_slice(&body) {
        Ok(Advance { secs }) if secs <= MOST_SECS => {
            stand.clock.advance(secs);
            let now = stand.clock.now();
            Json(json!({ "now": now, "iso": iso8601(now) })).into_response()
        }
        Ok(_) => refused(StatusCode::BAD_REQUEST, &format!("`secs` must be at most {MOST_SECS}")),
        Err(error) => refused(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

async fn set_override(State(stand): Stood, Query(Named { path }): Query<Named>, body: Bytes) -> Response {
    if !path.starts_with('/') {
        return refused(StatusCode::BAD_REQUEST, "`path` starts with `/`, as in `/api.opendota.com/api/players/1`");
    }
    stand.overrides.set(path, body);
    StatusCode::NO_CONTENT.into_response()
}

async fn remove_override(State(stand): Stood, Query(Named { path }): Query<Named>) -> Response {
    if stand.overrides.remove(&path) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        refused(StatusCode::NOT_FOUND, &format!("no override is set for `{path}`"))
    }
}

async fn unknown() -> Response {
    refused(StatusCode::NOT_FOUND, "no such command; GET /_demo lists them")
}

fn refused(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({ "error": reason }))).into_response()
}

//! An upstream's answer, and how it goes over the wire: content type, weak validator, 304.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// Status and JSON body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn found(body: &Value) -> Self {
        Self::json(StatusCode::OK, body)
    }

    pub(crate) fn bytes(body: Bytes) -> Self {
        Self { status: StatusCode::OK, body }
    }

    pub(crate) fn not_found() -> Self {
        Self::error(StatusCode::NOT_FOUND, "Not Found")
    }

    pub(crate) fn error(status: StatusCode, error: &str) -> Self {
        Self::json(status, &json!({ "error": error }))
    }

    fn json(status: StatusCode, body: &Value) -> Self {
        Self { status, body: body.to_string().into() }
    }

    /// The response to a request with these headers: 304 when the caller already holds this body.
    pub(crate) fn respond(self, request: &HeaderMap) -> Response {
        if self.status != StatusCode::OK {
            return response(self.status, self.body);
        }
        let etag = weak_etag(&self.body);
        let mut response = if holds(request, &etag) {
            let mut unchanged = Response::new(Body::empty());
            *unchanged.status_mut() = StatusCode::NOT_MODIFIED;
            unchanged
        } else {
            response(self.status, self.body)
        };
        if let Ok(etag) = HeaderValue::from_str(&etag) {
            response.headers_mut().insert(header::ETAG, etag);
        }
        response
    }
}

/// A JSON response without a validator.
pub(crate) fn response(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// Express' form: `W/"<length in hex>-<27 characters of a hash>"`.
fn weak_etag(body: &[u8]) -> String {
    let hash = format!("{:x}", Sha256::digest(body));
    format!(r#"W/"{:x}-{}""#, body.len(), hash.get(..27).unwrap_or_default())
}

fn holds(request: &HeaderMap, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim() == "*" || opaque(tag) == opaque(etag))
}

#[cfg(test)]
mod tests {
    use super::{Answer, weak_etag};
    use axum::http::{HeaderMap, StatusCode};
    use serde_json::json;

    fn asked_with(if_none_match: &str) -> StatusCode {
        let headers = HeaderMap::from_iter([("if-none-match".parse().unwrap(), if_none_match.parse().unwrap())]);
        Answer::found(&json!([])).respond(&headers).status()
    }

    #[test]
    fn a_validator_matches_weakly_within_a_list_and_as_a_star() {
        let etag = weak_etag(b"[]");
        assert!(etag.starts_with("W/\"2-") && etag.len() == 33, "{etag}");
        for held in [etag.clone(), etag.replace("W/", ""), format!("\"a\", {etag}"), "*".to_owned()] {
            assert_eq!(asked_with(&held), StatusCode::NOT_MODIFIED, "{held}");
        }
        assert_eq!(asked_with("\"other\""), StatusCode::OK);
    }

    #[test]
    fn an_error_has_no_validator() {
        let refused = Answer::not_found().respond(&HeaderMap::new());
        assert_eq!(refused.status(), StatusCode::NOT_FOUND);
        assert!(!refused.headers().contains_key("etag"));
    }
}

//! Errors as clients see them: RFC 9457 problems, with a stable type and nothing of what went wrong inside.

use crate::payload::Payload;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use serde::Serialize;
use std::time::Duration;

/// One problem, on its way to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    kind: &'static str,
    title: &'static str,
    status: StatusCode,
    detail: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

impl Problem {
    /// A problem of a kind, which never changes its name: `urn:weir:problem:{kind}`.
    #[must_use]
    pub fn new(status: StatusCode, kind: &'static str, title: &'static str) -> Self {
        let headers = vec![(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
        Self { kind, title, status, detail: None, headers }
    }

    /// There is nothing at this path.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is nothing at this path")
    }

    /// The path knows other methods only.
    #[must_use]
    pub fn method_not_allowed(allowed: &'static str) -> Self {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let title = "This path does not know this method";
        Self::new(status, "method-not-allowed", title).header(ALLOW, HeaderValue::from_static(allowed))
    }

    /// Something that Weir needs could not be reached.
    #[must_use]
    pub fn unavailable() -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new(status, "unavailable", "Something that Weir needs cannot be reached; try again")
    }

    /// Says more, in words that are fit for a client.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// When asking again makes sense; at the earliest in a second.
    #[must_use]
    pub fn retry_after(self, span: Duration) -> Self {
        let secs = span.as_millis().div_ceil(1000).clamp(1, u128::from(u32::MAX));
        let secs = u32::try_from(secs).unwrap_or(u32::MAX);
        self.header(RETRY_AFTER, HeaderValue::from(secs))
    }

    /// With a header more, or instead of the one of that name.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Its kind, for the log.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The response.
    pub fn respond<B>(self) -> Response<Payload<B>> {
        let Self { kind, title, status, detail, headers } = self;
        let r#type = format!("urn:weir:problem:{kind}");
        let document = Document { r#type, title, status: status.as_u16(), detail: detail.as_deref() };
        let text = serde_json::to_string(&document).unwrap_or_default();
        let mut response = Response::new(Payload::Text(text));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        for (name, value) in headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(problem: Problem) -> (Response<()>, String) {
        let (parts, payload) = problem.respond::<()>().into_parts();
        let Payload::Text(text) = payload else { panic!("a problem has words") };
        (Response::from_parts(parts, ()), text)
    }

    #[test]
    fn a_problem_has_a_type_a_title_and_its_status_and_is_not_stored() {
        let (response, text) = parts(Problem::not_found());
        assert_eq!(response.status(), 404);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let title = "There is nothing at this path";
        assert_eq!(text, format!(r#"{{"type":"urn:weir:problem:not-found","title":"{title}","status":404}}"#));
    }

    #[test]
    fn a_detail_is_told_when_there_is_one() {
        let (_, text) = parts(Problem::not_found().detail("no \"x\""));
        assert!(text.ends_with(r#""status":404,"detail":"no \"x\""}"#), "{text}");
    }

    #[test]
    fn nobody_is_told_to_come_back_at_once() {
        for (ms, expected) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (60_000, "60")] {
            let (response, _) = parts(Problem::unavailable().retry_after(Duration::from_millis(ms)));
            assert_eq!(response.headers()["retry-after"], expected, "{ms} ms");
        }
    }

    #[test]
    fn a_wrong_method_is_told_the_right_ones() {
        let (response, _) = parts(Problem::method_not_allowed("GET, HEAD"));
        assert_eq!(
            (response.status().as_u16(), &response.headers()["allow"]),
            (405, &HeaderValue::from_static("GET, HEAD"))
        );
    }
}

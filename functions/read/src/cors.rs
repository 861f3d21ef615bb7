//! Which pages' scripts may read an answer: all of them, where everybody may.

use crate::asked::ENTRY_METHODS;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use weir_edge::payload::Payload;

/// What scripts may see beside what browsers show them anyway.
const EXPOSED: &str = "Age, Cache-Status, ETag, Retry-After, Server-Timing, Weir-Version";
/// A client library may send its upstream's credentials; they are ignored. The star alone does not cover the second.
const REQUEST_HEADERS: &str = "*, Authorization";

/// Opens an answer to every page.
pub(crate) fn open(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
}

/// The answer to a browser that asks beforehand.
pub(crate) fn preflight<B>() -> Response<Payload<B>> {
    let mut response = Response::new(Payload::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(ENTRY_METHODS));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    open(headers);
    response
}

//! Which pages' scripts may read an answer: all of them, unless the project names some.

use crate::asked::ENTRY_METHODS;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use weir_catalog::Origins;
use weir_edge::payload::Payload;

/// What scripts may see beside what browsers show them anyway.
const EXPOSED: &str = "Age, Cache-Status, ETag, RateLimit-Policy, Retry-After, Server-Timing, Weir-Version";
/// A client library may send its upstream's credentials; they are ignored. The star alone does not cover the second.
const REQUEST_HEADERS: &str = "*, Authorization";

/// Opens an answer to the pages that may read it; where that depends on the page, caches are told so.
pub(crate) fn open(headers: &mut HeaderMap, origins: &Origins, request: &HeaderMap) {
    let origin = match origins {
        Origins::Any => HeaderValue::from_static("*"),
        Origins::Only(known) => {
            headers.append(VARY, HeaderValue::from_static("Origin"));
            match request.get(ORIGIN).filter(|origin| known.iter().any(|known| known.as_bytes() == origin.as_bytes())) {
                Some(origin) => origin.clone(),
                None => return,
            }
        }
    };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
}

/// The answer to a browser that asks beforehand, before it is opened.
pub(crate) fn preflight<B>() -> Response<Payload<B>> {
    let mut response = Response::new(Payload::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(ENTRY_METHODS));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(origins: &Origins, from: Option<&str>) -> HeaderMap {
        let (mut headers, mut request) = (HeaderMap::new(), HeaderMap::new());
        if let Some(from) = from {
            request.insert(ORIGIN, HeaderValue::from_str(from).unwrap());
        }
        open(&mut headers, origins, &request);
        headers
    }

    #[test]
    fn a_project_that_names_no_page_is_open_to_all() {
        for from in [None, Some("https://fans.example"), Some("null")] {
            let headers = opened(&Origins::Any, from);
            assert_eq!(headers["access-control-allow-origin"], "*");
            assert!(headers["access-control-expose-headers"].to_str().unwrap().contains("Weir-Version"));
            assert!(!headers.contains_key("vary"), "one answer for all");
        }
    }

    #[test]
    fn only_a_named_page_is_let_in_and_caches_know_that_it_depends() {
        let known = Origins::Only(vec!["https://fans.example".into(), "https://more.example".into()]);
        for (from, allowed) in [
            (Some("https://fans.example"), true),
            (Some("https://more.example"), true),
            (Some("https://fans.example.evil.test"), false),
            (Some("https://fans.example, https://more.example"), false),
            (Some("http://fans.example"), false),
            (Some("null"), false),
            (None, false),
        ] {
            let headers = opened(&known, from);
            assert_eq!(headers["vary"], "Origin");
            let told = headers.get("access-control-allow-origin").and_then(|origin| origin.to_str().ok());
            assert_eq!(told, from.filter(|_| allowed), "{from:?}");
            assert_eq!(headers.contains_key("access-control-expose-headers"), allowed);
        }
    }

    #[test]
    fn a_browser_that_asks_beforehand_learns_the_methods() {
        let response = preflight::<()>();
        assert_eq!((response.status().as_u16(), response.body()), (204, &Payload::Empty));
        assert_eq!(response.headers()["access-control-allow-methods"], "GET, HEAD, OPTIONS");
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
}

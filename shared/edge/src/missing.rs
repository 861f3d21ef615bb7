//! The secrets that a Worker lacks, by name: what `read` tells of them, which knows none.

use crate::payload::Payload;
use crate::wire::{CATALOG, HEALTH};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response};
use serde::Serialize;

/// Something of a project that does not work for want of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing<'a> {
    /// Whose.
    pub project: &'a str,
    /// Which hook accepts nothing; otherwise the whole project does not start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook: Option<&'a str>,
    /// The names of what to set: of a hook's, one will do.
    pub secrets: Vec<&'a str>,
}

/// Whether another Worker, built from the same project files, asks what is missing.
///
/// `read` hands no such request over, so nobody outside can ask; the fingerprint is no secret.
pub fn is_asked<B>(request: &Request<B>, fingerprint: &str) -> bool {
    let is_theirs = request.headers().get(CATALOG).is_some_and(|theirs| theirs == fingerprint);
    is_theirs && request.method() == Method::GET && request.uri().path() == HEALTH
}

/// The answer to it.
pub fn respond<B>(missing: &[Missing<'_>]) -> Response<Payload<B>> {
    let text = serde_json::to_string(missing).unwrap_or_default();
    let mut response = Response::new(Payload::Text(text));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_worker_of_the_same_catalog_asks() {
        let asks = |method: &str, address: &str, fingerprint: Option<&str>| {
            let request = Request::builder().method(method).uri(address);
            let request = fingerprint.into_iter().fold(request, |request, value| request.header(CATALOG, value));
            is_asked(&request.body(()).unwrap(), "00ff")
        };
        assert!(asks("GET", "https://receive/health", Some("00ff")));
        assert!(!asks("GET", "https://receive/health", Some("00fe")));
        assert!(!asks("GET", "https://receive/health", None));
        assert!(!asks("POST", "https://receive/health", Some("00ff")));
        assert!(!asks("GET", "https://receive/hooks/demo/health", Some("00ff")));
    }

    #[test]
    fn names_are_told_and_nothing_else() {
        let hook = Missing { project: "demo", hook: Some("played"), secrets: vec!["OLD", "NEW"] };
        let project = Missing { hook: None, secrets: vec!["KEY"], ..hook.clone() };
        let Payload::Text(text) = respond::<()>(&[hook, project]).into_body() else { panic!("it has words") };
        assert_eq!(
            text,
            r#"[{"project":"demo","hook":"played","secrets":["OLD","NEW"]},{"project":"demo","secrets":["KEY"]}]"#
        );
    }
}

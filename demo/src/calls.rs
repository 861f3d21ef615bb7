//! Remembers every upstream request, so that a test can prove what was asked and with which headers.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, Method};
use serde::Serialize;

/// What was asked since the last reset.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    counts: Counts,
    last: BTreeMap<String, LastRequest>,
}

/// The counters as the control API shows them. A call that was never answered has no status.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Counts {
    total: u64,
    by_path: BTreeMap<String, u64>,
    by_status: BTreeMap<u16, u64>,
}

/// The last request seen for a path; a header sent twice has its values joined by `, `.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LastRequest {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
}

impl Calls {
    pub(crate) fn note_request(&self, method: &Method, path: &str, headers: &HeaderMap) {
        let request = LastRequest { method: method.to_string(), path: path.to_owned(), headers: plain(headers) };
        let mut seen = self.seen();
        seen.counts.total += 1;
        *seen.counts.by_path.entry(path.to_owned()).or_default() += 1;
        // Kept under the bare path as well: then a test need not know the query the request carried.
        let (bare, _) = path.split_once('?').unwrap_or((path, ""));
        seen.last.insert(bare.to_owned(), request.clone());
        seen.last.insert(path.to_owned(), request);
    }

    pub(crate) fn note_status(&self, status: u16) {
        *self.seen().counts.by_status.entry(status).or_default() += 1;
    }

    pub(crate) fn counts(&self) -> Counts {
        self.seen().counts.clone()
    }

    pub(crate) fn last(&self, path: &str) -> Option<LastRequest> {
        self.seen().last.get(path).cloned()
    }

    pub(crate) fn reset(&self) {
        *self.seen() = Seen::default();
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn plain(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut plain = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        plain
            .entry(name.to_string())
            .and_modify(|values| {
                values.push_str(", ");
                values.push_str(&value);
            })
            .or_insert_with(|| value.to_string());
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::Calls;
    use axum::http::{HeaderMap, Method};

    #[test]
    fn a_request_is_found_with_and_without_its_query() {
        let calls = Calls::default();
        let headers: HeaderMap = [("x-a", "1"), ("x-a", "2")]
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .into_iter()
            .collect();
        calls.note_request(&Method::GET, "/api/x?a=1", &headers);
        calls.note_status(200);
        for path in ["/api/x", "/api/x?a=1"] {
            assert_eq!(calls.last(path).unwrap().headers["x-a"], "1, 2");
        }
        assert!(calls.last("/api/y").is_none());
        let counts = serde_json::to_value(calls.counts()).unwrap();
        assert_eq!(counts.to_string(), r#"{"by_path":{"/api/x?a=1":1},"by_status":{"200":1},"total":1}"#);
    }
}

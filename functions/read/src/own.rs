//! Weir's own pages: where to begin, and how the tiers are.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};
use serde_json::{Value, json};
use weir_catalog::Project;
use weir_edge::payload::Payload;

/// How the tiers answered just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tiers {
    /// KV.
    pub(crate) hot: bool,
    /// Postgres.
    pub(crate) persistent: bool,
}

/// What runs here and where its paths begin.
pub(crate) fn index<B>(running: &[&Project]) -> Response<Payload<B>> {
    let projects: Vec<Value> = running.iter().map(|project| introduced(project)).collect();
    let page = json!({ "weir": env!("CARGO_PKG_VERSION"), "projects": projects, "health": "/-/health" });
    respond(&page, "public, max-age=60")
}

fn introduced(project: &Project) -> Value {
    let paths: Vec<String> =
        project.upstreams.iter().map(|upstream| format!("/{}{}", project.name, upstream.mount)).collect();
    json!({ "name": project.name, "description": project.description, "paths": paths })
}

/// Which projects run, and which tiers can be reached.
pub(crate) fn health<B>(running: &[&Project], tiers: Tiers) -> Response<Payload<B>> {
    let projects: Vec<&str> = running.iter().map(|project| project.name.as_str()).collect();
    let state = |reached| if reached { "ok" } else { "unreachable" };
    let tiers = json!({ "memory": "ok", "kv": state(tiers.hot), "postgres": state(tiers.persistent) });
    respond(&json!({ "projects": projects, "tiers": tiers }), "no-store")
}

fn respond<B>(page: &Value, cache_control: &'static str) -> Response<Payload<B>> {
    let mut response = Response::new(Payload::Text(page.to_string()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(response: Response<Payload<()>>) -> Value {
        let Payload::Text(text) = response.into_body() else { panic!("a page has text") };
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn health_names_the_tier_that_cannot_be_reached() {
        let response = health::<()>(&[], Tiers { hot: true, persistent: false });
        assert_eq!(response.headers()["cache-control"], "no-store");
        let expected = json!({ "projects": [], "tiers": { "memory": "ok", "kv": "ok", "postgres": "unreachable" } });
        assert_eq!(text(response), expected);
    }

    #[test]
    fn the_index_tells_where_paths_begin() {
        let project = crate::asked::tests::catalog().projects.remove(0);
        let page = text(index::<()>(&[&project]));
        assert_eq!(page["projects"][0]["paths"], json!(["/demo/api"]));
    }
}

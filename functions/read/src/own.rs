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

/// What the other Workers say they lack, as they say it; `None` of one that does not answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Missing {
    /// `receive`: hooks that no secret is set for.
    pub(crate) hooks: Option<String>,
    /// `refresh`: projects that do not start for want of an upstream's secret.
    pub(crate) upstreams: Option<String>,
}

/// What runs here and where its paths begin.
pub(crate) fn index<B>(running: &[&Project]) -> Response<Payload<B>> {
    let projects: Vec<Value> = running.iter().map(|project| introduced(project)).collect();
    let page = json!({ "weir": env!("CARGO_PKG_VERSION"), "projects": projects, "health": "/-/health" });
    respond(page.to_string(), "public, max-age=60")
}

fn introduced(project: &Project) -> Value {
    let paths: Vec<String> =
        project.upstreams.iter().map(|upstream| format!("/{}{}", project.name, upstream.mount)).collect();
    json!({ "name": project.name, "description": project.description, "paths": paths })
}

/// Which projects run, which tiers can be reached, and which secrets are missing.
pub(crate) fn health<B>(running: &[&Project], tiers: Tiers, missing: &Missing) -> Response<Payload<B>> {
    let projects: Vec<&str> = running.iter().map(|project| project.name.as_str()).collect();
    let state = |reached| if reached { "ok" } else { "unreachable" };
    let tiers = json!({ "memory": "ok", "kv": state(tiers.hot), "postgres": state(tiers.persistent) });
    let (hooks, upstreams) = (said(missing.hooks.as_deref()), said(missing.upstreams.as_deref()));
    let missing = format!(r#"{{"hooks":{hooks},"upstreams":{upstreams}}}"#);
    let page = format!(r#"{{"projects":{},"tiers":{tiers},"missing":{missing}}}"#, Value::from(projects));
    respond(page, "no-store")
}

/// JSON as it came from another Worker of this build: to read it and write it again would add 2 kB to the module.
fn said(missing: Option<&str>) -> &str {
    missing.filter(|text| text.starts_with('[') && text.ends_with(']')).unwrap_or(r#""unreachable""#)
}

fn respond<B>(page: String, cache_control: &'static str) -> Response<Payload<B>> {
    let mut response = Response::new(Payload::Text(page));
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
        let nothing = Missing { hooks: Some("[]".into()), upstreams: Some("[]".into()) };
        let response = health::<()>(&[], Tiers { hot: true, persistent: false }, &nothing);
        assert_eq!(response.headers()["cache-control"], "no-store");
        let tiers = json!({ "memory": "ok", "kv": "ok", "postgres": "unreachable" });
        let expected = json!({ "projects": [], "tiers": tiers, "missing": { "hooks": [], "upstreams": [] } });
        assert_eq!(text(response), expected);
    }

    #[test]
    fn health_names_what_is_missing_and_who_does_not_answer() {
        let hooks = r#"[{"project":"demo","hook":"played","secrets":["SECRET"]}]"#;
        let tiers = Tiers { hot: true, persistent: true };
        for (upstreams, told) in
            [(None, json!("unreachable")), (Some("<html>"), json!("unreachable")), (Some("[]"), json!([]))]
        {
            let missing = Missing { hooks: Some(hooks.into()), upstreams: upstreams.map(str::to_owned) };
            let page = text(health::<()>(&[], tiers, &missing));
            let hook = json!({ "project": "demo", "hook": "played", "secrets": ["SECRET"] });
            assert_eq!(page["missing"], json!({ "hooks": [hook], "upstreams": told }));
        }
    }

    #[test]
    fn the_index_tells_where_paths_begin() {
        let project = crate::asked::tests::catalog().projects.remove(0);
        let page = text(index::<()>(&[&project]));
        assert_eq!(page["projects"][0]["paths"], json!(["/demo/api"]));
    }
}

//! What a call from another Worker wants, and whether both were built from the same project files.

use http::header::HeaderName;
use http::{Method, Request, StatusCode};
use std::time::Duration;
use weir_catalog::{Catalog, Key, Project, Route, Routes};
use weir_edge::problem::Problem;
use weir_edge::wire::{BRING, CATALOG, TELL};
use weir_flow::work::Subject;

/// The caller's catalog.
pub(crate) const FINGERPRINT: HeaderName = HeaderName::from_static(CATALOG);

/// What a call wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Called {
    /// An entry brought up to date.
    Bring,
    /// Something noted.
    Tell,
}

/// Reads a call's head. Nobody but the other Workers calls, so whatever else comes is not found.
pub(crate) fn called<B>(request: &Request<B>, fingerprint: &str) -> Result<Called, Problem> {
    let called = match (request.method(), request.uri().path()) {
        (&Method::POST, BRING) => Called::Bring,
        (&Method::POST, TELL) => Called::Tell,
        _ => return Err(Problem::not_found()),
    };
    if request.headers().get(FINGERPRINT).is_some_and(|theirs| theirs == fingerprint) {
        return Ok(called);
    }
    let title = "The Workers were built from different project files";
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "catalog-mismatch", title);
    // A deployment replaces one Worker after the other.
    Err(problem.retry_after(Duration::from_secs(10)))
}

/// The body of a call makes no sense.
pub(crate) fn bad_call() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-call", "This is no call of another Worker")
}

/// What a key is about; `None` where no running project has such a key.
pub(crate) fn subject<'a>(catalog: &'a Catalog, routes: &Routes, key: &Key) -> Option<Subject<'a>> {
    let (path, query) = match key.as_str().split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (key.as_str(), None),
    };
    let Route { project, resource, key: found } = routes.find(catalog, &format!("/{path}"), query).ok()?;
    let project: &Project = catalog.projects.get(project)?;
    if found == *key { Subject::of(project, project.resources.get(resource)?) } else { None }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use weir_catalog::{Access, Expected, Param, Population, QueryParam, Refresh, Resource, Upstream};

    pub(crate) fn catalog() -> Catalog {
        let number = Expected::Number { max: 1000 };
        let upstream = Upstream {
            name: "api".into(),
            base_url: "https://api.example".into(),
            mount: "/api".into(),
            auth: None,
            budget: vec![],
            reserve_percent: 0,
            timeout: Duration::from_secs(5),
            max_bytes: 1000,
        };
        let within = Duration::from_secs(3600);
        let resource = Resource {
            name: "player".into(),
            upstream: 0,
            path: "/players/{id}".into(),
            params: vec![Param { name: "id".into(), expected: number.clone() }],
            query: vec![QueryParam { name: "limit".into(), expected: number, required: false, repeated: false }],
            ttl: Duration::from_secs(60),
            grace: Duration::from_secs(600),
            keep: Duration::from_secs(3600),
            refresh: Some(Refresh { every: Duration::from_secs(60), of: Population::Demanded { within } }),
            expect: vec![],
            unless: vec![],
            never_empty: false,
            ignore: vec![],
            track: vec![],
            admit_second: false,
            max_entries: 10,
            history: Duration::ZERO,
        };
        let project = Project {
            name: "demo".into(),
            description: String::new(),
            access: Access::Public,
            board_shards: 1,
            upstreams: vec![upstream],
            resources: vec![resource],
            hooks: vec![],
        };
        Catalog { projects: vec![project] }
    }

    pub(crate) fn key(name: &str) -> Key {
        Key::new(name.into()).unwrap()
    }

    fn status(method: &str, path: &str, fingerprint: Option<&str>) -> Result<Called, u16> {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(fingerprint) = fingerprint {
            request = request.header(CATALOG, fingerprint);
        }
        let called = called(&request.body(()).unwrap(), "00ff");
        called.map_err(|problem| problem.respond::<()>().status().as_u16())
    }

    #[test]
    fn only_a_worker_with_the_same_catalog_is_answered() {
        assert_eq!(status("POST", "/bring", Some("00ff")), Ok(Called::Bring));
        assert_eq!(status("POST", "/tell", Some("00ff")), Ok(Called::Tell));
        assert_eq!(status("POST", "/bring", Some("00fe")), Err(503));
        assert_eq!(status("POST", "/bring", None), Err(503));
        assert_eq!(status("GET", "/bring", Some("00ff")), Err(404));
        assert_eq!(status("POST", "/", Some("00ff")), Err(404));
        assert_eq!(status("GET", "/demo/api/players/1", None), Err(404));
    }

    #[test]
    fn a_key_leads_back_to_its_resource() {
        let catalog = catalog();
        let routes = Routes::new(&catalog, &["demo"]);
        let named = |name: &str| subject(&catalog, &routes, &key(name)).map(|subject| subject.resource.name.as_str());
        assert_eq!(named("demo/api/players/7"), Some("player"));
        assert_eq!(named("demo/api/players/7?limit=2"), Some("player"));
        assert_eq!(named("demo/api/players/7?other=2"), None, "not the key's one spelling");
        assert_eq!(named("demo/api/players/x"), None);
        assert_eq!(named("other/api/players/7"), None);
        let nothing_runs = Routes::new(&catalog, &[] as &[&str]);
        assert!(subject(&catalog, &nothing_runs, &key("demo/api/players/7")).is_none());
    }
}

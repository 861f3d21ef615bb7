//! Where a key is looked for, what becomes of a client without one, and what caches are told.

use super::*;
use crate::asked::tests::catalog;
use crate::asked::{Asked, asked};
use http::{Request, Response};
use weir_catalog::{Access, Routes, Secret};
use weir_edge::payload::Payload;
use weir_policy::time::Timestamp;

fn project(slot: Option<Slot>) -> Project {
    let mut project = catalog().projects.remove(0);
    project.access = Access::Key;
    let secret = Secret { name: "API_KEY".to_owned(), optional: true };
    project.upstreams[0].auth = slot.map(|slot| Auth { slot, secret });
    project
}

fn key() -> ApiKey {
    ApiKey::drawn(0..).unwrap()
}

fn found(slot: Option<Slot>, headers: &[(&str, &str)], query: Option<&str>) -> bool {
    let project = project(slot);
    let header = |name: &str| {
        let value = headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
        value.map(|(_, value)| (*value).to_owned())
    };
    shown(&project, &project.resources[0], header, query) == Some(key())
}

#[test]
fn a_key_is_found_wherever_clients_put_one() {
    let key = key().reveal().to_owned();
    let (bearer, odd) = (format!("Bearer {key}"), format!("bearer  {key} "));
    let query = format!("limit=1&api_key={key}");
    assert!(found(None, &[("authorization", &bearer)], None));
    assert!(found(None, &[("authorization", &odd)], None));
    assert!(found(None, &[("x-api-key", &key)], None));
    assert!(found(Some(Slot::Header("X-TBA-Auth-Key".to_owned())), &[("x-tba-auth-key", &key)], None));
    assert!(found(Some(Slot::Query("api_key".to_owned())), &[], Some(&query)));
    assert!(found(Some(Slot::Bearer), &[("authorization", &bearer)], None));
    // A library may go on sending its upstream's own credential beside it.
    assert!(found(None, &[("authorization", "Basic dXNlcjpwYXNz"), ("x-api-key", &key)], None));
}

#[test]
fn what_is_no_key_is_not_looked_up() {
    let key = key().reveal().to_owned();
    let (basic, twice, cut) = (format!("Basic {key}"), format!("{key}, {key}"), key[..40].to_owned());
    for value in ["", "Bearer", "Bearer ", &basic, &key] {
        assert!(!found(None, &[("authorization", value)], None), "{value}");
    }
    for value in ["", &twice, &cut, "' or 1=1 --"] {
        assert!(!found(None, &[("x-api-key", value)], None), "{value}");
    }
    let query = format!("api_key={key}");
    assert!(!found(None, &[], Some(&query)), "this upstream has no such slot");
    assert!(!found(Some(Slot::Query("key".to_owned())), &[], Some(&query)));
    assert!(!found(Some(Slot::Query("api_key".to_owned())), &[], Some("api_key&api_key=&=")));
}

#[test]
fn who_is_not_let_in_is_told_what_to_send_and_nothing_is_stored() {
    for (opening, status, kind) in [
        (Opening::NoKey, 401, "key-required"),
        (Opening::LacksScope, 403, "key-lacks-scope"),
        (Opening::OutOfReach, 503, "unavailable"),
    ] {
        let problem = let_in(opening).unwrap_err();
        assert_eq!(problem.kind(), kind);
        let response = problem.respond::<()>();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["cache-control"]),
            (status, &HeaderValue::from_static("no-store"))
        );
        assert_eq!(response.headers().contains_key("www-authenticate"), status != 503);
        assert_eq!(response.headers().contains_key("retry-after"), status == 503);
    }
    assert_eq!(let_in(Opening::Open), Ok(()));
    assert_eq!(key_required().respond::<()>().headers()["www-authenticate"], "Bearer realm=\"weir\"");
}

#[test]
fn only_the_clients_own_cache_keeps_an_answer_and_only_for_this_key() {
    let project = project(Some(Slot::Header("x-tba-auth-key".to_owned())));
    for (said, expected) in [
        (Some("public, max-age=60, stale-while-revalidate=5"), Some("private, max-age=60, stale-while-revalidate=5")),
        (Some("no-store"), Some("no-store")),
        (None, None),
    ] {
        let mut response = Response::new(());
        if let Some(said) = said {
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(said));
        }
        keep_private(response.headers_mut(), &project, &project.resources[0]);
        let told = response.headers().get(CACHE_CONTROL).and_then(|value| value.to_str().ok());
        assert_eq!(told, expected);
        let vary: Vec<&HeaderValue> = response.headers().get_all(VARY).iter().collect();
        assert_eq!(vary, ["Authorization, X-API-Key", "x-tba-auth-key"]);
    }
}

#[test]
fn a_key_gets_into_no_entrys_name_and_into_no_answer() {
    let mut catalog = catalog();
    catalog.projects[0] = project(Some(Slot::Query("api_key".to_owned())));
    let key = key().reveal().to_owned();
    let address = format!("https://weir.example/demo/api/heroes?api_key={key}");
    let request = Request::get(address).body(()).unwrap();
    let routes = Routes::new(&catalog, &["demo"]);
    let Asked::Entry { route, .. } = asked(&request, &catalog, &routes, Timestamp::ZERO) else { panic!("a route") };
    assert_eq!(route.key.as_str(), "demo/api/heroes");
    let Payload::Text(text) = key_required().respond::<()>().into_body() else { panic!("a problem has words") };
    assert!(!text.contains("weir_"), "{text}");
}

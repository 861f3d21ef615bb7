//! Recordings: served byte for byte, found by path and sorted query.

use std::fs;
use std::path::PathBuf;

use crate::running::{Running, header};
use weir_demo::{Config, Replay};

const INDEX: &str = r#"{
    "dota (base /api)": { "/api/a": "a.json", "/api/b?y=2&x=1": "b.json" },
    "charity (base /{appId}/v1)": { "/v1/page": "page.json" }
}"#;

/// A directory with these files, fresh for the test of this name.
pub(crate) fn directory(test: &str, files: &[(&str, &str)]) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    for (name, content) in files {
        fs::write(directory.join(name), content).unwrap();
    }
    directory
}

async fn replaying(test: &str) -> Running {
    let files = [("index.json", INDEX), ("a.json", "{ \"a\": 1.0 }\n"), ("b.json", "[]"), ("page.json", "{}")];
    let replay = Replay::open(&directory(test, &files)).unwrap();
    Running::start_with(Config { replay: Some(replay), limit_minute: 3, ..Config::default() }).await
}

#[tokio::test]
async fn a_recording_is_served_byte_for_byte_whatever_the_host() {
    let demo = replaying("bytes").await;
    let answer = demo.get("/any.example/api/a").await;
    let etag = header(&answer, "etag").unwrap();
    assert_eq!(header(&answer, "x-rate-limit-remaining-minute").as_deref(), Some("2"));
    assert_eq!(answer.text().await.unwrap(), "{ \"a\": 1.0 }\n");
    let unchanged = demo.request("GET", "/any.example/api/a").header("if-none-match", etag).send().await.unwrap();
    assert_eq!(unchanged.status(), 304);
}

#[tokio::test]
async fn a_recording_is_found_in_whatever_order_the_query_is() {
    let demo = replaying("query").await;
    assert_eq!(demo.status("/h/api/b?x=1&y=2").await, 200);
    assert_eq!(demo.status("/h/api/b?y=2&api_key=0f9c1d2e-3b4a-4c5d-8e6f-0123456789ab&x=1").await, 200);
    for path in ["/h/api/b", "/h/api/b?x=1", "/h/api/c", "/h"] {
        let missing = demo.get(path).await;
        assert_eq!(missing.status(), 404, "{path}");
        assert_eq!(missing.text().await.unwrap(), r#"{"error":"Not Found"}"#);
    }
}

#[tokio::test]
async fn a_base_that_differs_by_caller_is_left_out() {
    let demo = replaying("base").await;
    assert_eq!(demo.status("/api.example/my-app/v1/page").await, 200);
    assert_eq!(demo.status("/api.example/my-app/api/a").await, 404);
}

#[tokio::test]
async fn faults_quotas_and_counts_hold_in_replay() {
    let demo = replaying("faults").await;
    demo.fault(r#"{"kind":"status","status":500,"times":1}"#).await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(demo.status("/h/api/a").await);
    }
    assert_eq!(statuses, [500, 200, 200, 200, 429]);
    assert_eq!(demo.json("/_demo/calls").await["by_path"]["/h/api/a"], 5);
}

#[test]
fn a_wrong_directory_says_what_is_wrong() {
    let reason = |files: &[(&str, &str)], test| Replay::open(&directory(test, files)).unwrap_err().to_string();
    assert!(reason(&[], "no_index").contains("index.json: No such file"));
    assert!(reason(&[("index.json", "[1]")], "list").contains("index.json is not an index of recordings"));
    let missing = reason(&[("index.json", r#"{"g":{"/a":"gone.json"}}"#)], "gone");
    assert!(missing.starts_with("cannot read ") && missing.contains("gone.json"), "{missing}");
}

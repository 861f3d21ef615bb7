//! The other commands: what was asked, the clock, exact bodies, the guide.

use crate::running::{NOW, PLAYER, Running, header};
use serde_json::json;

#[tokio::test]
async fn calls_are_counted_by_path_with_query_and_by_status_until_reset() {
    let demo = Running::start().await;
    for path in [PLAYER, PLAYER, "/api.opendota.com/api/heroes?b=2&a=1", "/example.org/x"] {
        demo.get(path).await;
    }
    let calls = demo.json("/_demo/calls").await;
    let by_path = json!({ PLAYER: 2, "/api.opendota.com/api/heroes?b=2&a=1": 1, "/example.org/x": 1 });
    assert_eq!(calls, json!({ "total": 4, "by_path": by_path, "by_status": { "200": 3, "404": 1 } }));
    demo.command("DELETE", "/_demo/calls", "").await;
    assert_eq!(demo.json("/_demo/calls").await, json!({ "total": 0, "by_path": {}, "by_status": {} }));
}

#[tokio::test]
async fn the_last_request_s_headers_are_shown_by_path() {
    let demo = Running::start().await;
    let path = format!("{PLAYER}/wl?limit=20&win=1");
    demo.request("GET", &path).header("x-told", "once").send().await.unwrap();
    for asked in [path.as_str(), path.split('?').next().unwrap()] {
        let last = demo.request("GET", "/_demo/last").query(&[("path", asked)]).send().await.unwrap();
        let last: serde_json::Value = serde_json::from_slice(&last.bytes().await.unwrap()).unwrap();
        assert_eq!((&last["path"], &last["headers"]["x-told"]), (&json!(path), &json!("once")));
        assert_eq!(last["headers"].get("authorization"), None);
    }
    assert_eq!(demo.status("/_demo/last?path=/never").await, 404);
}

#[tokio::test]
async fn advancing_the_clock_moves_the_data() {
    let demo = Running::start().await;
    let path = format!("{PLAYER}/wl");
    let games = |wl: serde_json::Value| wl["win"].as_u64().unwrap() + wl["lose"].as_u64().unwrap();
    let before = games(demo.json(&path).await);
    assert_eq!(games(demo.json(&path).await), before);
    demo.advance(1_200).await;
    assert!(games(demo.json(&path).await) > before);
    let moved = demo.request("POST", "/_demo/advance").body(r#"{"secs":0}"#).send().await.unwrap();
    let moved: serde_json::Value = serde_json::from_slice(&moved.bytes().await.unwrap()).unwrap();
    assert_eq!(moved["now"], NOW + 1_200);
}

#[tokio::test]
async fn a_wrong_advance_is_refused() {
    let demo = Running::start().await;
    for body in ["", "{}", r#"{"secs":-1}"#, r#"{"secs":18446744073709551615}"#, r#"{"seconds":1}"#] {
        let refused = demo.request("POST", "/_demo/advance").body(body).send().await.unwrap();
        assert_eq!(refused.status(), 400, "{body}");
    }
}

#[tokio::test]
async fn an_override_is_served_byte_for_byte_until_it_is_deleted() {
    let demo = Running::start().await;
    let command = format!("/_demo/override?path={PLAYER}");
    demo.command("PUT", &command, "{ \"mine\" : 1 }").await;
    let answer = demo.get(PLAYER).await;
    assert_eq!(header(&answer, "content-type").as_deref(), Some("application/json; charset=utf-8"));
    assert!(header(&answer, "etag").is_some());
    assert_eq!(answer.text().await.unwrap(), "{ \"mine\" : 1 }");
    assert_ne!(demo.json(&format!("{PLAYER}/wl")).await, json!({ "mine": 1 }));
    demo.command("DELETE", &command, "").await;
    assert_eq!(demo.json(PLAYER).await["profile"]["account_id"], 86_745_912);
    assert_eq!(demo.request("DELETE", &command).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn an_override_without_a_query_answers_any_and_one_with_a_query_only_that() {
    let demo = Running::start().await;
    demo.command("PUT", "/_demo/override?path=/any.example/a", "1").await;
    demo.command("PUT", "/_demo/override?path=/any.example/a%3Fb%3D2", "2").await;
    assert_eq!(demo.json("/any.example/a?b=1").await, 1);
    assert_eq!(demo.json("/any.example/a?b=2").await, 2);
}

#[tokio::test]
async fn the_guide_lists_every_command_and_unknown_ones_are_no_calls() {
    let demo = Running::start().await;
    for path in ["/_demo", "/_demo/"] {
        let guide = demo.get(path).await.text().await.unwrap();
        for command in ["calls", "last", "fault", "advance", "override"] {
            assert!(guide.contains(&format!("/_demo/{command}")), "{command}");
        }
    }
    assert_eq!(demo.status("/_demo/shoes").await, 404);
    assert_eq!(demo.json("/_demo/calls").await["total"], 0);
}

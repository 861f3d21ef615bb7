//! Validators: the same bytes have the same one, other bytes another.

use crate::running::{PLAYER, Running, header};

#[tokio::test]
async fn an_unchanged_answer_is_304_without_a_body() {
    let demo = Running::start().await;
    let first = demo.get(PLAYER).await;
    let etag = header(&first, "etag").unwrap();
    assert!(etag.starts_with("W/\""), "{etag}");
    let second = demo.request("GET", PLAYER).header("if-none-match", &etag).send().await.unwrap();
    assert_eq!(second.status(), 304);
    assert_eq!(header(&second, "etag"), Some(etag));
    assert_eq!(second.bytes().await.unwrap().len(), 0);
}

#[tokio::test]
async fn after_a_finished_match_the_answer_is_new_under_a_new_etag() {
    let demo = Running::start().await;
    let path = format!("{PLAYER}/recentMatches");
    let etag = header(&demo.get(&path).await, "etag").unwrap();
    demo.advance(1_200).await;
    let changed = demo.request("GET", &path).header("if-none-match", &etag).send().await.unwrap();
    assert_eq!(changed.status(), 200);
    assert_ne!(header(&changed, "etag").unwrap(), etag);
}

#[tokio::test]
async fn a_head_request_has_the_headers_of_the_get() {
    let demo = Running::start().await;
    let get = demo.get(PLAYER).await;
    let head = demo.request("HEAD", PLAYER).send().await.unwrap();
    for name in ["etag", "content-type", "content-length"] {
        assert_eq!(header(&head, name), header(&get, name), "{name}");
    }
    assert_eq!(head.bytes().await.unwrap().len(), 0);
}

#[tokio::test]
async fn unknown_hosts_and_other_methods_are_not_found() {
    let demo = Running::start().await;
    for path in ["/", "/example.org/api/players/1", "/api.opendota.com", "/api.opendota.com/api/shoes"] {
        let missing = demo.get(path).await;
        assert_eq!(missing.status(), 404, "{path}");
        assert_eq!(missing.text().await.unwrap(), r#"{"error":"Not Found"}"#);
    }
    assert_eq!(demo.request("POST", PLAYER).send().await.unwrap().status(), 404);
}

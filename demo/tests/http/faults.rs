//! Each fault, as a caller meets it.

use std::time::{Duration, Instant};

use crate::running::{PLAYER, Running, header};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn under(fault: &str) -> Running {
    let demo = Running::start().await;
    demo.fault(fault).await;
    demo
}

#[tokio::test]
async fn latency_delays_the_real_answer() {
    let demo = under(r#"{"kind":"latency","ms":300}"#).await;
    let asked_at = Instant::now();
    assert_eq!(demo.json(PLAYER).await["profile"]["account_id"], 86_745_912);
    assert!(asked_at.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_status_comes_with_its_retry_after_and_is_not_billed() {
    let demo = under(r#"{"kind":"status","status":503,"retry_after_secs":5,"times":2}"#).await;
    let failed = demo.get(PLAYER).await;
    assert_eq!((failed.status().as_u16(), header(&failed, "retry-after").as_deref()), (503, Some("5")));
    assert_eq!(failed.text().await.unwrap(), r#"{"error":"Service Unavailable"}"#);
    assert_eq!(demo.status(PLAYER).await, 503);
    let recovered = demo.get(PLAYER).await;
    assert_eq!(recovered.status(), 200);
    assert_eq!(header(&recovered, "x-rate-limit-remaining-minute").as_deref(), Some("59"));
}

#[tokio::test]
async fn a_web_page_comes_with_status_200() {
    let answer = under(r#"{"kind":"html"}"#).await.get(PLAYER).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "content-type").as_deref(), Some("text/html; charset=utf-8"));
    assert!(answer.text().await.unwrap().starts_with("<!DOCTYPE html>"));
}

#[tokio::test]
async fn a_truncated_answer_is_the_first_half_with_its_own_length() {
    let demo = Running::start().await;
    let whole = demo.get(PLAYER).await.bytes().await.unwrap();
    demo.fault(r#"{"kind":"truncated"}"#).await;
    let cut = demo.get(PLAYER).await;
    assert_eq!(header(&cut, "content-length"), Some((whole.len() / 2).to_string()));
    assert_eq!(cut.bytes().await.unwrap(), whole[..whole.len() / 2]);
}

#[tokio::test]
async fn an_empty_answer_is_200_without_a_byte() {
    let answer = under(r#"{"kind":"empty"}"#).await.get(PLAYER).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "content-length").as_deref()), (200, Some("0")));
}

#[tokio::test]
async fn down_closes_the_connection_before_a_byte_is_sent() {
    let demo = under(r#"{"kind":"down"}"#).await;
    let mut connection = TcpStream::connect(demo.address).await.unwrap();
    connection.write_all(format!("GET {PLAYER} HTTP/1.1\r\nhost: demo\r\n\r\n").as_bytes()).await.unwrap();
    let mut received = Vec::new();
    // A reset is as good an end as an orderly one.
    let _ = connection.read_to_end(&mut received).await;
    assert_eq!(received, b"");
    assert!(demo.request("GET", PLAYER).send().await.is_err());
    assert_eq!(demo.json("/_demo/calls").await["by_status"], serde_json::json!({}));
}

#[tokio::test]
async fn a_hanging_request_is_answered_once_the_faults_are_removed() {
    let demo = under(r#"{"kind":"hang"}"#).await;
    let mut hanging = tokio::spawn(demo.request("GET", PLAYER).send());
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut hanging).await.is_err());
    assert_eq!(demo.json("/_demo/calls").await["total"], 1);
    demo.command("DELETE", "/_demo/fault", "").await;
    assert_eq!(hanging.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn a_redirect_names_its_target() {
    let answer = under(r#"{"kind":"redirect","to":"http://127.0.0.1:1/x"}"#).await.get(PLAYER).await;
    assert_eq!(answer.status(), 302);
    assert_eq!(header(&answer, "location").as_deref(), Some("http://127.0.0.1:1/x"));
}

#[tokio::test]
async fn an_oversized_answer_is_json_of_the_size_asked_for() {
    let answer = under(r#"{"kind":"oversized","bytes":3000000}"#).await.get(PLAYER).await;
    let body = answer.bytes().await.unwrap();
    assert_eq!(body.len(), 3_000_000);
    assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
}

#[tokio::test]
async fn faults_strike_only_their_paths_in_the_order_they_were_set() {
    let demo = under(r#"{"kind":"status","status":502,"path_prefix":"/api.opendota.com/api/players","times":1}"#).await;
    demo.fault(r#"{"kind":"status","status":503}"#).await;
    assert_eq!(demo.status("/api.opendota.com/api/heroes").await, 503);
    assert_eq!(demo.status(PLAYER).await, 502);
    assert_eq!(demo.status(PLAYER).await, 503);
    demo.command("DELETE", "/_demo/fault", "").await;
    assert_eq!(demo.status(PLAYER).await, 200);
}

#[tokio::test]
async fn a_wrong_fault_is_refused_with_the_reason() {
    let demo = Running::start().await;
    let refused = demo.request("POST", "/_demo/fault").body(r#"{"kind":"latency"}"#).send().await.unwrap();
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.text().await.unwrap(), r#"{"error":"a fault of kind `latency` needs `ms`"}"#);
    assert_eq!(demo.status(PLAYER).await, 200);
}

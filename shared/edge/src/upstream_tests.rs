//! Tables of what an upstream's answers mean.

use super::*;

/// 2026-11-20 06:00:00 UTC.
const NOW: Timestamp = Timestamp::from_secs(1_795_154_400);

fn heads(retry_after: Option<&str>) -> Heads {
    Heads { retry_after: retry_after.map(str::to_owned), ..Heads::default() }
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn retry_after_is_seconds_or_an_instant() {
    for (value, expected) in [
        ("0", Some(secs(0))),
        ("120", Some(secs(120))),
        (" 7 ", Some(secs(7))),
        ("Fri, 20 Nov 2026 06:02:00 GMT", Some(secs(120))),
        ("Friday, 20-Nov-26 06:02:00 GMT", Some(secs(120))),
        ("Fri, 20 Nov 2026 05:00:00 GMT", Some(secs(0))),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("99999999999999999999", None),
    ] {
        assert_eq!(retry_after(value, NOW), expected, "{value:?}");
    }
}

#[test]
fn a_status_says_whose_fault_it_is() {
    let limited = |retry_after| Verdict::Reply(Reply::Limited { retry_after });
    let broken = |detail: &str| Verdict::Reply(Reply::Broken { detail: detail.into() });
    let unusable = |detail: &str| Verdict::Reply(Reply::Unusable { detail: detail.into() });
    for (status, header, expected) in [
        (200, None, Verdict::Read),
        (204, None, unusable("status 204")),
        (302, None, unusable("redirect (302)")),
        (304, None, Verdict::Reply(Reply::NotModified { age: Duration::ZERO })),
        (400, None, unusable("status 400")),
        (401, None, unusable("status 401")),
        (404, None, Verdict::Reply(Reply::Absent)),
        (410, None, Verdict::Reply(Reply::Absent)),
        (429, None, limited(None)),
        (429, Some("30"), limited(Some(secs(30)))),
        (500, Some("30"), broken("status 500")),
        (503, None, broken("status 503")),
        (503, Some("nonsense"), broken("status 503")),
        (503, Some("5"), limited(Some(secs(5)))),
    ] {
        assert_eq!(verdict(status, &heads(header), 100, NOW), expected, "{status} {header:?}");
    }
}

#[test]
fn an_answer_that_says_it_is_too_large_is_not_read() {
    let of = |length: &str| Heads { content_length: Some(length.into()), ..Heads::default() };
    assert_eq!(verdict(200, &of("100"), 100, NOW), Verdict::Read);
    assert_eq!(verdict(200, &of("101"), 100, NOW), Verdict::Reply(too_large(100)));
    assert_eq!(verdict(200, &of("many"), 100, NOW), Verdict::Read, "it is counted then");
}

#[test]
fn age_is_a_number_of_seconds_or_nothing() {
    for (value, expected) in [(None, 0), (Some("7"), 7), (Some(" 7 "), 7), (Some("-7"), 0), (Some("x"), 0)] {
        assert_eq!(age(value), secs(expected), "{value:?}");
    }
}

#[test]
fn a_stand_in_has_every_host_below_it() {
    let url = "https://api.opendota.com/api/players/1?limit=2";
    assert_eq!(address(url, None), url);
    let local = "http://127.0.0.1:8791/api.opendota.com/api/players/1?limit=2";
    assert_eq!(address(url, Some("http://127.0.0.1:8791")), local);
    assert_eq!(address(url, Some("http://127.0.0.1:8791/")), local);
}

#[test]
fn a_credential_goes_where_the_upstream_wants_it() {
    let url = || "https://x.org/a".to_owned();
    let query = Slot::Query("api_key".into());
    assert_eq!(with_credential(url(), &query, "a b&c"), ("https://x.org/a?api_key=a%20b%26c".into(), None));
    let longer = with_credential(format!("{}?q=1", url()), &query, "k");
    assert_eq!(longer, ("https://x.org/a?q=1&api_key=k".into(), None));
    let header = with_credential(url(), &Slot::Header("X-TBA-Auth-Key".into()), "k");
    assert_eq!(header, (url(), Some(("X-TBA-Auth-Key".into(), "k".into()))));
    let bearer = with_credential(url(), &Slot::Bearer, "k");
    assert_eq!(bearer, (url(), Some(("authorization".into(), "Bearer k".into()))));
}

#[test]
fn a_failure_never_repeats_the_address() {
    assert_eq!(failure("Network connection lost."), "the call failed: Network connection lost.");
    assert_eq!(failure("Invalid URL: https://x.org/?api_key=secret"), "the call failed");
    assert_eq!(failure("bad path /a?api_key=secret"), "the call failed");
}

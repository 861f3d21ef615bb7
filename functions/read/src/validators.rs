//! Conditional requests (RFC 9110 §13): whether a client has just this version already.

use http::HeaderMap;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use weir_policy::time::Timestamp;

/// The strong tag of a version: its number in base 36.
pub(crate) fn etag(version: u64) -> String {
    let mut digits = Vec::with_capacity(15);
    let mut rest = version;
    loop {
        digits.push(u32::try_from(rest % 36).ok().and_then(|digit| char::from_digit(digit, 36)).unwrap_or('0'));
        rest /= 36;
        if rest == 0 {
            break;
        }
    }
    let mut tag = String::with_capacity(digits.len() + 2);
    tag.push('"');
    tag.extend(digits.iter().rev());
    tag.push('"');
    tag
}

/// An instant as HTTP writes it.
pub(crate) fn http_date(at: Timestamp) -> String {
    httpdate::fmt_http_date(instant(at))
}

/// Whether the client's copy is this version. `If-None-Match` beats `If-Modified-Since`.
pub(crate) fn is_held(headers: &HeaderMap, etag: &str, changed_at: Timestamp) -> bool {
    if headers.contains_key(IF_NONE_MATCH) {
        let mut lists = headers.get_all(IF_NONE_MATCH).iter();
        return lists.any(|list| list.to_str().is_ok_and(|list| names(list, etag)));
    }
    let since = headers.get(IF_MODIFIED_SINCE).and_then(|value| httpdate::parse_http_date(value.to_str().ok()?).ok());
    since.is_some_and(|since| instant(Timestamp::from_secs(changed_at.as_secs())) <= since)
}

fn instant(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(at.as_ms())
}

/// Whether a list of tags names this one, by the weak comparison: compression on the way makes a strong tag weak.
fn names(list: &str, etag: &str) -> bool {
    let mut rest = list.trim();
    if rest == "*" {
        return true;
    }
    while let Some((tag, after)) = first_tag(rest) {
        if tag == etag {
            return true;
        }
        rest = after;
    }
    false
}

/// The next tag with its quotes, and what follows it; none where the list ends or is no list.
fn first_tag(list: &str) -> Option<(&str, &str)> {
    let list = list.trim_start_matches([' ', '\t', ',']);
    let list = list.strip_prefix("W/").unwrap_or(list);
    let end = list.strip_prefix('"')?.find('"')? + 2;
    list.split_at_checked(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn a_tag_is_the_version_in_base_36() {
        for (version, expected) in [(0, "\"0\""), (35, "\"z\""), (36, "\"10\""), (u64::MAX, "\"3w5e11264sgsf\"")] {
            assert_eq!(etag(version), expected);
        }
    }

    #[test]
    fn if_none_match_knows_lists_stars_and_weak_tags() {
        for (list, held) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("*", true),
            (" * ", true),
            ("\"b\"", false),
            ("\"b\", \"a\"", true),
            ("\"b\",W/\"a\"", true),
            ("\"x,\", , \"a\"", true),
            ("\"b, a\"", false),
            ("a", false),
            ("\"a", false),
            ("w/\"a\"", false),
            ("\"A\"", false),
            ("", false),
        ] {
            let headers = headers(&[(IF_NONE_MATCH, list)]);
            assert_eq!(is_held(&headers, "\"a\"", Timestamp::ZERO), held, "{list}");
        }
    }

    #[test]
    fn if_none_match_may_come_in_several_headers() {
        let mut both = headers(&[(IF_NONE_MATCH, "\"b\"")]);
        assert!(!is_held(&both, "\"a\"", Timestamp::ZERO));
        both.append(IF_NONE_MATCH, HeaderValue::from_static("\"a\""));
        assert!(is_held(&both, "\"a\"", Timestamp::ZERO));
    }

    #[test]
    fn if_modified_since_counts_whole_seconds() {
        let changed_at = Timestamp::from_ms(784_111_777_900);
        assert_eq!(http_date(changed_at), "Sun, 06 Nov 1994 08:49:37 GMT");
        for (since, held) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", true),
            ("Sunday, 06-Nov-94 08:49:37 GMT", true),
            ("Sun Nov  6 08:49:37 1994", true),
            ("Sun, 06 Nov 1994 08:49:38 GMT", true),
            ("Sun, 06 Nov 1994 08:49:36 GMT", false),
            ("yesterday", false),
        ] {
            assert_eq!(is_held(&headers(&[(IF_MODIFIED_SINCE, since)]), "\"a\"", changed_at), held, "{since}");
        }
        assert!(!is_held(&HeaderMap::new(), "\"a\"", changed_at));
    }

    #[test]
    fn if_none_match_beats_if_modified_since() {
        let later = "Fri, 20 Nov 2026 06:00:00 GMT";
        let both = headers(&[(IF_NONE_MATCH, "\"other\""), (IF_MODIFIED_SINCE, later)]);
        assert!(!is_held(&both, "\"a\"", Timestamp::ZERO));
    }
}

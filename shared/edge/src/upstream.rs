//! What an upstream is asked, and what its answer's status and headers mean.

use std::fmt::Write;
use std::time::{Duration, UNIX_EPOCH};
use weir_catalog::Slot;
use weir_flow::entry::Validators;
use weir_flow::ports::Reply;
use weir_policy::time::Timestamp;

/// The headers of an answer that mean something to Weir.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heads {
    pub(crate) content_type: Option<String>,
    pub(crate) content_length: Option<String>,
    pub(crate) age: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) validators: Validators,
}

/// What to do with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Read its body.
    Read,
    /// The body is of no interest.
    Reply(Reply),
}

/// What a status and its headers mean (RFC 9110 §15).
pub(crate) fn verdict(status: u16, heads: &Heads, max_bytes: u32, now: Timestamp) -> Verdict {
    let wait = heads.retry_after.as_deref().and_then(|value| retry_after(value, now));
    Verdict::Reply(match status {
        200 => match heads.content_length.as_deref().and_then(|length| length.trim().parse::<u64>().ok()) {
            Some(length) if length > u64::from(max_bytes) => too_large(max_bytes),
            _ => return Verdict::Read,
        },
        304 => Reply::NotModified { age: age(heads.age.as_deref()) },
        301 | 302 | 303 | 307 | 308 => Reply::Unusable { detail: format!("redirect ({status})") },
        404 | 410 => Reply::Absent,
        429 => Reply::Limited { retry_after: wait },
        503 if wait.is_some() => Reply::Limited { retry_after: wait },
        500.. => Reply::Broken { detail: format!("status {status}") },
        _ => Reply::Unusable { detail: format!("status {status}") },
    })
}

/// An answer of more bytes than the project file allows.
pub(crate) fn too_large(max_bytes: u32) -> Reply {
    Reply::Unusable { detail: format!("more than {max_bytes} bytes; the upstream's `max_size` allows no more") }
}

/// How old an answer was on arrival (RFC 9111 §5.1); what is no number says nothing.
pub(crate) fn age(value: Option<&str>) -> Duration {
    let secs: Option<u32> = value.and_then(|value| value.trim().parse().ok());
    Duration::from_secs(secs.unwrap_or_default().into())
}

/// How long to wait (RFC 9110 §10.2.3): seconds, or an instant.
pub(crate) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(secs) = value.parse::<u32>() {
        return Some(Duration::from_secs(secs.into()));
    }
    let at = httpdate::parse_http_date(value).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(at.saturating_sub(Duration::from_millis(now.as_ms())))
}

/// Where to call: at the address itself, or on this machine at the stand-in for its host.
pub(crate) fn address(url: &str, stand_in: Option<&str>) -> String {
    match (stand_in, url.strip_prefix("https://")) {
        (Some(base), Some(rest)) => format!("{}/{rest}", base.trim_end_matches('/')),
        _ => url.to_owned(),
    }
}

/// Puts the credential where the upstream wants it: into the address, or beside it as a header.
pub(crate) fn with_credential(url: String, slot: &Slot, secret: &str) -> (String, Option<(String, String)>) {
    match slot {
        Slot::Query(name) => {
            let joint = if url.contains('?') { '&' } else { '?' };
            (format!("{url}{joint}{name}={}", percent_encoded(secret)), None)
        }
        Slot::Header(name) => (url, Some((name.clone(), secret.to_owned()))),
        Slot::Bearer => (url, Some(("authorization".to_owned(), format!("Bearer {secret}")))),
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _written = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// The platform's words for a failed call; none where they could repeat the address, which may hold a credential.
pub(crate) fn failure(words: &str) -> String {
    let says_address = words.contains("://") || words.contains('?');
    if says_address { "the call failed".to_owned() } else { format!("the call failed: {words}") }
}

#[cfg(test)]
#[path = "upstream_tests.rs"]
mod tests;

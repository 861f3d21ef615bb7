//! Whether an upstream's answer may be kept.

use crate::{dropped, meaning};
use serde_json::Value;
use weir_catalog::Resource;

/// What an answer that may be kept turned out to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    /// The digest of what it means.
    pub meaning: Vec<u8>,
    /// Whether it trips a guard: then it may be kept only because nothing better is.
    pub weak: bool,
    /// Tracked values that are there: name and JSON text.
    pub observed: Vec<(String, String)>,
    /// What may be kept, where the resource drops parts of its answers; otherwise the answer is kept as it came.
    pub kept: Option<String>,
}

/// Why an answer must not be kept. The text is for people: it goes into the quarantine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// Not JSON by its own account.
    #[error("content type {0:?} instead of JSON")]
    ContentType(String),
    /// Nothing at all.
    #[error("empty body")]
    Empty,
    /// Cut off, or something else.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// An `expect` is not met.
    #[error("{0} is missing")]
    Missing(String),
    /// A `guard.unless` is.
    #[error("{0} is set")]
    Unless(String),
    /// A `guard.never_empty` is broken.
    #[error("empty, after an answer that was not")]
    Emptied,
}

/// What guards protect: an entry that is held and could be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before {
    /// Whether it trips a guard itself; then there is nothing to protect.
    pub weak: bool,
}

/// Checks an answer that came with a body. `before` is what is held.
pub fn check(
    resource: &Resource,
    content_type: Option<&str>,
    body: &[u8],
    before: Option<Before>,
) -> Result<Sound, Unsound> {
    if body.is_empty() {
        return Err(Unsound::Empty);
    }
    if let Some(other) = content_type.filter(|stated| !is_json(stated)) {
        return Err(Unsound::ContentType(other.chars().take(80).collect()));
    }
    let mut document: Value = serde_json::from_slice(body).map_err(|error| Unsound::NotJson(error.to_string()))?;
    if let Some(pointer) = resource.expect.iter().find(|pointer| document.pointer(pointer).is_none_or(Value::is_null)) {
        return Err(Unsound::Missing(pointer.clone()));
    }
    let tripped = tripped(resource, &document);
    let weak = tripped.is_some();
    match tripped {
        Some(guard) if before.is_some_and(|before| !before.weak) => Err(guard),
        _ => {
            let observed = observed(resource, &document);
            dropped::remove(&mut document, &resource.drop);
            let meaning = meaning::digest(&document, &resource.ignore, &resource.drop);
            let kept = (!resource.drop.is_empty()).then(|| document.to_string());
            Ok(Sound { meaning, weak, observed, kept })
        }
    }
}

/// The guard that a document trips.
fn tripped(resource: &Resource, document: &Value) -> Option<Unsound> {
    if let Some(pointer) = resource.unless.iter().find(|pointer| document.pointer(pointer).is_some_and(is_set)) {
        return Some(Unsound::Unless(pointer.clone()));
    }
    (resource.never_empty && meaning::is_empty(document)).then_some(Unsound::Emptied)
}

fn observed(resource: &Resource, document: &Value) -> Vec<(String, String)> {
    let values = resource.track.iter().filter_map(|(name, pointer)| Some((name, document.pointer(pointer)?)));
    values.map(|(name, value)| (name.clone(), value.to_string())).collect()
}

/// `application/json`, or anything `+json` (RFC 6839), whatever its parameters.
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(set) => *set,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const JSON: Option<&str> = Some("application/json; charset=utf-8");

    fn resource() -> Resource {
        Resource {
            name: "player".into(),
            upstream: 0,
            path: "/players/{id}".into(),
            params: Vec::new(),
            query: Vec::new(),
            ttl: Duration::from_secs(60),
            grace: Duration::ZERO,
            keep: Duration::from_secs(60),
            refresh: None,
            expect: vec!["/id".into()],
            unless: vec!["/hidden".into()],
            never_empty: true,
            ignore: Vec::new(),
            drop: Vec::new(),
            track: vec![("rank".into(), "/rank".into()), ("name".into(), "/name".into())],
            admit_second: false,
            max_entries: 10,
            history: Duration::ZERO,
        }
    }

    #[test]
    fn every_way_an_answer_can_be_bad_has_its_reason() {
        for (content_type, body, reason) in [
            (JSON, "", "empty body"),
            (Some("text/html"), "<html>", "content type \"text/html\" instead of JSON"),
            (JSON, "{\"id\":1", "not JSON: EOF while parsing an object at line 1 column 7"),
            (None, "<html>", "not JSON: expected value at line 1 column 1"),
            (JSON, "{\"error\":\"x\"}", "/id is missing"),
            (JSON, "{\"id\":null}", "/id is missing"),
        ] {
            let unsound = check(&resource(), content_type, body.as_bytes(), None).unwrap_err();
            assert_eq!(unsound.to_string(), reason);
        }
    }

    #[test]
    fn guards_protect_only_what_is_held() {
        let body = br#"{"id":1,"hidden":true}"#;
        assert!(check(&resource(), JSON, body, None).is_ok_and(|sound| sound.weak));
        assert!(check(&resource(), JSON, body, Some(Before { weak: true })).is_ok(), "it began like that");
        assert_eq!(
            check(&resource(), JSON, body, Some(Before { weak: false })),
            Err(Unsound::Unless("/hidden".into()))
        );
        for unset in ["null", "false", "0", "\"\""] {
            let body = format!("{{\"id\":1,\"hidden\":{unset}}}");
            assert!(check(&resource(), JSON, body.as_bytes(), Some(Before { weak: false })).is_ok(), "{unset}");
        }
    }

    #[test]
    fn an_empty_answer_replaces_only_an_empty_one() {
        let listed = Resource { expect: Vec::new(), ..resource() };
        assert_eq!(check(&listed, JSON, b"[]", Some(Before { weak: false })), Err(Unsound::Emptied));
        assert!(check(&listed, JSON, b"[]", Some(Before { weak: true })).is_ok_and(|sound| sound.weak));
        assert!(check(&listed, JSON, b"[]", None).is_ok());
    }

    #[test]
    fn what_is_dropped_is_checked_and_then_neither_kept_nor_meant() {
        let plain = check(&resource(), JSON, br#"{"id":1}"#, None).unwrap();
        assert_eq!(plain.kept, None, "it is kept as it came");
        let private = Resource { drop: vec!["/born".into(), "/hidden".into()], ..resource() };
        let sound = |body: &str| check(&private, JSON, body.as_bytes(), None).unwrap();
        let (one, other) = (sound(r#"{"rank": 80, "id": 1, "born": "1990-01-31"}"#), sound(r#"{"id":1,"rank":80}"#));
        assert_eq!(one.kept.as_deref(), Some(r#"{"id":1,"rank":80}"#));
        assert_eq!((one.kept, one.observed), (other.kept, vec![("rank".to_owned(), "80".to_owned())]));
        assert_eq!(one.meaning, other.meaning);
        assert_ne!(one.meaning, check(&resource(), JSON, br#"{"id":1,"rank":80}"#, None).unwrap().meaning);
        assert!(sound(r#"{"id":1,"hidden":true}"#).weak, "guards see what is dropped");
    }

    #[test]
    fn tracked_values_are_those_that_are_there() {
        let sound = check(&resource(), JSON, br#"{"id":1,"rank":80}"#, None).unwrap();
        assert_eq!(sound.observed, [("rank".to_owned(), "80".to_owned())]);
    }
}

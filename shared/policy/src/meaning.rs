//! What a JSON answer means: a digest that stays the same when only spelling or ignored fields differ.

use serde_json::{Number, Value};
use sha2::{Digest, Sha256};

/// The size of a digest.
pub const DIGEST_BYTES: usize = 16;

/// The digest of a document without the parts that are not a change.
///
/// White space, the order of members and escapes do not matter; the order of rows does. `ignore` holds JSON pointers
/// (RFC 6901) in which `*` stands for every row or member. `drop` holds those of what was removed from the document: what
/// was kept under another list is another version, or the field that a project has just begun to drop would stay.
pub fn digest(document: &Value, ignore: &[String], drop: &[String]) -> Vec<u8> {
    let paths: Vec<Vec<String>> = ignore.iter().map(|pointer| segments(pointer)).collect();
    let ignored: Vec<&[String]> = paths.iter().map(Vec::as_slice).collect();
    let mut hasher = Sha256::new();
    let mut dropped: Vec<&String> = drop.iter().collect();
    dropped.sort_unstable();
    for pointer in dropped {
        text(&mut hasher, b'd', pointer);
    }
    feed(&mut hasher, document, &ignored);
    hasher.finalize().iter().take(DIGEST_BYTES).copied().collect()
}

/// Whether a document says nothing: `null`, `[]`, `{}`, `""`.
pub fn is_empty(document: &Value) -> bool {
    match document {
        Value::Null => true,
        Value::Array(rows) => rows.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The names of a JSON pointer, from the outermost on.
pub(crate) fn segments(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect()
}

/// Every value begins with its kind and every part with its length, so that no two documents feed the same bytes.
fn feed(hasher: &mut Sha256, value: &Value, ignored: &[&[String]]) {
    match value {
        Value::Null => hasher.update(b"z"),
        Value::Bool(true) => hasher.update(b"t"),
        Value::Bool(false) => hasher.update(b"f"),
        Value::Number(number) => text(hasher, b'n', &plain(number)),
        Value::String(string) => text(hasher, b's', string),
        Value::Array(rows) => {
            hasher.update(b"[");
            for (index, row) in rows.iter().enumerate() {
                each(hasher, &index.to_string(), row, ignored);
            }
            hasher.update(b"]");
        }
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort_unstable();
            hasher.update(b"{");
            for name in names {
                if let Some(member) = members.get(name)
                    && !ends(name, ignored)
                {
                    text(hasher, b'k', name);
                    each(hasher, name, member, ignored);
                }
            }
            hasher.update(b"}");
        }
    }
}

fn each(hasher: &mut Sha256, name: &str, value: &Value, ignored: &[&[String]]) {
    if ends(name, ignored) {
        return;
    }
    feed(hasher, value, &below(name, ignored));
}

/// What is left of the paths that lead through this part.
pub(crate) fn below<'p>(name: &str, paths: &[&'p [String]]) -> Vec<&'p [String]> {
    let through = paths.iter().filter_map(|path| path.split_first()).filter(|(head, _)| *head == "*" || *head == name);
    through.map(|(_, rest)| rest).collect()
}

/// Whether one of the paths ends at this part.
pub(crate) fn ends(name: &str, paths: &[&[String]]) -> bool {
    paths.iter().any(|path| matches!(path, [last] if last == "*" || last == name))
}

fn text(hasher: &mut Sha256, kind: u8, text: &str) {
    hasher.update([kind]);
    hasher.update(text.len().to_be_bytes());
    hasher.update(text.as_bytes());
}

/// Whole numbers by value; others, and those beyond 64 bits, as they are spelt: none is rounded.
fn plain(number: &Number) -> String {
    number
        .as_u64()
        .map(|whole| whole.to_string())
        .or_else(|| number.as_i64().map(|whole| whole.to_string()))
        .unwrap_or_else(|| number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(json: &str, ignore: &[&str]) -> Vec<u8> {
        let ignore: Vec<String> = ignore.iter().map(ToString::to_string).collect();
        digest(&serde_json::from_str(json).unwrap(), &ignore, &[])
    }

    #[test]
    fn spelling_is_not_a_change() {
        assert_eq!(of(r#"{"a":1,"b":[true,null]}"#, &[]), of("{ \"b\" : [ true,\n null ], \"\\u0061\" : 1 }", &[]));
    }

    #[test]
    fn values_order_and_kinds_are() {
        let different = [
            r#"{"a":1}"#,
            r#"{"a":"1"}"#,
            r#"{"a":2}"#,
            r#"{"a":[1]}"#,
            r#"{"a":null}"#,
            "{}",
            "[1,2]",
            "[2,1]",
            "[12]",
            "[[1],2]",
        ];
        let digests: std::collections::BTreeSet<Vec<u8>> = different.iter().map(|json| of(json, &[])).collect();
        assert_eq!(digests.len(), different.len());
    }

    #[test]
    fn numbers_beyond_64_bits_are_not_rounded() {
        assert_ne!(of("[987654321234567891234]", &[]), of("[987654321234567891235]", &[]));
    }

    #[test]
    fn ignored_parts_may_change_come_and_go() {
        let ignore = ["/profile/last_login", "/rows/*/seen_at", "/a~1b"];
        let first =
            of(r#"{"profile":{"last_login":"x","name":"n"},"rows":[{"id":1,"seen_at":3},{"id":2}],"a/b":1}"#, &ignore);
        let second = of(r#"{"profile":{"name":"n"},"rows":[{"id":1},{"id":2,"seen_at":9}]}"#, &ignore);
        let third = of(r#"{"profile":{"name":"m"},"rows":[{"id":1},{"id":2}]}"#, &ignore);
        assert_eq!(first, second);
        assert_ne!(first, third);
    }

    #[test]
    fn an_ignored_name_counts_elsewhere() {
        assert_ne!(of(r#"{"b":{"x":1}}"#, &["/a/x"]), of(r#"{"b":{"x":2}}"#, &["/a/x"]));
    }

    #[test]
    fn what_was_kept_while_something_else_was_dropped_means_something_else() {
        let dropping = |drop: &[&str]| {
            let drop: Vec<String> = drop.iter().map(ToString::to_string).collect();
            digest(&Value::Null, &[], &drop)
        };
        assert_eq!(dropping(&["/a", "/b"]), dropping(&["/b", "/a"]));
        assert_ne!(dropping(&["/a"]), dropping(&[]));
        assert_ne!(dropping(&["/a"]), dropping(&["/b"]));
    }

    proptest! {
        #[test]
        fn a_different_text_is_a_different_meaning(one: String, other: String) {
            prop_assume!(one != other);
            prop_assert_ne!(digest(&Value::String(one), &[], &[]), digest(&Value::String(other), &[], &[]));
        }
    }
}

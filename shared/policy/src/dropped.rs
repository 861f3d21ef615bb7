//! Removes from a document what must not be kept.

use crate::meaning::{below, ends, segments};
use serde_json::Value;

/// Removes every part that one of the JSON pointers names; `*` stands for every row or member.
///
/// A row is named by its place in the whole document, whatever else is removed.
pub(crate) fn remove(document: &mut Value, drop: &[String]) {
    let paths: Vec<Vec<String>> = drop.iter().map(|pointer| segments(pointer)).collect();
    let dropped: Vec<&[String]> = paths.iter().map(Vec::as_slice).collect();
    remove_from(document, &dropped);
}

fn remove_from(value: &mut Value, dropped: &[&[String]]) {
    match value {
        Value::Array(rows) => {
            let mut names = (0_usize..).map(|index| index.to_string());
            rows.retain_mut(|row| names.next().is_some_and(|name| stays(&name, row, dropped)));
        }
        Value::Object(members) => members.retain(|name, member| stays(name, member, dropped)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether a part stays; what stays is without the parts of it that do not.
fn stays(name: &str, part: &mut Value, dropped: &[&[String]]) -> bool {
    if ends(name, dropped) {
        return false;
    }
    let deeper = below(name, dropped);
    if !deeper.is_empty() {
        remove_from(part, &deeper);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn without(json: &str, drop: &[&str]) -> String {
        let drop: Vec<String> = drop.iter().map(ToString::to_string).collect();
        let mut document: Value = serde_json::from_str(json).unwrap();
        remove(&mut document, &drop);
        document.to_string()
    }

    #[test]
    fn what_is_named_goes_wherever_it_is() {
        for (json, drop, left) in [
            (r#"{"a":1,"b":2}"#, &["/b"][..], r#"{"a":1}"#),
            (r#"{"rows":[{"id":1,"b":2},{"b":3},4]}"#, &["/rows/*/b"], r#"{"rows":[{"id":1},{},4]}"#),
            (r#"{"x":{"b":1},"y":{"b":{"c":2},"d":3}}"#, &["/*/b"], r#"{"x":{},"y":{"d":3}}"#),
            (r#"[[{"b":1}],[{"b":2}]]"#, &["/*/*/b"], "[[{}],[{}]]"),
            (r#"{"a":{"b":1,"c":2}}"#, &["/a/*"], r#"{"a":{}}"#),
            (r#"{"a/b":1,"m~n":2,"":3,"o":4}"#, &["/a~1b", "/m~0n", "/"], r#"{"o":4}"#),
            (r#"["a","b","c"]"#, &["/0", "/2"], r#"["b"]"#),
            (r#"{"b":1,"b":2,"\u0062":3}"#, &["/b"], "{}"),
        ] {
            assert_eq!(without(json, drop), left, "{json} without {drop:?}");
        }
    }

    #[test]
    fn what_is_not_there_or_has_its_name_elsewhere_changes_nothing() {
        for json in [r#"{"a":{"b":1}}"#, "[1,2]", "null", r#""b""#, "7"] {
            assert_eq!(without(json, &["/b", "/a/c", "/a/b/c", "/x/*/b"]), json);
        }
    }

    #[test]
    fn what_stays_keeps_every_digit_in_the_order_of_names() {
        let json =
            r#"{"z":[1.10,1.50E5,1e-07,-0,987654321234567891234,0.10000000000000000000001],"b":1,"a":"ä\u0000"}"#;
        let left = r#"{"a":"ä\u0000","z":[1.10,1.50e+5,1e-07,-0,987654321234567891234,0.10000000000000000000001]}"#;
        assert_eq!(without(json, &["/b"]), left);
    }

    proptest! {
        #[test]
        fn nothing_that_is_named_is_left(names in prop::collection::vec("[ab*/~]{0,2}", 1..4), also: String) {
            let drop = format!("/{}", names.iter().map(|name| name.replace('~', "~0").replace('/', "~1")).collect::<Vec<_>>().join("/"));
            let leaf = serde_json::json!({ "secret": also });
            let mut document = names.iter().rev().fold(leaf, |inner, name| serde_json::json!({ name.as_str(): inner, "other": 1 }));
            remove(&mut document, &[drop]);
            prop_assert!(!document.to_string().contains("secret\":"), "{document}");
        }
    }
}

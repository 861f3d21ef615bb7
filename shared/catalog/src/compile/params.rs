//! The parameters of paths and queries, and the values they can have.

use super::fields::Value;
use super::syntax;
use crate::{Expected, Param, QueryParam};

const MAX_TEXT_CHARS: u16 = 256;
const MAX_VALUES: usize = 256;
const MAX_QUERY_PARAMS: usize = 64;

/// What a parameter without a type can be.
const ANY_TEXT: Expected = Expected::Text { min: 1, max: 128 };

/// Types that `[defaults]` gives to parameters by name.
pub(super) type Types = Vec<(String, Expected)>;

/// `{ account_id = "u32" }`: names and the values they can have.
pub(super) fn types(value: Value<'_>) -> Types {
    value.entries().into_iter().filter_map(|entry| Some((entry.name().to_owned(), expected(entry)?))).collect()
}

/// A path's parameters in their order, typed by the resource or by default.
pub(super) fn path_params(names: &[String], declared: Option<Value<'_>>, defaults: &Types) -> Vec<Param> {
    for entry in declared.map(Value::entries).unwrap_or_default() {
        if !names.iter().any(|name| name == entry.name()) {
            entry.refuse::<()>("is not in the path");
        }
    }
    let own = declared.map(types).unwrap_or_default();
    let typed = |name: &String| Param {
        name: name.clone(),
        expected: type_of(name, &own).unwrap_or(type_or_text(name, defaults)),
    };
    names.iter().map(typed).collect()
}

/// `["limit"]`, or `{ limit = "u32", q = { min = 3, max = 50, required = true } }`.
pub(super) fn query_params(value: Value<'_>, defaults: &Types) -> Vec<QueryParam> {
    let plain = |name: String, expected: Expected| QueryParam { name, expected, required: false, repeated: false };
    let params: Vec<QueryParam> = if value.is_list() {
        let names = value.list().into_iter().filter_map(|name| name.parse(syntax::query_name));
        names.map(|name| plain(name.clone(), type_or_text(&name, defaults))).collect()
    } else if value.is_table() {
        value.entries().into_iter().filter_map(|entry| query_param(entry, defaults)).collect()
    } else {
        value.refuse::<Vec<_>>("must be a list of names or a table of names and types").unwrap_or_default()
    };
    if params.len() > MAX_QUERY_PARAMS {
        value.refuse::<()>(format!("has {} parameters; at most {MAX_QUERY_PARAMS} can be declared", params.len()));
    }
    params
}

/// The values of one parameter: `"u32"`, `["0", "1"]`, `{ type = "u64", max = 9 }`, `{ min = 3, max = 50 }`.
fn expected(value: Value<'_>) -> Option<Expected> {
    if !value.is_table() {
        return simple(value);
    }
    let mut fields = value.fields("a parameter")?;
    let kind = fields.get("type");
    let (min, max) = (fields.get("min"), fields.get("max"));
    fields.finish();
    sized(value, kind, min, max)
}

fn query_param(entry: Value<'_>, defaults: &Types) -> Option<QueryParam> {
    let name = syntax::query_name(entry.name()).map_or_else(|reason| entry.refuse(reason), Some)?;
    if !entry.is_table() {
        return Some(QueryParam { name, expected: simple(entry)?, required: false, repeated: false });
    }
    let mut fields = entry.fields("a query parameter")?;
    let kind = fields.get("type");
    let (min, max) = (fields.get("min"), fields.get("max"));
    let required = fields.get("required").and_then(Value::flag).unwrap_or(false);
    let repeated = fields.get("repeated").and_then(Value::flag).unwrap_or(false);
    fields.finish();
    let untyped = kind.is_none() && min.is_none() && max.is_none();
    let expected = if untyped { type_or_text(&name, defaults) } else { sized(entry, kind, min, max)? };
    Some(QueryParam { name, expected, required, repeated })
}

fn simple(value: Value<'_>) -> Option<Expected> {
    if value.is_list() {
        return one_of(value);
    }
    match value.text()? {
        "u32" => Some(Expected::Number { max: u64::from(u32::MAX) }),
        "u64" => Some(Expected::Number { max: u64::MAX }),
        "text" => Some(ANY_TEXT),
        other => {
            value.refuse(format!("has the type \"{other}\"; there are \"u32\", \"u64\", \"text\" and lists of values"))
        }
    }
}

fn one_of(value: Value<'_>) -> Option<Expected> {
    let values: Vec<String> = value.list().into_iter().filter_map(Value::text).map(str::to_owned).collect();
    let distinct = values.iter().collect::<std::collections::BTreeSet<_>>().len() == values.len();
    let sensible = |text: &String| (1..=64).contains(&text.len()) && !text.chars().any(char::is_control);
    if values.is_empty() || values.len() > MAX_VALUES || !distinct || !values.iter().all(sensible) {
        return value.refuse(format!("must list 1 to {MAX_VALUES} different values of 1 to 64 bytes"));
    }
    Some(Expected::OneOf(values))
}

fn sized(
    value: Value<'_>,
    kind: Option<Value<'_>>,
    min: Option<Value<'_>>,
    max: Option<Value<'_>>,
) -> Option<Expected> {
    match kind.map_or(Some(ANY_TEXT), simple)? {
        Expected::Number { max: largest } => {
            if let Some(min) = min {
                return min.refuse("belongs to text; a number can have `max` only");
            }
            let max = max.map_or(Some(largest), |max| max.number(0, largest.min(u64::MAX >> 1)))?;
            Some(Expected::Number { max })
        }
        Expected::Text { min: fewest, max: most } => {
            let min = min.map_or(Some(u64::from(fewest)), |min| min.number(1, u64::from(MAX_TEXT_CHARS)))?;
            let max = max.map_or(Some(u64::from(most)), |max| max.number(1, u64::from(MAX_TEXT_CHARS)))?;
            if min > max {
                return value.refuse(format!("has min {min} above max {max}"));
            }
            Some(Expected::Text { min: u16::try_from(min).ok()?, max: u16::try_from(max).ok()? })
        }
        Expected::OneOf(values) => match min.or(max) {
            Some(bound) => bound.refuse("does not belong to a list of values"),
            None => Some(Expected::OneOf(values)),
        },
    }
}

fn type_of(name: &str, types: &Types) -> Option<Expected> {
    types.iter().find(|(typed, _)| typed == name).map(|(_, expected)| expected.clone())
}

fn type_or_text(name: &str, defaults: &Types) -> Expected {
    type_of(name, defaults).unwrap_or(ANY_TEXT)
}

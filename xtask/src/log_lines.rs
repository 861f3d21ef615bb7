//! The Workers' log lines, for people at a terminal; elsewhere they stay the JSON they are.

use serde_json::Value;

/// One line as a person reads it: what it is about, then its fields; dimmed, but for errors, which are red. What is no
/// JSON is shown as it is.
pub(crate) fn for_people(message: &str, level: &str) -> String {
    const PLAIN: &str = "\u{1b}[0m";
    let style = if level == "error" { "\u{1b}[31m" } else { "\u{1b}[2m" };
    let readable = match serde_json::from_str(message) {
        Ok(Value::Object(fields)) => {
            let what = fields.get("what").map(bare);
            let rest = fields
                .iter()
                .filter(|(name, _)| *name != "what")
                .map(|(name, value)| format!("{name}={}", bare(value)));
            what.into_iter().chain(rest).collect::<Vec<_>>().join(" ")
        }
        _ => message.to_owned(),
    };
    format!("{style}{readable}{PLAIN}")
}

fn bare(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_structured_line_is_shown_as_its_fields() {
        let line = for_people(r#"{"outcome":"hit","tier":"kv","what":"read"}"#, "log");
        assert_eq!(line, "\u{1b}[2mread outcome=hit tier=kv\u{1b}[0m");
    }

    #[test]
    fn an_error_that_is_no_json_is_red_and_whole() {
        assert_eq!(for_people("panicked at x", "error"), "\u{1b}[31mpanicked at x\u{1b}[0m");
    }
}

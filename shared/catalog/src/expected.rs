//! Which values a parameter can have.

use crate::Expected;

impl Expected {
    /// Whether a decoded value can exist.
    pub(crate) fn allows(&self, value: &str) -> bool {
        match self {
            Self::Number { max } => number(value).is_some_and(|number| number <= *max),
            Self::Text { min, max } => {
                let length = value.chars().count();
                usize::from(*min) <= length && length <= usize::from(*max) && !value.chars().any(char::is_control)
            }
            Self::OneOf(values) => values.iter().any(|allowed| allowed == value),
        }
    }

    /// What to tell a client whose value is refused.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Number { max } => format!("must be a number from 0 to {max}"),
            Self::Text { min, max } => format!("must be {min} to {max} characters of text"),
            Self::OneOf(values) => format!("must be one of {}", values.join(", ")),
        }
    }
}

/// Digits in their shortest form only: `007` would be a second name of `7`.
fn number(value: &str) -> Option<u64> {
    let shortest = value == "0" || !value.starts_with('0');
    (shortest && value.bytes().all(|byte| byte.is_ascii_digit())).then(|| value.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form_and_a_largest_value() {
        let account = Expected::Number { max: u64::from(u32::MAX) };
        for good in ["0", "1", "86745912", "4294967295"] {
            assert!(account.allows(good), "{good}");
        }
        for bad in ["", "00", "01", "+1", "-1", "1.0", "1e3", " 1", "4294967296", "99999999999999999999", "١"] {
            assert!(!account.allows(bad), "{bad}");
        }
        assert!(Expected::Number { max: u64::MAX }.allows("18446744073709551615"));
    }

    #[test]
    fn text_is_counted_in_characters_and_has_no_control_characters() {
        let query = Expected::Text { min: 3, max: 5 };
        for (text, allowed) in [
            ("ab", false),
            ("abc", true),
            ("äöü", true),
            ("abcde", true),
            ("abcdef", false),
            ("a\nb", false),
            ("a\u{85}b", false),
        ] {
            assert_eq!(query.allows(text), allowed, "{text:?}");
        }
    }

    #[test]
    fn one_of_is_exact() {
        let flag = Expected::OneOf(vec!["0".into(), "1".into()]);
        assert!(flag.allows("1") && !flag.allows("2") && !flag.allows("") && !flag.allows("01"));
    }
}

//! One spelling per text: percent-decoding of what clients send, and the one encoding that keys use.

use std::borrow::Cow;

/// Appends `text` with everything but RFC 3986's unreserved characters percent-encoded, in upper-case hex.
pub(crate) fn encode_into(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if is_unreserved(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(hex_digit(byte >> 4));
            out.push(hex_digit(byte & 15));
        }
    }
}

/// Undoes percent-encoding; `None` where it is broken or the result is not UTF-8.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' { hex_value(rest.next()?)? << 4 | hex_value(rest.next()?)? } else { byte });
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// Like [`decode`], with `+` for a space, as forms send it.
pub(crate) fn decode_form(text: &str) -> Option<Cow<'_, str>> {
    if text.contains('+') {
        decode(&text.replace('+', " ")).map(|text| Cow::Owned(text.into_owned()))
    } else {
        decode(text)
    }
}

/// Whether a byte stands for itself in every part of a URL.
pub(crate) fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn hex_digit(nibble: u8) -> char {
    char::from(if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 })
}

fn hex_value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_unreserved_characters_is_encoded() {
        for (text, spelling) in [
            ("aZ09-._~", "aZ09-._~"),
            ("a b", "a%20b"),
            ("+&=#?/%", "%2B%26%3D%23%3F%2F%25"),
            ("ü😀", "%C3%BC%F0%9F%98%80"),
            ("", ""),
        ] {
            let mut out = String::new();
            encode_into(&mut out, text);
            assert_eq!(out, spelling);
            assert_eq!(decode(&out).as_deref(), Some(text));
        }
    }

    #[test]
    fn broken_encodings_have_no_meaning() {
        for broken in ["%", "%4", "%zz", "a%4", "%FF", "%C3", "%C0%AF"] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_plus_is_a_space_in_a_query_only() {
        assert_eq!(decode("a+b").as_deref(), Some("a+b"));
        assert_eq!(decode_form("a+b%2Bc").as_deref(), Some("a b+c"));
    }
}

//! Whether a webhook comes from who it says: the rules of WEBHOOKS.md, over raw bytes, in constant time.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// Whether The Blue Alliance signed `body` with one of `secrets`: `X-TBA-HMAC`, lowercase hex HMAC-SHA256.
///
/// Every secret is tried, so that how long it takes does not tell which one fits.
pub fn tba_signed(secrets: &[String], body: &[u8], header: Option<&str>) -> bool {
    let Some(stated) = header.and_then(from_lower_hex) else { return false };
    secrets
        .iter()
        .filter(|secret| !secret.is_empty())
        .fold(false, |signed, secret| signed | hmac_is(secret.as_bytes(), body, &stated))
}

/// Equal for the same delivery sent twice: the sender numbers nothing, so the bytes are the name.
pub fn delivery_digest(body: &[u8]) -> Vec<u8> {
    Sha256::digest(body).to_vec()
}

fn hmac_is(secret: &[u8], body: &[u8], stated: &[u8]) -> bool {
    // A key of any length is a key to HMAC; the error cannot happen.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return false };
    mac.update(body);
    mac.verify_slice(stated).is_ok()
}

/// The 32 bytes of an HMAC-SHA256 in the only spelling that is sent.
fn from_lower_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 {
        return None;
    }
    text.as_bytes().as_chunks::<2>().0.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?)).collect()
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BODY: &[u8] = br#"{"message_type": "verification", "message_data": {"data": "value"}}"#;
    const HMAC: &str = "a143b493f9a31077f7ff742dc3f59c8d73e6e2c2f09dde5f1a73c33059b77151";
    const HMAC_OF_UNICODE: &str = "a986aff362a9d432e100143825508afa3615ecd1b6c59c80b6b4aa201194514a";

    fn secrets(secrets: &[&str]) -> Vec<String> {
        secrets.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_blue_alliances_own_vectors_are_accepted() {
        assert!(tba_signed(&secrets(&["secret"]), BODY, Some(HMAC)));
        assert!(tba_signed(&secrets(&["\u{80}secret"]), BODY, Some(HMAC_OF_UNICODE)));
    }

    #[test]
    fn any_valid_secret_will_do() {
        assert!(tba_signed(&secrets(&["new", "secret"]), BODY, Some(HMAC)));
        assert!(!tba_signed(&secrets(&["new", "newer"]), BODY, Some(HMAC)));
    }

    #[test]
    fn nothing_else_is() {
        let checksum = "82bb620ceffa9ee31480e60b98f1881251fb68c3";
        let upper = HMAC.to_uppercase();
        for header in [None, Some(""), Some(checksum), Some(&HMAC[..63]), Some(upper.as_str()), Some(HMAC_OF_UNICODE)] {
            assert!(!tba_signed(&secrets(&["secret"]), BODY, header), "{header:?}");
        }
        assert!(!tba_signed(&secrets(&["secret"]), &BODY[1..], Some(HMAC)));
        assert!(!tba_signed(&[], BODY, Some(HMAC)));
    }

    #[test]
    fn an_empty_secret_signs_nothing() {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"").unwrap();
        mac.update(BODY);
        let hex = format!("{:x}", mac.finalize().into_bytes());
        assert!(!tba_signed(&secrets(&[""]), BODY, Some(&hex)));
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(header: String) {
            prop_assert!(!tba_signed(&secrets(&["secret"]), BODY, Some(&header)) || header == HMAC);
        }
    }
}

//! API keys: how one is spelt, whether a text can be one at all, and what is kept of it.

use sha2::{Digest, Sha256};
use std::fmt;

/// What every key begins with, so that people and secret scanners know what they have found.
const PREFIX: &str = "weir_";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 178 bits: nobody guesses that, so a fast hash of a key is as good as a slow one.
const RANDOM_LEN: usize = 30;
const CHECKSUM_LEN: usize = 6;

/// A key as its owner holds it: `weir_`, 30 random characters, 6 of their checksum. No form of it but [`Self::reveal`]
/// shows the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// A new key, out of as many of these random bytes as it takes; `None` if they do not suffice.
    pub fn drawn(random: impl IntoIterator<Item = u8>) -> Option<Self> {
        // Of 256 values the last eight would make the first eight characters likelier than the others.
        let whole = random.into_iter().filter(|byte| *byte < 248);
        let drawn: String = whole.take(RANDOM_LEN).filter_map(|byte| digit(u32::from(byte))).collect();
        let key = format!("{PREFIX}{drawn}");
        (drawn.len() == RANDOM_LEN).then(|| Self(format!("{key}{}", checksum(&key))))
    }

    /// The key in a text; `None` for anything mistyped, cut off or made up, before anybody has to look it up.
    pub fn parse(text: &str) -> Option<Self> {
        let drawn = text.strip_prefix(PREFIX)?;
        let is_spelt = drawn.len() == RANDOM_LEN + CHECKSUM_LEN && drawn.bytes().all(|byte| ALPHABET.contains(&byte));
        let (key, stated) = text.split_at_checked(PREFIX.len() + RANDOM_LEN)?;
        (is_spelt && checksum(key) == stated).then(|| Self(text.to_owned()))
    }

    /// All that is ever stored or sent on: the SHA-256 of the whole key.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    /// The secret itself, for whoever it is made for.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(…)")
    }
}

/// What a key may be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Read entries.
    Read,
    /// Push entries.
    Write,
    /// Change what an operator may change.
    Admin,
    /// See how things go.
    Metrics,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Those of these names; one that this version does not know allows nothing.
    pub fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let bit = |name| match name {
            "read" => bit(Scope::Read),
            "write" => bit(Scope::Write),
            "admin" => bit(Scope::Admin),
            "metrics" => bit(Scope::Metrics),
            _ => 0,
        };
        Self(names.into_iter().fold(0, |scopes, name| scopes | bit(name)))
    }

    /// Whether this is among them.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & bit(scope) != 0
    }
}

fn bit(scope: Scope) -> u8 {
    1 << scope as u8
}

fn digit(number: u32) -> Option<char> {
    let at = usize::try_from(number).ok()? % ALPHABET.len();
    ALPHABET.get(at).copied().map(char::from)
}

/// CRC-32 in six digits of base 62, which hold 35 bits.
fn checksum(text: &str) -> String {
    let crc = crc32(text.as_bytes());
    [62_u32.pow(5), 62_u32.pow(4), 62_u32.pow(3), 62_u32.pow(2), 62, 1]
        .iter()
        .filter_map(|place| digit(crc / place))
        .collect()
}

/// The one of zip and PNG. Forty bytes once a request are not worth a table.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "weir_0123456789ABCDEFGHIJKLMNOPQRST2g4cJk";

    fn key() -> ApiKey {
        ApiKey::drawn(0..30).unwrap()
    }

    #[test]
    fn the_checksum_is_the_crc_32_that_everybody_computes() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn a_key_is_spelt_as_it_is_documented() {
        assert_eq!(key().reveal(), KEY);
        assert_eq!(ApiKey::parse(KEY), Some(key()));
    }

    #[test]
    fn what_is_kept_is_the_sha_256_of_the_whole_key() {
        let hash = key().hash().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        assert_eq!(hash, "c9bdc2c6bd943e8a5d939eeb6674ae610ee39ecdbcc84b7ac5ec7b424bd4f9b1");
    }

    #[test]
    fn every_character_is_as_likely_as_every_other() {
        let mut counted = std::collections::BTreeMap::<char, u32>::new();
        // Every byte equally often, in an order in which none is at the end of a key's bytes by chance.
        let mut bytes = (0..=255_u8).cycle();
        for _ in 0..62 * 4 {
            let key = ApiKey::drawn(&mut bytes).unwrap();
            key.reveal()[PREFIX.len()..][..RANDOM_LEN]
                .chars()
                .for_each(|drawn| *counted.entry(drawn).or_default() += 1);
        }
        assert_eq!(counted.len(), 62);
        assert!(counted.values().all(|count| *count == 120), "{counted:?}");
    }

    #[test]
    fn too_little_chance_makes_no_key() {
        assert_eq!(ApiKey::drawn(0..29), None);
        assert_eq!(ApiKey::drawn(std::iter::repeat_n(250, 90)), None);
    }

    #[test]
    fn what_is_no_key_is_refused_without_a_look_up() {
        let wrong_case = KEY.to_lowercase();
        let padded = format!("{KEY} ");
        let umlaut = format!("weir_ä{}", &KEY[7..]);
        for wrong in ["", "weir_", "Bearer", &KEY[..40], &KEY[1..], &wrong_case, &padded, &umlaut, "sk_live_1234"] {
            assert_eq!(ApiKey::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_key_is_not_printed_by_accident() {
        assert_eq!(format!("{:?}", key()), "ApiKey(…)");
    }

    #[test]
    fn a_scope_allows_itself_and_nothing_else() {
        let all =
            [("read", Scope::Read), ("write", Scope::Write), ("admin", Scope::Admin), ("metrics", Scope::Metrics)];
        for (name, scope) in all {
            for (_, other) in all {
                assert_eq!(Scopes::named([name, "later"]).has(other), scope == other, "{name} {other:?}");
            }
        }
        assert!(!Scopes::named(["Read", ""]).has(Scope::Read));
    }

    proptest! {
        #[test]
        fn a_drawn_key_is_a_key_and_with_any_character_changed_it_is_none(
            random in prop::collection::vec(0..248_u8, 30), at in 5..41_usize, other in 0..62_usize,
        ) {
            let key = ApiKey::drawn(random).unwrap();
            prop_assert_eq!(ApiKey::parse(key.reveal()), Some(key.clone()));
            let mut changed = key.reveal().as_bytes().to_vec();
            changed[at] = ALPHABET[other];
            let changed = String::from_utf8(changed).unwrap();
            prop_assert_eq!(ApiKey::parse(&changed).is_some(), changed == key.reveal());
        }

        #[test]
        fn no_text_makes_it_panic(text: String, drawn in "weir_.{0,40}") {
            prop_assert_eq!(ApiKey::parse(&text), None);
            drop(ApiKey::parse(&drawn));
        }
    }
}

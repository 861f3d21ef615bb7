//! A slot's metadata: what KV keeps beside the bytes.

use serde::Serialize;
use weir_flow::entry::Entry;
use weir_policy::slot::FORMAT;
use weir_policy::time::Timestamp;

/// Everything about an entry but its body. The names are short because KV gives metadata 1,024 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Metadata {
    f: u8,
    v: u64,
    t: u64,
    c: u64,
    m: String,
}

impl Metadata {
    /// What is written beside an entry's body.
    pub(crate) fn of<B>(entry: &Entry<B>) -> Self {
        Self {
            f: FORMAT,
            v: entry.version,
            t: entry.verified_at.as_ms(),
            c: entry.changed_at.as_ms(),
            m: entry.content_type.clone(),
        }
    }

    /// What was read: a field's number or nothing, by the field's name. `None` for what another release wrote.
    pub(crate) fn read(number: impl Fn(&str) -> Option<f64>, content_type: Option<String>) -> Option<Self> {
        let whole = |name| number(name).and_then(whole);
        if whole("f") != Some(u64::from(FORMAT)) {
            return None;
        }
        Some(Self { f: FORMAT, v: whole("v")?, t: whole("t")?, c: whole("c")?, m: content_type? })
    }

    /// The entry around its body.
    pub(crate) fn entry<B>(self, body: B) -> Entry<B> {
        let Self { v, t, c, m, .. } = self;
        Entry {
            version: v,
            verified_at: Timestamp::from_ms(t),
            changed_at: Timestamp::from_ms(c),
            content_type: m,
            body,
        }
    }
}

/// A number of JavaScript's that is a count; beyond 2^53 it could not tell neighbours apart.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range, as checked")]
fn whole(number: f64) -> Option<u64> {
    const LARGEST: f64 = 9_007_199_254_740_991.0;
    ((0.0..=LARGEST).contains(&number) && number.fract() == 0.0).then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn entry() -> Entry<()> {
        Entry {
            version: 1_763_600_000_123,
            verified_at: Timestamp::from_ms(1_763_600_001_000),
            changed_at: Timestamp::from_ms(1_763_600_000_123),
            content_type: "application/json; charset=utf-8".into(),
            body: (),
        }
    }

    fn read(json: &Value) -> Option<Metadata> {
        Metadata::read(|name| json[name].as_f64(), json["m"].as_str().map(str::to_owned))
    }

    #[test]
    fn what_is_written_is_read() {
        let json = serde_json::to_value(Metadata::of(&entry())).unwrap();
        assert_eq!(read(&json).map(|metadata| metadata.entry(())), Some(entry()));
    }

    #[test]
    fn another_format_or_a_missing_field_is_a_miss() {
        let good = serde_json::to_value(Metadata::of(&entry())).unwrap();
        let mut other = good.clone();
        other["f"] = (FORMAT + 1).into();
        assert_eq!(read(&other), None);
        for field in ["f", "v", "t", "c", "m"] {
            let mut cut = good.clone();
            cut[field] = Value::Null;
            assert_eq!(read(&cut), None, "{field}");
        }
        for odd in [-1.0, 1.5, f64::NAN, 1e300] {
            assert_eq!(whole(odd), None, "{odd}");
        }
    }

    #[test]
    fn it_fits_what_kv_keeps_beside_a_value() {
        let longest = Entry { version: u64::MAX, content_type: "x".repeat(600), ..entry() };
        assert!(serde_json::to_string(&Metadata::of(&longest)).unwrap().len() <= 1024);
    }
}

//! How `read`, `receive` and `refresh` speak to each other through their service binding.
//!
//! A call is a POST with a JSON body and the catalog's fingerprint in a header. `/bring` answers with what was brought
//! in a header, and with the entry's bytes as the body.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use weir_catalog::Key;
use weir_flow::entry::Entry;
use weir_flow::ports::{Ask, Brought, Refusal, Tidings};
use weir_policy::time::Timestamp;

/// Has an entry brought up to date.
pub const BRING: &str = "/bring";
/// Reports what was noticed.
pub const TELL: &str = "/tell";
/// Asks which secrets are missing, by GET.
pub const HEALTH: &str = "/health";
/// Which catalog the caller was built with.
pub const CATALOG: &str = "weir-catalog";
/// What was brought.
pub const BROUGHT: &str = "weir-brought";

#[derive(Serialize, Deserialize)]
struct AskWire {
    key: String,
    patience_ms: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TidingsWire {
    Demanded { keys: Vec<String> },
    Lost { key: String, version: u64 },
    BoardLost { project: String, shard: u8 },
    Delivered { project: String },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BroughtWire {
    Entry { version: u64, verified_ms: u64, changed_ms: u64, content_type: String },
    Absent { retry_ms: u64 },
    Refused { why: RefusalWire, retry_ms: u64 },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Refusal", rename_all = "snake_case")]
enum RefusalRemote {
    Budget,
    Breaker,
    Backoff,
    Unreachable,
    BadAnswer,
    Held,
    Full,
    TooOld,
    OutOfReach,
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct RefusalWire(#[serde(with = "RefusalRemote")] Refusal);

/// Writes a wish.
pub fn write_ask(ask: &Ask) -> String {
    json(&AskWire {
        key: ask.key.as_str().to_owned(),
        patience_ms: u64::try_from(ask.patience.as_millis()).unwrap_or(u64::MAX),
    })
}

/// Reads a wish.
pub fn read_ask(text: &str) -> Option<Ask> {
    let AskWire { key, patience_ms } = serde_json::from_str(text).ok()?;
    Some(Ask { key: Key::new(key).ok()?, patience: Duration::from_millis(patience_ms) })
}

/// Writes a report.
pub fn write_tidings(tidings: &Tidings) -> String {
    json(&match tidings {
        Tidings::Demanded(keys) => {
            TidingsWire::Demanded { keys: keys.iter().map(|key| key.as_str().to_owned()).collect() }
        }
        Tidings::Lost { key, version } => TidingsWire::Lost { key: key.as_str().to_owned(), version: *version },
        Tidings::BoardLost { project, shard } => TidingsWire::BoardLost { project: project.clone(), shard: *shard },
        Tidings::Delivered { project } => TidingsWire::Delivered { project: project.clone() },
    })
}

/// Reads a report.
pub fn read_tidings(text: &str) -> Option<Tidings> {
    Some(match serde_json::from_str(text).ok()? {
        TidingsWire::Demanded { keys } => {
            Tidings::Demanded(keys.into_iter().map(Key::new).collect::<Result<_, _>>().ok()?)
        }
        TidingsWire::Lost { key, version } => Tidings::Lost { key: Key::new(key).ok()?, version },
        TidingsWire::BoardLost { project, shard } => Tidings::BoardLost { project, shard },
        TidingsWire::Delivered { project } => Tidings::Delivered { project },
    })
}

/// Writes what was brought: the header, and the body that goes with it.
pub fn write_brought(brought: Brought) -> (String, Option<Bytes>) {
    match brought {
        Brought::Entry(Entry { version, verified_at, changed_at, content_type, body }) => {
            let (verified_ms, changed_ms) = (verified_at.as_ms(), changed_at.as_ms());
            (json(&BroughtWire::Entry { version, verified_ms, changed_ms, content_type }), Some(body))
        }
        Brought::Absent { retry_at } => (json(&BroughtWire::Absent { retry_ms: retry_at.as_ms() }), None),
        Brought::Refused { why, retry_at } => {
            (json(&BroughtWire::Refused { why: RefusalWire(why), retry_ms: retry_at.as_ms() }), None)
        }
    }
}

/// Reads what was brought.
pub fn read_brought(header: &str, body: Bytes) -> Option<Brought> {
    Some(match serde_json::from_str(header).ok()? {
        BroughtWire::Entry { version, verified_ms, changed_ms, content_type } => Brought::Entry(Entry {
            version,
            verified_at: Timestamp::from_ms(verified_ms),
            changed_at: Timestamp::from_ms(changed_ms),
            content_type,
            body,
        }),
        BroughtWire::Absent { retry_ms } => Brought::Absent { retry_at: Timestamp::from_ms(retry_ms) },
        BroughtWire::Refused { why: RefusalWire(why), retry_ms } => {
            Brought::Refused { why, retry_at: Timestamp::from_ms(retry_ms) }
        }
    })
}

/// The private types above always have a JSON form.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key::new("opendota/api/search?q=%22a%22".into()).unwrap()
    }

    #[test]
    fn a_wish_arrives_as_it_was_sent() {
        let ask = Ask { key: key(), patience: Duration::from_millis(800) };
        assert_eq!(read_ask(&write_ask(&ask)), Some(ask));
    }

    #[test]
    fn a_report_arrives_as_it_was_sent() {
        for tidings in [
            Tidings::Demanded(vec![key(), Key::new("opendota/api/heroes".into()).unwrap()]),
            Tidings::Lost { key: key(), version: u64::MAX },
            Tidings::BoardLost { project: "demo".into(), shard: 3 },
            Tidings::Delivered { project: "opendota".into() },
        ] {
            assert_eq!(read_tidings(&write_tidings(&tidings)), Some(tidings));
        }
    }

    #[test]
    fn what_was_brought_arrives_as_it_was_sent() {
        let at = Timestamp::from_ms(1_763_600_000_123);
        let content_type = "application/json; charset=\"utf-8\"".to_owned();
        let entry =
            Entry { version: 7, verified_at: at, changed_at: at, content_type, body: Bytes::from_static(b"[1]") };
        let refusals = [
            Refusal::Budget,
            Refusal::Breaker,
            Refusal::Backoff,
            Refusal::Unreachable,
            Refusal::BadAnswer,
            Refusal::Held,
            Refusal::Full,
            Refusal::TooOld,
            Refusal::OutOfReach,
        ];
        let refused = refusals.map(|why| Brought::Refused { why, retry_at: at });
        for brought in [Brought::Entry(entry), Brought::Absent { retry_at: at }].into_iter().chain(refused) {
            let (header, body) = write_brought(brought.clone());
            assert!(header.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{header} is a header's value");
            assert_eq!(read_brought(&header, body.unwrap_or_default()), Some(brought));
        }
    }

    #[test]
    fn nonsense_is_nothing() {
        let too_long = format!(r#"{{"key":"{}","patience_ms":1}}"#, "k".repeat(Key::MAX_BYTES + 1));
        for text in ["", "{}", "null", r#"{"lost":{}}"#, &too_long] {
            assert_eq!((read_ask(text), read_tidings(text)), (None, None), "{text}");
            assert_eq!(read_brought(text, Bytes::new()), None, "{text}");
        }
    }
}

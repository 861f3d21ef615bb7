//! Faults on command: what goes wrong, for which paths, and how often.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode};
use serde::Deserialize;
use tokio::sync::watch;

/// What happens instead of the real answer, or to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The real answer, later.
    Latency(Duration),
    Status {
        status: StatusCode,
        retry_after_secs: Option<u64>,
    },
    /// A web page with status 200, as from a proxy that is in the way.
    Html,
    /// The real answer cut in its middle, with the length of the cut.
    Truncated,
    Empty,
    /// The connection closes without an answer.
    Down,
    /// No answer until the faults are removed or the caller leaves.
    Hang,
    Redirect(HeaderValue),
    /// JSON of exactly so many bytes.
    Oversized(usize),
}

/// A kind of fault, the paths it strikes and how often it still does.
#[derive(Debug)]
pub(crate) struct Fault {
    kind: Kind,
    path_prefix: String,
    times: Option<u64>,
}

/// A fault that struck one request.
#[derive(Debug)]
pub(crate) struct Strike {
    pub(crate) kind: Kind,
    /// Changes when all faults are removed.
    pub(crate) removed: watch::Receiver<()>,
}

/// All faults, in the order they were set.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    stacked: Mutex<Vec<Fault>>,
    removed: watch::Sender<()>,
}

impl Faults {
    /// How many there are now.
    pub(crate) fn add(&self, fault: Fault) -> usize {
        let mut stacked = self.stacked();
        stacked.push(fault);
        stacked.len()
    }

    /// How many there were.
    pub(crate) fn remove_all(&self) -> usize {
        let removed = std::mem::take(&mut *self.stacked()).len();
        self.removed.send_replace(());
        removed
    }

    /// The first fault set for this path, if any; one with a count is used up by it.
    pub(crate) fn strike(&self, path: &str) -> Option<Strike> {
        let mut stacked = self.stacked();
        let at = stacked.iter().position(|fault| path.starts_with(&fault.path_prefix))?;
        let fault = stacked.get_mut(at)?;
        let strike = Strike { kind: fault.kind.clone(), removed: self.removed.subscribe() };
        fault.times = fault.times.map(|left| left.saturating_sub(1));
        if fault.times == Some(0) {
            stacked.remove(at);
        }
        Some(strike)
    }

    fn stacked(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.stacked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The JSON of a fault; which fields it needs depends on its kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    kind: String,
    ms: Option<u64>,
    status: Option<u16>,
    retry_after_secs: Option<u64>,
    to: Option<String>,
    bytes: Option<usize>,
    path_prefix: Option<String>,
    times: Option<u64>,
}

impl Fault {
    /// Reads a fault from JSON; the error says what is wrong with it.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, String> {
        let form: Form = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        if form.times == Some(0) {
            return Err("`times` must be at least 1".to_owned());
        }
        let path_prefix = form.path_prefix.clone().unwrap_or_default();
        if !path_prefix.is_empty() && !path_prefix.starts_with('/') {
            return Err("`path_prefix` starts with `/`, as in `/api.opendota.com/api/players`".to_owned());
        }
        Ok(Self { kind: form.kind()?, path_prefix, times: form.times })
    }
}

impl Form {
    fn kind(&self) -> Result<Kind, String> {
        match self.kind.as_str() {
            "latency" => self.ms.map(Duration::from_millis).map(Kind::Latency).ok_or_else(|| self.lacks("ms")),
            "status" => self.status_kind(),
            "html" => Ok(Kind::Html),
            "truncated" => Ok(Kind::Truncated),
            "empty" => Ok(Kind::Empty),
            "down" => Ok(Kind::Down),
            "hang" => Ok(Kind::Hang),
            "redirect" => {
                let to = self.to.as_deref().ok_or_else(|| self.lacks("to"))?;
                HeaderValue::from_str(to).map(Kind::Redirect).map_err(|_| "`to` is no header value".to_owned())
            }
            "oversized" => self.oversized_kind(),
            other => Err(format!(
                "unknown kind `{other}`: use latency, status, html, truncated, empty, down, hang, redirect or oversized"
            )),
        }
    }

    fn status_kind(&self) -> Result<Kind, String> {
        let status = self.status.ok_or_else(|| self.lacks("status"))?;
        let status = StatusCode::from_u16(status)
            .ok()
            .filter(|_| (200..600).contains(&status))
            .ok_or("`status` must be 200 to 599")?;
        Ok(Kind::Status { status, retry_after_secs: self.retry_after_secs })
    }

    fn oversized_kind(&self) -> Result<Kind, String> {
        let bytes = self.bytes.ok_or_else(|| self.lacks("bytes"))?;
        if (16..=1 << 30).contains(&bytes) {
            Ok(Kind::Oversized(bytes))
        } else {
            Err("`bytes` must be 16 to 1073741824".to_owned())
        }
    }

    fn lacks(&self, field: &str) -> String {
        format!("a fault of kind `{}` needs `{field}`", self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Faults, Kind};

    fn faults(stacked: &[&str]) -> Faults {
        let faults = Faults::default();
        for json in stacked {
            faults.add(Fault::parse(json.as_bytes()).unwrap());
        }
        faults
    }

    fn struck(faults: &Faults, path: &str) -> Option<Kind> {
        faults.strike(path).map(|strike| strike.kind)
    }

    #[test]
    fn the_first_fault_set_for_a_path_wins() {
        let faults = faults(&[r#"{"kind":"empty","path_prefix":"/a"}"#, r#"{"kind":"html"}"#]);
        assert_eq!(struck(&faults, "/a/1"), Some(Kind::Empty));
        assert_eq!(struck(&faults, "/b"), Some(Kind::Html));
    }

    #[test]
    fn a_counted_fault_vanishes_after_its_last_time() {
        let faults = faults(&[r#"{"kind":"down","times":2}"#]);
        assert_eq!(struck(&faults, "/"), Some(Kind::Down));
        assert_eq!(struck(&faults, "/"), Some(Kind::Down));
        assert_eq!(struck(&faults, "/"), None);
    }

    #[test]
    fn removing_all_wakes_who_hangs() {
        let faults = faults(&[r#"{"kind":"hang","times":1}"#]);
        let strike = faults.strike("/").unwrap();
        assert!(!strike.removed.has_changed().unwrap());
        assert_eq!(faults.remove_all(), 0);
        assert!(strike.removed.has_changed().unwrap());
    }

    #[test]
    fn a_wrong_fault_says_what_is_wrong() {
        for (json, reason) in [
            ("{", "EOF"),
            ("{}", "missing field `kind`"),
            (r#"{"kind":"rain"}"#, "unknown kind `rain`"),
            (r#"{"kind":"latency"}"#, "needs `ms`"),
            (r#"{"kind":"status"}"#, "needs `status`"),
            (r#"{"kind":"status","status":99}"#, "200 to 599"),
            (r#"{"kind":"redirect"}"#, "needs `to`"),
            (r#"{"kind":"oversized","bytes":2}"#, "`bytes` must be"),
            (r#"{"kind":"html","times":0}"#, "`times` must be"),
            (r#"{"kind":"html","path_prefix":"api"}"#, "starts with `/`"),
            (r#"{"kind":"html","path-prefix":"/api"}"#, "unknown field"),
        ] {
            let error = Fault::parse(json.as_bytes()).unwrap_err();
            assert!(error.contains(reason), "{json}: {error}");
        }
    }
}

//! An upstream in memory that remembers everything it ever said.

use crate::chance::Chance;
use crate::time::Time;
use bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use weir_flow::entry::Validators;
use weir_flow::ports::{Call, Reply};
use weir_policy::time::Timestamp;

/// What the upstream does when called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// It answers.
    #[default]
    Well,
    /// It answers this, whatever is asked.
    Saying(Reply),
    /// It does not answer at all.
    Silent,
}

/// An upstream. Clones are the same.
#[derive(Clone)]
pub struct Upstream(Rc<Inner>);

struct Inner {
    time: Time,
    chance: Chance,
    said: RefCell<BTreeMap<String, Vec<(Timestamp, Bytes)>>>,
    calls: RefCell<Vec<(Timestamp, String)>>,
    mood: RefCell<Mood>,
    latency: Cell<Duration>,
    conditional: Cell<bool>,
}

impl Upstream {
    /// One that knows nothing yet and answers within `latency`.
    pub fn new(time: Time, chance: Chance, latency: Duration) -> Self {
        let (said, calls, mood) = Default::default();
        Self(Rc::new(Inner {
            time,
            chance,
            said,
            calls,
            mood,
            latency: Cell::new(latency),
            conditional: Cell::new(true),
        }))
    }

    /// From now on the truth of a path is this.
    pub fn say(&self, path: &str, body: impl Into<Bytes>) {
        self.0.said.borrow_mut().entry(path.to_owned()).or_default().push((self.0.time.now(), body.into()));
    }

    /// What it does from now on.
    pub fn be(&self, mood: Mood) {
        *self.0.mood.borrow_mut() = mood;
    }

    /// How long it takes at most.
    pub fn set_latency(&self, latency: Duration) {
        self.0.latency.set(latency);
    }

    /// Every call there was: when, and for which path.
    pub fn calls(&self) -> Vec<(Timestamp, String)> {
        self.0.calls.borrow().clone()
    }

    /// How often a path was called.
    pub fn calls_of(&self, path: &str) -> usize {
        self.0.calls.borrow().iter().filter(|(_, called)| called == path).count()
    }

    /// What is true of a path now; empty if nothing ever was.
    pub fn newest(&self, path: &str) -> Bytes {
        self.0
            .said
            .borrow()
            .get(path)
            .and_then(|history| history.last())
            .map(|(_, body)| body.clone())
            .unwrap_or_default()
    }

    /// Whether `body` was true of a path at some instant from `from` to `to`.
    pub fn was_true(&self, path: &str, body: &[u8], from: Timestamp, to: Timestamp) -> bool {
        let said = self.0.said.borrow();
        let history = said.get(path).map(Vec::as_slice).unwrap_or_default();
        let ends = history.iter().skip(1).map(|(at, _)| *at).chain([Timestamp::from_ms(u64::MAX)]);
        history.iter().zip(ends).any(|((began, value), ended)| value == body && *began <= to && ended > from)
    }

    pub(crate) async fn answer(&self, call: &Call<'_>) -> Reply {
        let path = call.url.strip_prefix(&call.upstream.base_url).unwrap_or(&call.url).to_owned();
        self.0.calls.borrow_mut().push((self.0.time.now(), path.clone()));
        let latency = self.0.latency.get();
        self.0.time.sleep(self.0.chance.span(latency)).await;
        let mood = self.0.mood.borrow().clone();
        match mood {
            Mood::Well => {}
            Mood::Saying(reply) => return reply,
            Mood::Silent => {
                self.0.time.sleep(call.upstream.timeout).await;
                return Reply::Broken { detail: "timeout".into() };
            }
        }
        let truth = self.0.said.borrow().get(&path).and_then(|said| Some((said.len(), said.last()?.1.clone())));
        // The answer was true when it left; on its way it may get older.
        self.0.time.sleep(self.0.chance.span(latency)).await;
        let Some((edition, body)) = truth else { return Reply::Absent };
        let etag = Some(format!("\"{edition}\""));
        if self.0.conditional.get() && call.validators.etag == etag {
            return Reply::NotModified { age: Duration::ZERO };
        }
        Reply::Full {
            content_type: Some("application/json".into()),
            validators: Validators { etag, last_modified: None },
            age: Duration::ZERO,
            body,
        }
    }
}

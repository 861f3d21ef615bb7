//! Whether a key opens a project: asked of the persistent tier, and remembered for a while by each isolate.

use crate::ports::{Keys, Timer};
use std::cell::RefCell;
use std::time::Duration;
use weir_policy::api_key::{ApiKey, Scope, Scopes};
use weir_policy::time::Timestamp;

/// The longest that a revoked key opens anything while the persistent tier answers.
const BELIEVED: Duration = Duration::from_secs(60);
/// From this age on one request asks again while the others go on.
const RENEWED_AFTER: Duration = Duration::from_secs(50);
/// How long a key that opens nothing is not looked up again.
const DISBELIEVED: Duration = Duration::from_secs(10);
/// The longest that a key opens anything while the persistent tier is out of reach.
const TRUSTED: Duration = Duration::from_secs(600);
/// One question at a time, and after one that failed none for this long.
const PAUSE: Duration = Duration::from_secs(5);
/// How many keys of either kind an isolate remembers: so few that looking through all of them takes microseconds, and a
/// hash table, which would weigh more in the module than all the rest of this, is not needed.
const MOST: usize = 500;

/// What came of showing a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// It may be used for this.
    Open,
    /// It is valid, but not for this.
    LacksScope,
    /// It is no key of this project, or none any more.
    NoKey,
    /// Nothing that knows could be reached.
    OutOfReach,
}

/// The keys that one isolate has seen: by their hashes, never themselves.
#[derive(Debug, Default)]
pub struct KeyRing(RefCell<Inner>);

/// A hash, and the project (as an index into the catalog) that it was shown to.
type Shown = (usize, [u8; 32]);

#[derive(Debug, Default)]
struct Inner {
    valid: Vec<Known>,
    /// Apart from the others, so that made-up keys push out none that is real. Each is believed until its `ask_at`.
    unknown: Vec<Known>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    shown: Shown,
    scopes: Scopes,
    verified_at: Timestamp,
    /// No further question is asked before.
    ask_at: Timestamp,
    /// The last question had no answer.
    alone: bool,
}

/// The caller is to ask the persistent tier.
struct Unsure;

/// Whether a key of this project opens it for `scope`.
pub async fn opening<P: Keys + Timer>(
    ports: &P,
    ring: &KeyRing,
    (project_index, project): (usize, &str),
    key: &ApiKey,
    scope: Scope,
) -> Opening {
    let hash = key.hash();
    let shown = (project_index, hash);
    if let Ok(remembered) = ring.remembered(&shown, ports.now()) {
        return judged(remembered, scope);
    }
    let asked = ports.scopes(project, &hash).await;
    let now = ports.now();
    match asked {
        Ok(scopes) => {
            ring.learn(shown, scopes, now);
            judged(scopes, scope)
        }
        Err(_) => ring.without_answer(&shown, now).map_or(Opening::OutOfReach, |scopes| judged(Some(scopes), scope)),
    }
}

fn judged(scopes: Option<Scopes>, scope: Scope) -> Opening {
    match scopes {
        Some(scopes) if scopes.has(scope) => Opening::Open,
        Some(_) => Opening::LacksScope,
        None => Opening::NoKey,
    }
}

impl KeyRing {
    /// What is known well enough.
    fn remembered(&self, shown: &Shown, now: Timestamp) -> Result<Option<Scopes>, Unsure> {
        let inner = &mut *self.0.borrow_mut();
        if find(&mut inner.unknown, shown).is_some_and(|unknown| now < unknown.ask_at) {
            return Ok(None);
        }
        let known = find(&mut inner.valid, shown).ok_or(Unsure)?;
        let span = if known.alone { TRUSTED } else { BELIEVED };
        if now < known.ask_at && now.since(known.verified_at) < span {
            return Ok(Some(known.scopes));
        }
        known.ask_at = now + PAUSE;
        Err(Unsure)
    }

    fn learn(&self, shown: Shown, scopes: Option<Scopes>, now: Timestamp) {
        let inner = &mut *self.0.borrow_mut();
        inner.valid.retain(|known| known.shown != shown);
        inner.unknown.retain(|unknown| unknown.shown != shown);
        let (kept, span) =
            if scopes.is_some() { (&mut inner.valid, RENEWED_AFTER) } else { (&mut inner.unknown, DISBELIEVED) };
        // The first is the one that was asked for longest ago.
        if kept.len() >= MOST {
            kept.remove(0);
        }
        let scopes = scopes.unwrap_or_default();
        kept.push(Known { shown, scopes, verified_at: now, ask_at: now + span, alone: false });
    }

    fn without_answer(&self, shown: &Shown, now: Timestamp) -> Option<Scopes> {
        let inner = &mut *self.0.borrow_mut();
        let known = find(&mut inner.valid, shown)?;
        (known.alone, known.ask_at) = (true, now + PAUSE);
        (now.since(known.verified_at) < TRUSTED).then_some(known.scopes)
    }
}

fn find<'k>(kept: &'k mut [Known], shown: &Shown) -> Option<&'k mut Known> {
    kept.iter_mut().find(|known| known.shown == *shown)
}

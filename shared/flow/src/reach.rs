//! Has a key brought up to date: one request of the isolate asks, the others wait for what it gets.

use crate::answer::Need;
use crate::entry::Entry;
use crate::ports::{Ask, Brought, Refusal, Timer};
use crate::read::ReadPorts;
use crate::reader::{Fetching, Place, Reader, Setback};
use futures_util::future::{Either, select};
use std::pin::pin;
use std::time::Duration;
use weir_catalog::Key;
use weir_policy::time::Timestamp;

/// How long a read with nothing to serve waits.
pub(crate) const FULL_PATIENCE: Duration = Duration::from_secs(5);
/// How long a read waits that has a kept copy to serve.
pub(crate) const SHORT_PATIENCE: Duration = Duration::from_millis(800);

/// How long a setback is believed without asking again.
const SETBACK: Duration = Duration::from_secs(5);
/// How long the word of the upstream that there is no such thing is.
const ABSENCE: Duration = Duration::from_secs(60);
/// A follower looks at memory again after this time, then after twice as long, up to the longest.
const FIRST_LOOK: Duration = Duration::from_millis(5);
const LONGEST_LOOK: Duration = Duration::from_millis(80);

/// Whose turn it is.
pub(crate) enum Turn<'a, B> {
    /// This request's: nobody else in the isolate fetches the key until this is dropped.
    Mine(Fetching<'a, B>),
    /// Somebody else has just finished: look at what there is now.
    Again,
    /// Somebody else has not finished in time.
    TooLate,
}

/// Waits for the right to fetch a key.
pub(crate) async fn turn<'a, P: ReadPorts>(
    ports: &P,
    reader: &'a Reader<P::Body>,
    key: &Key,
    deadline: Timestamp,
) -> Turn<'a, P::Body> {
    let begin = |now| reader.begin_fetch(key, now, now + FULL_PATIENCE);
    if let Some(fetching) = begin(ports.now()) {
        return Turn::Mine(fetching);
    }
    let mut pause = FIRST_LOOK;
    while ports.now() < deadline {
        ports.sleep(pause).await;
        if !reader.is_fetching(key, ports.now()) {
            return Turn::Again;
        }
        pause = (pause * 2).min(LONGEST_LOOK);
    }
    Turn::TooLate
}

/// Has a key brought up to date.
pub(crate) async fn bring<P: ReadPorts>(
    ports: &P,
    reader: &Reader<P::Body>,
    place: Place,
    need: &Need,
) -> Result<Entry<P::Body>, Setback> {
    let Need { ask, min_version, better_than } = need;
    let deadline = ports.now() + ask.patience;
    loop {
        if let Some(setback) = reader.setback(&ask.key, ports.now()) {
            return Err(setback);
        }
        match turn(ports, reader, &ask.key, deadline).await {
            Turn::Mine(_fetching) => return ask_refresh(ports, reader, place, need).await,
            Turn::TooLate => return Err(refused(Refusal::Held, ports.now())),
            Turn::Again => {}
        }
        let better = |copy: &Entry<P::Body>| copy.version >= *min_version && copy.verified_at > *better_than;
        if let Some(copy) = reader.copy(&ask.key).filter(better) {
            return Ok(copy);
        }
    }
}

async fn ask_refresh<P: ReadPorts>(
    ports: &P,
    reader: &Reader<P::Body>,
    place: Place,
    need: &Need,
) -> Result<Entry<P::Body>, Setback> {
    let ask = &need.ask;
    let brought = match within(ports, ask.patience, ports.bring(ask)).await {
        Some(Ok(brought)) => brought,
        Some(Err(_)) => return Err(set_back(ports, reader, ask, refused(Refusal::OutOfReach, ports.now()))),
        // It goes on without this request; whoever asks next gets what came of it.
        None => return Err(refused(Refusal::Held, ports.now())),
    };
    match brought {
        // Nothing is wrong with the key; others may well want what there is.
        Brought::Entry(entry) if entry.version < need.min_version => Err(refused(Refusal::TooOld, ports.now())),
        Brought::Entry(entry) => {
            let entry = entry.with_body(P::Body::from);
            reader.heard(place, ask.key.hash(), entry.version, ports.now());
            reader.keep(&ask.key, &entry);
            Ok(entry)
        }
        Brought::Absent { retry_at } => Err(set_back(ports, reader, ask, Setback::Absent { retry_at })),
        Brought::Refused { why, retry_at } => Err(set_back(ports, reader, ask, Setback::Refused { why, retry_at })),
    }
}

fn set_back<P: ReadPorts>(ports: &P, reader: &Reader<P::Body>, ask: &Ask, setback: Setback) -> Setback {
    let span = match setback {
        Setback::Absent { .. } => ABSENCE,
        Setback::Refused { .. } => SETBACK,
    };
    reader.set_back(&ask.key, setback, span, ports.now());
    setback
}

fn refused(why: Refusal, now: Timestamp) -> Setback {
    Setback::Refused { why, retry_at: now + Duration::from_secs(1) }
}

/// The result of `work`, if it comes in time.
pub(crate) async fn within<T>(timer: &impl Timer, span: Duration, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(work), pin!(timer.sleep(span))).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}

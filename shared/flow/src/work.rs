//! One leased call: asks the upstream, checks the answer, says what is to be saved.

use crate::entry::Validators;
use crate::ports::{Call, Finding, HeldMeta, Lease, NewEntry, Refusal, Reply, Save, Timer, Upstreams};
use bytes::Bytes;
use std::time::Duration;
use weir_catalog::{Key, Project, Resource, Upstream};
use weir_policy::check::{Before, Sound, check};
use weir_policy::schedule::{absent_until, next_due, retry_at};
use weir_policy::time::Timestamp;

/// How much of a refused answer is kept for people.
const EXCERPT_BYTES: usize = 4096;
/// How long an upstream is left alone that says "too many" and not how long.
const LIMITED_FOR: Duration = Duration::from_secs(60);
/// No upstream's word makes Weir wait longer.
const LIMITED_AT_MOST: Duration = Duration::from_secs(3600);

/// What a lease is about, found in the catalog.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Whose.
    pub project: &'a Project,
    /// Of which family.
    pub resource: &'a Resource,
    /// Who knows.
    pub upstream: &'a Upstream,
}

impl<'a> Subject<'a> {
    /// The subject of a resource of a project.
    pub fn of(project: &'a Project, resource: &'a Resource) -> Option<Self> {
        Some(Self { project, resource, upstream: project.upstreams.get(resource.upstream)? })
    }
}

/// Calls the upstream for a leased key.
pub async fn work<P: Upstreams + Timer>(ports: &P, subject: Subject<'_>, lease: &Lease) -> Save {
    let (finding, asked_at) = ask(ports, subject, &lease.key, lease.held.as_ref(), lease.failures).await;
    let demanded_until = lease.demanded_until;
    let spread = lease.key.hash() ^ asked_at.as_ms();
    let due_at = match &finding {
        Finding::New(_) | Finding::Same { .. } => next_due(subject.resource.refresh, asked_at, demanded_until, spread),
        Finding::Bad { retry_at, .. } | Finding::Absent { retry_at } | Finding::Failed { retry_at, .. } => {
            next_due(subject.resource.refresh, asked_at, demanded_until, spread).map(|turn| turn.min(*retry_at))
        }
    };
    Save { key: lease.key.clone(), token: lease.token, asked_at, finding, due_at, news_after: subject.resource.ttl / 4 }
}

/// Calls the upstream for a key of which nothing is kept or saved: what came, and when it was true.
pub async fn ask<P: Upstreams + Timer>(
    ports: &P,
    subject: Subject<'_>,
    key: &Key,
    held: Option<&HeldMeta>,
    failures: u32,
) -> (Finding, Timestamp) {
    let url = subject.project.upstream_url(subject.resource, key);
    // "Not modified" would keep what was kept before the project dropped it, so such answers are always read.
    let unless = held.filter(|_| subject.resource.drop.is_empty());
    let validators = unless.map(|held| held.validators.clone()).unwrap_or_default();
    let sent_at = ports.now();
    let reply = ports.call(&Call { project: subject.project, upstream: subject.upstream, url, validators }).await;
    let age = match &reply {
        Reply::Full { age, .. } | Reply::NotModified { age } => *age,
        _ => Duration::ZERO,
    };
    let again_at = retry_at(failures, ports.now(), key.hash() ^ sent_at.as_ms());
    (find(subject.resource, held, reply, again_at, ports.now()), sent_at - age)
}

fn find(resource: &Resource, held: Option<&HeldMeta>, reply: Reply, again_at: Timestamp, now: Timestamp) -> Finding {
    match reply {
        Reply::Full { content_type, validators, body, .. } => {
            // What is too old to be served has nothing to protect.
            let servable = held.filter(|held| now.since(held.verified_at) < resource.keep);
            let before = servable.map(|held| Before { weak: held.weak });
            match check(resource, content_type.as_deref(), &body, before) {
                Ok(sound) => compare(held, sound, content_type, validators, body),
                // What does not even parse may hold what must not be kept.
                Err(unsound) if !resource.drop.is_empty() => bad(unsound.to_string(), &Bytes::new(), again_at),
                Err(unsound) => bad(unsound.to_string(), &body, again_at),
            }
        }
        Reply::NotModified { .. } if held.is_some() => Finding::Same { validators: None },
        Reply::NotModified { .. } => bad("not modified, but nothing is held".to_owned(), &Bytes::new(), again_at),
        Reply::Absent if held.is_some() => bad("there is no such thing any more".to_owned(), &Bytes::new(), again_at),
        Reply::Absent => Finding::Absent { retry_at: absent_until(resource.ttl, now) },
        Reply::Unusable { detail } => bad(detail, &Bytes::new(), again_at),
        Reply::Limited { retry_after } => {
            let until = now + retry_after.unwrap_or(LIMITED_FOR).min(LIMITED_AT_MOST);
            Finding::Failed { reason: "told to wait".to_owned(), retry_at: until, pause_until: Some(until) }
        }
        Reply::Broken { detail } => Finding::Failed { reason: detail, retry_at: again_at, pause_until: None },
    }
}

/// The same meaning is the same version, whatever the bytes.
fn compare(
    held: Option<&HeldMeta>,
    sound: Sound,
    content_type: Option<String>,
    validators: Validators,
    body: Bytes,
) -> Finding {
    if held.is_some_and(|held| held.meaning == sound.meaning) {
        return Finding::Same { validators: Some(validators) };
    }
    let content_type = content_type.unwrap_or_else(|| "application/json".to_owned());
    let Sound { meaning, weak, observed, kept } = sound;
    let body = kept.map_or(body, Bytes::from);
    Finding::New(NewEntry { body, content_type, validators, meaning, weak, observed })
}

fn bad(reason: String, body: &Bytes, retry_at: Timestamp) -> Finding {
    let excerpt = body.slice(..body.len().min(EXCERPT_BYTES));
    Finding::Bad { reason, excerpt, retry_at }
}

/// What a finding that is no entry means to a reader.
pub(crate) fn refusal(finding: &Finding) -> Option<(Refusal, Timestamp)> {
    match finding {
        Finding::New(_) | Finding::Same { .. } | Finding::Absent { .. } => None,
        Finding::Bad { retry_at, .. } => Some((Refusal::BadAnswer, *retry_at)),
        Finding::Failed { retry_at, .. } => Some((Refusal::Unreachable, *retry_at)),
    }
}

//! Answers a reader's wish in `refresh`: leases the key, calls the upstream, saves, and leaves the slot to be put.

use crate::entry::Entry;
use crate::grounds::Grounds;
use crate::ports::{
    Ask, Brought, Entries, Fault, Finding, Lease, LeaseWanted, Leased, Leases, PortError, Refusal, Save, Saved, Timer,
    Upstreams,
};
use crate::publish::OwedSlot;
use crate::work::{Subject, ask, refusal, work};
use std::time::Duration;
use weir_policy::schedule::demanded_until;
use weir_policy::slot::shard_of;
use weir_policy::time::Timestamp;

/// Beside the upstream's timeout: time to save and to put the slot.
const LEASE_MARGIN: Duration = Duration::from_secs(15);
/// Who waits for another's lease looks again after this time, then after twice as long, up to the longest.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const LONGEST_LOOK: Duration = Duration::from_millis(800);

/// Everything a wish needs.
pub trait BringPorts: Leases + Entries + Upstreams + Timer {}
impl<P: Leases + Entries + Upstreams + Timer> BringPorts for P {}

/// What a wish came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fulfilled {
    /// For the reader.
    pub brought: Brought,
    /// To be put into the hot tier after the answer.
    pub slot: Option<OwedSlot>,
}

impl From<Brought> for Fulfilled {
    fn from(brought: Brought) -> Self {
        Self { brought, slot: None }
    }
}

/// Brings an entry up to date. Fails only where the persistent tier does: then nothing is asked of an upstream.
///
/// A new deployment's first wish may come before its first tick, so it adopts what runs where that is not known yet.
pub async fn fulfil<P: BringPorts>(
    ports: &P,
    grounds: Grounds<'_>,
    subject: Subject<'_>,
    wish: &Ask,
) -> Result<Fulfilled, PortError> {
    match lease_and_work(ports, subject, wish).await {
        Err(PortError { fault: Fault::NotAdopted, .. }) => {
            ports.adopt(grounds.catalog, grounds.running).await?;
            lease_and_work(ports, subject, wish).await
        }
        other => other,
    }
}

async fn lease_and_work<P: BringPorts>(ports: &P, subject: Subject<'_>, wish: &Ask) -> Result<Fulfilled, PortError> {
    let deadline = ports.now() + wish.patience;
    let mut pause = FIRST_LOOK;
    loop {
        let retry_at = ports.now() + Duration::from_secs(1);
        let refused = |why, retry_at| Ok(Brought::Refused { why, retry_at }.into());
        match ports.lease(&wanted(subject, wish, ports.now())).await? {
            Leased::Granted(lease) => match under_lease(ports, subject, &lease).await? {
                Some(fulfilled) => return Ok(fulfilled),
                // Lost: somebody saved something newer meanwhile, which the next look finds.
                None if ports.now() >= deadline => return refused(Refusal::Held, retry_at),
                None => {}
            },
            Leased::Passing => return Ok(passing(ports, subject, wish).await.into()),
            Leased::Current(entry) => return Ok(Brought::Entry(entry).into()),
            Leased::Held { .. } if ports.now() + pause > deadline => return refused(Refusal::Held, retry_at),
            Leased::Held { .. } => {
                ports.sleep(pause).await;
                pause = (pause * 2).min(LONGEST_LOOK);
            }
            Leased::Absent { retry_at } => return Ok(Brought::Absent { retry_at }.into()),
            Leased::OverBudget { retry_at } => return refused(Refusal::Budget, retry_at),
            Leased::BreakerOpen { retry_at } => return refused(Refusal::Breaker, retry_at),
            Leased::BackingOff { retry_at } => return refused(Refusal::Backoff, retry_at),
            Leased::Full => return refused(Refusal::Full, retry_at),
        }
    }
}

fn wanted<'a>(subject: Subject<'a>, wish: &'a Ask, now: Timestamp) -> LeaseWanted<'a> {
    let Subject { project, resource, upstream } = subject;
    LeaseWanted {
        key: &wish.key,
        resource: &resource.name,
        upstream: &upstream.name,
        shard: shard_of(wish.key.hash(), project.board_shards),
        fresh_after: now - resource.ttl,
        span: upstream.timeout + LEASE_MARGIN,
        demanded_until: demanded_until(resource.refresh, now),
        admit_second: resource.admit_second,
        max_entries: resource.max_entries,
    }
}

/// The whole work under one lease; `None` if the lease was lost.
async fn under_lease<P: BringPorts>(
    ports: &P,
    subject: Subject<'_>,
    lease: &Lease,
) -> Result<Option<Fulfilled>, PortError> {
    let save = work(ports, subject, lease).await;
    let saved = ports.save(&subject.project.name, std::slice::from_ref(&save)).await?;
    match saved.first().copied().unwrap_or(Saved::Lost) {
        Saved::Lost => Ok(None),
        Saved::Noted => Ok(Some(without_entry(&save.finding).into())),
        kept @ Saved::Kept { .. } => match owed_slot(save, kept, lease.until) {
            Some(slot) => Ok(Some(Fulfilled { brought: Brought::Entry(slot.entry.clone()), slot: Some(slot) })),
            None => Ok(ports.entry(&lease.key).await?.map(|entry| Brought::Entry(entry).into())),
        },
    }
}

/// A first wish for a key that is admitted on the second: answered, not kept. Its version is the instant, as a first
/// version would be, so that what is kept later is newer.
async fn passing<P: BringPorts>(ports: &P, subject: Subject<'_>, wish: &Ask) -> Brought {
    let (finding, asked_at) = ask(ports, subject, &wish.key, None, 0).await;
    match finding {
        Finding::New(new) => Brought::Entry(Entry {
            version: asked_at.as_ms(),
            verified_at: asked_at,
            changed_at: asked_at,
            content_type: new.content_type,
            body: new.body,
        }),
        other => without_entry(&other),
    }
}

fn without_entry(finding: &Finding) -> Brought {
    match (refusal(finding), finding) {
        (Some((why, retry_at)), _) => Brought::Refused { why, retry_at },
        (None, Finding::Absent { retry_at }) => Brought::Absent { retry_at: *retry_at },
        // Nothing was held to be the same as.
        (None, _) => Brought::Refused { why: Refusal::BadAnswer, retry_at: Timestamp::ZERO },
    }
}

/// The version that a save made, if it made one.
pub(crate) fn owed_slot(save: Save, saved: Saved, until: Timestamp) -> Option<OwedSlot> {
    let (Finding::New(new), Saved::Kept { version, changed_at, .. }) = (save.finding, saved) else { return None };
    let entry =
        Entry { version, verified_at: save.asked_at, changed_at, content_type: new.content_type, body: new.body };
    Some(OwedSlot { key: save.key, entry, until })
}

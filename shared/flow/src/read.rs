//! Answers reads: the wanted version, from the nearest tier that has it.

use crate::answer::{Answer, Found, Need, Outcome, Owed, Served, Step, Tier};
use crate::entry::Entry;
use crate::ports::{Ask, Entries, Form, HotTier, Refresher, Refusal, Tidings, Timer};
use crate::reach::{FULL_PATIENCE, SHORT_PATIENCE, Turn, bring, turn};
use crate::reader::{Place, Reader, Report, Setback};
use std::time::Duration;
use weir_catalog::{Key, Population, Project, Resource};
use weir_policy::board::Board;
use weir_policy::freshness::{Freshness, Rule};
use weir_policy::schedule::demand_is_news;
use weir_policy::slot::{SLOTS, shard_of, slot_of};
use weir_policy::time::Timestamp;
use weir_policy::view::{Reload, View, Want};

/// R7: a version that has existed for this long should be in the hot tier.
const PUBLISHED_AFTER: Duration = Duration::from_secs(120);
/// What is reported of a key is not reported again before.
const LOST_AGAIN: Duration = Duration::from_secs(60);
const DEMAND_AGAIN: Duration = Duration::from_secs(600);

/// Everything a read needs.
pub trait ReadPorts: HotTier + Entries + Refresher + Timer {}
impl<P: HotTier + Entries + Refresher + Timer> ReadPorts for P {}

/// One read.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// Whose, as an index into the catalog.
    pub project_index: usize,
    /// Whose.
    pub project: &'a Project,
    /// Of which family.
    pub resource: &'a Resource,
    /// Of what.
    pub key: &'a Key,
    /// The client will have no older version than this; 0 if it did not say.
    pub min_version: u64,
}

/// Answers a read.
///
/// Waits on `refresh` only when nothing within grace can be reached; has no entry only when nothing usable can be
/// reached at all.
pub async fn read<P: ReadPorts>(ports: &P, reader: &Reader<P::Body>, wish: Wish<'_>) -> Answer<P::Body> {
    let hash = wish.key.hash();
    let place = Place { project: wish.project_index, shard: shard_of(hash, wish.project.board_shards) };
    let mut read = Read { ports, reader, wish, place, hash, trail: Vec::with_capacity(4), owed: Vec::new() };
    read.load_board().await;
    let outcome = match read.held().await {
        Some(held) => read.judge(held).await,
        None => read.miss().await,
    };
    if let Outcome::Served(served) = &outcome {
        read.note(served);
    }
    Answer { outcome, trail: read.trail, owed: read.owed }
}

/// Does what an answer left to do. A report that gets lost is made again by a later read that finds the same.
pub async fn pay<P: ReadPorts>(ports: &P, reader: &Reader<P::Body>, project: &Project, owed: Vec<Owed>) {
    for debt in owed {
        match debt {
            Owed::Board(place) => drop(load_board(ports, reader, project, place).await),
            Owed::BoardLost { project, shard } => drop(ports.tell(&Tidings::BoardLost { project, shard }).await),
            Owed::Refresh { place, need } => drop(bring(ports, reader, place, &need).await),
            Owed::Demand(key) => drop(ports.tell(&Tidings::Demanded(vec![key])).await),
            Owed::Lost { key, version } => drop(ports.tell(&Tidings::Lost { key, version }).await),
        }
    }
}

/// Whether the hot tier has a board at all.
async fn load_board<P: ReadPorts>(ports: &P, reader: &Reader<P::Body>, project: &Project, place: Place) -> bool {
    let bytes = ports.board(&project.name, place.shard).await;
    let board = bytes.and_then(|bytes| Board::decode(bytes.into()));
    let found = board.is_some();
    reader.board_loaded(place, board, &project.name, ports.now());
    found
}

/// A read under way.
struct Read<'a, P: ReadPorts> {
    ports: &'a P,
    reader: &'a Reader<P::Body>,
    wish: Wish<'a>,
    place: Place,
    hash: u64,
    trail: Vec<Step>,
    owed: Vec<Owed>,
}

impl<P: ReadPorts> Read<'_, P> {
    /// R1.
    async fn load_board(&mut self) {
        match self.reader.reload(self.place, self.ports.now()) {
            Reload::No => {}
            Reload::Behind => self.owed.push(Owed::Board(self.place)),
            Reload::First => {
                if !load_board(self.ports, self.reader, self.wish.project, self.place).await {
                    let (project, shard) = (self.wish.project.name.clone(), self.place.shard);
                    self.owed.push(Owed::BoardLost { project, shard });
                }
            }
        }
    }

    /// R3: the wanted version, or a newer one, from memory, the hot tier or the persistent one.
    async fn held(&mut self) -> Option<Served<P::Body>> {
        // R5: too much was forgotten to trust copies.
        if self.reader.view(self.place, View::strict) {
            return self.persistent().await;
        }
        let copy = self.copy();
        self.met(Tier::Memory, copy.is_some());
        if let Some(copy) = copy {
            return Some(self.serve(copy, Tier::Memory));
        }
        if let Some(entry) = self.slot().await {
            return Some(self.serve(entry, Tier::Hot));
        }
        self.persistent().await
    }

    fn copy(&self) -> Option<Entry<P::Body>> {
        let want = self.want();
        self.reader.copy(self.wish.key).filter(|copy| want.met_by(copy.version))
    }

    /// The slot of the wanted version, if it holds just that one. A key that nobody named a version of is not looked
    /// for, so that no negative look-up is ever cached.
    async fn slot(&mut self) -> Option<Entry<P::Body>> {
        let Want::AtLeast(version) = self.want() else { return None };
        if !self.reader.view(self.place, |view| view.knows(self.hash)) {
            return None;
        }
        let popular = self.reader.popular(self.wish.key, self.ports.now());
        let form = if popular { Form::Bytes } else { Form::Stream };
        let entry =
            self.ports.slot(self.wish.key, slot_of(version), form).await.filter(|entry| entry.version == version);
        self.met(Tier::Hot, entry.is_some());
        self.reader.keep(self.wish.key, entry.as_ref()?);
        entry
    }

    /// The persistent tier's entry; one request of the isolate asks.
    async fn persistent(&mut self) -> Option<Served<P::Body>> {
        let deadline = self.ports.now() + FULL_PATIENCE;
        let _fetching = loop {
            if self.reader.setback(self.wish.key, self.ports.now()).is_some() {
                return None;
            }
            match turn(self.ports, self.reader, self.wish.key, deadline).await {
                Turn::Mine(fetching) => break fetching,
                Turn::TooLate => return None,
                Turn::Again => {}
            }
            if let Some(copy) = self.copy() {
                return Some(self.serve(copy, Tier::Memory));
            }
        };
        let Ok(entry) = self.ports.entry(self.wish.key).await else {
            self.trail.push(Step { tier: Tier::Persistent, found: Found::Unreachable });
            return None;
        };
        let want = self.want();
        let entry = entry.filter(|entry| want.met_by(entry.version)).map(|entry| entry.with_body(P::Body::from));
        self.met(Tier::Persistent, entry.is_some());
        let entry = entry?;
        self.reader.keep(self.wish.key, &entry);
        Some(self.serve(entry, Tier::Persistent))
    }

    /// What a held entry may be used for.
    async fn judge(&mut self, held: Served<P::Body>) -> Outcome<P::Body> {
        match held.freshness {
            Freshness::Fresh => Outcome::Served(held),
            Freshness::Stale => {
                self.owe_refresh(&held);
                Outcome::Served(held)
            }
            Freshness::Kept if self.upstream_is_paused() => Outcome::Served(held),
            Freshness::Kept => match self.brought(SHORT_PATIENCE, held.entry.verified_at).await {
                Ok(newer) => Outcome::Served(newer),
                Err(_) => Outcome::Served(held),
            },
            Freshness::Expired => match self.brought(FULL_PATIENCE, held.entry.verified_at).await {
                Ok(newer) => Outcome::Served(newer),
                Err(setback) => Outcome::Failed(setback),
            },
        }
    }

    /// Nothing is held.
    async fn miss(&mut self) -> Outcome<P::Body> {
        match self.brought(FULL_PATIENCE, Timestamp::ZERO).await {
            Ok(served) => Outcome::Served(served),
            Err(setback) => match self.outdated(setback).await {
                Some(served) => Outcome::Served(served),
                None => Outcome::Failed(setback),
            },
        }
    }

    async fn brought(&mut self, patience: Duration, better_than: Timestamp) -> Result<Served<P::Body>, Setback> {
        let need = self.need(patience, better_than);
        let brought = bring(self.ports, self.reader, self.place, &need).await;
        let found = match &brought {
            Ok(_) => Found::Hit,
            Err(Setback::Refused { why: Refusal::OutOfReach, .. }) => Found::Unreachable,
            Err(_) => Found::Miss,
        };
        self.trail.push(Step { tier: Tier::Upstream, found });
        brought.map(|entry| self.serve(entry, Tier::Upstream))
    }

    /// R6: nothing that knows the current version can be reached; the newest of the four slots will have to do.
    async fn outdated(&mut self, setback: Setback) -> Option<Served<P::Body>> {
        let nothing_knows = matches!(setback, Setback::Refused { why: Refusal::OutOfReach, .. });
        let postgres_asked =
            self.trail.iter().any(|step| step.tier == Tier::Persistent && step.found != Found::Unreachable);
        if !nothing_knows || postgres_asked {
            return None;
        }
        let mut newest: Option<Entry<P::Body>> = None;
        for slot in 0..SLOTS {
            let entry = self.ports.slot(self.wish.key, slot_of(slot), Form::Bytes).await;
            newest = match (newest, entry) {
                (Some(held), Some(other)) if held.version >= other.version => Some(held),
                (held, other) => other.or(held),
            };
        }
        let want = self.want();
        let entry = newest.filter(|entry| want.met_by(entry.version))?;
        let age = self.ports.now().since(entry.verified_at);
        let freshness = self.rule().judge(age);
        (freshness != Freshness::Expired).then_some(Served { entry, age, freshness, tier: Tier::Hot, outdated: true })
    }

    /// R4: whether the tick will see to it by itself is the board's business.
    fn owe_refresh(&mut self, held: &Served<P::Body>) {
        let everyone = self.wish.resource.refresh.is_some_and(|refresh| refresh.of == Population::All);
        let scheduled = self.wish.resource.refresh.is_some();
        let now = self.ports.now();
        if scheduled && self.reader.view(self.place, |view| view.tick_owns(self.hash, everyone, now)) {
            return;
        }
        if self.upstream_is_paused() {
            return;
        }
        let need = self.need(FULL_PATIENCE, held.entry.verified_at);
        self.owed.push(Owed::Refresh { place: self.place, need });
    }

    /// R5, R7 and demand: what is remembered and reported of an answer.
    fn note(&mut self, served: &Served<P::Body>) {
        let now = self.ports.now();
        let key = self.wish.key;
        self.reader.heard(self.place, self.hash, served.entry.version, now);
        if served.tier == Tier::Persistent
            && self.should_be_hot(&served.entry, now)
            && self.reader.may_report(key, Report::Lost, LOST_AGAIN, now)
        {
            self.owed.push(Owed::Lost { key: key.clone(), version: served.entry.version });
        }
        let known_until =
            self.reader.view(self.place, |view| view.row(self.hash)).map_or(Timestamp::ZERO, |row| row.demanded_until);
        // What was just brought was reported with the asking: it only counts as reported here.
        if demand_is_news(self.wish.resource.refresh, known_until, now)
            && self.reader.may_report(key, Report::Demand, DEMAND_AGAIN, now)
            && served.tier != Tier::Upstream
        {
            self.owed.push(Owed::Demand(key.clone()));
        }
    }

    /// R7: a version that the board names although it is not new.
    fn should_be_hot(&self, entry: &Entry<P::Body>, now: Timestamp) -> bool {
        let named = self.reader.view(self.place, |view| {
            !view.strict() && view.row(self.hash).is_some_and(|row| row.version == entry.version)
        });
        named && now.since(entry.changed_at) > PUBLISHED_AFTER
    }

    fn upstream_is_paused(&self) -> bool {
        let upstream = self.wish.project.upstreams.get(self.wish.resource.upstream);
        let until =
            upstream.and_then(|upstream| self.reader.view(self.place, |view| view.paused_until(&upstream.name)));
        until.is_some_and(|until| until > self.ports.now())
    }

    fn serve(&self, entry: Entry<P::Body>, tier: Tier) -> Served<P::Body> {
        let verified_at =
            self.reader.view(self.place, |view| view.verified_at(self.hash, entry.version, entry.verified_at));
        let age = self.ports.now().since(verified_at);
        Served { entry, age, freshness: self.rule().judge(age), tier, outdated: false }
    }

    fn need(&self, patience: Duration, better_than: Timestamp) -> Need {
        let ask = Ask { key: self.wish.key.clone(), patience };
        Need { ask, min_version: self.want().least(), better_than }
    }

    fn want(&self) -> Want {
        self.reader.want(self.place, self.hash, self.wish.min_version)
    }

    fn rule(&self) -> Rule {
        Rule::of(self.wish.resource)
    }

    fn met(&mut self, tier: Tier, hit: bool) {
        self.trail.push(Step { tier, found: if hit { Found::Hit } else { Found::Miss } });
    }
}

//! Postgres in memory: the same answers as the SQL functions, one statement at a time.

mod boards;
mod inbox;
mod leases;
mod retention;
mod saves;
mod tables;

pub use tables::{Change, Refused};

use crate::chance::Chance;
use crate::time::Time;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tables::Tables;
use weir_catalog::Key;
use weir_flow::entry::Entry;
use weir_flow::ports::{Entries, Port, PortError, Run};
use weir_policy::time::Timestamp;

/// How a statement may go wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trouble {
    /// A statement takes up to twice this.
    pub latency: Duration,
    /// Of a hundred statements, so many fail before they begin.
    pub refused_percent: u64,
    /// Of a hundred statements, so many are committed and their answer is lost.
    pub unheard_percent: u64,
}

/// The persistent tier. Clones are the same.
#[derive(Clone)]
pub struct Store(Rc<Inner>);

struct Inner {
    time: Time,
    chance: Chance,
    tables: RefCell<Tables>,
    trouble: Cell<Trouble>,
    down: Cell<bool>,
    sweeps_refused: Cell<bool>,
    sweeps: Cell<u32>,
    statements: Cell<u32>,
}

impl Store {
    /// An empty one that answers at once.
    pub fn new(time: Time, chance: Chance) -> Self {
        let (tables, trouble, down, statements) = Default::default();
        let (sweeps_refused, sweeps) = Default::default();
        Self(Rc::new(Inner { time, chance, tables, trouble, down, sweeps_refused, sweeps, statements }))
    }

    /// Makes it unreachable, or reachable again.
    pub fn set_down(&self, down: bool) {
        self.0.down.set(down);
    }

    /// Makes every sweep fail, or work again.
    pub fn set_sweeps_refused(&self, refused: bool) {
        self.0.sweeps_refused.set(refused);
    }

    /// How many sweeps there were.
    pub fn sweeps(&self) -> u32 {
        self.0.sweeps.get()
    }

    /// How its statements go from now on.
    pub fn set_trouble(&self, trouble: Trouble) {
        self.0.trouble.set(trouble);
    }

    /// How many statements were sent.
    pub fn statements(&self) -> u32 {
        self.0.statements.get()
    }

    /// Every version that ever was, in order.
    pub fn changes(&self) -> Vec<Change> {
        self.0.tables.borrow().changes.clone()
    }

    /// The body of a version, if there ever was one.
    pub fn body_of(&self, key: &Key, version: u64) -> Option<bytes::Bytes> {
        self.0.tables.borrow().versions.get(&(key.clone(), version)).map(|entry| entry.body.clone())
    }

    /// Refused answers.
    pub fn quarantine(&self) -> Vec<Refused> {
        self.0.tables.borrow().quarantine.iter().map(|(_, refused)| refused.clone()).collect()
    }

    /// Recorded runs.
    pub fn runs(&self) -> Vec<Run> {
        self.0.tables.borrow().runs.clone()
    }

    /// When a key is due; `None` if it is not, or not known.
    pub fn due_at(&self, key: &Key) -> Option<Timestamp> {
        self.0.tables.borrow().rows.get(key)?.due_at
    }

    /// How often a hook's deliveries were refused.
    pub fn refused_deliveries(&self, project: &str, hook: &str) -> u32 {
        self.0.tables.borrow().refused.get(&(project.to_owned(), hook.to_owned())).copied().unwrap_or_default()
    }

    /// How many deliveries there are in all.
    pub fn deliveries_kept(&self) -> usize {
        self.0.tables.borrow().deliveries.len()
    }

    /// Observed values of a key: name, value.
    pub fn observations(&self, key: &Key) -> Vec<(String, String)> {
        let tables = self.0.tables.borrow();
        let of_key = tables.observations.iter().filter(|observed| observed.key == *key);
        of_key.map(|observed| (observed.name.clone(), observed.value.clone())).collect()
    }

    /// One statement: nobody else's runs meanwhile, but its way there and back takes time and may fail.
    async fn statement<T>(
        &self,
        run: impl FnOnce(&mut Tables, Timestamp) -> Result<T, PortError>,
    ) -> Result<T, PortError> {
        let Inner { time, chance, tables, trouble, down, statements, .. } = &*self.0;
        let trouble = trouble.get();
        time.sleep(chance.span(trouble.latency)).await;
        statements.set(statements.get() + 1);
        if down.get() || chance.percent(trouble.refused_percent) {
            return Err(PortError::transient(Port::Persistent, "down"));
        }
        let result = run(&mut tables.borrow_mut(), time.now());
        time.sleep(chance.span(trouble.latency)).await;
        if chance.percent(trouble.unheard_percent) {
            return Err(PortError::transient(Port::Persistent, "the answer was lost"));
        }
        result
    }
}

impl Entries for Store {
    async fn entry(&self, key: &Key) -> Result<Option<Entry>, PortError> {
        self.statement(|tables, _| Ok(tables.entry(key))).await
    }
}

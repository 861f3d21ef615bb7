//! The meter around every adapter: what is over a limit of the platform is refused and named in the log line.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use weir_policy::meter::{KvWrite, Meter, OverLimit, Used};
use weir_policy::time::Timestamp;

/// One invocation's meter, in the hands of each of its adapters.
#[derive(Clone, Debug, Default)]
pub struct Gauge(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    meter: RefCell<Meter>,
    passed: Cell<Option<OverLimit>>,
}

/// A connection that waits; no longer when this is dropped.
#[derive(Debug)]
pub struct Open(Gauge);

impl Gauge {
    /// What was used so far.
    pub fn used(&self) -> Used {
        self.0.meter.borrow().used()
    }

    /// The first limit that would have been passed.
    pub fn passed(&self) -> Option<OverLimit> {
        self.0.passed.get()
    }

    /// A KV read begins; `None` refuses it.
    pub fn kv_read(&self, key: &str) -> Option<Open> {
        self.allowed(|meter| meter.kv_read(key))?;
        self.open()
    }

    /// A KV write begins; `None` refuses it.
    pub fn kv_write(&self, write: KvWrite<'_>, now: Timestamp) -> Option<Open> {
        self.allowed(|meter| meter.kv_write(write, now))?;
        self.open()
    }

    /// A call of another Worker begins; `None` refuses it.
    pub fn invocation(&self) -> Option<Open> {
        self.allowed(Meter::invocation)?;
        self.open()
    }

    /// A call to an upstream begins; `None` refuses it.
    pub fn fetch(&self) -> Option<Open> {
        let open = self.open()?;
        self.0.meter.borrow_mut().fetch();
        Some(open)
    }

    /// A statement is sent to Postgres.
    pub fn statement(&self) {
        self.0.meter.borrow_mut().statement();
    }

    /// A connection begins to wait; `None` refuses it.
    pub fn open(&self) -> Option<Open> {
        self.allowed(Meter::open)?;
        Some(Open(self.clone()))
    }

    fn allowed(&self, count: impl FnOnce(&mut Meter) -> Result<(), OverLimit>) -> Option<()> {
        let counted = count(&mut self.0.meter.borrow_mut());
        if let (Err(limit), None) = (counted, self.passed()) {
            self.0.passed.set(Some(limit));
        }
        counted.ok()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.meter.borrow_mut().close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seventh_connection_is_refused_until_another_ends() {
        let gauge = Gauge::default();
        let mut open: Vec<Open> = (0..6).filter_map(|_| gauge.open()).collect();
        assert!(gauge.fetch().is_none());
        assert_eq!(gauge.used().fetches, 0, "what is refused is not sent");
        open.pop();
        assert!(gauge.fetch().is_some());
        assert_eq!(gauge.used().most_open, 6);
    }

    #[test]
    fn the_first_limit_is_the_one_that_is_told() {
        let gauge = Gauge::default();
        assert_eq!(gauge.passed(), None);
        assert!(gauge.kv_read(&"k".repeat(513)).is_none());
        (0..33).for_each(|_| drop(gauge.invocation()));
        assert_eq!(gauge.passed(), Some(OverLimit::KvKey));
    }
}

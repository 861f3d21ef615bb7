//! Virtual time: futures run one at a time, and the clock jumps to the next timer when none can go on.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use weir_policy::time::Timestamp;

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// A clock and the tasks that live by it. Clones are the same clock.
#[derive(Clone)]
pub struct Time(Rc<Inner>);

struct Inner {
    now: Cell<u64>,
    timers: RefCell<BinaryHeap<Reverse<(u64, u64)>>>,
    sleepers: RefCell<HashMap<u64, Waker>>,
    serial: Cell<u64>,
    tasks: RefCell<Vec<(Task, Arc<Flag>)>>,
    spawned: RefCell<Vec<Task>>,
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Time {
    /// A clock that stands at `now`.
    pub fn starting_at(now: Timestamp) -> Self {
        Self(Rc::new(Inner {
            now: Cell::new(now.as_ms()),
            timers: RefCell::default(),
            sleepers: RefCell::default(),
            serial: Cell::new(0),
            tasks: RefCell::default(),
            spawned: RefCell::default(),
        }))
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.0.now.get())
    }

    /// Waits for a virtual span.
    pub fn sleep(&self, span: Duration) -> impl Future<Output = ()> + use<> {
        let until = (self.now() + span).as_ms();
        Sleep { time: self.clone(), until, timer: None }
    }

    /// Lets a future run beside the others.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.0.spawned.borrow_mut().push(Box::pin(task));
    }

    /// Runs everything until `main` is done.
    ///
    /// # Panics
    /// When `main` waits for something that no timer and no task will bring.
    pub fn block_on<T>(&self, main: impl Future<Output = T>) -> T {
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        let waker = Waker::from(flag.clone());
        let mut main = std::pin::pin!(main);
        loop {
            if flag.0.swap(false, Ordering::Relaxed)
                && let Poll::Ready(done) = main.as_mut().poll(&mut Context::from_waker(&waker))
            {
                return done;
            }
            let went_on = self.poll_tasks();
            if !went_on && !flag.0.load(Ordering::Relaxed) {
                assert!(self.jump(), "the future waits for something that never comes");
            }
        }
    }

    /// Lets a span pass for everything that was spawned.
    pub fn run_for(&self, span: Duration) {
        let end = self.sleep(span);
        self.block_on(end);
    }

    fn poll_tasks(&self) -> bool {
        let mut went_on = false;
        let mut tasks = std::mem::take(&mut *self.0.tasks.borrow_mut());
        let born = self
            .0
            .spawned
            .borrow_mut()
            .drain(..)
            .map(|task| (task, Arc::new(Flag(AtomicBool::new(true)))))
            .collect::<Vec<_>>();
        tasks.extend(born);
        tasks.retain_mut(|(task, flag)| {
            if !flag.0.swap(false, Ordering::Relaxed) {
                return true;
            }
            went_on = true;
            let waker = Waker::from(flag.clone());
            task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending()
        });
        *self.0.tasks.borrow_mut() = tasks;
        went_on || !self.0.spawned.borrow().is_empty()
    }

    fn jump(&self) -> bool {
        let Some(Reverse((at, timer))) = self.0.timers.borrow_mut().pop() else { return false };
        // Nobody sleeps by a timer whose future was dropped: it passes unseen.
        if let Some(sleeper) = self.0.sleepers.borrow_mut().remove(&timer) {
            self.0.now.set(self.0.now.get().max(at));
            sleeper.wake();
        }
        true
    }
}

struct Sleep {
    time: Time,
    until: u64,
    timer: Option<u64>,
}

impl Future for Sleep {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let inner = self.time.0.clone();
        if inner.now.get() >= self.until {
            return Poll::Ready(());
        }
        let until = self.until;
        let timer = *self.timer.get_or_insert_with(|| {
            let timer = inner.serial.replace(inner.serial.get() + 1);
            inner.timers.borrow_mut().push(Reverse((until, timer)));
            timer
        });
        inner.sleepers.borrow_mut().insert(timer, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            self.time.0.sleepers.borrow_mut().remove(&timer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_pass_without_anybody_waiting_for_them() {
        let time = Time::starting_at(Timestamp::from_secs(10));
        let seen = Rc::new(RefCell::new(Vec::new()));
        for secs in [7_200, 3_600] {
            let (clock, seen) = (time.clone(), seen.clone());
            time.spawn(async move {
                clock.sleep(Duration::from_secs(secs)).await;
                seen.borrow_mut().push(clock.now());
            });
        }
        time.run_for(Duration::from_secs(7_201));
        assert_eq!(time.now(), Timestamp::from_secs(7_211));
        assert_eq!(*seen.borrow(), [Timestamp::from_secs(3_610), Timestamp::from_secs(7_210)]);
    }

    #[test]
    #[should_panic(expected = "never comes")]
    fn waiting_for_nothing_is_told() {
        Time::starting_at(Timestamp::ZERO).block_on(std::future::pending::<()>());
    }
}

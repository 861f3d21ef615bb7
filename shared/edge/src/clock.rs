//! The clock, and waiting: the one file that reads the time.

use futures_util::future::{Either, select};
use std::pin::pin;
use std::time::Duration;
use weir_flow::ports::Timer;
use weir_policy::time::Timestamp;
use worker::Delay;

/// The platform's clock. It advances only after I/O.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock;

impl Timer for Clock {
    fn now(&self) -> Timestamp {
        now()
    }

    async fn sleep(&self, span: Duration) {
        Delay::from(span).await;
    }
}

/// Now.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole milliseconds since 1970")]
pub fn now() -> Timestamp {
    Timestamp::from_ms(js_sys::Date::now() as u64)
}

/// The result of `work`, if it comes within `span`.
pub async fn within<T>(span: Duration, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(work), pin!(Delay::from(span))).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}

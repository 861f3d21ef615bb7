//! The upstream's call limits, counted per client and reset when the minute and the day end.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a caller without a key may call per minute and per day, and what one with a key may call per minute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) minute: u32,
    pub(crate) day: u32,
    pub(crate) keyed_minute: u32,
}

/// Whose allowance a call is taken from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Client {
    Address(IpAddr),
    Key(String),
}

/// What a call cost and what is left, for the quota headers; below zero for a call that was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Charge {
    pub(crate) remaining_minute: i64,
    /// Callers with a key have no daily limit.
    pub(crate) remaining_day: Option<i64>,
    pub(crate) refusal: Option<&'static str>,
}

/// The counters of every client at every upstream host.
#[derive(Debug)]
pub(crate) struct Quota {
    limits: Limits,
    used: Mutex<HashMap<(String, Client), Used>>,
}

#[derive(Debug, Default)]
struct Used {
    minute: u64,
    in_minute: i64,
    day: u64,
    in_day: i64,
}

impl Quota {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, used: Mutex::default() }
    }

    pub(crate) fn charge(&self, host: &str, client: &Client, now: u64) -> Charge {
        let mut all = self.lock();
        let used = all.entry((host.to_owned(), client.clone())).or_default();
        used.roll_over(now);
        used.in_minute += 1;
        used.in_day += 1;
        match client {
            Client::Key(_) => Charge::of(i64::from(self.limits.keyed_minute) - used.in_minute, None),
            Client::Address(_) => Charge::of(
                i64::from(self.limits.minute) - used.in_minute,
                Some(i64::from(self.limits.day) - used.in_day),
            ),
        }
    }

    /// Gives back a call charged at `charged_at`: 404, 429 and 500 are not billed.
    ///
    /// A window that has ended since keeps its count: what was charged to it is forgotten already.
    pub(crate) fn refund(&self, host: &str, client: &Client, charged_at: u64) {
        if let Some(used) = self.lock().get_mut(&(host.to_owned(), client.clone())) {
            used.in_minute -= i64::from(used.minute == charged_at / 60);
            used.in_day -= i64::from(used.day == charged_at / 86_400);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, Client), Used>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Used {
    fn roll_over(&mut self, now: u64) {
        if self.minute != now / 60 {
            (self.minute, self.in_minute) = (now / 60, 0);
        }
        if self.day != now / 86_400 {
            (self.day, self.in_day) = (now / 86_400, 0);
        }
    }
}

impl Charge {
    fn of(remaining_minute: i64, remaining_day: Option<i64>) -> Self {
        let refusal = if remaining_minute < 0 {
            Some("minute rate limit exceeded")
        } else if remaining_day.is_some_and(|left| left < 0) {
            Some("daily api limit exceeded")
        } else {
            None
        };
        Self { remaining_minute, remaining_day, refusal }
    }
}

#[cfg(test)]
mod tests {
    use super::{Charge, Client, Limits, Quota};

    const NOON: u64 = 86_400 * 20_000 + 43_200;

    fn caller() -> Client {
        Client::Address([127, 0, 0, 1].into())
    }

    fn quota() -> Quota {
        Quota::new(Limits { minute: 2, day: 3, keyed_minute: 4 })
    }

    #[test]
    fn the_minute_allowance_comes_back_when_the_minute_ends() {
        let quota = quota();
        let left = |at| quota.charge("api", &caller(), at).remaining_minute;
        assert_eq!((left(NOON), left(NOON + 59), left(NOON + 59), left(NOON + 60)), (1, 0, -1, 1));
    }

    #[test]
    fn the_daily_limit_refuses_with_its_own_words_until_the_day_ends() {
        let quota = quota();
        for minute in 0..3 {
            assert_eq!(quota.charge("api", &caller(), NOON + 60 * minute).refusal, None);
        }
        let refused = quota.charge("api", &caller(), NOON + 180);
        assert_eq!(
            refused,
            Charge { remaining_minute: 1, remaining_day: Some(-1), refusal: Some("daily api limit exceeded") }
        );
        assert_eq!(quota.charge("api", &caller(), NOON + 43_200).refusal, None);
    }

    #[test]
    fn a_key_has_its_own_larger_allowance_and_no_day() {
        let quota = quota();
        let key = Client::Key("k".to_owned());
        for left in [3, 2, 1, 0] {
            let charge = quota.charge("api", &key, NOON);
            assert_eq!(charge, Charge { remaining_minute: left, remaining_day: None, refusal: None });
        }
        assert_eq!(quota.charge("api", &key, NOON).refusal, Some("minute rate limit exceeded"));
        assert_eq!(quota.charge("api", &caller(), NOON).remaining_minute, 1);
    }

    #[test]
    fn a_refund_counts_only_in_the_window_it_was_charged_in() {
        let quota = quota();
        quota.charge("api", &caller(), NOON);
        quota.charge("api", &caller(), NOON + 60);
        quota.refund("api", &caller(), NOON);
        assert_eq!(quota.charge("api", &caller(), NOON + 60).remaining_minute, 0);
        quota.refund("api", &caller(), NOON + 60);
        assert_eq!(quota.charge("api", &caller(), NOON + 60).remaining_minute, 0);
    }
}

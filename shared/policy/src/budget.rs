//! How many calls an upstream may still get: limits that hold in any window, however it lies.
//!
//! Each window of length `w` is counted in slices of `w / 10`; the current slice and the ten before it together cover
//! every moment of the last `w`. Their sum plus what is granted stays within the limit, so no stretch of `w` ever sees
//! more. A bucket of size N refilled N a window would let nearly 2 N through.

use crate::time::Timestamp;
use std::time::Duration;
use weir_catalog::Window;

/// Slices of a window that are remembered: the current one and those that any window of its length can touch.
pub const SLICES: usize = 11;

/// The calls of the last slices of one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// The number of the newest slice, counted from 1970.
    pub slice: u64,
    /// Calls by slice, newest first.
    pub calls: [u32; SLICES],
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A client's miss: the whole budget.
    Client,
    /// A tick: what the reserve leaves.
    Tick,
}

/// What was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Calls that may be made now.
    pub calls: u32,
    /// When there may be more, where fewer than wanted were granted.
    pub retry_at: Timestamp,
}

/// Takes up to `wanted` calls out of every window, or none.
pub fn take(
    windows: &[Window],
    used: &mut [Used],
    wanted: u32,
    asker: Asker,
    reserve_percent: u8,
    now: Timestamp,
) -> Grant {
    let mut granted = wanted;
    let mut retry_at = now;
    for (window, used) in windows.iter().zip(used.iter_mut()) {
        let slice_ms = slice_ms(window.per);
        used.advance(now.as_ms() / slice_ms);
        let room = ceiling(window.limit, asker, reserve_percent).saturating_sub(used.calls.iter().sum());
        if room < wanted {
            retry_at = retry_at.max(used.next_room(slice_ms));
        }
        granted = granted.min(room);
    }
    for used in used.iter_mut() {
        if let Some(newest) = used.calls.first_mut() {
            *newest += granted;
        }
    }
    Grant { calls: granted, retry_at }
}

/// The calls of a window that `asker` may use up.
pub fn ceiling(limit: u32, asker: Asker, reserve_percent: u8) -> u32 {
    match asker {
        Asker::Client => limit,
        Asker::Tick => {
            let reserved = (u64::from(limit) * u64::from(reserve_percent)).div_ceil(100);
            limit.saturating_sub(u32::try_from(reserved).unwrap_or(u32::MAX))
        }
    }
}

fn slice_ms(per: Duration) -> u64 {
    u64::try_from(per.as_millis().div_ceil(10)).unwrap_or(u64::MAX).max(1)
}

impl Used {
    fn advance(&mut self, slice: u64) {
        let steps = usize::try_from(slice.saturating_sub(self.slice)).unwrap_or(SLICES).min(SLICES);
        self.calls.rotate_right(steps);
        self.calls.iter_mut().take(steps).for_each(|calls| *calls = 0);
        self.slice = self.slice.max(slice);
    }

    /// When the oldest slice that holds a call leaves the window.
    fn next_room(&self, slice_ms: u64) -> Timestamp {
        let oldest = self.calls.iter().rposition(|calls| *calls > 0).unwrap_or(0);
        let leaves_in = u64::try_from(SLICES - oldest).unwrap_or(1);
        Timestamp::from_ms((self.slice + leaves_in) * slice_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: Window = Window { limit: 60, per: Duration::from_secs(60) };

    proptest! {
        #[test]
        fn no_stretch_of_a_window_sees_more_than_its_limit(
            steps in proptest::collection::vec((0_u64..20_000, 0_u32..40, any::<bool>()), 1..120), limit in 1_u32..80,
        ) {
            let windows = [Window { limit, per: Duration::from_secs(60) }, Window { limit: 200, per: Duration::from_secs(600) }];
            let mut used = [Used::default(); 2];
            let mut now = Timestamp::from_ms(1_700_000_000_123);
            let mut calls: Vec<(Timestamp, u32)> = Vec::new();
            for (pause_ms, wanted, tick) in steps {
                now = now + Duration::from_millis(pause_ms);
                let asker = if tick { Asker::Tick } else { Asker::Client };
                let grant = take(&windows, &mut used, wanted, asker, 20, now);
                prop_assert!(grant.calls <= wanted);
                calls.push((now, grant.calls));
                for window in &windows {
                    let in_window: u32 = calls.iter().filter(|(at, _)| now.since(*at) < window.per).map(|(_, n)| n).sum();
                    prop_assert!(in_window <= window.limit);
                }
            }
        }

        #[test]
        fn whoever_waits_as_told_is_granted_something(first in 1_u32..=60, later_ms in 0_u64..60_000) {
            let mut used = [Used::default()];
            let start = Timestamp::from_ms(1_700_000_000_123);
            take(&[MINUTE], &mut used, first, Asker::Client, 0, start);
            take(&[MINUTE], &mut used, 60, Asker::Client, 0, start + Duration::from_millis(later_ms));
            let refused = take(&[MINUTE], &mut used, 1, Asker::Client, 0, start + Duration::from_millis(later_ms));
            if refused.calls == 0 {
                prop_assert_eq!(take(&[MINUTE], &mut used, 1, Asker::Client, 0, refused.retry_at).calls, 1);
            }
        }
    }

    #[test]
    fn a_tick_leaves_the_reserve_to_clients() {
        let mut used = [Used::default()];
        let now = Timestamp::from_secs(1_000_000);
        assert_eq!(take(&[MINUTE], &mut used, 100, Asker::Tick, 20, now).calls, 48);
        assert_eq!(take(&[MINUTE], &mut used, 1, Asker::Tick, 20, now).calls, 0);
        assert_eq!(take(&[MINUTE], &mut used, 100, Asker::Client, 20, now).calls, 12);
        assert_eq!(take(&[MINUTE], &mut used, 1, Asker::Client, 20, now).calls, 0);
    }
}

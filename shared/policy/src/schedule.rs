//! When a key is looked at next.

use crate::time::Timestamp;
use std::time::Duration;
use weir_catalog::{Population, Refresh};

const DAY_MS: u64 = 86_400_000;
const FIRST_RETRY: Duration = Duration::from_secs(5);
const LONGEST_RETRY: Duration = Duration::from_secs(900);
const ABSENT_AT_LEAST: Duration = Duration::from_secs(60);
const ABSENT_AT_MOST: Duration = Duration::from_secs(3600);

/// When a tick verifies a key next, after a call that was answered; `None` where no tick does.
///
/// Keys that were first read at the same moment drift apart by up to a twentieth of `every`, always earlier, so that
/// the promise to readers holds.
pub fn next_due(
    refresh: Option<Refresh>,
    asked_at: Timestamp,
    demanded_until: Timestamp,
    spread: u64,
) -> Option<Timestamp> {
    let Refresh { every, of } = refresh?;
    let twentieth = u64::try_from(every.as_millis() / 20).unwrap_or(u64::MAX).max(1);
    let due_at = asked_at + every - Duration::from_millis(spread % twentieth);
    match of {
        Population::All => Some(due_at),
        Population::Demanded { .. } => (demanded_until > due_at).then_some(due_at),
    }
}

/// When a key that failed may be asked for again: 5 s, doubled with every failure in a row up to 15 minutes, and up to
/// a quarter more or less so that many do not come back at once.
pub fn retry_at(failures: u32, now: Timestamp, spread: u64) -> Timestamp {
    let factor = 2_u32.checked_pow(failures.min(16)).unwrap_or(u32::MAX);
    let pause = FIRST_RETRY.saturating_mul(factor).min(LONGEST_RETRY);
    let quarter = pause / 4;
    let width = u64::try_from(quarter.as_millis() * 2).unwrap_or(u64::MAX).max(1);
    now + pause.saturating_sub(quarter) + Duration::from_millis(spread % width)
}

/// When a key that does not exist is looked for again.
pub fn absent_until(ttl: Duration, now: Timestamp) -> Timestamp {
    now + ttl.clamp(ABSENT_AT_LEAST, ABSENT_AT_MOST)
}

/// Until when a read at `now` makes a key demanded.
pub fn demanded_until(refresh: Option<Refresh>, now: Timestamp) -> Option<Timestamp> {
    match refresh?.of {
        Population::Demanded { within } => Some(now + within),
        Population::All => None,
    }
}

/// Whether a read has to report its demand: less than half of `within` is left of what the board knows.
pub fn demand_is_news(refresh: Option<Refresh>, known_until: Timestamp, now: Timestamp) -> bool {
    match refresh.map(|refresh| refresh.of) {
        Some(Population::Demanded { within }) => known_until.since(now) < within / 2,
        Some(Population::All) | None => false,
    }
}

/// Whether what is old has to be looked for: once in every day (UTC), soon after it has begun.
pub fn sweep_is_due(swept_at: Timestamp, now: Timestamp) -> bool {
    now.as_ms() / DAY_MS > swept_at.as_ms() / DAY_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);
    const ALL: Refresh = Refresh { every: Duration::from_secs(600), of: Population::All };
    const DEMANDED: Refresh =
        Refresh { every: Duration::from_secs(600), of: Population::Demanded { within: Duration::from_secs(86_400) } };

    proptest! {
        #[test]
        fn a_key_is_due_within_every_and_not_much_earlier(spread: u64) {
            let due_at = next_due(Some(ALL), NOW, Timestamp::ZERO, spread).unwrap();
            prop_assert!(due_at <= NOW + ALL.every && due_at > NOW + Duration::from_secs(570));
        }

        #[test]
        fn a_retry_comes_within_a_quarter_of_its_pause(failures in 0_u32..40, spread: u64) {
            let pause = Duration::from_secs((5_u64 << failures.min(16)).min(900));
            let wait = retry_at(failures, NOW, spread).since(NOW);
            prop_assert!(wait >= pause * 3 / 4 && wait <= pause * 5 / 4, "{wait:?} for {pause:?}");
        }
    }

    #[test]
    fn a_key_nobody_wants_at_its_next_turn_is_not_due() {
        let turn = NOW + Duration::from_secs(600);
        assert_eq!(next_due(Some(DEMANDED), NOW, turn, 0), None);
        assert_eq!(next_due(Some(DEMANDED), NOW, turn + Duration::from_secs(1), 0), Some(turn));
        assert_eq!(next_due(None, NOW, turn, 0), None);
    }

    #[test]
    fn demand_is_reported_once_less_than_half_is_left() {
        let half = Duration::from_secs(43_200);
        assert!(!demand_is_news(Some(DEMANDED), NOW + half, NOW));
        assert!(demand_is_news(Some(DEMANDED), NOW + half - Duration::from_secs(1), NOW));
        assert!(!demand_is_news(Some(ALL), Timestamp::ZERO, NOW));
        assert!(!demand_is_news(None, Timestamp::ZERO, NOW));
    }

    #[test]
    fn a_sweep_is_due_once_a_day() {
        let (midnight, second) = (Timestamp::from_secs(86_400 * 20_000), Duration::from_secs(1));
        assert!(sweep_is_due(midnight - second, midnight));
        assert!(!sweep_is_due(midnight, midnight + second * 86_399));
        // Whoever noted it has a clock that is ahead.
        assert!(!sweep_is_due(midnight, midnight - second));
    }

    #[test]
    fn what_does_not_exist_is_looked_for_after_a_minute_at_the_earliest_and_an_hour_at_the_latest() {
        for (ttl, wait) in [(1, 60), (600, 600), (86_400, 3600)] {
            assert_eq!(absent_until(Duration::from_secs(ttl), NOW), NOW + Duration::from_secs(wait));
        }
    }
}

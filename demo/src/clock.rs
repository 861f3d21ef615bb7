//! The demo clock: the one place that reads the time, and that can be moved ahead.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Unix time in whole seconds, either running with the machine's clock or standing still until it is advanced.
#[derive(Debug)]
pub struct Clock {
    frozen_at: Option<u64>,
    ahead_secs: AtomicU64,
}

impl Clock {
    /// Starts at the real now and runs.
    pub fn real() -> Self {
        Self { frozen_at: None, ahead_secs: AtomicU64::new(0) }
    }

    /// Stands at `at` (Unix seconds): only [`Clock::advance`] moves it, so a test decides when a minute ends.
    pub fn frozen(at: u64) -> Self {
        Self { frozen_at: Some(at), ahead_secs: AtomicU64::new(0) }
    }

    /// Unix seconds.
    pub fn now(&self) -> u64 {
        self.frozen_at.unwrap_or_else(machine_now).saturating_add(self.ahead_secs.load(Ordering::Relaxed))
    }

    /// Moves ahead, for everything that goes by this clock.
    pub fn advance(&self, secs: u64) {
        self.ahead_secs.fetch_add(secs, Ordering::Relaxed);
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::real()
    }
}

fn machine_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn a_frozen_clock_moves_only_when_advanced() {
        let clock = Clock::frozen(1_000);
        assert_eq!(clock.now(), 1_000);
        clock.advance(600);
        assert_eq!(clock.now(), 1_600);
    }
}

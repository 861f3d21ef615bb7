//! How many Postgres connections an isolate has, and whether Postgres is asked at all.
//!
//! Plain data with expiry: a request whose client went away is never polled again, so nothing may depend on its end.

use std::time::Duration;
use weir_policy::time::Timestamp;

/// Each isolate's share of Postgres' connections; isolates are many.
const MOST: usize = 2;
/// A line that was not used for this long belonged to a request that is gone. Longer than the longest statement.
const ABANDONED: Duration = Duration::from_secs(15);
/// After this many failures in a row Postgres is not asked for a while.
const TOLERATED: u32 = 3;
const REST: Duration = Duration::from_secs(5);

/// The lines of one isolate.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    taken: Vec<(u64, Timestamp)>,
    last: u64,
    failures: u32,
    resting_until: Timestamp,
}

/// Why there is no line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoLine {
    /// All are taken.
    #[error("every connection of this isolate is in use")]
    Busy,
    /// Postgres failed lately.
    #[error("not asked: it failed several times just now")]
    Resting,
}

impl Lines {
    /// Takes a line; what is answered renews and releases it.
    pub(crate) fn take(&mut self, now: Timestamp) -> Result<u64, NoLine> {
        self.free(now)?;
        self.last += 1;
        self.taken.push((self.last, now + ABANDONED));
        Ok(self.last)
    }

    /// Whether a line could be taken.
    pub(crate) fn free(&mut self, now: Timestamp) -> Result<(), NoLine> {
        if self.resting_until > now {
            return Err(NoLine::Resting);
        }
        self.taken.retain(|(_, until)| *until > now);
        if self.taken.len() < MOST { Ok(()) } else { Err(NoLine::Busy) }
    }

    /// A line is used again.
    pub(crate) fn renew(&mut self, line: u64, now: Timestamp) {
        for (taken, until) in &mut self.taken {
            if *taken == line {
                *until = now + ABANDONED;
            }
        }
    }

    /// A line is given back.
    pub(crate) fn release(&mut self, line: u64) {
        self.taken.retain(|(taken, _)| *taken != line);
    }

    /// Postgres could not be connected to, or was too slow.
    pub(crate) fn failed(&mut self, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= TOLERATED {
            self.resting_until = now + REST;
        }
    }

    /// Postgres answered.
    pub(crate) fn answered(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    #[test]
    fn an_isolate_has_two_lines_and_a_third_waits_for_one() {
        let mut lines = Lines::default();
        let first = lines.take(NOW).unwrap();
        lines.take(NOW).unwrap();
        assert_eq!(lines.take(NOW), Err(NoLine::Busy));
        lines.release(first);
        assert!(lines.take(NOW).is_ok());
    }

    #[test]
    fn a_line_whose_request_is_gone_is_free_again() {
        let mut lines = Lines::default();
        let first = lines.take(NOW).unwrap();
        lines.take(NOW).unwrap();
        lines.renew(first, NOW + Duration::from_secs(10));
        assert_eq!(lines.free(NOW + Duration::from_millis(14_999)), Err(NoLine::Busy));
        assert!(lines.take(NOW + ABANDONED).is_ok());
        assert_eq!(lines.take(NOW + ABANDONED), Err(NoLine::Busy), "the other one was renewed");
    }

    #[test]
    fn three_failures_in_a_row_let_postgres_rest_and_the_next_one_again() {
        let mut lines = Lines::default();
        lines.failed(NOW);
        lines.failed(NOW);
        lines.answered();
        lines.failed(NOW);
        lines.failed(NOW);
        assert!(lines.free(NOW).is_ok());
        lines.failed(NOW);
        assert_eq!(lines.take(NOW + Duration::from_millis(4_999)), Err(NoLine::Resting));
        assert!(lines.free(NOW + REST).is_ok(), "one more try");
        lines.failed(NOW + REST);
        assert_eq!(lines.free(NOW + REST), Err(NoLine::Resting));
    }
}

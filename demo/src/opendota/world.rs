//! The instant an answer is generated for, and how far back players' careers reach.

/// Everything generated depends on this and on ids, so that two processes with one clock agree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World {
    /// Unix seconds.
    pub(crate) now: u64,
    /// The oldest matches in players' lists are this old.
    pub(crate) careers_from: u64,
}

const DAY: u64 = 86_400;

impl World {
    /// The world at `now`, as told by a process that started at `started_at`.
    ///
    /// Everyone plays around the clock, so a career that began at a fixed date would grow by 40,000 matches a year.
    /// It begins at a boundary of 60 days instead: a restart in between tells the same history, and no player has
    /// fewer than 20 days of it nor more than 80.
    pub(crate) fn at(now: u64, started_at: u64) -> Self {
        let season_from = started_at / (60 * DAY) * (60 * DAY);
        Self { now, careers_from: season_from.saturating_sub(20 * DAY) }
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY, World};

    #[test]
    fn a_restart_within_the_season_tells_the_same_history() {
        let season = 300 * 60 * DAY;
        let began = |started_at| World::at(started_at, started_at).careers_from;
        assert_eq!(began(season), began(season + 60 * DAY - 1));
        assert!(began(season) < began(season + 60 * DAY));
    }
}

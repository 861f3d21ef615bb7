//! Who plays with whom, and in which rhythm.
//!
//! Ten accounts with ids that differ in the last digit are a cohort: they play each other, one match after the other,
//! for ever. So every list, count and match page can be told from the clock alone, and they always agree.

use super::game::Game;
use super::world::World;
use crate::dice::Dice;

/// When the first match of all began.
pub(crate) const EPOCH: u64 = 1_577_836_800;
/// Cohorts of professionals, of which every eighth match belongs to a league.
pub(crate) const PRO_COHORTS: std::ops::Range<u32> = 8_700_000..8_700_100;

/// Ten accounts and the rhythm they play in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cohort {
    pub(crate) id: u32,
    period_secs: u64,
    phase_secs: u64,
}

impl Cohort {
    pub(crate) fn new(id: u32) -> Self {
        let mut dice = Dice::of(&[1, id.into()]);
        let period_secs = dice.between(560, 959);
        Self { id, period_secs, phase_secs: dice.below(period_secs) }
    }

    pub(crate) fn of(account: u32) -> Self {
        Self::new(account / 10)
    }

    pub(crate) fn account(self, digit: u32) -> u32 {
        self.id.saturating_mul(10).saturating_add(digit)
    }

    /// The matches that have ended by now, newest first, back to where careers begin.
    pub(crate) fn games(self, world: World) -> impl Iterator<Item = Game> {
        let oldest = self.number_at(world.careers_from) + 1;
        let newest = self.number_at(world.now);
        (oldest..=newest).rev().map(move |number| Game { cohort: self, number })
    }

    pub(crate) fn latest(self, now: u64) -> Game {
        Game { cohort: self, number: self.number_at(now) }
    }

    /// The last match that has ended at `at`; the 0th is never told of.
    pub(crate) fn number_at(self, at: u64) -> u64 {
        let number = at.saturating_sub(EPOCH + self.phase_secs) / self.period_secs;
        if self.ended_at(number) > at { number.saturating_sub(1) } else { number }
    }

    /// Three to five quarters of a period lie between two ends: 7 to 20 minutes.
    pub(crate) fn ended_at(self, number: u64) -> u64 {
        let late_secs = Dice::of(&[2, self.id.into(), number]).below(self.period_secs / 4);
        EPOCH + self.phase_secs + number * self.period_secs + late_secs
    }
}

#[cfg(test)]
mod tests {
    use super::{Cohort, PRO_COHORTS};
    use crate::opendota::world::World;

    const NOW: u64 = 1_795_154_136;

    #[test]
    fn a_match_ends_every_7_to_20_minutes_and_never_before_it_began() {
        for cohort in [0, 1, 8_674_591, PRO_COHORTS.start, 429_496_729].map(Cohort::new) {
            let games: Vec<_> = cohort.games(World::at(NOW, NOW)).collect();
            assert!(games.len() > 1_000, "{}", games.len());
            assert!(NOW - games[0].ended_at() <= 1_200);
            for pair in games.windows(2) {
                let gap_secs = pair[0].ended_at() - pair[1].ended_at();
                assert!((420..=1_200).contains(&gap_secs), "{gap_secs}");
                assert!(pair[0].started_at() > pair[1].ended_at());
                assert!(pair[0].duration_secs() > 360);
            }
        }
    }
}

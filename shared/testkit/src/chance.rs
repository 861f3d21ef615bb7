//! Chance that repeats itself: the same seed, the same story.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// A source of numbers. Clones share it.
#[derive(Clone, Debug)]
pub struct Chance(Rc<Cell<u64>>);

impl Chance {
    /// The source of a seed.
    pub fn seeded(seed: u64) -> Self {
        Self(Rc::new(Cell::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)))
    }

    /// The next number (`SplitMix64`).
    pub fn next(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// Whether something of this probability happens.
    pub fn percent(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A span up to `most`.
    pub fn span(&self, most: Duration) -> Duration {
        Duration::from_millis(self.below(u64::try_from(most.as_millis()).unwrap_or(u64::MAX).saturating_add(1)))
    }
}

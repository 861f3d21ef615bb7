//! Everything the stand-in remembers between requests.

use crate::calls::Calls;
use crate::clock::Clock;
use crate::faults::Faults;
use crate::opendota::World;
use crate::overrides::Overrides;
use crate::quota::{Limits, Quota};
use crate::{Config, Replay};

#[derive(Debug)]
pub(crate) struct Stand {
    started_at: u64,
    pub(crate) clock: Clock,
    pub(crate) quota: Quota,
    pub(crate) faults: Faults,
    pub(crate) calls: Calls,
    pub(crate) overrides: Overrides,
    pub(crate) replay: Option<Replay>,
}

impl Stand {
    pub(crate) fn new(config: Config) -> Self {
        let limits = Limits { minute: config.limit_minute, day: config.limit_day, keyed_minute: 300 };
        Self {
            started_at: config.clock.now(),
            clock: config.clock,
            quota: Quota::new(limits),
            faults: Faults::default(),
            calls: Calls::default(),
            overrides: Overrides::default(),
            replay: config.replay,
        }
    }

    pub(crate) fn world(&self) -> World {
        World::at(self.clock.now(), self.started_at)
    }
}

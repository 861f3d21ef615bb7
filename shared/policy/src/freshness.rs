//! Whether an entry is fresh: the one place that decides it.

use std::time::Duration;
use weir_catalog::Resource;

/// How long a resource's entries are good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Fresh for.
    pub ttl: Duration,
    /// May be served while it is refreshed, for this much longer.
    pub grace: Duration,
    /// May be served when the upstream fails, up to this age.
    pub keep: Duration,
}

/// What an entry of some age may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Served as it is: age < ttl.
    Fresh,
    /// Served while it is refreshed: age < ttl + grace.
    Stale,
    /// Served only when the upstream fails: age < keep.
    Kept,
    /// Not served.
    Expired,
}

impl Rule {
    /// The rule of a resource.
    pub fn of(resource: &Resource) -> Self {
        Self { ttl: resource.ttl, grace: resource.grace, keep: resource.keep }
    }

    /// Judges an entry by its age.
    pub fn judge(&self, age: Duration) -> Freshness {
        if age < self.ttl {
            Freshness::Fresh
        } else if age < self.ttl.saturating_add(self.grace) {
            Freshness::Stale
        } else if age < self.keep {
            Freshness::Kept
        } else {
            Freshness::Expired
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule =
        Rule { ttl: Duration::from_secs(60), grace: Duration::from_secs(40), keep: Duration::from_secs(1000) };

    #[test]
    fn every_boundary_belongs_to_what_follows_it() {
        for (age_ms, expected) in [
            (0, Freshness::Fresh),
            (59_999, Freshness::Fresh),
            (60_000, Freshness::Stale),
            (99_999, Freshness::Stale),
            (100_000, Freshness::Kept),
            (999_999, Freshness::Kept),
            (1_000_000, Freshness::Expired),
            (u64::MAX, Freshness::Expired),
        ] {
            assert_eq!(RULE.judge(Duration::from_millis(age_ms)), expected, "at {age_ms} ms");
        }
    }
}

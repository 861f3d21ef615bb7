//! Counts refused deliveries in memory, so that a flood of them is one statement a second.

use std::collections::BTreeMap;
use std::time::Duration;
use weir_policy::time::Timestamp;

/// How long refusals are gathered before they are written.
pub(crate) const GATHERED_FOR: Duration = Duration::from_secs(1);
/// A writer that did not come back by then is gone with its request, and the next refusal brings another.
const GONE: Duration = Duration::from_secs(20);

/// The refusals of one isolate that are not yet written, by project and hook.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    times: BTreeMap<(&'static str, &'static str), u32>,
    writing_until: Timestamp,
}

impl Refusals {
    /// Counts one. Answers whether the caller has to see to it that they are written.
    pub(crate) fn count(&mut self, project: &'static str, hook: &'static str, now: Timestamp) -> bool {
        self.add(project, hook, 1);
        if self.writing_until > now {
            return false;
        }
        self.writing_until = now + GONE;
        true
    }

    /// Takes what there is to write; who counts next has to write again.
    pub(crate) fn take(&mut self) -> BTreeMap<(&'static str, &'static str), u32> {
        self.writing_until = Timestamp::ZERO;
        std::mem::take(&mut self.times)
    }

    /// Puts back what could not be written.
    pub(crate) fn add(&mut self, project: &'static str, hook: &'static str, times: u32) {
        let counted = self.times.entry((project, hook)).or_default();
        *counted = counted.saturating_add(times);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    #[test]
    fn the_first_refusal_brings_a_writer_and_the_others_only_count() {
        let mut refusals = Refusals::default();
        assert!(refusals.count("demo", "played", NOW));
        assert!(!refusals.count("demo", "played", NOW));
        assert!(!refusals.count("demo", "other", NOW + GATHERED_FOR));
        assert_eq!(refusals.take(), BTreeMap::from([(("demo", "other"), 1), (("demo", "played"), 2)]));
        assert!(refusals.count("demo", "played", NOW + GATHERED_FOR));
    }

    #[test]
    fn what_could_not_be_written_is_counted_with_what_comes_next() {
        let mut refusals = Refusals::default();
        refusals.count("demo", "played", NOW);
        for ((project, hook), times) in refusals.take() {
            refusals.add(project, hook, times);
        }
        assert!(refusals.count("demo", "played", NOW));
        assert_eq!(refusals.take(), BTreeMap::from([(("demo", "played"), 2)]));
    }

    #[test]
    fn a_writer_that_never_comes_back_is_replaced() {
        let mut refusals = Refusals::default();
        refusals.count("demo", "played", NOW);
        assert!(!refusals.count("demo", "played", NOW + Duration::from_millis(19_999)));
        assert!(refusals.count("demo", "played", NOW + GONE));
    }
}

//! `Cache-Status` (RFC 9211): a member per tier that was asked, the nearest to the client last.

use std::fmt::Write;
use weir_flow::answer::{Found, Step, Tier};

/// What was served, as far as the header tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    /// From where.
    pub(crate) tier: Tier,
    /// How long it stays fresh, in seconds; negative when it is not.
    pub(crate) ttl_secs: i64,
    /// Whether nothing that knows the current version could be reached.
    pub(crate) outdated: bool,
}

/// The header's value.
pub(crate) fn cache_status(trail: &[Step], source: Option<Source>) -> String {
    let mut value = String::with_capacity(96);
    for tier in [Tier::Upstream, Tier::Persistent, Tier::Hot, Tier::Memory] {
        let found = trail.iter().rev().find(|step| step.tier == tier).map(|step| step.found);
        let source = source.filter(|source| source.tier == tier);
        if found.is_none() && source.is_none() {
            continue;
        }
        if !value.is_empty() {
            value.push_str(", ");
        }
        value.push_str(name(tier));
        match (source, found) {
            (Some(source), _) => member_of_source(&mut value, source, forwarded(trail)),
            (None, Some(found)) => member(&mut value, tier, found, forwarded(trail)),
            (None, None) => {}
        }
    }
    value
}

fn member_of_source(value: &mut String, source: Source, fwd: &str) {
    let Source { tier, ttl_secs, outdated } = source;
    match tier {
        // No cache of ours had it: it was asked for.
        Tier::Upstream => value.push_str(fwd),
        Tier::Memory | Tier::Hot | Tier::Persistent => value.push_str("; hit"),
    }
    // Writing to a string cannot fail.
    let _written = write!(value, "; ttl={ttl_secs}");
    if outdated {
        value.push_str("; detail=outdated");
    }
}

fn member(value: &mut String, tier: Tier, found: Found, fwd: &str) {
    value.push_str(match (tier, found) {
        (_, Found::Hit) => "; fwd=stale",
        (Tier::Upstream, _) => fwd,
        (_, Found::Miss | Found::Unreachable) => "; fwd=miss",
    });
    value.push_str(match (tier, found) {
        (_, Found::Unreachable) => "; detail=unreachable",
        (Tier::Upstream, Found::Miss) => "; detail=refused",
        _ => "",
    });
}

/// Why the upstream was asked: what a tier had was too old, or none had anything.
fn forwarded(trail: &[Step]) -> &'static str {
    let held = trail.iter().any(|step| step.tier != Tier::Upstream && step.found == Found::Hit);
    if held { "; fwd=stale" } else { "; fwd=miss" }
}

fn name(tier: Tier) -> &'static str {
    match tier {
        Tier::Upstream => "WeirUpstream",
        Tier::Persistent => "WeirPostgres",
        Tier::Hot => "WeirKV",
        Tier::Memory => "WeirMemory",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Found::{Hit, Miss, Unreachable};
    use Tier::{Hot, Memory, Persistent, Upstream};

    fn told(trail: &[(Tier, Found)], source: Option<(Tier, i64)>) -> String {
        let trail: Vec<Step> = trail.iter().map(|&(tier, found)| Step { tier, found }).collect();
        let source = source.map(|(tier, ttl_secs)| Source { tier, ttl_secs, outdated: false });
        cache_status(&trail, source)
    }

    #[test]
    fn the_nearest_tier_is_told_last() {
        assert_eq!(told(&[(Memory, Hit)], Some((Memory, 42))), "WeirMemory; hit; ttl=42");
        let kv = told(&[(Memory, Miss), (Hot, Hit)], Some((Hot, -3)));
        assert_eq!(kv, "WeirKV; hit; ttl=-3, WeirMemory; fwd=miss");
        let all = [(Memory, Miss), (Hot, Miss), (Persistent, Unreachable), (Upstream, Hit)];
        assert_eq!(
            told(&all, Some((Upstream, 60))),
            "WeirUpstream; fwd=miss; ttl=60, WeirPostgres; fwd=miss; detail=unreachable, WeirKV; fwd=miss, WeirMemory; fwd=miss"
        );
    }

    #[test]
    fn a_copy_that_was_too_old_is_told_as_stale() {
        let replaced = told(&[(Memory, Hit), (Upstream, Hit)], Some((Upstream, 60)));
        assert_eq!(replaced, "WeirUpstream; fwd=stale; ttl=60, WeirMemory; fwd=stale");
        let kept = told(&[(Memory, Hit), (Upstream, Miss)], Some((Memory, -900)));
        assert_eq!(kept, "WeirUpstream; fwd=stale; detail=refused, WeirMemory; hit; ttl=-900");
    }

    #[test]
    fn a_failure_tells_its_trail() {
        let failed = told(&[(Memory, Miss), (Persistent, Miss), (Upstream, Unreachable)], None);
        assert_eq!(failed, "WeirUpstream; fwd=miss; detail=unreachable, WeirPostgres; fwd=miss, WeirMemory; fwd=miss");
        assert_eq!(told(&[], None), "");
    }

    #[test]
    fn an_outdated_copy_says_so() {
        let source = Source { tier: Hot, ttl_secs: -5, outdated: true };
        let trail = [Step { tier: Memory, found: Miss }, Step { tier: Hot, found: Miss }];
        assert_eq!(cache_status(&trail, Some(source)), "WeirKV; hit; ttl=-5; detail=outdated, WeirMemory; fwd=miss");
    }
}

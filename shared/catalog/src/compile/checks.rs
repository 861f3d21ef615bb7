//! What can only be judged with the whole project in view.

use super::fields::Value;
use super::resource::Declared;
use super::units;
use crate::{Population, Resource, Slot, Upstream, Window};
use std::collections::BTreeSet;
use std::time::Duration;

const DAY_SECS: u64 = 86_400;

/// Refuses every name that was given before.
pub(super) fn different_names<'a>(names: impl Iterator<Item = Value<'a>>) {
    let mut seen = BTreeSet::new();
    for value in names {
        if let Some(name) = value.text().filter(|name| !seen.insert(*name)) {
            value.refuse::<()>(format!("is \"{name}\", which another one has already"));
        }
    }
}

/// Refuses a mount that another upstream has: nobody could say whose paths are meant.
pub(super) fn mounts(values: &[Value<'_>], upstreams: &[Option<Upstream>]) {
    let mut seen = BTreeSet::new();
    for (value, upstream) in values.iter().zip(upstreams) {
        if let Some(upstream) = upstream.as_ref().filter(|upstream| !seen.insert(&upstream.mount)) {
            value.refuse::<()>(format!("has the mount \"{}\", which another upstream has already", upstream.mount));
        }
    }
}

/// Refuses paths that the router could not tell apart, and those that would hide Weir's own.
pub(super) fn paths(resources: &[Declared<'_>], upstreams: &[Option<Upstream>]) {
    let mut router = matchit::Router::new();
    let mut known: Vec<(String, &str)> = Vec::new();
    for (value, resource) in with_path(resources) {
        let Some(upstream) = upstream_of(resource, upstreams) else { continue };
        let pattern = format!("{}{}", upstream.mount, resource.path);
        if pattern.starts_with("/-") {
            value.refuse::<()>("must not begin with /-, where Weir's own paths are");
        }
        match router.insert(pattern.as_str(), ()) {
            Ok(()) => known.push((pattern, &resource.name)),
            Err(matchit::InsertError::Conflict { with }) => {
                let owner = known.iter().find(|(pattern, _)| *pattern == with).map_or("another", |(_, name)| name);
                value.refuse::<()>(format!(
                    "is \"{}\", which cannot be told from \"{with}\" of `{owner}`",
                    resource.path
                ));
            }
            Err(error) => {
                value.refuse::<()>(format!("is \"{}\": {error}", resource.path));
            }
        }
    }
}

/// Refuses a declared parameter in which clients send credentials: it would be keyed, stored and logged.
pub(super) fn credentials(resources: &[Declared<'_>], upstreams: &[Option<Upstream>]) {
    for (value, resource) in with_path(resources) {
        let auth = upstream_of(resource, upstreams).and_then(|upstream| upstream.auth.as_ref());
        let Some(Slot::Query(slot)) = auth.map(|auth| &auth.slot) else { continue };
        if resource.query.iter().any(|param| param.name == *slot) {
            value.refuse::<()>(format!("must not declare the query parameter `{slot}`: it carries credentials"));
        }
    }
}

/// Refuses `of = "all"` where there is more than one key, or none without being asked.
pub(super) fn schedules(resources: &[Declared<'_>]) {
    for declared in resources {
        let (Some(value), Some(resource)) = (declared.refresh, &declared.made) else { continue };
        if !is_static(resource) {
            continue;
        }
        let required = resource.query.iter().find(|param| param.required).map(|param| &param.name);
        if let Some(param) = resource.params.first().map(|param| &param.name).or(required) {
            value.refuse::<()>(format!(
                "of = \"all\" needs a path without parameters, but this one has `{param}`; use \"demanded\""
            ));
        }
    }
}

/// Refuses schedules that even without a single reader cannot be kept.
pub(super) fn budgets(values: &[Value<'_>], upstreams: &[Option<Upstream>], resources: &[Declared<'_>]) {
    for (index, (value, upstream)) in values.iter().zip(upstreams).enumerate() {
        let Some(upstream) = upstream else { continue };
        let own = resources
            .iter()
            .filter_map(|declared| declared.made.as_ref())
            .filter(|resource| resource.upstream == index);
        let needed: u64 = own.filter(|resource| is_static(resource)).map(calls_per_day).sum();
        let share = u64::from(100_u8.saturating_sub(upstream.reserve_percent));
        for window in &upstream.budget {
            let ticks = per_day(*window).saturating_mul(share) / 100;
            if needed > ticks {
                let (limit, per) = (window.limit, units::spell(window.per));
                value.refuse::<()>(format!(
                    "leaves ticks {ticks} calls a day ({limit} per {per}, {share}% of them), but resources with of = \"all\" need {needed}"
                ));
            }
        }
    }
}

fn with_path<'d, 'a>(resources: &'d [Declared<'a>]) -> impl Iterator<Item = (Value<'a>, &'d Resource)> {
    resources.iter().filter_map(|declared| Some((declared.path?, declared.made.as_ref()?)))
}

fn upstream_of<'u>(resource: &Resource, upstreams: &'u [Option<Upstream>]) -> Option<&'u Upstream> {
    upstreams.get(resource.upstream)?.as_ref()
}

fn is_static(resource: &Resource) -> bool {
    resource.refresh.is_some_and(|refresh| refresh.of == Population::All)
}

fn calls_per_day(resource: &Resource) -> u64 {
    let every = resource.refresh.map_or(Duration::MAX, |refresh| refresh.every);
    DAY_SECS.div_ceil(every.as_secs().max(1))
}

fn per_day(window: Window) -> u64 {
    u64::from(window.limit).saturating_mul(DAY_SECS) / window.per.as_secs().max(1)
}

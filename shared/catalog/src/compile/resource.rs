//! `[[resource]]`: a family of entries and its policy.

use super::fields::{Fields, Value};
use super::freshness::{self, Defaults, Times};
use super::{dropped, params, syntax};
use crate::{QueryParam, Resource, Upstream};

const MAX_ENTRIES: u64 = 1_000_000;
const DEFAULT_MAX_ENTRIES: u32 = 100_000;
const MAX_POINTERS: usize = 32;

/// What the rest of the file says to every resource.
pub(super) struct Shared<'a> {
    pub(super) defaults: Defaults,
    /// Named sets of query parameters.
    pub(super) filters: Vec<(&'a str, Vec<QueryParam>)>,
    /// Every upstream's name, with what could be made of it.
    pub(super) upstreams: Vec<(&'a str, Option<Upstream>)>,
}

/// A resource, and where errors about it belong.
pub(super) struct Declared<'a> {
    pub(super) name: Option<Value<'a>>,
    pub(super) path: Option<Value<'a>>,
    pub(super) refresh: Option<Value<'a>>,
    pub(super) made: Option<Resource>,
}

/// Reads one resource; what is wrong with it is noted, and what is not can still be checked against the rest.
pub(super) fn resource<'a>(value: Value<'a>, shared: &Shared<'_>) -> Option<Declared<'a>> {
    let mut fields = value.fields("a resource")?;
    let (name, path) = (fields.need("name"), fields.need("path"));
    let made_name = name.and_then(|name| name.parse(syntax::name));
    let pattern = path.and_then(|path| path.parse(syntax::pattern));
    let upstream = upstream(&mut fields, &shared.upstreams);
    let declared = fields.get("params");
    let params = pattern.as_ref().map(|(_, names)| params::path_params(names, declared, &shared.defaults.params));
    let query = query(&mut fields, shared, pattern.as_ref().map_or(&[], |(_, names)| names));
    let times = freshness::times(&mut fields, &shared.defaults);
    let refresh = fields.get("refresh");
    let made_refresh = refresh.and_then(freshness::schedule);
    let expect = pointers(&mut fields, "expect", syntax::pointer);
    let (unless, never_empty) = fields.get("guard").and_then(guard).unwrap_or_default();
    let ignore = pointers(&mut fields, "ignore", syntax::pattern_pointer);
    let drop = fields.get("drop");
    let made_drop = drop.map(|value| listed(value, syntax::pattern_pointer)).unwrap_or_default();
    let track = fields.get("track").map(track).unwrap_or_default();
    let admit_second = fields.get("admit").is_some_and(|value| value.parse(admit).is_some());
    let max_entries = fields.get("max_entries").and_then(|value| value.number(1, MAX_ENTRIES));
    fields.finish();
    if let (Some(refresh), Some(made), Some(times)) = (refresh, made_refresh, times) {
        freshness::check_lead(refresh, made, times.ttl);
    }
    if let Some(drop) = drop {
        dropped::check(drop, &made_drop, &expect, &track);
    }
    let make = || {
        let Times { ttl, grace, keep, history } = times?;
        Some(Resource {
            name: made_name?,
            upstream: upstream?,
            path: pattern?.0,
            params: params?,
            query,
            ttl,
            grace,
            keep,
            refresh: made_refresh,
            expect,
            unless,
            never_empty,
            ignore,
            drop: made_drop,
            track,
            admit_second,
            max_entries: max_entries.and_then(|most| u32::try_from(most).ok()).unwrap_or(DEFAULT_MAX_ENTRIES),
            history,
        })
    };
    Some(Declared { name, path, refresh, made: make() })
}

fn upstream(fields: &mut Fields<'_>, upstreams: &[(&str, Option<Upstream>)]) -> Option<usize> {
    let Some(value) = fields.get("upstream") else {
        if upstreams.len() > 1 {
            fields.refuse::<()>("a resource needs `upstream` where the project has several");
        }
        return Some(0);
    };
    let wanted = value.text()?;
    upstreams.iter().position(|(name, _)| *name == wanted).or_else(|| {
        let known: Vec<&str> = upstreams.iter().map(|(name, _)| *name).collect();
        value.refuse(format!("is \"{wanted}\"; there are: {}", known.join(", ")))
    })
}

fn query(fields: &mut Fields<'_>, shared: &Shared<'_>, path_params: &[String]) -> Vec<QueryParam> {
    let (filters, own) = (fields.get("filters"), fields.get("query"));
    let mut query = own.map(|own| params::query_params(own, &shared.defaults.params)).unwrap_or_default();
    if let Some((value, wanted)) = filters.and_then(|value| Some((value, value.text()?))) {
        match shared.filters.iter().find(|(name, _)| *name == wanted) {
            Some((_, set)) => query.extend(set.iter().cloned()),
            None => {
                value.refuse::<()>(format!("is \"{wanted}\"; write [filters.{wanted}] with its parameters"));
            }
        }
    }
    query.sort_by(|a, b| a.name.cmp(&b.name));
    let twice = query.windows(2).find_map(|two| match two {
        [a, b] if a.name == b.name => Some(&a.name),
        _ => None,
    });
    let in_path = query.iter().map(|param| &param.name).find(|name| path_params.contains(name));
    if let (Some(value), Some(name)) = (own.or(filters), twice.or(in_path)) {
        value.refuse::<()>(format!("has `{name}`, which is declared already"));
    }
    query
}

fn guard(value: Value<'_>) -> Option<(Vec<String>, bool)> {
    let mut fields = value.fields("guard")?;
    let unless = pointers(&mut fields, "unless", syntax::pointer);
    let never_empty = fields.get("never_empty").and_then(Value::flag).unwrap_or(false);
    fields.finish();
    Some((unless, never_empty))
}

fn track(value: Value<'_>) -> Vec<(String, String)> {
    let entries = value.entries();
    if entries.len() > MAX_POINTERS {
        value.refuse::<()>(format!("has {} values; at most {MAX_POINTERS} are recorded", entries.len()));
    }
    let pair = |entry: Value<'_>| {
        let name = syntax::column(entry.name()).map_or_else(|reason| entry.refuse(reason), Some);
        Some((name?, entry.parse(syntax::pointer)?))
    };
    entries.into_iter().filter_map(pair).collect()
}

fn pointers(fields: &mut Fields<'_>, name: &'static str, parse: fn(&str) -> Result<String, String>) -> Vec<String> {
    fields.get(name).map(|value| listed(value, parse)).unwrap_or_default()
}

fn listed(value: Value<'_>, parse: fn(&str) -> Result<String, String>) -> Vec<String> {
    let pointers = value.one_or_more();
    if pointers.len() > MAX_POINTERS {
        value.refuse::<()>(format!("has {} pointers; at most {MAX_POINTERS} are checked", pointers.len()));
    }
    pointers.into_iter().filter_map(|pointer| pointer.parse(parse)).collect()
}

fn admit(text: &str) -> Result<(), String> {
    if text == "second" { Ok(()) } else { Err(format!("is \"{text}\"; there is \"second\"")) }
}

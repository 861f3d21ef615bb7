//! A whole project file.

use super::fields::{Fields, Value};
use super::report::Report;
use super::resource::{self, Declared, Shared};
use super::{admission, checks, freshness, hook, params, syntax, upstream};
use crate::{Access, Hook, Project, Upstream};
use toml::Spanned;
use toml::de::DeTable;

const MAX_UPSTREAMS: usize = 16;
const MAX_RESOURCES: usize = 256;
const MAX_HOOKS: usize = 32;
/// A board per shard is read and written as one value.
const MAX_SHARDS: u64 = 16;
/// Where webhooks arrive.
const RESERVED: &str = "hooks";

/// Reads a project; `None` where something is missing, and in any case every error is in the report.
pub(super) fn project<'a>(report: &'a Report<'a>, document: &'a Spanned<DeTable<'a>>) -> Option<Project> {
    let mut fields = Fields::new(report, document.get_ref(), document.span().start, "a project");
    let name = fields.need("name").and_then(|value| project_name(value, report.stem()));
    let description = fields.need("description").and_then(|value| value.parse(description));
    let access = fields.get("access").map_or(Some(Access::Public), |value| value.parse(access));
    let admission = admission::admission(&mut fields);
    let board_shards = fields.get("board_shards").map_or(Some(1), |value| value.number(1, MAX_SHARDS));
    let defaults = fields.get("defaults").and_then(freshness::defaults).unwrap_or_default();
    let filters = fields.get("filters").map(Value::entries).unwrap_or_default();
    let filters = filters.into_iter().map(|set| (set.name(), params::query_params(set, &defaults.params))).collect();
    let upstream_values = upstreams(&mut fields);
    let upstreams = upstream_values.iter().map(|value| (value.name(), upstream::upstream(*value))).collect();
    let shared = Shared { defaults, filters, upstreams };
    let resources = resources(&mut fields, &shared);
    let hooks = hooks(&mut fields, &resources);
    fields.finish();
    let upstreams: Vec<Option<Upstream>> = shared.upstreams.into_iter().map(|(_, made)| made).collect();
    checks::mounts(&upstream_values, &upstreams);
    checks::paths(&resources, &upstreams);
    checks::credentials(&resources, &upstreams);
    checks::schedules(&resources);
    checks::budgets(&upstream_values, &upstreams, &resources);
    Some(Project {
        name: name?,
        description: description?,
        access: access?,
        admission,
        board_shards: u8::try_from(board_shards?).ok()?,
        upstreams: upstreams.into_iter().collect::<Option<_>>()?,
        resources: resources.into_iter().map(|declared| declared.made).collect::<Option<_>>()?,
        hooks,
    })
}

fn project_name(value: Value<'_>, stem: &str) -> Option<String> {
    let name = value.parse(syntax::name)?;
    if name == RESERVED {
        return value.refuse(format!("is \"{name}\", where webhooks arrive; choose another"));
    }
    if name != stem {
        return value.refuse(format!("is \"{name}\" but the file is {stem}.toml; they must be the same"));
    }
    Some(name)
}

fn description(text: &str) -> Result<String, String> {
    let is_one_line = !text.chars().any(char::is_control);
    if is_one_line && (1..=200).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err("must be one line of 1 to 200 bytes".to_owned())
    }
}

fn access(text: &str) -> Result<Access, String> {
    match text {
        "public" => Ok(Access::Public),
        "key" => Ok(Access::Key),
        _ => Err(format!("is \"{text}\"; there are \"public\" and \"key\"")),
    }
}

fn upstreams<'a>(fields: &mut Fields<'a>) -> Vec<Value<'a>> {
    let Some(value) = fields.get("upstream") else {
        fields.refuse::<()>("a project needs an upstream: write [upstream.api]");
        return Vec::new();
    };
    let upstreams = value.entries();
    if !(1..=MAX_UPSTREAMS).contains(&upstreams.len()) {
        value.refuse::<()>(format!("must have 1 to {MAX_UPSTREAMS} tables, like [upstream.api]"));
    }
    upstreams
}

fn resources<'a>(fields: &mut Fields<'a>, shared: &Shared<'_>) -> Vec<Declared<'a>> {
    let Some(value) = fields.get("resource") else {
        fields.refuse::<()>("a project needs a resource: write [[resource]]");
        return Vec::new();
    };
    let values = value.list();
    if values.len() > MAX_RESOURCES {
        value.refuse::<()>(format!("has {} tables; a project has at most {MAX_RESOURCES} resources", values.len()));
    }
    let resources: Vec<Declared<'a>> =
        values.into_iter().filter_map(|value| resource::resource(value, shared)).collect();
    checks::different_names(resources.iter().filter_map(|declared| declared.name));
    resources
}

fn hooks(fields: &mut Fields<'_>, resources: &[Declared<'_>]) -> Vec<Hook> {
    let Some(value) = fields.get("hook") else { return Vec::new() };
    let values = value.list();
    if values.len() > MAX_HOOKS {
        value.refuse::<()>(format!("has {} tables; a project has at most {MAX_HOOKS} hooks", values.len()));
    }
    let names = values.iter().filter_map(|value| value.field("name"));
    checks::different_names(names);
    values.into_iter().filter_map(|value| hook::hook(value, resources)).collect()
}

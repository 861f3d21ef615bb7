//! `[[hook]]`: a webhook endpoint and what its events make due.

use super::fields::Value;
use super::resource::Declared;
use super::upstream::secret;
use super::{syntax, units};
use crate::{Hook, HookScheme, MakesDue, Resource, Secret};

const MAX_BODY_BYTES: u32 = 1_000_000;
const DEFAULT_BODY_BYTES: u32 = 64_000;
const MAX_SECRETS: usize = 4;

/// Reads one webhook endpoint.
pub(super) fn hook(value: Value<'_>, resources: &[Declared<'_>]) -> Option<Hook> {
    let mut fields = value.fields("a hook")?;
    let name = fields.need("name").and_then(|value| value.parse(syntax::name));
    let scheme = fields.need("scheme").and_then(|value| value.parse(scheme));
    let secrets = fields.need("secrets").map(secrets);
    let size = |text: &str| units::size(text, MAX_BODY_BYTES);
    let max_bytes = fields.get("max_size").map_or(Some(DEFAULT_BODY_BYTES), |value| value.parse(size));
    let event = fields.need("event").and_then(|value| value.parse(syntax::pointer));
    let due = fields.need("due").map(Value::entries).unwrap_or_default();
    let due = due.into_iter().filter_map(|event| makes_due(event, resources)).collect();
    fields.finish();
    Some(Hook { name: name?, scheme: scheme?, secrets: secrets?, max_bytes: max_bytes?, event: event?, due })
}

fn scheme(text: &str) -> Result<HookScheme, String> {
    match text {
        "tba" => Ok(HookScheme::Tba),
        _ => Err(format!("is \"{text}\"; there is \"tba\"")),
    }
}

fn secrets(value: Value<'_>) -> Vec<Secret> {
    let secrets = value.list();
    if !(1..=MAX_SECRETS).contains(&secrets.len()) {
        value.refuse::<()>(format!("must name 1 to {MAX_SECRETS} secrets; nobody could sign otherwise"));
    }
    secrets.into_iter().filter_map(secret).collect()
}

fn makes_due(value: Value<'_>, resources: &[Declared<'_>]) -> Option<MakesDue> {
    let mut fields = value.fields("an event")?;
    let names = fields.need("resources");
    let mapped = fields.get("with");
    fields.finish();
    let names = names?;
    let indices: Vec<usize> = names.list().into_iter().filter_map(|name| index_of(name, resources)).collect();
    if names.is_list() && names.list().is_empty() {
        names.refuse::<()>("must name at least one resource");
    }
    let with = mapped.map(Value::entries).unwrap_or_default();
    let due: Vec<&Resource> = indices.iter().filter_map(|index| resources.get(*index)?.made.as_ref()).collect();
    for resource in &due {
        for param in needed(resource).filter(|param| !with.iter().any(|entry| entry.name() == *param)) {
            names.refuse::<()>(format!("has \"{}\", whose `{param}` is not in `with`", resource.name));
        }
    }
    // A resource that could not be read may have had the parameter.
    if !due.is_empty() && due.len() == names.list().len() {
        for entry in with.iter().filter(|entry| !due.iter().any(|resource| has(resource, entry.name()))) {
            entry.refuse::<()>("is no parameter of these resources");
        }
    }
    let with =
        with.into_iter().filter_map(|entry| Some((entry.name().to_owned(), entry.parse(syntax::pointer)?))).collect();
    Some(MakesDue { event: value.name().to_owned(), resources: indices, with })
}

fn index_of(name: Value<'_>, resources: &[Declared<'_>]) -> Option<usize> {
    let wanted = name.text()?;
    let found = resources.iter().position(|declared| declared.name.and_then(Value::text) == Some(wanted));
    found.or_else(|| name.refuse(format!("has \"{wanted}\", which is no resource of this project")))
}

/// The parameters without which a resource has no key.
fn needed(resource: &Resource) -> impl Iterator<Item = &str> {
    let of_query = resource.query.iter().filter(|param| param.required).map(|param| param.name.as_str());
    resource.params.iter().map(|param| param.name.as_str()).chain(of_query)
}

fn has(resource: &Resource, param: &str) -> bool {
    resource.params.iter().any(|declared| declared.name == param)
        || resource.query.iter().any(|declared| declared.name == param)
}

//! Turns deliveries into due keys, as the project file maps them.

use crate::ports::{Delivery, Inbox, PortError};
use serde_json::Value;
use weir_catalog::{Key, MakesDue, Project};

/// Deliveries that one tick looks at.
const DELIVERIES: u32 = 100;

/// Makes due what the inbox's deliveries are about. Answers how many deliveries there were.
pub async fn drain(ports: &impl Inbox, project: &Project) -> Result<u32, PortError> {
    if project.hooks.is_empty() {
        return Ok(0);
    }
    let deliveries = ports.deliveries(&project.name, DELIVERIES).await?;
    if deliveries.is_empty() {
        return Ok(0);
    }
    let mut keys: Vec<Key> = deliveries.iter().flat_map(|delivery| due_keys(project, delivery)).collect();
    keys.sort_unstable();
    keys.dedup();
    let done: Vec<i64> = deliveries.iter().map(|delivery| delivery.id).collect();
    ports.make_due(&project.name, &keys, &done).await?;
    Ok(u32::try_from(done.len()).unwrap_or(u32::MAX))
}

/// The keys that a delivery is about. One that names nothing the project knows is about none.
pub fn due_keys(project: &Project, delivery: &Delivery) -> Vec<Key> {
    let Some(hook) = project.hooks.iter().find(|hook| hook.name == delivery.hook) else { return Vec::new() };
    let Ok(body) = serde_json::from_slice::<Value>(&delivery.body) else { return Vec::new() };
    let matching = hook.due.iter().filter(|due| due.event == delivery.event);
    matching.flat_map(|due| keys_of(project, due, &body)).collect()
}

fn keys_of(project: &Project, due: &MakesDue, body: &Value) -> Vec<Key> {
    let values: Option<Vec<(&str, String)>> =
        due.with.iter().map(|(param, pointer)| Some((param.as_str(), plain(body.pointer(pointer)?)?))).collect();
    let Some(values) = values else { return Vec::new() };
    let params: Vec<(&str, &str)> = values.iter().map(|(param, value)| (*param, value.as_str())).collect();
    due.resources.iter().filter_map(|resource| project.key(*resource, &params)).collect()
}

/// A value as it stands in a path.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

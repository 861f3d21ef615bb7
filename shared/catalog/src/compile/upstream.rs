//! `[upstream.NAME]`: a service and what may be asked of it.

use super::fields::Value;
use super::{syntax, units};
use crate::{Auth, Secret, Slot, Upstream};
use std::time::Duration;

const MAX_WINDOWS: usize = 4;
const MAX_BODY_BYTES: u32 = 24_000_000;
const DEFAULT_BODY_BYTES: u32 = 8_000_000;
const DEFAULT_RESERVE_PERCENT: u8 = 20;
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads one upstream; its name is the table's.
pub(super) fn upstream(value: Value<'_>) -> Option<Upstream> {
    let mut fields = value.fields("an upstream")?;
    let name = syntax::name(value.name()).map_or_else(|reason| value.refuse(reason), Some);
    let base_url = fields.need("base_url").and_then(|value| value.parse(syntax::base_url));
    let mount = fields.get("mount").map_or(Some(String::new()), |value| value.parse(syntax::mount));
    let auth = fields.get("auth").map(auth);
    let budget = fields.need("budget").map(budget);
    let reserve_percent =
        fields.get("reserve").map_or(Some(DEFAULT_RESERVE_PERCENT), |value| value.parse(units::percent));
    let timeout = fields.get("timeout").map_or(Some(DEFAULT_TIMEOUT), |value| value.parse(timeout));
    let size = |text: &str| units::size(text, MAX_BODY_BYTES);
    let max_bytes = fields.get("max_size").map_or(Some(DEFAULT_BODY_BYTES), |value| value.parse(size));
    fields.finish();
    Some(Upstream {
        name: name?,
        base_url: base_url?,
        mount: mount?,
        auth: auth.flatten(),
        budget: budget?,
        reserve_percent: reserve_percent?,
        timeout: timeout?,
        max_bytes: max_bytes?,
    })
}

/// A secret's name, or `{ name = "…", optional = true }`.
pub(super) fn secret(value: Value<'_>) -> Option<Secret> {
    if value.is_text() {
        return Some(Secret { name: value.parse(syntax::secret)?, optional: false });
    }
    let mut fields = value.fields("a secret")?;
    let name = fields.need("name").and_then(|value| value.parse(syntax::secret));
    let optional = fields.get("optional").and_then(Value::flag).unwrap_or(false);
    fields.finish();
    Some(Secret { name: name?, optional })
}

fn auth(value: Value<'_>) -> Option<Auth> {
    let mut fields = value.fields("auth")?;
    let query = fields.get("query").and_then(|value| value.parse(syntax::query_name)).map(Slot::Query);
    let header = fields.get("header").and_then(|value| value.parse(syntax::header_name)).map(Slot::Header);
    let bearer = fields.get("bearer").and_then(Value::flag).filter(|bearer| *bearer).map(|_| Slot::Bearer);
    let name = fields.need("secret").and_then(|value| value.parse(syntax::secret));
    let optional = fields.get("optional").and_then(Value::flag).unwrap_or(false);
    fields.finish();
    match [query, header, bearer].into_iter().flatten().collect::<Vec<_>>().as_slice() {
        [slot] => Some(Auth { slot: slot.clone(), secret: Secret { name: name?, optional } }),
        _ => value.refuse("must say where the secret goes: one of query = \"…\", header = \"…\", bearer = true"),
    }
}

fn budget(value: Value<'_>) -> Vec<crate::Window> {
    let windows = value.list();
    if !(1..=MAX_WINDOWS).contains(&windows.len()) {
        value.refuse::<()>(format!("must have 1 to {MAX_WINDOWS} windows, like [\"60/min\", \"3000/day\"]"));
    }
    windows.into_iter().filter_map(|window| window.parse(units::window)).collect()
}

fn timeout(text: &str) -> Result<Duration, String> {
    let timeout = units::duration(text)?;
    if timeout.is_zero() || timeout > MAX_TIMEOUT {
        return Err(format!("is \"{text}\"; it must be from 1s to {}", units::spell(MAX_TIMEOUT)));
    }
    Ok(timeout)
}

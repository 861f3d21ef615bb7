//! How long a resource's entries are fresh and kept, and when ticks refresh them.

use super::fields::{Fields, Value};
use super::params::{self, Types};
use super::units;
use crate::{Population, Refresh};
use std::time::Duration;

const DEFAULT_HISTORY: Duration = Duration::from_secs(30 * 86_400);
/// Cron ticks come once a minute.
const MIN_EVERY: Duration = Duration::from_secs(60);
/// How long a change may take to reach readers at worst: a tick, KV's propagation and a margin (BOARD.md, S5).
const MIN_LEAD: Duration = Duration::from_secs(150);

/// `[defaults]`: what a resource leaves unsaid.
#[derive(Default)]
pub(super) struct Defaults {
    ttl: Option<Duration>,
    grace: Option<Duration>,
    keep: Option<Duration>,
    history: Option<Duration>,
    /// Types of parameters, by name.
    pub(super) params: Types,
}

/// A resource's durations, in an order that makes sense.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) ttl: Duration,
    pub(super) grace: Duration,
    pub(super) keep: Duration,
    pub(super) history: Duration,
}

/// Reads `[defaults]`.
pub(super) fn defaults(value: Value<'_>) -> Option<Defaults> {
    let mut fields = value.fields("[defaults]")?;
    let mut duration = |name| fields.get(name).and_then(|value| value.parse(units::duration));
    let (ttl, grace) = (duration("ttl"), duration("grace"));
    let (keep, history) = (duration("keep"), duration("history"));
    let params = fields.get("params").map(params::types).unwrap_or_default();
    fields.finish();
    Some(Defaults { ttl, grace, keep, history, params })
}

/// Reads a resource's `ttl`, `grace`, `keep` and `history`, its own or by default.
pub(super) fn times(fields: &mut Fields<'_>, defaults: &Defaults) -> Option<Times> {
    let (own_ttl, own_grace, own_keep) = (fields.get("ttl"), fields.get("grace"), fields.get("keep"));
    let history = or_default(fields.get("history"), defaults.history);
    let (ttl, grace) = (or_default(own_ttl, defaults.ttl), or_default(own_grace, defaults.grace)?.unwrap_or_default());
    let keep = or_default(own_keep, defaults.keep)?;
    let Some(ttl) = ttl? else {
        return fields.refuse("a resource needs `ttl`, its own or in [defaults]");
    };
    let keep = keep.unwrap_or(ttl + grace);
    if ttl < Duration::from_secs(1) {
        return fields.refuse_at(own_ttl, "ttl must be at least 1s");
    }
    if keep < ttl + grace {
        let (keep, least) = (units::spell(keep), units::spell(ttl + grace));
        let reason = format!("keep is {keep}, shorter than ttl + grace ({least}); raise keep or lower grace");
        return fields.refuse_at(own_keep.or(own_grace).or(own_ttl), reason);
    }
    Some(Times { ttl, grace, keep, history: history?.unwrap_or(DEFAULT_HISTORY) })
}

/// Reads `refresh`.
pub(super) fn schedule(value: Value<'_>) -> Option<Refresh> {
    let mut fields = value.fields("refresh")?;
    let every = fields.need("every").and_then(|value| value.parse(every));
    let of = fields.need("of").and_then(|value| Some((value, value.text()?)));
    let within = fields.get("within");
    fields.finish();
    let every = every?;
    let of = match of? {
        (_, "all") => match within {
            Some(within) => return within.refuse("belongs to of = \"demanded\""),
            None => Population::All,
        },
        (value, "demanded") => {
            let Some(within) = within else {
                return value.refuse("= \"demanded\" needs `within`, how long one read counts");
            };
            let made = within.parse(units::duration)?;
            if made < every {
                return within
                    .refuse(format!("is shorter than every ({}), so no tick would come in time", units::spell(every)));
            }
            Population::Demanded { within: made }
        }
        (value, other) => return value.refuse(format!("is \"{other}\"; there are \"all\" and \"demanded\"")),
    };
    Some(Refresh { every, of })
}

fn every(text: &str) -> Result<Duration, String> {
    let every = units::duration(text)?;
    if every < MIN_EVERY {
        Err(format!("is \"{text}\"; ticks come once a minute, so at least \"1m\""))
    } else {
        Ok(every)
    }
}

/// Refuses a promise to readers that ticks could not keep.
pub(super) fn check_lead(value: Value<'_>, refresh: Refresh, ttl: Duration) {
    let least = refresh.every + MIN_LEAD;
    if ttl < least {
        let (ttl, every, least) = (units::spell(ttl), units::spell(refresh.every), units::spell(least));
        value.refuse::<()>(format!("every {every} needs a ttl of at least {least} (every + 150 s), but ttl is {ttl}"));
    }
}

/// `None` where the resource's own is wrong, which is noted by then.
#[expect(clippy::option_option, reason = "wrong and absent are different things")]
fn or_default(own: Option<Value<'_>>, default: Option<Duration>) -> Option<Option<Duration>> {
    own.map_or(Some(default), |value| value.parse(units::duration).map(Some))
}

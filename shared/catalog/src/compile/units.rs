//! Durations, windows, sizes and shares as people write them.

use crate::Window;
use std::time::Duration;

const DAY_SECS: u64 = 86_400;
const MAX_DAYS: u64 = 3_660;

/// `"90s"`, `"18m"`, `"2h"`, `"30d"`, `"1w"`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (count, unit) = split_unit(text);
    let unit_secs = match unit {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(DAY_SECS),
        "w" => Some(7 * DAY_SECS),
        _ => None,
    };
    let secs = unit_secs
        .zip(count.parse::<u64>().ok())
        .and_then(|(unit, count)| count.checked_mul(unit))
        .ok_or_else(|| format!("is \"{text}\"; write a duration like \"90s\", \"18m\", \"2h\", \"30d\" or \"1w\""))?;
    if secs > MAX_DAYS * DAY_SECS {
        return Err(format!("is \"{text}\"; the longest duration is \"{MAX_DAYS}d\""));
    }
    Ok(Duration::from_secs(secs))
}

/// `"60/min"`, `"3000/day"`, `"100/15min"`, `"10/10s"`.
pub(super) fn window(text: &str) -> Result<Window, String> {
    let wrong =
        || format!("is \"{text}\"; write calls per time like \"60/min\", \"3000/day\", \"100/15min\" or \"10/10s\"");
    let (limit, per) = text.split_once('/').ok_or_else(wrong)?;
    let (count, unit) = split_unit(per);
    let unit_secs = match unit {
        "s" | "sec" => 1,
        "m" | "min" => 60,
        "h" | "hour" => 3_600,
        "d" | "day" => DAY_SECS,
        "w" | "week" => 7 * DAY_SECS,
        _ => return Err(wrong()),
    };
    let count: u64 = if count.is_empty() { 1 } else { count.parse().map_err(|_| wrong())? };
    let limit: u32 = digits(limit).ok_or_else(wrong)?;
    let per_secs = count.checked_mul(unit_secs).filter(|secs| (1..=31 * DAY_SECS).contains(secs));
    match per_secs {
        Some(secs) if limit > 0 => Ok(Window { limit, per: Duration::from_secs(secs) }),
        _ => Err(format!("is \"{text}\"; a window is at least one call in at most 31 days")),
    }
}

/// `"64kB"`, `"8MB"`: decimal, as upstreams and KV count them.
pub(super) fn size(text: &str, max_bytes: u32) -> Result<u32, String> {
    let (count, unit) = split_unit(text);
    let unit_bytes = match unit {
        "B" => Some(1),
        "kB" => Some(1_000),
        "MB" => Some(1_000_000),
        _ => None,
    };
    let bytes: u32 = unit_bytes
        .zip(digits::<u32>(count))
        .and_then(|(unit, count)| count.checked_mul(unit))
        .ok_or_else(|| format!("is \"{text}\"; write a size like \"64kB\" or \"8MB\""))?;
    if bytes == 0 || bytes > max_bytes {
        return Err(format!("is \"{text}\"; it must be from 1 B to {} kB", max_bytes / 1_000));
    }
    Ok(bytes)
}

/// `"20%"`.
pub(super) fn percent(text: &str) -> Result<u8, String> {
    let share = text.strip_suffix('%').and_then(digits::<u8>).filter(|share| *share <= 90);
    share.ok_or_else(|| format!("is \"{text}\"; write a share from \"0%\" to \"90%\""))
}

/// A duration as a project file would have it.
pub(super) fn spell(duration: Duration) -> String {
    let mut secs = duration.as_secs();
    let mut out = String::new();
    for (unit, unit_secs) in [("d", DAY_SECS), ("h", 3_600), ("m", 60), ("s", 1)] {
        if secs >= unit_secs {
            out.push_str(&(secs / unit_secs).to_string());
            out.push_str(unit);
            secs %= unit_secs;
        }
    }
    if out.is_empty() { "0s".to_owned() } else { out }
}

fn split_unit(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// A number in decimal digits and nothing else.
pub(super) fn digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_one_number_and_one_unit() {
        for (text, secs) in [("0s", 0), ("90s", 90), ("18m", 1_080), ("2h", 7_200), ("30d", 2_592_000), ("1w", 604_800)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(secs)), "{text}");
        }
        for text in ["", "5", "m", "1.5h", "-1s", "+1s", "1 h", "1h30m", "1y", "99999999999999999999s", "3661d"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(duration("3660d").is_ok());
    }

    #[test]
    fn windows_are_calls_per_time() {
        for (text, limit, secs) in [
            ("60/min", 60, 60),
            ("3000/day", 3_000, 86_400),
            ("100/15min", 100, 900),
            ("10/10s", 10, 10),
            ("1/h", 1, 3_600),
        ] {
            assert_eq!(window(text), Ok(Window { limit, per: Duration::from_secs(secs) }), "{text}");
        }
        for text in
            ["", "60", "60/", "/min", "0/min", "60/0s", "60/month", "6e1/min", "+6/min", "1/32d", "4294967296/s"]
        {
            assert!(window(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_decimal_and_bounded() {
        for (text, bytes) in [("1B", 1), ("64kB", 64_000), ("24MB", 24_000_000)] {
            assert_eq!(size(text, 24_000_000), Ok(bytes), "{text}");
        }
        for text in ["", "0B", "25MB", "8", "8M", "8 MB", "4295MB", "9999999999B"] {
            assert!(size(text, 24_000_000).is_err(), "{text}");
        }
    }

    #[test]
    fn a_share_leaves_something_to_ticks() {
        assert_eq!([percent("0%"), percent("20%"), percent("90%")], [Ok(0), Ok(20), Ok(90)]);
        for text in ["", "%", "20", "91%", "-1%", "+5%", "256%"] {
            assert!(percent(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_spelt_duration_reads_back_as_people_would_write_it() {
        for (secs, text) in [(0, "0s"), (150, "2m30s"), (1_050, "17m30s"), (86_550, "1d2m30s"), (604_800, "7d")] {
            assert_eq!(spell(Duration::from_secs(secs)), text);
        }
    }
}

//! Cron expressions as Cloudflare reads them: five fields, UTC, weekdays 1 (Sunday) to 7 or by name.
//!
//! The platform's `L`, `W` and `#` are not understood here; a file that uses them is refused, not misread.

use anyhow::{Context, Result, bail};

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A parsed expression: for each field, one bit per value it holds.
pub(crate) struct Cron {
    /// The expression as the file has it; the handler is told it.
    pub(crate) text: String,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// When both are narrowed, either is enough; else both must hold, of which one always does.
    either_day: bool,
}

impl Cron {
    /// Reads an expression.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let &[minutes, hours, days, months, weekdays] = fields.as_slice() else {
            bail!("cron \"{text}\" has {} fields, not five", fields.len());
        };
        let field =
            |field, least, most, names| bits(field, least, most, names).with_context(|| format!("cron \"{text}\""));
        Ok(Self {
            text: text.to_owned(),
            minutes: field(minutes, 0, 59, &[])?,
            hours: field(hours, 0, 23, &[])?,
            days: field(days, 1, 31, &[])?,
            months: field(months, 1, 12, &MONTHS)?,
            weekdays: field(weekdays, 1, 7, &WEEKDAYS)?,
            either_day: !days.starts_with('*') && !weekdays.starts_with('*'),
        })
    }

    /// Whether it fires in the minute that begins at this Unix time.
    pub(crate) fn fires_at(&self, unix_secs: u64) -> bool {
        let days_since_epoch = unix_secs / 86_400;
        let (month, day) = month_and_day(days_since_epoch);
        let weekday = (days_since_epoch + 4) % 7 + 1;
        let has = |bits: u64, value: u64| bits >> value & 1 == 1;
        let (on_day, on_weekday) = (has(self.days, day), has(self.weekdays, weekday));
        let today = if self.either_day { on_day || on_weekday } else { on_day && on_weekday };
        today
            && has(self.months, month)
            && has(self.hours, unix_secs / 3600 % 24)
            && has(self.minutes, unix_secs / 60 % 60)
    }
}

fn bits(field: &str, least: u64, most: u64, names: &[&str]) -> Result<u64> {
    field.split(',').try_fold(0, |bits, part| Ok(bits | part_bits(part, least, most, names)?))
}

fn part_bits(part: &str, least: u64, most: u64, names: &[&str]) -> Result<u64> {
    let (range, step) = match part.split_once('/') {
        Some((range, step)) => {
            (range, step.parse().ok().filter(|step| *step > 0).with_context(|| format!("step in {part}"))?)
        }
        None => (part, 1),
    };
    let value =
        |text| value(text, least, most, names).with_context(|| format!("{text} is not within {least} to {most}"));
    let (from, to) = match range.split_once('-') {
        _ if range == "*" => (least, most),
        Some((from, to)) => (value(from)?, value(to)?),
        None if step > 1 => (value(range)?, most),
        None => (value(range)?, value(range)?),
    };
    if from > to {
        bail!("{range} runs backwards");
    }
    Ok((from..=to).step_by(usize::try_from(step)?).fold(0, |bits, value| bits | 1 << value))
}

fn value(text: &str, least: u64, most: u64, names: &[&str]) -> Option<u64> {
    let by_name = names.iter().zip(least..).find(|(name, _)| text.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    by_name.or_else(|| text.parse().ok()).filter(|value| (least..=most).contains(value))
}

/// Month and day of a day counted from 1970-01-01, by Howard Hinnant's `civil_from_days`.
fn month_and_day(days_since_epoch: u64) -> (u64, u64) {
    let day_of_era = (days_since_epoch + 719_468) % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Friday, 2026-11-20 05:58:00 UTC.
    const FRIDAY: u64 = 1_795_154_280;

    #[test]
    fn expressions_fire_in_their_minutes() {
        for (text, fires) in [
            ("* * * * *", true),
            ("58 5 * * *", true),
            ("57 5 * * *", false),
            ("*/2 * * * *", true),
            ("*/5 * * * *", false),
            ("0-30,58 * * * *", true),
            ("3/5 * * * *", true),
            ("* * * * FRI", true),
            ("* * * * 6", true),
            ("* * * * 5", false),
            ("* * * nov mon-fri", true),
            ("* * * 12 *", false),
            ("* * 20 * *", true),
            ("* * 21 * *", false),
            // Both kinds of day narrowed: either is enough.
            ("* * 21 * FRI", true),
            ("* * 21 * SAT", false),
        ] {
            assert_eq!(Cron::parse(text).expect(text).fires_at(FRIDAY), fires, "{text}");
        }
    }

    #[test]
    fn leap_days_and_the_turn_of_the_year_are_known() {
        let day = |text: &str| text.parse::<u64>().expect("a number");
        assert_eq!(month_and_day(day("0")), (1, 1));
        assert_eq!(month_and_day(day("11016")), (2, 29));
        assert_eq!(month_and_day(day("20818")), (12, 31));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for wrong in ["* * * *", "60 * * * *", "5-1 * * * *", "*/0 * * * *", "* * L * *", "* * * * MON#2", ""] {
            assert!(Cron::parse(wrong).is_err(), "{wrong}");
        }
    }
}

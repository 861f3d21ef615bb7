//! One structured line per request and per tick: what, how, how long, and what it used. No body, no secret, no address.

use crate::gauge::Gauge;
use serde::Serialize;
use std::time::Duration;
use weir_flow::ports::Run;
use worker::console_log;

/// What one invocation did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Line<'a> {
    /// Which Worker.
    pub worker: &'a str,
    /// Which of its tasks.
    pub what: &'a str,
    /// For which project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<&'a str>,
    /// For which resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<&'a str>,
    /// What came of it.
    pub outcome: &'a str,
    /// Which tier it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<&'a str>,
    /// The HTTP status, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// The counts of a tick.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Counts>,
    /// What went wrong, for operators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What a tick counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields of `weir_flow::ports::Run`, which says what they are")]
pub struct Counts {
    pub leased: u32,
    pub called: u32,
    pub changed: u32,
    pub verified: u32,
    pub refused: u32,
    pub failed: u32,
    pub lost: u32,
    pub deliveries: u32,
    pub slots: u32,
    pub boards: u32,
}

#[derive(Serialize)]
struct Metered<'a> {
    #[serde(flatten)]
    line: &'a Line<'a>,
    kv: u32,
    sql: u32,
    fetches: u32,
    calls: u32,
    most_open: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<String>,
}

impl Counts {
    /// Those of a run.
    pub fn of(run: &Run) -> Self {
        let Run { leased, called, changed, verified, refused, failed, lost, deliveries, slots, boards, .. } = *run;
        Self { leased, called, changed, verified, refused, failed, lost, deliveries, slots, boards }
    }
}

/// Writes the line, with what the invocation used.
pub fn write(line: &Line<'_>, gauge: &Gauge) {
    console_log!("{}", json(line, gauge));
}

/// Whole milliseconds.
pub fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn json(line: &Line<'_>, gauge: &Gauge) -> String {
    let used = gauge.used();
    let metered = Metered {
        line,
        kv: used.kv,
        sql: used.sql,
        fetches: used.fetches,
        calls: used.calls,
        most_open: used.most_open,
        limit: gauge.passed().map(|limit| limit.to_string()),
    };
    serde_json::to_string(&metered).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIT: Line<'static> = Line {
        worker: "read",
        what: "read",
        project: Some("opendota"),
        resource: Some("player"),
        outcome: "fresh",
        tier: Some("memory"),
        status: Some(200),
        ms: 3,
        run: None,
        error: None,
    };

    #[test]
    fn a_line_is_one_json_object_and_says_nothing_where_there_is_nothing() {
        let gauge = Gauge::default();
        drop(gauge.kv_read("k"));
        let told = r#"{"worker":"read","what":"read","project":"opendota","resource":"player","outcome":"fresh""#;
        let used = r#""kv":1,"sql":0,"fetches":0,"calls":0,"most_open":1}"#;
        assert_eq!(json(&HIT, &gauge), format!(r#"{told},"tier":"memory","status":200,"ms":3,{used}"#));
    }

    #[test]
    fn a_passed_limit_and_an_error_are_told() {
        let gauge = Gauge::default();
        drop(gauge.kv_read(&"k".repeat(513)));
        let line = Line { error: Some("a\nb".into()), ..HIT };
        let json = json(&line, &gauge);
        assert!(json.contains(r#""error":"a\nb""#) && !json.contains('\n'), "{json}");
        assert!(json.contains(r#""limit":"a KV key of more than 512 bytes""#), "{json}");
    }

    #[test]
    fn a_tick_tells_its_counts() {
        let run = Run { leased: 4, changed: 2, ..Run::default() };
        let json = json(&Line { run: Some(Counts::of(&run)), ..HIT }, &Gauge::default());
        assert!(json.contains(r#""run":{"leased":4,"called":0,"changed":2,"#), "{json}");
    }
}

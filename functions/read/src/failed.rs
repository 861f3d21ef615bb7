//! Why there is no entry, as a problem.

use crate::cache_status::cache_status;
use crate::served::CACHE_STATUS;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use std::time::Duration;
use weir_edge::problem::Problem;
use weir_flow::answer::Step;
use weir_flow::ports::Refusal;
use weir_flow::reader::Setback;
use weir_policy::time::Timestamp;

/// The longest that anybody may believe that there is no such thing.
const ABSENCE: Duration = Duration::from_secs(60);

/// The problem of a read that came to nothing.
pub(crate) fn problem(setback: Setback, trail: &[Step], now: Timestamp) -> Problem {
    let problem = match setback {
        Setback::Absent { retry_at } => absent(retry_at.since(now)),
        Setback::Refused { why, retry_at } => refused(why).retry_after(retry_at.since(now)),
    };
    match HeaderValue::try_from(cache_status(trail, None)) {
        Ok(value) if !value.is_empty() => problem.header(CACHE_STATUS, value),
        _ => problem,
    }
}

fn absent(wait: Duration) -> Problem {
    let problem = Problem::new(StatusCode::NOT_FOUND, "no-such-entry", "The upstream has no such thing");
    let cache_control = format!("public, max-age={}", wait.min(ABSENCE).as_secs());
    match HeaderValue::try_from(cache_control) {
        Ok(value) => problem.header(CACHE_CONTROL, value),
        Err(_) => problem,
    }
}

fn refused(why: Refusal) -> Problem {
    let unavailable = |kind, title| Problem::new(StatusCode::SERVICE_UNAVAILABLE, kind, title);
    match why {
        Refusal::Budget => unavailable("over-budget", "The upstream may not be asked more often just now"),
        Refusal::Breaker => unavailable("upstream-failing", "The upstream keeps failing and is left alone for a while"),
        Refusal::Backoff => unavailable("backing-off", "This could not be fetched lately and is not tried again yet"),
        Refusal::Unreachable => unavailable("upstream-unreachable", "The upstream did not answer"),
        Refusal::BadAnswer => {
            let title = "The upstream answered with something that cannot be used";
            Problem::new(StatusCode::BAD_GATEWAY, "bad-upstream-answer", title)
        }
        Refusal::Held => unavailable("busy", "This is being fetched and has not arrived yet"),
        Refusal::Full => unavailable("full", "No more entries of this kind are kept"),
        Refusal::TooOld => unavailable("version-not-here", "There is no version as new as the one that was asked for"),
        Refusal::OutOfReach => Problem::unavailable(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Response;
    use weir_flow::answer::{Found, Tier};

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    fn respond(setback: Setback) -> Response<()> {
        let trail = [Step { tier: Tier::Memory, found: Found::Miss }];
        problem(setback, &trail, NOW).respond::<()>().map(drop)
    }

    #[test]
    fn every_refusal_has_a_status_and_says_when_to_come_back() {
        for (why, status) in [
            (Refusal::Budget, 503),
            (Refusal::Breaker, 503),
            (Refusal::Backoff, 503),
            (Refusal::Unreachable, 503),
            (Refusal::BadAnswer, 502),
            (Refusal::Held, 503),
            (Refusal::Full, 503),
            (Refusal::OutOfReach, 503),
        ] {
            let response = respond(Setback::Refused { why, retry_at: NOW + Duration::from_secs(7) });
            assert_eq!(response.status().as_u16(), status, "{why:?}");
            assert_eq!(response.headers()["retry-after"], "7", "{why:?}");
            assert_eq!(response.headers()["cache-control"], "no-store");
            assert_eq!(response.headers()["cache-status"], "WeirMemory; fwd=miss");
        }
    }

    #[test]
    fn a_past_instant_is_a_second() {
        let response = respond(Setback::Refused { why: Refusal::Held, retry_at: Timestamp::ZERO });
        assert_eq!(response.headers()["retry-after"], "1");
    }

    #[test]
    fn absence_is_believed_for_a_minute_at_most() {
        for (secs, expected) in [(0, "public, max-age=0"), (30, "public, max-age=30"), (3600, "public, max-age=60")] {
            let response = respond(Setback::Absent { retry_at: NOW + Duration::from_secs(secs) });
            assert_eq!(response.status(), StatusCode::NOT_FOUND);
            assert_eq!(response.headers()["cache-control"], expected);
        }
    }
}

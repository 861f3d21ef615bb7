//! When an upstream that fails is left alone.

use std::time::Duration;

/// This many failures in a row are borne.
pub const TOLERATED: u32 = 5;

const FIRST_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// How long the breaker opens after so many failures in a row; `None` while they are borne.
///
/// When the pause is over one failure opens it again, for twice as long; one answer closes it.
pub fn open_for(failures: u32) -> Option<Duration> {
    let beyond = failures.checked_sub(TOLERATED)?;
    let factor = 2_u32.checked_pow(beyond).unwrap_or(u32::MAX);
    Some(FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_ten_minutes() {
        let pauses: Vec<Option<u64>> =
            [0, 4, 5, 6, 8, 9, 10, 99].map(|n| open_for(n).map(|pause| pause.as_secs())).to_vec();
        assert_eq!(pauses, [None, None, Some(30), Some(60), Some(240), Some(480), Some(600), Some(600)]);
    }
}

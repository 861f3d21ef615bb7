//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

use crate::failure::fail;

const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again and again until there is an answer; fails the test, naming `what`, when there is none for half a minute.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        if Instant::now() > deadline {
            fail(&format!("{what}: not within {} s", PATIENCE.as_secs()));
        }
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

//! How the world fails a test: with a message, at once.

use std::fmt::Display;

/// Unwraps what a test cannot go on without.
pub(crate) trait Must<T> {
    /// The value, or the end of the test, saying what could not be done.
    fn must(self, doing: &str) -> T;
}

impl<T, E: Display> Must<T> for Result<T, E> {
    fn must(self, doing: &str) -> T {
        self.unwrap_or_else(|error| fail(&format!("{doing}: {error}")))
    }
}

impl<T> Must<T> for Option<T> {
    fn must(self, doing: &str) -> T {
        self.unwrap_or_else(|| fail(doing))
    }
}

/// Ends the test.
#[expect(clippy::panic, reason = "this crate is test code: a panic is how a test fails")]
pub(crate) fn fail(message: &str) -> ! {
    panic!("{message}")
}

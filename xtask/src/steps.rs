//! Shows the set-up's progress: one line per step, moving while it works.

use std::cell::Cell;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

/// What a step found.
pub(crate) enum Done {
    /// It had something to do.
    Now,
    /// It was done before.
    Before,
}

/// One step at work.
pub(crate) struct Step {
    label: String,
    started: Instant,
    bar: ProgressBar,
    /// Whether somebody was told that it is at work.
    announced: Cell<bool>,
}

impl Step {
    /// Shows what the step is at; where nothing can move, as in CI, only that it takes a while.
    pub(crate) fn at(&self, detail: &str) {
        self.bar.set_message(detail.trim().to_owned());
        let takes_long = self.started.elapsed() > Duration::from_secs(2);
        if self.bar.is_hidden() && takes_long && !self.announced.replace(true) {
            eprintln!("  … {}", self.label);
        }
    }

    /// Prints something lasting without tearing the moving line.
    pub(crate) fn quietly(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }
}

/// Runs one step and says how it went; what was done before is said only where somebody watches.
pub(crate) fn step(label: &str, work: impl FnOnce(&Step) -> Result<Done>) -> Result<()> {
    let watched = std::io::stderr().is_terminal();
    let started = Instant::now();
    let step = Step { label: label.to_owned(), started, bar: bar(label, watched), announced: Cell::new(false) };
    let outcome = work(&step);
    step.bar.finish_and_clear();
    match outcome? {
        Done::Now => eprintln!("  ✓ {label} ({})", spent(started.elapsed())),
        Done::Before => eprintln!("  ✓ {label}"),
    }
    Ok(())
}

fn bar(label: &str, watched: bool) -> ProgressBar {
    if !watched {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner().with_prefix(label.to_owned());
    if let Ok(style) = ProgressStyle::with_template("  {spinner} {prefix} {elapsed} {wide_msg:.dim}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn spent(time: Duration) -> String {
    if time < Duration::from_secs(60) {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {} s", time.as_secs() / 60, time.as_secs() % 60)
    }
}

//! Shows the set-up's progress: one line per step, moving while it works.

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
    bar: ProgressBar,
}

impl Step {
    /// Shows what the step is at.
    pub(crate) fn at(&self, detail: &str) {
        let short: String = detail.trim().chars().take(80).collect();
        self.bar.set_message(short);
    }

    /// Prints something lasting without tearing the moving line.
    pub(crate) fn quietly(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }
}

/// Runs one step and says how it went; what was done before is said only where somebody watches.
pub(crate) fn step(label: &str, work: impl FnOnce(&Step) -> Result<Done>) -> Result<()> {
    let watched = std::io::stderr().is_terminal();
    let step = Step { bar: bar(label, watched) };
    let started = Instant::now();
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
    if let Ok(style) = ProgressStyle::with_template("  {spinner} {prefix} {elapsed} {msg:.dim}") {
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

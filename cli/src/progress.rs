//! How far a simulated day has come.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use sreality::Segment;

use crate::summary;

/// One line per day: a bar on a terminal, a plain line elsewhere.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    day: String,
    started: Instant,
}

impl Progress {
    /// Begins a day of so many walks.
    pub(crate) fn new(day: u32, date: Timestamp, last_day: u32, walks: usize) -> Self {
        let day = format!("day {day} of {last_day}, {}", date.strftime("%-d %B %Y"));
        let bar = ProgressBar::new(2 * walks as u64).with_prefix(day.clone());
        let style = ProgressStyle::with_template("  {prefix} {bar:32} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─"));
        Self { bar, day, started: Instant::now() }
    }

    /// A walk is stored.
    pub(crate) fn stored(&self, segment: &Segment) {
        self.bar.inc(1);
        self.bar.set_message(format!("collected {segment}"));
    }

    /// A walk is loaded.
    pub(crate) fn loaded(&self, segment: &Segment) {
        self.bar.inc(1);
        self.bar.set_message(format!("loaded {segment}"));
    }

    /// The day is over.
    pub(crate) fn finish(&self, rows: u64) {
        self.bar.finish_and_clear();
        let seconds = self.started.elapsed().as_secs_f64();
        println!("  {}: {} rows loaded so far, {seconds:.1} s", self.day, summary::thousands(rows));
    }
}

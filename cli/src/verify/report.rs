//! What `cenovka verify` prints: a line for each difference, up to a number of each kind, and their counts at the end.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stdout};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use warehouse::{Differences, NAMED};

use crate::error::Error;
use crate::summary::thousands;

/// A report under way.
pub(super) struct Report {
    progress: ProgressBar,
    /// How many differences of each kind.
    differences: BTreeMap<&'static str, u64>,
    /// How many lines of each kind, differences or not.
    lines: BTreeMap<&'static str, usize>,
}

impl Report {
    pub(super) fn new() -> Self {
        // Where lines go into a file or a pipe, only they count.
        let target =
            if stdout().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let progress = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("  {bar:32} {pos} of {len} objects: {msg}");
        progress.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─"));
        Self { progress, differences: BTreeMap::new(), lines: BTreeMap::new() }
    }

    /// So many objects will be read.
    pub(super) fn expect(&self, objects: usize) {
        self.progress.set_length(objects as u64);
    }

    /// What is being done now.
    pub(super) fn step(&self, what: &str) {
        self.progress.set_message(what.to_owned());
    }

    /// One object more was read.
    pub(super) fn advance(&self) {
        self.progress.inc(1);
    }

    /// Something differs.
    pub(super) fn difference(&mut self, kind: &'static str, what: &str) {
        self.count(kind, 1);
        self.print(kind, what);
    }

    /// What a check found, of one object or of the tables.
    pub(super) fn differences(&mut self, key: Option<&str>, found: Differences) {
        let Differences { kind, count, first } = found;
        self.count(kind, count);
        for what in first {
            match key {
                Some(key) => self.print(kind, &format!("{key}: {what}")),
                None => self.print(kind, &what),
            }
        }
    }

    /// Something to know that is no difference.
    pub(super) fn note(&mut self, kind: &'static str, what: &str) {
        self.print(kind, what);
    }

    fn count(&mut self, kind: &'static str, count: u64) {
        if count > 0 {
            *self.differences.entry(kind).or_default() += count;
        }
    }

    /// Prints a line, unless there are enough of this kind.
    fn print(&mut self, kind: &'static str, what: &str) {
        let lines = self.lines.entry(kind).or_default();
        if *lines < NAMED {
            *lines += 1;
            self.progress.suspend(|| println!("{kind}: {what}"));
        }
    }

    /// Prints the summary; an error if anything differs.
    pub(super) fn finish(self, listed: u64, read: usize) -> Result<(), Error> {
        self.progress.finish_and_clear();
        let listed = thousands(listed);
        let read = thousands(read as u64);
        println!("compared {listed} objects with the ledger, {read} of them row by row, and all tables");
        for (kind, count) in &self.differences {
            let rest =
                if *count > NAMED as u64 { format!(", the first {NAMED} above") } else { String::new() };
            println!("  {kind}: {}{rest}", thousands(*count));
        }
        match self.differences.values().sum() {
            0 => {
                println!("no difference");
                Ok(())
            }
            count => Err(Error::Differences { count }),
        }
    }
}

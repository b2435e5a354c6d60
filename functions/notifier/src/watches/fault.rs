//! What is wrong with a file of watches.

/// A file of watches that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("wrong watches: {}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct WatchesError {
    /// All that is wrong, from top to bottom.
    pub faults: Vec<Fault>,
}

/// One thing that is wrong. It never repeats what a channel is set to: that is somebody's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {at}{}{wrong}", if at.is_empty() { "" } else { ": " })]
pub struct Fault {
    /// Where it stands, both from 1; columns count characters.
    pub line: usize,
    pub column: usize,
    /// The watch or channel and the key, as ``watch `byty-praha`: region``; empty for the file as a whole.
    pub at: String,
    /// What is wrong, and what would be right.
    pub wrong: String,
}

/// Collects faults by their offset.
#[derive(Default)]
pub(super) struct Faults {
    found: Vec<(usize, String, String)>,
}

impl Faults {
    pub(super) fn push(&mut self, offset: usize, at: impl Into<String>, wrong: impl Into<String>) {
        self.found.push((offset, at.into(), wrong.into()));
    }

    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    /// Nothing, or all that is wrong with this text.
    pub(super) fn finish(mut self, text: &str) -> Result<(), WatchesError> {
        if self.found.is_empty() {
            return Ok(());
        }
        self.found.sort_by_key(|(offset, ..)| *offset);
        let (mut line, mut line_start) = (1, 0);
        let mut faults = Vec::with_capacity(self.found.len());
        for (offset, at, wrong) in self.found {
            // On from the last fault's line, so that a long file is passed once.
            while let Some(end) = text.get(line_start..offset).and_then(|before| before.find('\n')) {
                line += 1;
                line_start += end + 1;
            }
            let column = text.get(line_start..offset).map_or(0, |before| before.chars().count()) + 1;
            faults.push(Fault { line, column, at, wrong });
        }
        Err(WatchesError { faults })
    }
}

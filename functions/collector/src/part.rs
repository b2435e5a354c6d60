//! A part of a segment, and what its pages tell of it.

use sreality_client::Answer;

use crate::split::Filter;

/// A page of fewer rows does not tell whether the portal ignores a filter: some rows are odd.
const TELLING_ROWS: usize = 20;

/// A part of the segment with a query of its own.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) filter: Filter,
    /// What its pages announced, one after the other.
    pub(crate) totals: Vec<u64>,
    /// By how many of [`SplitBy::ALL`] it was tried to split it.
    pub(crate) splits: usize,
    pub(crate) has_parts: bool,
    /// Whether it is of no use: the portal ignores its filter, or refuses it.
    pub(crate) useless: bool,
    /// Whether the cap ended it, whatever its totals say.
    pub(crate) met_cap: bool,
}

impl Part {
    pub(crate) fn new(filter: Filter) -> Self {
        Self { filter, totals: Vec::new(), splits: 0, has_parts: false, useless: false, met_cap: false }
    }

    /// What most of its pages announce: single answers can be far off. 0 if it was not asked yet.
    pub(crate) fn announced(&self) -> u64 {
        let mut totals = self.totals.clone();
        totals.sort_unstable();
        totals.get(totals.len() / 2).copied().unwrap_or(0)
    }

    /// Whether a page is its last. Neither a total that is too low nor one that is too high may end it early.
    pub(crate) fn ends_at(&self, next: u64, answer: &Answer) -> bool {
        let short = (answer.rows.len() as u64) < answer.pagination.limit;
        let highest = self.totals.iter().copied().max().unwrap_or(0);
        next == highest || (short && next >= answer.pagination.total)
    }

    /// Whether the portal answers as if it did not know the part's filter: it ignores what it does not know.
    pub(crate) fn is_ignored_by(&self, answer: &Answer) -> bool {
        let strangers = answer.rows.iter().flatten().filter(|listing| self.filter.excludes(listing)).count();
        answer.rows.len() >= TELLING_ROWS && strangers * 2 > answer.rows.len()
    }
}

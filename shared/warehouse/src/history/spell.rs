//! Spells: from sightings, and back.

use jiff::Timestamp;

use super::{Coverage, History, Moment, Sighting};

/// So many covering walks in a row must miss a listing before it is gone.
const MISSES: usize = 3;

/// A stretch of sightings of one listing at one price, not interrupted by a walk that covered it and did not see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spell {
    pub(crate) first: Moment,
    /// `None` while nothing has ended it: every covering walk since its first sighting saw it at this price.
    pub(crate) last: Option<Moment>,
    pub(crate) total_price: Option<i64>,
    /// Start of the first walk after it that missed the listing.
    pub(crate) missing_since: Option<Timestamp>,
    /// Start of the third such walk in a row: the listing is gone.
    pub(crate) delisted_at: Option<Timestamp>,
    /// Start of the next spell.
    pub(crate) next_seen: Option<Timestamp>,
}

impl Spell {
    fn holds(&self, moment: Moment) -> bool {
        moment >= self.first && self.last.is_none_or(|last| moment <= last)
    }
}

/// Every sighting that a history stands for, in the order of walks: within a spell, each covering walk saw the listing,
/// and the others are kept one by one.
pub(crate) fn sightings(history: &History, coverage: &Coverage<'_>) -> Vec<Sighting> {
    let Some(start) = history.spells.first() else { return Vec::new() };
    let mut covering = coverage.since(start.first).peekable();
    let mut extra = history.extra_sightings.iter().map(|sighting| sighting.moment).peekable();
    let mut sightings = Vec::new();
    for spell in &history.spells {
        let total_price = spell.total_price;
        loop {
            // The earlier of the two, and no walk twice.
            let moment = match (covering.peek(), extra.peek()) {
                (Some(one), Some(other)) => *one.min(other),
                (Some(one), None) | (None, Some(one)) => *one,
                (None, None) => break,
            };
            if spell.last.is_some_and(|last| moment > last) {
                break;
            }
            covering.next_if_eq(&moment);
            extra.next_if_eq(&moment);
            if spell.holds(moment) {
                sightings.push(Sighting { moment, total_price });
            }
        }
    }
    sightings
}

/// The latest sighting that a history stands for.
pub(crate) fn newest_sighting(history: &History, coverage: &Coverage<'_>) -> Option<Moment> {
    let spell = history.spells.last()?;
    let implied = || coverage.since(spell.first).last();
    let extra = || history.extra_sightings.last().map(|sighting| sighting.moment);
    spell.last.or_else(|| implied().max(extra()))
}

/// The spells of these sightings, which are in the order of their walks.
pub(crate) fn spells(sightings: &[Sighting], coverage: &Coverage<'_>) -> Vec<Spell> {
    let Some(start) = sightings.first() else { return Vec::new() };
    let mut covering = coverage.since(start.moment).peekable();
    let mut spells = Vec::new();
    let mut first = None;
    let mut later = sightings.iter().skip(1).peekable();
    for Sighting { moment, total_price } in sightings.iter().copied() {
        let first_of_spell = *first.get_or_insert(moment);
        let next = later.next().copied();
        while covering.next_if(|walk| *walk <= moment).is_some() {}
        // Covering walks between this sighting and the next all missed the listing.
        let mut misses = 0;
        let mut missing_since = None;
        let mut delisted_at = None;
        while let Some(missed) = covering.next_if(|walk| next.is_none_or(|next| *walk < next.moment)) {
            misses += 1;
            missing_since = missing_since.or(Some(missed.at));
            if misses == MISSES {
                delisted_at = Some(missed.at);
            }
        }
        if misses == 0 && next.is_some_and(|next| next.total_price == total_price) {
            continue;
        }
        let ended = misses > 0 || next.is_some();
        spells.push(Spell {
            first: first_of_spell,
            last: ended.then_some(moment),
            total_price,
            missing_since,
            delisted_at,
            next_seen: next.map(|next| next.moment.at),
        });
        first = None;
    }
    spells
}

/// Those of these sightings that no spell implies: by walks that do not cover the listing.
pub(crate) fn extra_sightings(sightings: &[Sighting], coverage: &Coverage<'_>) -> Vec<Sighting> {
    let Some(start) = sightings.first() else { return Vec::new() };
    let mut covering = coverage.since(start.moment).peekable();
    let is_extra = |sighting: &&Sighting| {
        while covering.next_if(|walk| *walk < sighting.moment).is_some() {}
        covering.peek() != Some(&sighting.moment)
    };
    sightings.iter().filter(is_extra).copied().collect()
}

//! Stays: from a listing's coming to its being gone, and how many come and go.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Spell;

/// One time that a listing came and, perhaps, was gone again. Days are UTC days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stay {
    pub(crate) came_at: Timestamp,
    /// Whether the listing had been here and gone before.
    pub(crate) returned: bool,
    pub(crate) last_seen_on: Option<Date>,
    pub(crate) gone_on: Option<Date>,
    /// From the very first sighting to the first miss; `None` unless it is gone and has not returned.
    pub(crate) days_on_market: Option<i32>,
}

/// How many listings came and went on a day, or by how much that changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turnover {
    pub(crate) new: i32,
    pub(crate) returned: i32,
    pub(crate) last_seen: i32,
    pub(crate) gone: i32,
}

impl Stay {
    /// The stay of a listing that was never seen before.
    pub(crate) fn begun(came_at: Timestamp) -> Self {
        Self { came_at, returned: false, last_seen_on: None, gone_on: None, days_on_market: None }
    }

    /// What it adds to the turnover of which day.
    pub(crate) fn turnover(&self) -> impl Iterator<Item = (Date, Turnover)> + use<> {
        let came = match self.returned {
            false => Turnover { new: 1, ..Turnover::default() },
            true => Turnover { returned: 1, ..Turnover::default() },
        };
        let last_seen = Turnover { last_seen: 1, ..Turnover::default() };
        let gone = Turnover { gone: 1, ..Turnover::default() };
        let events = [(Some(day(self.came_at)), came), (self.last_seen_on, last_seen), (self.gone_on, gone)];
        events.into_iter().filter_map(|(day, event)| Some((day?, event)))
    }
}

/// The stays that a listing's spells make: each begins with the first spell or the one after a delisting.
pub(crate) fn stays(spells: &[Spell]) -> Vec<Stay> {
    let Some(very_first) = spells.first() else { return Vec::new() };
    let stay = |(index, spells): (usize, &[Spell])| {
        let first = spells.first()?;
        let last = spells.last()?;
        let gone = |time: Option<Timestamp>| last.delisted_at.and(time).map(day);
        let left = gone(last.missing_since).filter(|_| last.next_seen.is_none());
        Some(Stay {
            came_at: first.first.at,
            returned: index > 0,
            last_seen_on: gone(last.last.map(|last| last.at)),
            gone_on: last.delisted_at.map(day),
            days_on_market: left.map(|left| days_between(day(very_first.first.at), left)),
        })
    };
    spells.chunk_by(|one, _| one.delisted_at.is_none()).enumerate().filter_map(stay).collect()
}

/// The UTC day of a time.
pub(crate) fn day(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

fn days_between(first: Date, last: Date) -> i32 {
    (last - first).get_days()
}

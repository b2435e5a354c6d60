//! What is known of one listing, and what a walk changes of it: pure functions over sightings, walks and spells.
//!
//! Nothing here knows a database. `tests/model.rs` says the same in other words, straight from the definitions; the
//! views in `definitions/` say it a third time, in SQL.

mod coverage;
mod happening;
mod price_change;
mod price_level;
mod relisting;
mod spell;
mod stay;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use uuid::Uuid;

pub(crate) use coverage::{Coverage, CoveringWalk, Filter};
pub(crate) use happening::{Happening, WALKS_BEFORE_NEWS, happening};
pub(crate) use price_change::{PriceChange, price_changes};
pub(crate) use price_level::{Cell, Level, PriceLevels, Sample, with_walk as levels_with_walk};
pub(crate) use relisting::{Advert, Relisting, relisting};
pub(crate) use spell::{Spell, extra_sightings, newest_sighting, sightings, spells};
pub(crate) use stay::{Stay, Turnover, day, stays};

/// When a walk started, and its id: walks are ordered by both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Moment {
    pub(crate) at: Timestamp,
    pub(crate) walk: Uuid,
}

/// What decides which walks cover a listing, as its newest sighting tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ListingPlace {
    pub(crate) category: i16,
    pub(crate) deal: i16,
    pub(crate) sub_category: Option<i16>,
    pub(crate) region_id: Option<i32>,
    pub(crate) district_id: Option<i32>,
}

/// One listing seen by one walk, at a total price in crowns; `None` on request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) moment: Moment,
    pub(crate) total_price: Option<i64>,
}

/// All that the warehouse keeps of a listing's sightings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    /// In their order.
    pub(crate) spells: Vec<Spell>,
    /// The sightings that spells do not imply, in the order of their walks.
    pub(crate) extra_sightings: Vec<Sighting>,
}

impl History {
    /// The price at a moment; before all sightings, the first one.
    pub(crate) fn price_at(&self, moment: Moment) -> Option<i64> {
        let under_way = self.spells.iter().rfind(|spell| spell.first <= moment);
        under_way.or(self.spells.first()).and_then(|spell| spell.total_price)
    }

    /// Whether the last walk before that covers it saw it.
    pub(crate) fn is_seen_before(&self, moment: Moment) -> bool {
        let latest = self.spells.iter().rfind(|spell| spell.first < moment);
        latest.is_some_and(|spell| spell.missing_since.is_none_or(|missing| missing >= moment.at))
    }
}

/// What one walk says of one listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It was seen, at this price.
    Seen(Option<i64>),
    /// It was not seen.
    Unseen,
}

/// What must be known of a listing once a walk is known.
///
/// `before` covers the listing as it did when `known` was written, `after` as it does with the walk and where the listing
/// is now. What an earlier load of the same walk said is replaced.
pub(crate) fn with_walk(
    known: &History,
    before: &Coverage<'_>,
    walk: Moment,
    said: Said,
    after: &Coverage<'_>,
) -> History {
    let mut sightings = sightings(known, before);
    sightings.retain(|sighting| sighting.moment != walk);
    if let Said::Seen(total_price) = said {
        let place = sightings.partition_point(|sighting| sighting.moment < walk);
        sightings.insert(place, Sighting { moment: walk, total_price });
    }
    History { spells: spells(&sightings, after), extra_sightings: extra_sightings(&sightings, after) }
}

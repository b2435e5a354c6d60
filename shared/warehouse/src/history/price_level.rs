//! The level of prices per m² by place and sub-category, as one walk saw it.
//!
//! Medians cannot be put together from smaller medians, and a day that is over cannot be asked again: so levels are facts,
//! made of one walk's own sightings and never of spells.

use std::collections::{BTreeMap, HashMap};

use super::{Filter, ListingPlace};

/// All of something, or none given.
const ALL: i32 = -1;
const NONE: i32 = 0;

/// A place and a sub-category: -1 stands for all of them and 0 for none given. Neither is a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Cell {
    pub(crate) region_id: i32,
    pub(crate) district_id: i32,
    pub(crate) sub_category: i16,
}

/// The prices per m² of a cell, in whole crowns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) listings: i32,
    /// Lower quartile, median, upper quartile: each a price that some listing has.
    pub(crate) quartiles: [i32; 3],
}

/// The level of every cell.
pub(crate) type PriceLevels = BTreeMap<Cell, Level>;

/// One sighting with a price and an area.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    cell: Cell,
    price_per_m2: i32,
}

impl Sample {
    /// `None` where price or area is unknown.
    pub(crate) fn new(place: &ListingPlace, total_price: Option<i64>, area_m2: Option<i32>) -> Option<Self> {
        let (price, area) = (total_price.filter(|price| *price > 0)?, area_m2.filter(|area| *area > 0)?);
        // Rounded half up, as warehouse.price_per_m2 does.
        let area = i64::from(area);
        let price_per_m2 = price / area + i64::from(2 * (price % area) >= area);
        let cell = Cell {
            region_id: place.region_id.unwrap_or(NONE),
            district_id: place.district_id.unwrap_or(NONE),
            sub_category: place.sub_category.unwrap_or_default(),
        };
        Some(Self { cell, price_per_m2: i32::try_from(price_per_m2).unwrap_or(i32::MAX) })
    }

    /// The cells that it is a part of.
    fn cells(self) -> [Cell; 6] {
        let Cell { region_id, district_id, sub_category } = self.cell;
        let cell = |region_id, district_id, sub_category| Cell { region_id, district_id, sub_category };
        let all_kinds = -1;
        [
            cell(region_id, district_id, sub_category),
            cell(region_id, district_id, all_kinds),
            cell(region_id, ALL, sub_category),
            cell(region_id, ALL, all_kinds),
            cell(ALL, ALL, sub_category),
            cell(ALL, ALL, all_kinds),
        ]
    }
}

impl Cell {
    /// Whether a walk takes it in: it covers every listing of the cell. -1 and 0 match no filter, so only a segment that
    /// is not narrowed takes in the cell of all.
    pub(crate) fn is_within(self, filter: &Filter) -> bool {
        filter.matches(&ListingPlace {
            category: filter.category,
            deal: filter.deal,
            sub_category: Some(self.sub_category),
            region_id: Some(self.region_id),
            district_id: Some(self.district_id),
        })
    }
}

/// The levels of a day once a walk of it is known.
///
/// Of the walks of one day that take in a cell the last one counts, whichever is loaded first: the walk replaces what is
/// `known` in the cells that it takes in, but for those that a `later` walk of the day takes in, too.
pub(crate) fn with_walk(
    samples: &[Sample],
    filter: &Filter,
    later: &[Filter],
    known: PriceLevels,
) -> PriceLevels {
    let counts = |cell: Cell| cell.is_within(filter) && !later.iter().any(|later| cell.is_within(later));
    let mut prices: HashMap<Cell, Vec<i32>> = HashMap::new();
    for sample in samples {
        for cell in sample.cells() {
            prices.entry(cell).or_default().push(sample.price_per_m2);
        }
    }
    let seen = prices.into_iter().filter(|(cell, _)| counts(*cell));
    let mut levels: PriceLevels = known.into_iter().filter(|(cell, _)| !counts(*cell)).collect();
    levels.extend(seen.filter_map(|(cell, prices)| Some((cell, Level::of(prices)?))));
    levels
}

impl Level {
    fn of(mut prices: Vec<i32>) -> Option<Self> {
        prices.sort_unstable();
        let quartile =
            |quarter: usize| prices.get((quarter * prices.len()).div_ceil(4).checked_sub(1)?).copied();
        Some(Self {
            listings: i32::try_from(prices.len()).unwrap_or(i32::MAX),
            quartiles: [quartile(1)?, quartile(2)?, quartile(3)?],
        })
    }
}

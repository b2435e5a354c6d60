//! Which watches an event may be for, by what nearly every one of them names: deal, category and place.

use std::collections::HashMap;

use sreality::place::Place;
use warehouse::EventListing;

use crate::watch::Filter;

/// Numbers of watches by what they ask for.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    by_segment: HashMap<(i16, i16), Places>,
}

/// The watches of one deal and category. Each stands in one list that an event looks into, or in none.
#[derive(Clone, Debug, Default)]
struct Places {
    anywhere: Vec<u32>,
    by_region: HashMap<i32, Vec<u32>>,
    /// All of Prague stands under each of its parts.
    by_district: HashMap<i32, Vec<u32>>,
}

impl Index {
    pub(super) fn insert(&mut self, number: u32, filter: &Filter) {
        let places = self.by_segment.entry((filter.deal, filter.category)).or_default();
        match filter.place {
            None => places.anywhere.push(number),
            Some(Place::Region(region)) => places.by_region.entry(region.id).or_default().push(number),
            Some(Place::District(district)) => {
                for id in district.ids() {
                    places.by_district.entry(id).or_default().push(number);
                }
            }
        }
    }

    /// The watches of a listing's deal, category and place, each once.
    pub(super) fn candidates(&self, listing: &EventListing) -> impl Iterator<Item = u32> + use<'_> {
        let EventListing { deal, category, region_id, district_id, .. } = *listing;
        let lists = self.by_segment.get(&(deal, category)).map(|places| {
            let region = region_id.and_then(|id| places.by_region.get(&id));
            let district = district_id.and_then(|id| places.by_district.get(&id));
            [Some(&places.anywhere), region, district]
        });
        lists.into_iter().flatten().flatten().flatten().copied()
    }
}

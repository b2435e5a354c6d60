//! Into which parts a segment is split that holds more than one query of the portal lets through.

use sreality::category::SUB_CATEGORIES;
use sreality::place::{ALL_PRAGUE, DISTRICTS, District, Place, REGIONS};
use sreality::{AreaRange, Identity, Segment};

/// A part is made to hold at most this share of the cap, by what is known when it is made: listings
/// come, and the rows seen so far tell the rest only roughly.
const FILL: f64 = 0.9;

/// What one part of a segment is asked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) segment: Segment,
    pub(crate) areas: AreaRange,
}

impl Filter {
    /// Whether a query for it finds this listing of its category and deal type.
    pub(crate) fn includes(&self, listing: &Identity) -> bool {
        self.segment.includes(listing) && self.areas.includes(listing.area_m2)
    }

    /// Whether the listing tells that it is none of these.
    pub(crate) fn excludes(&self, listing: &Identity) -> bool {
        let area_m2 = listing.area_m2;
        self.segment.excludes(listing) || (area_m2.is_some() && !self.areas.includes(area_m2))
    }
}

/// By what a part is split, in this order: the cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SplitBy {
    /// Every listing has one, so the parts are the whole. Small ones are asked for in one list (the portal takes
    /// several, joined by commas): as few lists as fit under the cap.
    SubCategory,
    /// As few ranges as fit under the cap. Every name that was recorded tells an area, but whether the portal's filter
    /// knows all of them was not seen.
    Area,
    /// Region by region, or district by district within one. Some listings have neither.
    Place,
}

impl SplitBy {
    pub(crate) const ALL: [Self; 3] = [Self::SubCategory, Self::Area, Self::Place];
}

/// The parts of a part, each narrower than it; none if it cannot be split so. `seen` are the listings of the part that
/// are known by now, of `total` that it holds: they tell how large its parts will be.
pub(crate) fn split<'a>(
    part: &Filter,
    by: SplitBy,
    seen: impl Iterator<Item = &'a Identity>,
    total: u64,
    cap: u64,
) -> Vec<Filter> {
    let of_segment = |segment| Filter { segment, ..part.clone() };
    match by {
        SplitBy::SubCategory if part.segment.sub_categories.len() == 1 => Vec::new(),
        SplitBy::SubCategory => {
            by_sub_category(&part.segment, seen, total, cap).into_iter().map(of_segment).collect()
        }
        SplitBy::Area => {
            let of_areas = |areas| Filter { areas, ..part.clone() };
            by_area(part.areas, seen, total, cap).into_iter().map(of_areas).collect()
        }
        SplitBy::Place => by_place(&part.segment).into_iter().map(of_segment).collect(),
    }
}

/// Ranges that hold about the same number of listings each, by those that were seen.
fn by_area<'a>(
    whole: AreaRange,
    seen: impl Iterator<Item = &'a Identity>,
    total: u64,
    cap: u64,
) -> Vec<AreaRange> {
    let mut areas: Vec<_> = seen.filter_map(|listing| listing.area_m2).collect();
    areas.sort_unstable();
    let ranges = (total as f64 / (cap as f64 * FILL)).ceil() as usize;
    let mut ends: Vec<_> = (1..ranges).filter_map(|end| areas.get(end * areas.len() / ranges)).collect();
    ends.dedup();
    // The last range must not be empty.
    ends.retain(|end| Some(*end) != areas.last());
    let mut split = Vec::new();
    let mut from = whole.from;
    for end in ends {
        split.push(AreaRange { from, to: Some(*end) });
        from = Some(end + 1);
    }
    if !split.is_empty() {
        split.push(AreaRange { from, to: whole.to });
    }
    split
}

fn by_place(segment: &Segment) -> Vec<Segment> {
    let narrow = |place| Segment { place: Some(place), ..segment.clone() };
    // All of Prague includes its parts and the adverts that know no finer place.
    let whole = |district: &&District| !district.is_part_of_prague();
    match segment.place {
        None => REGIONS.iter().map(Place::Region).map(narrow).collect(),
        Some(Place::Region(region)) => {
            let within = DISTRICTS.iter().filter(whole).filter(|district| district.region_id == region.id);
            within.map(Place::District).map(narrow).collect()
        }
        Some(Place::District(district)) if district.id == ALL_PRAGUE => {
            let within = |part: &&District| part.id != ALL_PRAGUE && district.includes(part.id);
            DISTRICTS.iter().filter(within).map(Place::District).map(narrow).collect()
        }
        Some(Place::District(_)) => Vec::new(),
    }
}

/// The fewest lists of sub-categories that fit under the cap: the largest first, each into the first list with room.
fn by_sub_category<'a>(
    segment: &Segment,
    seen: impl Iterator<Item = &'a Identity>,
    total: u64,
    cap: u64,
) -> Vec<Segment> {
    let asked = |sub: &&_| segment.sub_categories.is_empty() || segment.sub_categories.contains(sub);
    let of_category = SUB_CATEGORIES.iter().filter(|sub| sub.category == segment.category);
    let mut sizes: Vec<(_, f64)> = of_category.filter(asked).map(|sub| (sub, 0.0)).collect();
    let mut known = 0.0;
    for listing in seen {
        let size = sizes.iter_mut().find(|(sub, _)| listing.sub_category == Some(sub.code));
        if let Some((_, size)) = size {
            (*size, known) = (*size + 1.0, known + 1.0);
        }
    }
    let scale = total as f64 / f64::max(known, 1.0);
    let room = cap as f64 * FILL;
    sizes.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let mut lists: Vec<(f64, Vec<_>)> = Vec::new();
    for (sub, size) in sizes {
        let size = size * scale;
        match lists.iter_mut().find(|(filled, _)| filled + size <= room) {
            Some((filled, subs)) => {
                *filled += size;
                subs.push(sub);
            }
            None => lists.push((size, vec![sub])),
        }
    }
    // One list would be the segment itself: what was seen does not tell the sizes, so it is halved.
    if let [(_, subs)] = lists.as_mut_slice() {
        let half = subs.split_off(subs.len() / 2);
        lists.push((0.0, half));
    }
    let narrow = |(_, mut subs): (f64, Vec<&'static sreality::category::SubCategory>)| {
        subs.sort_unstable_by_key(|sub| sub.code);
        Segment { sub_categories: subs, ..segment.clone() }
    };
    lists.into_iter().map(narrow).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A listing of this sub-category and area.
    fn listing(sub: i16, area: i32) -> Identity {
        Identity { sub_category: Some(sub), area_m2: Some(area), ..Identity::default() }
    }

    fn parts(segment: &str, by: SplitBy, seen: &[Identity], total: u64) -> Vec<Filter> {
        let whole = Filter { segment: segment.parse().unwrap(), areas: AreaRange::default() };
        split(&whole, by, seen.iter(), total, 10_000)
    }

    /// The lists of sub-categories, by how many of each were seen.
    fn lists(segment: &str, seen: &[(i16, usize)], total: u64) -> Vec<String> {
        let seen: Vec<_> = seen.iter().flat_map(|&(sub, count)| vec![listing(sub, 50); count]).collect();
        let parts = parts(segment, SplitBy::SubCategory, &seen, total);
        parts.iter().map(|part| part.segment.to_string()).collect()
    }

    #[test]
    fn small_sub_categories_are_asked_for_in_one_list() {
        let lists = lists("houses-sale", &[(37, 70), (33, 15), (43, 10), (39, 5)], 20_000);
        assert_eq!(lists[0], "houses-sale/rodinny");
        assert_eq!(lists.len(), 2, "{lists:?}");
        let of_category = SUB_CATEGORIES.iter().filter(|sub| sub.category.slug() == "houses").count();
        assert_eq!(lists[1].split('.').count(), of_category - 1);
    }

    #[test]
    fn lists_are_filled_to_what_fits_under_the_cap() {
        let lists = lists("flats-sale", &[(2, 20), (4, 30), (6, 30), (8, 15), (47, 5)], 20_000);
        assert_eq!(lists.len(), 3, "{lists:?}");
    }

    #[test]
    fn a_segment_of_which_nothing_is_known_is_halved() {
        let lists = lists("flats-sale", &[], 20_000);
        assert_eq!(lists.len(), 2, "{lists:?}");
        assert_eq!(lists.iter().map(|list| list.split('.').count()).sum::<usize>(), 13);
    }

    #[test]
    fn a_sub_category_is_split_into_ranges_of_areas_that_fit() {
        let seen: Vec<_> = (1..=100).map(|area| listing(37, area * area)).collect();
        let ranges = parts("houses-sale/rodinny", SplitBy::Area, &seen, 20_000);
        let ranges: Vec<_> = ranges.iter().map(|part| (part.areas.from, part.areas.to)).collect();
        assert_eq!(ranges, [(None, Some(1156)), (Some(1157), Some(4489)), (Some(4490), None)]);
        assert!(parts("houses-sale/rodinny", SplitBy::Area, &[listing(37, 80)], 20_000).is_empty());
        assert!(parts("houses-sale/rodinny", SplitBy::Area, &[], 20_000).is_empty());
    }

    #[test]
    fn a_place_is_split_into_regions_then_districts_then_not_at_all() {
        let places = |segment| {
            let parts = parts(segment, SplitBy::Place, &[], 12_000);
            parts.iter().map(|part| part.segment.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(places("houses-sale/rodinny").len(), 14);
        assert_eq!(places("houses-sale/stredocesky/rodinny").len(), 12);
        assert_eq!(places("flats-sale/praha/2-kk"), ["flats-sale/hlavni-mesto-praha/2-kk"]);
        assert_eq!(places("flats-sale/hlavni-mesto-praha/2-kk").len(), 10);
        assert!(places("houses-sale/brno-mesto/rodinny").is_empty());
        assert!(parts("houses-sale/rodinny", SplitBy::SubCategory, &[], 12_000).is_empty());
    }
}
